"""One cell of the table, in a process of its own: a runner, one program in it, one way to stop it.

It reads what to do from standard input (JSON), and answers on standard output (JSON). As a child subreaper it sees the
end of everything that the runner started, daemons too; on a terminal it is the shell: the session's leader, whose
foreground job the runner is.
"""
import ctypes, fcntl, json, os, re, select, shutil, signal, struct, subprocess, sys, termios, threading, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import catalogue, work

HERE = os.path.dirname(os.path.abspath(__file__))
# In a session of its own, so that a Ctrl-C is not for it; calls are not traced, so that it costs little.
STRACE = ["strace", "-DDD", "-f", "--seccomp-bpf", "-qq", "-e", "trace=none", "-e", "signal=hup"]
# Of the runner and of the bench.
NOT_THE_PROGRAMS = re.compile(r"ganger|strace|foreman|honcho")


def become_subreaper():
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def descendants(pid):
    """All below, zombies left out."""
    found, unread = [], [pid]
    while unread:
        parent = unread.pop()
        for task in os.listdir(f"/proc/{parent}/task") if os.path.exists(f"/proc/{parent}/task") else []:
            unread += [int(child) for child in read(f"/proc/{parent}/task/{task}/children").split()]
        found.append(parent)
    return [pid for pid in found[1:] if (stat := read(f"/proc/{pid}/stat")) and stat.rpartition(")")[2].split()[0] != "Z"]


def name(pid):
    return read(f"/proc/{pid}/comm").strip()


