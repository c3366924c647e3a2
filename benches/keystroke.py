#!/usr/bin/env python3
"""What `ganger attach` adds to a keystroke: the round trip of a byte to a program that gives it back, on a
pseudo-terminal of its own, and through attach and a running stack. Prints microseconds.

    python3 benches/keystroke.py [GANGER [COUNT]]
"""

import os
import pty
import select
import subprocess
import sys
import tempfile
import time

ECHO = "stty raw -echo; echo up; exec cat"


def until(terminal, text):
    seen = b""
    while text not in seen:
        if not select.select([terminal], [], [], 10)[0]:
            sys.exit(f"no {text!r} in {seen!r}")
        seen += os.read(terminal, 65536)


def on_terminal(words, folder):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvp(words[0], words)
    return terminal


def round_trips(terminal, count):
    times = []
    for _ in range(count):
        begun = time.perf_counter_ns()
        os.write(terminal, b"x")
        until(terminal, b"x")
        times.append((time.perf_counter_ns() - begun) / 1000)
        # As a user types: between two keys every process sleeps.
        time.sleep(0.002)
    times.sort()
    return times


def main():
    ganger = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "target/release/ganger")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "Procfile"), "w") as procfile:
            procfile.write(f"web: {ECHO}\n")
        plain = on_terminal(["sh", "-c", ECHO], folder)
        until(plain, b"up")
        subprocess.run([ganger, "start", "-D", "--pty", "always", "--no-port"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        try:
            attached = on_terminal([ganger, "attach", "web"], folder)
            until(attached, b"up")
            rows = {}
            # Turn by turn, so that both meet the same machine.
            for name, terminal in [("plain", plain), ("attach", attached)] * 3:
                rows.setdefault(name, []).extend(round_trips(terminal, count // 3))
        finally:
            subprocess.run([ganger, "down", "-t", "0"], cwd=folder, stdout=subprocess.DEVNULL)
    for name, times in rows.items():
        times.sort()
        at = lambda part: times[int(len(times) * part)]
        print(f"{name:7} p50 {at(0.5):6.0f}  p90 {at(0.9):6.0f}  p99 {at(0.99):6.0f}")
    middle = lambda times: times[len(times) // 2]
    print(f"attach adds {middle(rows['attach']) - middle(rows['plain']):.0f} µs to a keystroke")


main()
