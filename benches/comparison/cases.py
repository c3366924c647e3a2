"""What is measured. Every case is a generator of (figure, value) for one runner and one round."""
import os, select, subprocess, time

from processes import MARK, Run, cpu, memory, own, switches

LINE = 100
TICKS = 400


class Bench:
    """What the cases share: a folder to work in, the small program at both ends, how much and how long."""

    def __init__(self, work, megabytes, limit):
        self.work, self.limit = work, limit
        self.megabytes = megabytes
        self.tool, self.runner = self.built("tool"), self.built("runner")
        self.bare = f"{self.runner} Procfile"
        self.yardsticks = {}

    def built(self, name):
        """A program in C of this folder."""
        source, program = os.path.join(os.path.dirname(os.path.abspath(__file__)), name), os.path.join(self.work, name)
        subprocess.run(["cc", "-O2", "-o", program, source + ".c"], check=True)
        return program

    def log(self, lines, name):
        """A file of so many 100-byte lines."""
        path = os.path.join(self.work, f"log-{name}-{lines}")
        if not os.path.exists(path):
            with open(path, "wb") as f:
                body = b"x" * (LINE - 2 - 9 - len(name) - 1)
                for start in range(0, lines, 10000):
                    numbers = range(start, min(lines, start + 10000))
                    f.write(b"".join(b"%s %09d %s\n" % (name.encode(), n, body) for n in numbers))
        return path

    def logs(self, count):
        lines = self.megabytes * 1_000_000 // LINE // count
        return lines, [self.log(lines, f"p{i}") for i in range(count)]

    def measured(self, arguments, stdin):
        """One of the tools at the far end, and what it says."""
        return subprocess.Popen([self.tool, *map(str, arguments)], stdin=stdin, stdout=subprocess.PIPE, text=True)

    def answer(self, tool):
        """The tool's line as numbers; None if it has none in time."""
        ready = select.select([tool.stdout], [], [], self.limit)[0]
        words = tool.stdout.readline().split() if ready else []
        return None if not words or words[0] == "only" else [float(word) for word in words]

    def piped(self, command, procfile, tool):
        """A runner whose output the tool reads: its answer, and the runner while it still runs."""
        run = Run(command, procfile, self.work)
        end = self.measured(tool, run.process.stdout)
        run.process.stdout.close()
        run.process.stdout = None
        answer = self.answer(end)
        used = cpu(own(run.pid)) if answer else None
        end.kill()
        end.wait()
        end.stdout.close()
        # How long a stop takes is another case, and some leave all behind when their reader goes.
        run.kill()
        return answer, run.began, used

    def drained(self, command, count):
        """Bytes a second through a runner from this many children, and its CPU seconds a GB."""
        lines, files = self.logs(count)
        procfile = "".join(f"p{i}: cat {path}; exec {MARK}\n" for i, path in enumerate(files))
        answer, began, used = self.piped(command, procfile, ["drain", lines * count])
        if not answer:
            return None, None
        size = lines * count * LINE
        return size / (answer[0] - began), used / (size / 1e9)

    def yardstick(self, count):
        """Bytes a second of `cat FILES | cat`."""
        lines, files = self.logs(count)
        began = time.monotonic()
        relay = subprocess.Popen(["sh", "-c", 'cat "$@" | cat', "sh", *files], stdout=subprocess.PIPE)
        end = self.measured(["drain", lines * count], relay.stdout)
        relay.stdout.close()
        answer = self.answer(end)
        end.kill(), relay.kill(), end.wait(), relay.wait()
        end.stdout.close()
        if not answer:
            raise SystemExit("cat did not end in time: see --limit")
        return lines * count * LINE / (answer[0] - began)

    def ratio(self, speed, count):
        """To the yardstick, which is measured again right before: the machine drifts."""
        return speed and speed / self.yardsticks[count]


def throughput(bench, command, suffix=""):
    for count in (1, 10):
        bench.yardsticks[count] = bench.yardstick(count)
        speed, seconds = bench.drained(command, count)
        yield f"throughput{count}{suffix}, ratio to cat", bench.ratio(speed, count)
        if not suffix:
            yield f"throughput{count}, MB/s", speed and speed / 1e6
            yield f"throughput{count}, CPU s/GB", seconds


