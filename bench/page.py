"""The table of results, for a terminal and as docs/performance.md."""

from collections.abc import Sequence

from bench.ceilings import Ceiling
from bench.running import Result

HEAD = ("work", "measured", "CPU µs/msg", "memory MB", "first bar", "goal", "reached", "against peers", "remarks")
INTRO = """# Performance

Printed by `make bench ARGS=--save` on {date}; do not edit.

The whole cycle of a message is measured.
It is accepted durably over the signed OVH API and submitted over SMPP; its receipt is matched and stored;
its callback is made where the row does not say otherwise.
Load generator, carrier and receiver of callbacks are one process, kept to the last core; the product may use all.
A run counts only if every message was submitted, reported and called back exactly once.
Rates are the median of the runs.
Bars and goals are those of the project's design.

The peers are Kannel and Jasmin 0.11, which keep messages in memory; neither syncs to disk.
Where Kannel is installed it does the same single posts in the same run: its rows bear its name.
The same texts come in over HTTP, from the same load generator, and go to the same carrier;
each delivery is called back to the same receiver. Its two processes have the cores that the product has.
It is set up for speed: no store, no log, a window of 1,000, kept connections, few callbacks at a time,
and requests are answered before they are passed on.
A row with as many connections is then held against that rate, and its remarks say so.
All other comparisons are with what Kannel 1.4.5 and Jasmin reached earlier on such a machine.
"""


def rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Write results as cells."""
    return [
        (
            result.title,
            _value(result.value, result.unit),
            f"{result.cpu:.0f}" if result.cpu else "",
            f"{result.memory:.0f}" if result.memory else "",
            _value(result.bar.first, result.unit) if result.bar else "",
            _value(result.bar.goal, result.unit) if result.bar else "",
            result.bar.mark(result.value) if result.bar else "",
            _peers(result),
            result.note,
        )
        for result in results
    ]


def _value(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.2f} x"
    digits = 0 if value >= 100 or (value == int(value) and unit != "s") else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _peers(result: Result) -> str:
    peers = result.peers
    if peers is None:
        return ""
    words = [
        f"{name} {_ratio(result.value, other, result.unit):.3g}"
        for name, other in (("Kannel", peers.kannel), ("Jasmin", peers.jasmin))
        if other
    ]
    return ", ".join(words) + (f" ({peers.note})" if peers.note else "")


def _ratio(value: float, other: float, unit: str) -> float:
    """Tell how many times better than a peer we are."""
    return value / other if unit == "msg/s" else other / value


def terminal(table: Sequence[Sequence[str]]) -> str:
    """Write cells in columns."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def line(cells: Sequence[str]) -> str:
    """Write one result in a line of its own."""
    return "  ".join(cell for cell in cells if cell)


def markdown(table: Sequence[Sequence[str]]) -> str:
    """Write cells as a table of a page; the first row is the head."""
    rule = ["---"] * len(table[0])
    return "\n".join("| " + " | ".join(row) + " |" for row in (table[0], rule, *table[1:]))


def ceilings(found: Sequence[Ceiling]) -> list[tuple[str, ...]]:
    """Write the ceilings as cells."""
    return [
        ("our own part, alone", "a second", "CPU µs each"),
        *((one.name, f"{one.rate:,.0f}", f"{one.cpu:.0f}") for one in found),
    ]


def page(date: str, machine: Sequence[tuple[str, str]], results: Sequence[Result], limits: Sequence[Ceiling]) -> str:
    """Write docs/performance.md."""
    parts = [
        INTRO.format(date=date),
        "\n".join(f"- {name}: {text}" for name, text in machine),
        "\n## Rows\n",
        "“Reached” is the goal, the first bar, or missed. “Against peers” is how many times better than each.\n",
        markdown([HEAD, *rows(results)]),
        "\n## Ceilings\n",
        "What load generator and sinks do when the other side does next to nothing.\n",
        markdown(ceilings(limits)),
    ]
    return "\n".join(parts) + "\n"