class Terminal:
    """A pseudo-terminal whose session this process leads."""

    def __init__(self):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for number in (signal.SIGINT, signal.SIGTTOU, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.slave = slave


class Cell:
    def __init__(self, order):
        self.order, self.folder = order, order["folder"]
        self.program = next(program for program in catalogue.PROGRAMS if program.name == order["program"])
        self.work = work.WORK[self.program.work](self.program, self.folder, order["port"], order["limit"])
        self.output, self.hangups = bytearray(), os.path.join(self.folder, "hangups")
        self.environment = {
            **os.environ, "XDG_RUNTIME_DIR": os.path.join(self.folder, "run"), "NO_UPDATE_NOTIFIER": "1",
            "CARGO_TARGET_DIR": os.path.join(order["work"], "cargo"), "GO111MODULE": "off",
            "BROKER": f"redis+socket://{self.folder}/redis.sock", "REDIS_URL": f"unix://{self.folder}/redis.sock",
        }

    def lay_out(self):
        shutil.copytree(os.path.join(HERE, "programs"), self.folder, symlinks=True)
        os.mkdir(self.environment["XDG_RUNTIME_DIR"], 0o700)
        os.chmod(self.folder, 0o777)
        self.write("nginx.conf", read(self.path("nginx.conf")).replace("@PORT@", str(self.order["port"])))
        self.write("Procfile", f"app: {self.program.line}\nother: cat end\n")
        os.mkfifo(self.path("end"))
        os.makedirs(self.path("node_modules/.bin"))
        os.symlink("../../bin/slow-server", self.path("node_modules/.bin/slow-server"))
        toml = self.order["toml"] + (f"[process.app]\n{self.program.toml}\n" if self.program.toml else "")
        if toml:
            self.write("ganger.toml", toml)
        if self.program.work == "postgres":
            shutil.copytree(os.path.join(self.order["work"], "postgres"), self.path("data"))
            if os.geteuid() == 0:
                for path, folders, files in os.walk(self.path("data")):
                    for entry in [path, *(os.path.join(path, file) for file in files)]:
                        os.chown(entry, 65534, 65534)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def help(self):
        """Starts what the program needs beside the stack; it is no descendant of the runner."""
        if self.program.aid == "redis":
            words = ["redis-server", "--port", "0", "--unixsocket", self.path("redis.sock"), "--save", ""]
            self.aid = subprocess.Popen(words, cwd="/", stdout=subprocess.DEVNULL, start_new_session=True)
            work.until(lambda: os.path.exists(self.path("redis.sock")), self.order["limit"], "no redis")
        else:
            self.aid = None

    def start(self):
        words = self.order["command"]
        if self.order["hangups"]:
            words = [*STRACE, "-o", self.hangups, *words]
        terminal = Terminal() if self.order["surface"] == "terminal" else None
        if terminal:
            source, end, stdin = terminal.master, terminal.slave, terminal.slave
        else:
            (source, end), stdin = os.pipe(), subprocess.DEVNULL
        self.terminal = terminal
        self.runner = subprocess.Popen(words, cwd=self.folder, env=self.environment, stdin=stdin, stdout=end, stderr=end,
                                       process_group=0, preexec_fn=self.as_a_job)
        if not terminal:
            os.close(end)
        threading.Thread(target=self.listen, args=(source,), daemon=True).start()

    def as_a_job(self):
        """In the child: in the foreground, and with the signals of an ordinary shell."""
        if self.terminal:
            os.tcsetpgrp(self.terminal.slave, os.getpid())
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
            signal.signal(number, signal.SIG_DFL)

    def listen(self, source):
        try:
            while part := os.read(source, 65536):
                self.output += part
        except OSError:
            pass

    def stop(self):
        """Asks for the end; when it was asked for."""
        way, runner = self.order["way"], self.runner.pid
        before = time.monotonic()
        if way == "Ctrl-C" and self.terminal:
            os.write(self.terminal.master, b"\x03")
        elif way in ("Ctrl-C", "SIGTERM"):
            os.kill(runner, signal.SIGINT if way == "Ctrl-C" else signal.SIGTERM)
        elif way == "end":
            os.close(os.open(self.path("end"), os.O_WRONLY))
        else:
            words = {"stop": ["stop", "app"], "restart": ["restart", "app"], "scale": ["scale", "app=0"]}[way]
            self.client = subprocess.Popen([self.order["command"][0], *words], cwd=self.folder, env=self.environment,
                                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return before

    def is_gone(self, pidfds):
        """Waits until these processes have ended; those that have not."""
        end = time.monotonic() + self.order["patience"]
        waiting = dict(pidfds)
        while waiting and (left := end - time.monotonic()) > 0:
            for fd in select.select(list(waiting), [], [], left)[0]:
                os.close(fd)
                del waiting[fd]
        return waiting

    def everything_gone(self):
        """Waits until nothing is left of what the runner started; what is left some time after it has ended itself."""
        end, ended = time.monotonic() + self.order["patience"], None
        while time.monotonic() < end:
            left = self.own()
            if not left:
                return []
            if self.runner.poll() is not None and ended is None:
                ended = time.monotonic()
            # The runner has ended: no signal comes any more.
            if ended and time.monotonic() > ended + 3:
                break
            time.sleep(0.005)
        return [name(pid) for pid in self.own() if not NOT_THE_PROGRAMS.search(name(pid))]

    def own(self):
        self.reap()
        aid = {self.aid.pid} if self.aid else set()
        return [pid for pid in descendants(os.getpid()) if pid not in aid and name(pid) not in ("strace", "psql")]

    def reap(self):
        """Orphans that have ended; the runner is Popen's."""
        for pid in read(f"/proc/{os.getpid()}/task/{os.getpid()}/children").split():
            known = {process.pid for process in (self.runner, self.aid, getattr(self, "client", None)) if process}
            if int(pid) not in known:
                try:
                    os.waitpid(int(pid), os.WNOHANG)
                except ChildProcessError:
                    pass
        self.runner.poll()

    def run(self):
        self.lay_out()
        self.help()
        self.start()
        self.work.begin()
        says = [text.encode() for text in self.program.says]
        work.until(lambda: all(text in self.output for text in says), self.order["limit"], "it does not say that it is up")
        others = {int(pid) for pid in self.own() if name(pid) == "cat"}
        mine = [pid for pid in self.own() if pid not in others and not NOT_THE_PROGRAMS.search(name(pid))
                and pid != self.runner.pid]
        pidfds = {}
        for pid in mine:
            try:
                pidfds[os.pidfd_open(pid)] = name(pid)
            except ProcessLookupError:
                pass
        before = self.stop()
        if self.order["way"] in ("stop", "restart", "scale"):
            left = list(self.is_gone(pidfds).values())
        else:
            left = self.everything_gone()
        seconds = time.monotonic() - before
        return {"finished": self.work.is_finished(), "left": left, "seconds": round(seconds, 3)}

    def clean_up(self):
        """Until there is no child: the kernel's list of them may leave one out while another one ends (proc(5))."""
        end = time.monotonic() + self.order["patience"]
        while True:
            # strace has a file to write: it ends with what it traces, or hangs.
            for pid in descendants(os.getpid()):
                try:
                    if name(pid) != "strace" or time.monotonic() > end:
                        os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.01)

    def heard(self):
        lines = read(self.hangups).splitlines()
        return len([line for line in lines if "--- SIGHUP" in line])


def main():
    order = json.load(sys.stdin)
    become_subreaper()
    os.setsid()
    answers = os.dup(1)
    cell = Cell(order)
    result = {"finished": None, "left": [], "seconds": None}
    try:
        result = cell.run()
    except Exception as error:
        result["error"] = f"{type(error).__name__}: {error}"
    finally:
        # What the clearing up hangs up does not count; strace writes each line as it comes.
        if order["hangups"]:
            result["hangups"] = cell.heard()
        cell.clean_up()
    if not result["finished"] or result["left"]:
        result["output"] = cell.output[-3000:].decode(errors="replace")
    shutil.rmtree(order["folder"], ignore_errors=True)
    os.write(answers, json.dumps(result).encode())


main()
