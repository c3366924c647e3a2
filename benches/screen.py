#!/usr/bin/env python3
"""What `ganger ui` costs: until its first frame, at rest, and beside a flood.

    cargo build --release && python3 benches/screen.py [--rounds 5] [--mb 2000] [--rest 20] [--without GANGER]

The flood is one instance that writes lines of 100 bytes into `ganger start >/dev/null`, with no screen and with one on a pseudo-terminal of
100 columns and 40 rows that is read all the time; both take turns. `--without` is a ganger of `--no-default-features`, for its size.
Linux only: memory is PSS (smaps_rollup), processor time and wake-ups are those of /proc.
"""
import argparse, fcntl, os, pty, re, signal, statistics, struct, subprocess, tempfile, termios, threading, time

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("--ganger", default="target/release/ganger")
ARGUMENTS.add_argument("--without")
ARGUMENTS.add_argument("--rounds", type=int, default=5)
ARGUMENTS.add_argument("--mb", type=int, default=2000)
ARGUMENTS.add_argument("--rest", type=float, default=20, help="seconds")
ARGUMENTS = ARGUMENTS.parse_args()
GANGER = os.path.abspath(ARGUMENTS.ganger)
TICK = os.sysconf("SC_CLK_TCK")

FLOOD = """import os, time
line = b"2026-11-21T10:00:00Z INFO a request was answered with status 200 in 12 ms, and here are some words\\n"
piece, count = line * 640, {mb} * 1000 * 1000 // (len(line) * 640)
while not os.path.exists("go"):
    time.sleep(0.01)
begun = time.monotonic()
for _ in range(count):
    left = memoryview(piece)
    while left:
        left = left[os.write(1, left):]
took = time.monotonic() - begun
with open("took.new", "w") as file:
    file.write(str(took))
os.rename("took.new", "took")
time.sleep(1000)
"""


def read(path):
    with open(path) as file:
        return file.read()


def children(pid):
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def pss(pid):
    return int(re.search(r"^Pss: +(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)[1]) / 1000


def processor(pid):
    fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def wake_ups(pid):
    tasks = (read(f"/proc/{pid}/task/{task}/status") for task in os.listdir(f"/proc/{pid}/task"))
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", task, re.M)[1]) for task in tasks)


class Stack:
    """A stack, whose output goes to /dev/null."""

    def __init__(self, procfile, files=()):
        self.folder = tempfile.TemporaryDirectory(prefix="ganger-bench-")
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": self.folder.name, "XDG_STATE_HOME": self.folder.name, "LC_ALL": "C.UTF-8",
                            "TERM": "xterm-256color"}
        for name, text in [("Procfile", procfile), *files]:
            with open(self.path(name), "w") as file:
                file.write(text)
        words = [GANGER, "start", "--no-port", "--exit-on", "never"]
        self.process = subprocess.Popen(words, cwd=self.folder.name, env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)
        while subprocess.run([GANGER, "ps"], cwd=self.folder.name, env=self.environment, capture_output=True).returncode:
            time.sleep(0.05)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.folder.cleanup()


class Screen:
    """`ganger ui` on a pseudo-terminal that is read all the time."""

    def __init__(self, stack, text):
        self.seen = b""
        begun = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
            os.chdir(stack.folder.name)
            os.execve(GANGER, [GANGER, "ui"], stack.environment)
        self.first = self.complete = None
        while self.complete is None:
            self.seen += os.read(self.terminal, 65536)
            if self.first is None and b"quit" in self.seen:
                self.first = time.monotonic() - begun
            if text in self.seen:
                self.complete = time.monotonic() - begun
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        try:
            while os.read(self.terminal, 65536):
                pass
        except OSError:  # EIO: the end
            pass

    def close(self):
        os.write(self.terminal, b"q")
        os.waitpid(self.pid, 0)
        # Else it would read from the next terminal, which has the same number.
        self.reader.join()
        os.close(self.terminal)


def at_rest():
    stack = Stack("".join(f"app{number}: exec sleep 1000\n" for number in range(10)))
    firsts, completes = [], []
    for _ in range(ARGUMENTS.rounds * 3):
        screen = Screen(stack, b"app9.1")
        firsts.append(screen.first * 1000)
        completes.append(screen.complete * 1000)
        screen.close()
    print(f"first frame, ms: {statistics.median(firsts):.1f}; with the instances: {statistics.median(completes):.1f}")
    screen = Screen(stack, b"app9.1")
    time.sleep(3)
    used, woken = processor(screen.pid), wake_ups(screen.pid)
    time.sleep(ARGUMENTS.rest)
    used, woken = processor(screen.pid) - used, wake_ups(screen.pid) - woken
    print(f"at rest: {used / ARGUMENTS.rest * 100:.2f} % of a processor, {woken / ARGUMENTS.rest:.1f} wake-ups a second")
    keeper = sum(pss(child) for child in children(screen.pid))
    print(f"PSS, MB: {pss(screen.pid):.1f}, its keeper {keeper:.1f}")
    screen.close()
    stack.close()


def flood(has_screen):
    """Seconds for the flood; of the screen its processor time meanwhile and its PSS after it."""
    stack = Stack("flood: exec python3 flood.py\n", [("flood.py", FLOOD.format(mb=ARGUMENTS.mb))])
    screen = Screen(stack, b"flood.1") if has_screen else None
    before = processor(screen.pid) if screen else 0
    open(stack.path("go"), "w").close()
    while not os.path.exists(stack.path("took")):
        time.sleep(0.01)
    took = float(read(stack.path("took")))
    told = (processor(screen.pid) - before, pss(screen.pid)) if screen else (0, 0)
    if screen:
        screen.close()
    stack.close()
    return took, *told


def floods():
    turns = [(flood(False), flood(True)) for _ in range(ARGUMENTS.rounds)]
    alone = statistics.median(without[0] for without, _ in turns)
    beside = statistics.median(with_screen[0] for _, with_screen in turns)
    ratio = statistics.median(with_screen[0] / without[0] for without, with_screen in turns)
    used = statistics.median(with_screen[1] / with_screen[0] for _, with_screen in turns)
    memory = statistics.median(with_screen[2] for _, with_screen in turns)
    print(f"a flood of {ARGUMENTS.mb} MB, MB/s: {ARGUMENTS.mb / alone:.0f} without a screen, {ARGUMENTS.mb / beside:.0f} with one: {ratio:.2f} times as long")
    print(f"the screen meanwhile: {used * 100:.0f} % of a processor; PSS after it, MB: {memory:.1f}")


print(f"binary, MB: {os.path.getsize(GANGER) / 1e6:.2f}", end="")
print(f", without the screen {os.path.getsize(ARGUMENTS.without) / 1e6:.2f}" if ARGUMENTS.without else "")
at_rest()
floods()
