"""The figures as a table, and docs/performance.md around it."""

# figure, bar, is more better
BARS = [
    ("throughput1, ratio to cat", 1.0, True),
    ("throughput10, ratio to cat", 1.0, True),
    ("throughput10, CPU s/GB", 1.0, False),
    ("throughput1 --json, ratio to cat", 0.5, True),
    ("throughput10 --json, ratio to cat", 0.5, True),
    ("throughput1 colours and times, ratio to cat", 0.7, True),
    ("throughput10 colours and times, ratio to cat", 0.7, True),
    ("latency p50, µs", 30, False),
    ("latency p99, µs", 250, False),
    ("quiet beside nine floods p99, ms", 5, False),
    ("first line, ms", 4, False),
    ("start of 1000, s", None, False),
    ("memory with 100, MB", 4, False),
    ("memory with 1000, MB", 12, False),
    ("stop of 1000, s", 0.3, False),
    ("idle CPU with 100 over 5 s, ms", 0, False),
    ("context switches with 100 over 5 s", 0, False),
    ("pseudo-terminal, ratio to a bare reader", 0.9, True),
    ("binary, MB", 4, False),
]


def shown(value):
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def rows(figures):
    names = [name for name in figures if figures[name]]
    keys = list(dict.fromkeys(key for name in names for key in figures[name]))
    return names, [[key, *(shown(figures[name].get(key)) for name in names)] for key in keys]


def table(figures):
    names, body = rows(figures)
    lines = [["", *names], *body]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(w) if not i else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(line, widths))) for line in lines)


def bars(figures):
    """Every bar, our figure, that of the barest runner, and whether it is met."""
    ours, ultraman, bare = (figures.get(name, {}) for name in ("ganger", "ultraman", "bare"))
    lines = ["| case | bar | ganger | bare runner | |", "|---|---|---|---|---|"]
    for figure, bar, more in BARS:
        value, text = ours.get(figure), f"{'≥' if more else '≤'} {bar}" if bar else str(bar)
        if figure == "start of 1000, s":
            other = ultraman.get(figure)
            bar, text = (0.75 * other, f"≤ 0.75 of ultraman's: {0.75 * other:.3g}") if other else (None, "≤ 0.75 of ultraman's")
        if value is None:
            verdict = "not measured"
        elif bar is None:
            verdict = "no ultraman here"
        else:
            verdict = "met" if (value >= bar if more else value <= bar) else "**missed**"
        lines.append(f"| {figure} | {text} | {shown(value)} | {shown(bare.get(figure))} | {verdict} |")
    return "\n".join(lines)


def peers(figures):
    names, body = rows(figures)
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


MARKS = ("<!-- figures: benches/compare --write -->", "<!-- end of figures -->")


def write(path, figures, about):
    """Puts the figures between the marks; the text around them stays."""
    absent = f" Not installed: {', '.join(about['absent'])}." if about["absent"] else ""
    text = f"""{MARKS[0]}
{about['date']}; {about['machine']}; medians of {about['rounds']} rounds; load when it began: {about['load']:.1f}.{absent}

    cargo build --release && benches/compare --rounds {about['rounds']} --write

## The bars

{bars(figures)}

## Beside others

{peers(figures)}
{MARKS[1]}"""
    page = open(path).read()
    before, _, rest = page.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    open(path, "w").write(before + text + after)