def formats(bench, command):
    """Only for ganger: the peers have no such flags."""
    yield from throughput(bench, command + " --json", " --json")
    yield from throughput(bench, command + " --color=always --timestamps", " colours and times")


def latency(bench, command):
    """A child writes a line each 5 ms, and nothing else happens."""
    ticker = f"{bench.tool} ticker {TICKS} 5000; exec {MARK}"
    answer, _, _ = bench.piped(command, f"p0: {ticker}\n", ["stopwatch", TICKS - 1])
    yield "latency p50, µs", answer and answer[0]
    yield "latency p99, µs", answer and answer[1]


def latency_bare(bench, command):
    """Through the bare runner, and with nothing in between."""
    yield from latency(bench, command)
    run = Run(f"sh -c '{bench.tool} ticker {TICKS} 5000; exec {MARK}'", "", bench.work)
    end = bench.measured(["stopwatch", TICKS - 1], run.process.stdout)
    answer = bench.answer(end)
    end.kill(), end.wait(), run.kill()
    yield "latency p50, µs (no one in between)", answer and answer[0]
    yield "latency p99, µs (no one in between)", answer and answer[1]


def crowd(bench, command):
    """The same ticker beside nine children that write as fast as they can."""
    floods = "".join(f"p{i}: {bench.tool} flood; exec {MARK}\n" for i in range(1, 10))
    procfile = f"p0: {bench.tool} ticker {TICKS} 5000; exec {MARK}\n" + floods
    answer, _, _ = bench.piped(command, procfile, ["stopwatch", TICKS - 1])
    yield "quiet beside nine floods p99, ms", answer and answer[1] / 1000


def first_line(bench, command):
    run = Run(command, f"p0: echo marker-ready; exec {MARK}\n", bench.work)
    seconds = run.until(rb"(?m)^(?!.*echo).*(marker-ready)", 1, bench.limit)
    run.kill()
    yield "first line, ms", seconds and seconds * 1000


def many(bench, command, count):
    procfile = "".join(f"p{i}: echo marker-{i}-up; exec {MARK}\n" for i in range(count))
    run = Run(command, procfile, bench.work)
    seconds = run.until(rb"marker-(\d+)-up(?! *;)", count, bench.limit)
    yield f"start of {count}, s", seconds
    mine = own(run.pid)
    if seconds:
        yield f"memory with {count}, MB", memory(mine)
    if seconds and count == 100:
        # What is left of the start settles; then there is no output.
        time.sleep(1)
        before, used = switches(mine), cpu(mine)
        time.sleep(5)
        yield "idle CPU with 100 over 5 s, ms", (cpu(mine) - used) * 1000
        yield "context switches with 100 over 5 s", switches(mine) - before
    stopped = run.stop()
    if seconds:
        yield f"stop of {count}, s", stopped


def thousand(bench, command):
    yield from many(bench, command, 1000)


def hundred(bench, command):
    yield from many(bench, command, 100)


def terminal(bench, command):
    """Log through a pseudo-terminal, against a reader that drops it. Only for ganger."""
    lines = bench.megabytes * 1_000_000 // 2 // LINE
    path = bench.log(lines, "tty")
    bare = subprocess.run([bench.tool, "bare", f"cat {path}"], stdout=subprocess.PIPE, text=True, check=True)
    limit = lines * LINE / float(bare.stdout.split()[1])
    procfile = f"p0: cat {path}; exec {MARK}\n"
    answer, began, _ = bench.piped(command + " --pty always", procfile, ["drain", lines])
    speed = answer and lines * LINE / (answer[0] - began)
    yield "pseudo-terminal, ratio to a bare reader", speed and speed / limit


PEERS = {"throughput": throughput, "latency": latency, "crowd": crowd, "first-line": first_line,
         "hundred": hundred, "thousand": thousand}
# Of the barest runner: no runner can be far below these.
BARE = {"throughput": throughput, "latency": latency_bare, "first-line": first_line, "thousand": thousand}
OURS = {"formats": formats, "terminal": terminal}
