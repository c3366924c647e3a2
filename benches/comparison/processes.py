"""Runners as processes: started in a folder of their own, read, stopped, and looked at from outside."""
import os, re, select, shlex, signal, subprocess, tempfile, time, uuid

# Every command of a Procfile here ends in this, so that what a runner started can be told from the runner.
MARK = "sleep 997"


def descendants(root):
    children, todo, found = {}, [root], []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = open(f"/proc/{entry}/stat").read()
            except OSError:
                continue
            children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def read(path):
    try:
        return open(path).read()
    except OSError:
        return ""


def own(root):
    """The runner's own processes: all that do not run a command of the Procfile."""
    return [p for p in [root] + descendants(root) if MARK not in read(f"/proc/{p}/cmdline").replace("\0", " ")]


def lives(pid):
    """A zombie does not: whether it is reaped is a matter of init, and there are inits that take their time."""
    stat = read(f"/proc/{pid}/stat")
    return stat != "" and stat.rsplit(")", 1)[1].split()[0] not in "ZX"


def cpu(pids):
    """Seconds of processor time, user and system, that these have used (in steps of 10 ms)."""
    fields = [read(f"/proc/{p}/stat").rsplit(")", 1)[-1].split() for p in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields if len(f) > 12) / os.sysconf("SC_CLK_TCK")


def switches(pids):
    """Context switches, wanted and unwanted, of all their threads."""
    total = 0
    for p in pids:
        try:
            threads = os.listdir(f"/proc/{p}/task")
        except OSError:
            continue
        for thread in threads:
            counts = re.findall(r"_switches:\s+(\d+)", read(f"/proc/{p}/task/{thread}/status"))
            total += sum(map(int, counts))
    return total


def memory(pids):
    """Megabytes, shared pages counted by share (PSS)."""
    found = [re.search(r"^Pss:\s+(\d+)", read(f"/proc/{p}/smaps_rollup"), re.M) for p in pids]
    return sum(int(m.group(1)) for m in found if m) / 1024


class Run:
    """One start of a runner, over a Procfile of its own."""

    def __init__(self, command, procfile, work, stdout=subprocess.PIPE):
        self.folder = tempfile.mkdtemp(dir=work)
        with open(os.path.join(self.folder, "Procfile"), "w") as f:
            f.write(procfile)
        open(os.path.join(self.folder, ".env"), "w").close()
        # Every descendant inherits it: some runners leave orphans, which no tree shows.
        self.mark = f"COMPARED_RUN={uuid.uuid4().hex}"
        name, value = self.mark.split("=")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            shlex.split(command), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=stdout, env={**os.environ, name: value},
            stderr=subprocess.DEVNULL, bufsize=0, start_new_session=True)
        self.pid = self.process.pid
        self.buffer = b""

    def lines(self, limit):
        """Pieces of whole lines, until the output ends or `limit` seconds have passed since the start."""
        stdout = self.process.stdout.fileno()
        while (left := self.began + limit - time.monotonic()) > 0:
            if not select.select([stdout], [], [], left)[0]:
                return
            piece = os.read(stdout, 1 << 20)
            if not piece:
                return
            whole, _, rest = (self.buffer + piece).rpartition(b"\n")
            self.buffer = rest
            yield whole

    def until(self, pattern, count, limit):
        """Seconds from the start until `pattern` (one group) has been seen with `count` values; None if never."""
        seen = set()
        for lines in self.lines(limit):
            seen.update(re.findall(pattern, lines))
            if len(seen) >= count:
                return time.monotonic() - self.began
        return None

    def stop(self):
        """SIGTERM; seconds until the runner and all that it started are gone, None after 20."""
        tree = [self.pid] + descendants(self.pid)
        began = time.monotonic()
        gone = None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process.stdout:
            os.set_blocking(self.process.stdout.fileno(), False)
        while gone is None and time.monotonic() < began + 20:
            self.empty()
            if self.process.poll() is not None and not any(map(lives, tree[1:])):
                gone = time.monotonic() - began
            else:
                time.sleep(0.002)
        self.kill()
        return gone

    def empty(self):
        try:
            while self.process.stdout and os.read(self.process.stdout.fileno(), 1 << 20):
                pass
        except OSError:
            pass

    def kill(self):
        """Ends a runner and all that it has left, at once: whoever carries the mark of this run."""
        is_left = True
        while is_left:
            is_left = False
            for entry in filter(str.isdigit, os.listdir("/proc")):
                try:
                    # A zombie has none.
                    if self.mark.encode() in open(f"/proc/{entry}/environ", "rb").read():
                        os.kill(int(entry), signal.SIGKILL)
                        is_left = True
                except OSError:
                    pass
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
