#!/usr/bin/env python3
"""How long a start takes to its child's first line, right after another one and after a rest of the machine.

usage: benches/first_line.py [--rounds 9] [--rest 3]

Beside ganger stand the barest runner (comparison/runner.c) and `sh` alone, the same line without a runner. After a rest
some machines have taken pages of programs back (DAMON, a small cgroup): then it is also told how many KiB all of the
machine read from its disks meanwhile, and how many faults waited for that (/proc/vmstat). Linux only.
"""
import argparse, os, statistics, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "comparison"))
sys.dont_write_bytecode = True

import cases
from processes import MARK, Run

COMMAND = f"echo up; exec {MARK}"


def counters():
    """KiB read from disks, and faults that waited for a disk, since the machine began."""
    with open("/proc/vmstat") as file:
        told = dict(line.split() for line in file)
    return int(told["pgpgin"]), int(told["pgmajfault"])


def measure(command, work):
    """Milliseconds to the line, KiB read, faults."""
    before = counters()
    run = Run(command, f"p0: {COMMAND}\n", work)
    seconds = run.until(rb"(?m)(up)$", 1, limit=60)
    after = counters()
    run.stop()
    if seconds is None:
        raise SystemExit(f"{command} said nothing in time")
    return seconds * 1000, *(now - then for now, then in zip(after, before))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rest", type=float, default=3, help="seconds")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ganger-bench-") as work:
        bench = cases.Bench(work, 1, limit=60)
        ganger = os.path.join(os.path.dirname(HERE), "target", "release", "ganger")
        commands = {"ganger": f"{ganger} start", "barest runner": bench.bare, "sh": f"sh -c '{COMMAND}'"}
        had = {(name, rest): [] for name in commands for rest in (0, asked.rest)}
        for _ in range(asked.rounds):
            for name, command in commands.items():
                # Once for nothing: what is at once has to follow something of its own.
                measure(command, work)
                had[name, 0].append(measure(command, work))
                time.sleep(asked.rest)
                had[name, asked.rest].append(measure(command, work))
    print(f"medians of {asked.rounds} rounds")
    print(f"| | ms at once | ms after {asked.rest:g} s | KiB read then | faults that waited for it |")
    print("|---|---|---|---|---|")
    for name in commands:
        (warm, *_), (cold, read, faults) = ([statistics.median(column) for column in zip(*had[name, rest])]
                                            for rest in (0, asked.rest))
        print(f"| {name} | {warm:.1f} | {cold:.1f} | {read:.0f} | {faults:.0f} |")


if __name__ == "__main__":
    sys.exit(main())
