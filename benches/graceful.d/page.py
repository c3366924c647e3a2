"""What was seen, as tables, and where the bars are not met."""
import collections, statistics

import catalogue

WAYS = ["Ctrl-C", "SIGTERM", "end", "stop", "restart", "scale"]
SURFACES = ["pipe", "terminal"]
PEERS = ["foreman", "honcho", "node-foreman"]
# A stop may take so much longer than one that signals the whole group at once.
ALLOWED = 0.2


class Seen:
    """All rounds of a cell as one."""

    def __init__(self, cells):
        self.by = collections.defaultdict(list)
        self.hangups = collections.defaultdict(int)
        for cell in cells:
            key = (cell["program"], cell["surface"], cell["way"], cell["runner"])
            # A run under strace counts SIGHUP; its time is not that of a plain run.
            if "hangups" in cell:
                self.hangups[key] = max(self.hangups[key], cell["hangups"])
            else:
                self.by[key].append(cell)
        there = {key[0] for key in self.by}
        self.programs = [program.name for program in catalogue.PROGRAMS if program.name in there]
        runners = {key[3] for key in self.by}
        self.peers = [peer for peer in PEERS if peer in runners]
        self.ours = sorted(runners - set(PEERS))
        self.runners = self.ours + self.peers

    def word(self, program, surface, way, runner):
        """`yes`, `no`, `left` (processes stayed), `?` (it did not come up), or nothing."""
        rounds = self.by.get((program, surface, way, runner))
        if not rounds:
            return None
        if any(cell["finished"] is None for cell in rounds):
            return "?"
        if any(cell["left"] for cell in rounds):
            return "left"
        return "yes" if all(cell["finished"] for cell in rounds) else "no"

    def seconds(self, program, surface, way, runner):
        rounds = [cell["seconds"] for cell in self.by.get((program, surface, way, runner), []) if cell["seconds"]]
        return statistics.median(rounds) if rounds else None

    def cell(self, program, surface, runner):
        """The ways of a cell of the table, those with one answer together."""
        ways = collections.defaultdict(list)
        for way in WAYS:
            if word := self.word(program, surface, way, runner):
                ways[word].append(way)
        if len(ways) < 2:
            return next(iter(ways), "")
        return "; ".join(f"{word}: {', '.join(ways[word])}" for word in ("yes", "no", "left", "?") if ways[word])

    def hung_up(self, program, surface, runner):
        counts = [self.hangups[key] for way in WAYS if (key := (program, surface, way, runner)) in self.hangups]
        return max(counts, default=None)


def tables(seen):
    for surface in SURFACES:
        heads = ["program"]
        for runner in seen.runners:
            heads += [runner] + (["SIGTERM, s"] if runner in seen.ours else [])
            heads += ["SIGHUP"] if runner in seen.ours and surface == "terminal" else []
        yield f"\n### On a {surface}\n\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads)
        for program in seen.programs:
            row = [program]
            for runner in seen.runners:
                row.append(seen.cell(program, surface, runner))
                if runner in seen.ours:
                    seconds = seen.seconds(program, surface, "SIGTERM", runner)
                    row.append("" if seconds is None else f"{seconds:.2f}")
                    if surface == "terminal":
                        count = seen.hung_up(program, surface, runner)
                        row.append("" if count is None else str(count))
            yield "| " + " | ".join(row) + " |"


def faults(seen, ours, group):
    """Where a peer finishes what `ours` does not, a process got SIGHUP or is left, or it took longer than with `group`."""
    for program in seen.programs:
        for surface in SURFACES:
            for way in WAYS:
                word = seen.word(program, surface, way, ours)
                place = f"{program}, {surface}, {way}"
                better = [peer for peer in seen.peers if seen.word(program, surface, way, peer) == "yes"]
                if word is None:
                    continue
                if word != "yes" and better:
                    yield f"{place}: {word}, and {', '.join(better)} finishes it"
                elif word in ("left", "?"):
                    yield f"{place}: {word}"
                if seen.hangups.get((program, surface, way, ours)):
                    yield f"{place}: SIGHUP"
                if word == "yes" == seen.word(program, surface, way, group):
                    longer = seen.seconds(program, surface, way, ours) - seen.seconds(program, surface, way, group)
                    if longer > ALLOWED:
                        yield f"{place}: {longer:.2f} s longer than `{group}`"


def table(cells):
    seen = Seen(cells)
    lines = list(tables(seen))
    for ours in seen.ours:
        group = next((runner for runner in seen.ours if runner.endswith("group") and runner != ours), None)
        lines += ["", f"### {ours}: bars that are not met", ""]
        lines += [f"- {fault}" for fault in faults(seen, ours, group)] or ["None."]
    return "\n".join(lines)


ABOUT = """# What a stop cuts short

<!-- written by benches/graceful --write -->

Real programs, each stopped in the middle of a second of work: a request that is to be answered whole, a job that is to
write its file, a query. *yes*: the work was finished and nothing was left. *no*: it was cut short. *left*: when the
runner had ended, the program, or a part of it, still ran. *?*: it did not come up. Where the ways to stop differ, they
are named: `Ctrl-C` (typed into the terminal; on a pipe SIGINT to the runner), `SIGTERM` to the runner, `end` (another
type of the Procfile ended), and ganger's own `stop`, `restart` and `scale` to 0. Seconds are from the signal until
nothing is left, for SIGTERM. SIGHUP is the largest number of processes that got one in any of the ways, counted by strace.

Some programs mean by SIGTERM that open requests are cut off (nginx, unicorn: their signal is SIGQUIT, and a row shows
them with `stop-signal = "QUIT"`, which the peers cannot be told), and some development servers finish nothing (flask,
Django, vite): there *no* is the program's own answer.

"""


def write(path, cells, about):
    seen = Seen(cells)
    missing = about["missing"] + about["absent"]
    missing = f" Not installed: {', '.join(missing)}." if missing else ""
    with open(path, "w") as page:
        page.write(ABOUT)
        page.write(f"{len(seen.programs)} programs, {about['date']}, {about['cores']} cores.{missing}\n")
        page.write(table(cells) + "\n")
