#!/usr/bin/env python3
"""Why a ratio to `cat | cat` is what it is where all processors are busy: what each process of the pipeline costs.

usage: benches/limit.py [--rounds 9] [--mb 800]

A log goes from `cat` through `cat` (the yardstick), through the path of a byte of ganger, or through the barest runner
(comparison/runner.c), to a reader that counts lines. Each process has its processor time taken; on N processors that are all busy, nothing is done before the sum of
these times divided by N.
"""
import argparse, os, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "comparison"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import cases, history


def seconds(usage):
    return usage.ru_utime + usage.ru_stime


def run(middle, tool, log, lines):
    """Processor seconds of writer, middle and reader, and seconds from start to end."""
    begun = time.monotonic()
    reader = subprocess.Popen([tool, "drain", str(lines)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if middle == "cat":
        writer = subprocess.Popen(["cat", log], stdout=subprocess.PIPE)
        between = subprocess.Popen(["cat"], stdin=writer.stdout, stdout=reader.stdin)
        writer.stdout.close()
        reader.stdin.close()
        written, middling = (seconds(os.wait4(of.pid, 0)[2]) for of in (writer, between))
    else:
        # It starts its writer itself, and says what it took without that.
        between = subprocess.Popen(middle, stdout=reader.stdin, stderr=subprocess.PIPE)
        reader.stdin.close()
        middling = int(between.stderr.read()) / 1000
        between.stderr.close()
        written = seconds(os.wait4(between.pid, 0)[2]) - middling
    last = float(reader.stdout.readline())
    read = seconds(os.wait4(reader.pid, 0)[2])
    return written, middling, read, last - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--mb", type=int, default=800)
    asked = parser.parse_args()
    path = history.build()
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ganger-bench-") as work:
        bench, log, procfile = cases.Bench(work, asked.mb, limit=60), *(os.path.join(work, name) for name in ("log", "Procfile"))
        lines = asked.mb * 1_000_000 // len(history.LINE)
        with open(log, "wb") as file:
            file.write(history.LINE * lines)
        with open(procfile, "w") as file:
            file.write(f"p0: exec cat {log}\n")
        gigabytes = lines * len(history.LINE) / 1e9
        middles = {"cat": "cat", "ganger": [path, "--cpu", "--history", f"exec cat {log}"],
                   "barest runner": [bench.runner, "--cpu", procfile]}
        had = {name: [] for name in middles}
        for number in range(asked.rounds + 1):
            for name, middle in middles.items():
                had[name].append([value / gigabytes for value in run(middle, bench.tool, log, lines)])
        median = {name: [statistics.median(column) for column in zip(*rounds[1:])] for name, rounds in had.items()}
    processors = len(os.sched_getaffinity(0))
    print(f"{asked.mb} MB, medians of {asked.rounds} rounds, {processors} processors; seconds a GB")
    print("| in the middle | writer | middle | reader | sum / processors | took | ratio by the sums | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    yardstick = median["cat"]
    for name, (*costs, took) in median.items():
        ratios = sum(yardstick[:3]) / sum(costs), yardstick[3] / took
        shown = " | ".join(f"{value:.2f}" for value in (*costs, sum(costs) / processors, took, *ratios))
        print(f"| {name} | {shown} |")


if __name__ == "__main__":
    sys.exit(main())
