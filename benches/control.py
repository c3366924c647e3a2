#!/usr/bin/env python3
"""What a running stack's answers cost: the round trip of `ps`, and what `restart` adds to the process' own time.

    cargo build --release && python3 benches/control.py [GANGER] [--processes N] [--connections N]

With the options beside so many idle processes, and so many connections on loopback (two descriptors each). `ps` of a
stack with ports asks which sockets listen and looks at the processes of the stack: that is one readiness question too.
The last column is the processor time of the worker for each, which another load of the machine does not change.

Needs nothing but Python. Bars: `ps` 5 ms, the request on the socket as well as the command; `restart` no more than
the same process ended and started by hand (SIGTERM, waitpid, posix_spawn), but for the round trip.
"""

import argparse
import contextlib
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import time

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("ganger", nargs="?", default="target/release/ganger")
ARGUMENTS.add_argument("--processes", type=int, default=0)
ARGUMENTS.add_argument("--connections", type=int, default=0)
ARGUMENTS = ARGUMENTS.parse_args()
GANGER = os.path.abspath(ARGUMENTS.ganger)
ROUNDS = 200
# Ends at SIGTERM at once, and needs no shell.
PROGRAM = ["/bin/sleep", "1000"]


def row(name, times, worker=None):
    times = sorted(time * 1000 for time in times)
    p99 = times[int(len(times) * 0.99) - 1]
    used = "" if worker is None else f"{worker * 1000:8.2f}"
    print(f"{name:<46} {statistics.median(times):8.2f} {p99:8.2f} {times[-1]:8.2f} {used}")
    return statistics.median(times)


def timed(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Stack:
    def __init__(self, count, ports=("--no-port",)):
        self.folder = tempfile.TemporaryDirectory()
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": self.folder.name}
        with open(os.path.join(self.folder.name, "Procfile"), "w") as file:
            file.write("app: " + " ".join(PROGRAM) + "\n")
        self.command("start", "-D", *ports, "-m", f"app={count}", "--exit-on", "never")
        place = os.path.join(self.folder.name, "ganger")
        names = [name for name in os.listdir(place) if name.endswith(".socket")]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(place, names[0]))
        self.reader = self.socket.makefile("rb")

    def command(self, *words):
        subprocess.run(
            [GANGER, *words], cwd=self.folder.name, env=self.environment, check=True, stdout=subprocess.DEVNULL
        )

    def measured(self, rounds, work, pause=0):
        """The time of each round, and the mean of the worker's processor time."""
        times, before = [], self.worker_time()
        for _ in range(rounds):
            time.sleep(pause)
            times.append(timed(work))
        return times, (self.worker_time() - before) / rounds

    def worker_time(self):
        """Seconds on a processor, all threads of the worker together (/proc/PID/schedstat)."""
        pid = self.ask(request="status")["done"]["pid"]
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            worker = file.read().split()[0]
        used = 0
        for task in os.listdir(f"/proc/{worker}/task"):
            with open(f"/proc/{worker}/task/{task}/schedstat") as file:
                used += int(file.read().split()[0])
        return used / 1e9

    def ask(self, **request):
        self.socket.sendall(json.dumps({"version": 1, "id": 1, **request}).encode() + b"\n")
        answer = json.loads(self.reader.readline())
        assert "done" in answer, answer
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.command("down")
        self.folder.cleanup()


def by_hand():
    """The same end and start without a client in between."""
    pid = os.posix_spawn(PROGRAM[0], PROGRAM, os.environ, setsid=False)
    times = []
    for _ in range(ROUNDS):
        time.sleep(0.002)
        begun = time.perf_counter()
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        pid = os.posix_spawn(PROGRAM[0], PROGRAM, os.environ, setsid=False)
        times.append(time.perf_counter() - begun)
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    return times


@contextlib.contextmanager
def idle(count):
    """So many processes that are none of ganger's."""
    pids = [os.posix_spawn(PROGRAM[0], PROGRAM, {}) for _ in range(count)]
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


@contextlib.contextmanager
def connected(count):
    """So many connections on loopback, 5,000 a process: both ends of each are descriptors."""
    pids = []
    try:
        while count > 0:
            number, count = min(count, 5000), count - 5000
            held, told = os.pipe()
            pid = os.fork()
            if pid == 0:
                hold(number, told)
            os.close(told)
            pids.append(pid)
            assert os.read(held, 1), "not so many descriptors may be open"
            os.close(held)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def hold(count, told):
    """Makes connections, writes a byte when all are there, and holds them until it is killed."""
    try:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        server = socket.create_server(("127.0.0.1", 0))
        held = [(socket.create_connection(server.getsockname()), server.accept()) for _ in range(count)]
        os.write(told, b"+")
        while held:
            signal.pause()
    finally:
        os._exit(1)


def main():
    with idle(ARGUMENTS.processes), connected(ARGUMENTS.connections):
        measure()


def measure():
    print(f"{'milliseconds':<46} {'median':>8} {'p99':>8} {'worst':>8} {'worker':>8}")
    for count in (1, 20, 100):
        with Stack(count) as stack:
            row(f"ps, on the socket, {count} instances", *stack.measured(ROUNDS, lambda: stack.ask(request="status")))
            row(f"ps, the command, {count} instances", *stack.measured(ROUNDS // 4, lambda: stack.command("ps")))
    with Stack(20, ("--port", "auto")) as stack:
        row("ps, on the socket, 20 instances with ports", *stack.measured(ROUNDS, lambda: stack.ask(request="status")))
    own = row("an end and a start by hand", by_hand())
    with Stack(20) as stack:
        times, used = stack.measured(ROUNDS, lambda: stack.ask(request="restart", names=["app.7"]), pause=0.002)
        added = row("restart, on the socket, one of 20", times, used) - own
        print(f"restart adds {added:.2f} ms, the round trip included")


main()
