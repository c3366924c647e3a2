#!/usr/bin/env python3
"""What it costs that the last lines are kept for `ganger logs`: the path of a byte with and without the history.

usage: benches/history.py [--rounds 15] [--mb 400] [--children 1]

Both take turns, so that a machine with a drifting speed is fair to both; a ratio is of two runs that follow each other.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = b"2026-11-21T10:00:00Z INFO a request was answered with status 200 in 12 ms, and here are some words\n"


def build():
    """The path of the program benches/path.rs."""
    words = ["cargo", "bench", "-q", "--bench", "path", "--no-run", "--message-format=json"]
    told = subprocess.run(words, cwd=os.path.dirname(HERE), stdout=subprocess.PIPE, text=True, check=True).stdout
    made = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    return [of["executable"] for of in made if of.get("executable") and of["target"]["name"] == "path"][-1]


def run(program, flags, commands):
    """Seconds from start to end, and seconds of processor time of the program alone."""
    begun = time.monotonic()
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    path = subprocess.run([program, "--cpu", *flags, *commands], stdout=reader.stdin, stderr=subprocess.PIPE, check=True)
    reader.stdin.close()
    reader.wait()
    return time.monotonic() - begun, int(path.stderr) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--mb", type=int, default=400)
    parser.add_argument("--children", type=int, default=1)
    asked = parser.parse_args()
    program = build()
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="ganger-bench-") as log:
        log.write(LINE * (asked.mb * 1_000_000 // asked.children // len(LINE)))
        log.flush()
        commands = [f"cat {log.name}"] * asked.children
        run(program, [], commands)
        seconds, processor = [], []
        for number in range(asked.rounds):
            # Whoever is second has a warmer machine.
            order = ([], ["--history"]) if number % 2 else (["--history"], [])
            had = {bool(flags): run(program, flags, commands) for flags in order}
            seconds.append(had[False][0] / had[True][0])
            processor.append(had[True][1] / had[False][1])
    quartiles = lambda values: "  ".join(f"{value:.3f}" for value in statistics.quantiles(values, n=4))
    print(f"{asked.children} children, {asked.mb} MB, {asked.rounds} rounds (quartiles)")
    print(f"throughput with the history, of that without: {quartiles(seconds)}")
    print(f"processor time with the history, of that without: {quartiles(processor)}")


if __name__ == "__main__":
    sys.exit(main())
