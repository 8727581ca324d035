"""Print the pages of docs/reference from the tables in the code, so that they cannot disagree.

A page is a function that gives its text, and a row of `PAGES`; the index lists the rows.
With `--check` nothing is written: the pages that are out of date are named, and the status is 1.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from depesza import settings
from depesza.core import lifecycle, refusals
from depesza.core.model import FINAL, State

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
PRINTED = "<!-- Printed from the code by `make docs`: change the code, not this page. -->"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def life_cycle() -> str:
    """Show the states of a message and what moves it from one to another."""
    moves = (
        (state.name, f"{news.value}", target.name)
        for state, row in lifecycle.TABLE.items()
        for news, target in row.items()
    )
    final = ", ".join(state.name for state in State if state in FINAL)
    return (
        "The states of a message, and what moves it from one to another.\n"
        f"A final state is never left: {final}.\n"
        "Late and doubled news stays in the timeline.\n\n"
        f"```mermaid\n{lifecycle.diagram()}```\n\n" + table(("from", "when", "to"), moves)
    )


def refusal_table() -> str:
    """Show every reason for which a message goes no further."""
    rows = ((f"`{row.name}`", row.sentence, row.retry.value, row.fault.value) for row in refusals.TABLE.values())
    return "Why a message went no further.\nDialects and connectors translate to and from these names.\n\n" + table(
        ("name", "meaning", "another attempt", "to be mended by"), rows
    )


def written(default: object) -> str:
    """Write a default as a settings file would."""
    if isinstance(default, tuple):
        return "[" + ", ".join(written(each) for each in default) + "]"
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else str(default)


def settings_table() -> str:
    """Show every setting with its type, default, name in the environment and meaning."""
    sections: dict[str, list[settings.Setting]] = {}
    for setting in settings.declared():
        sections.setdefault(setting.section, []).append(setting)
    text = (
        "They stand in a TOML file, one table a section; the environment wins over the file.\n"
        "In the environment a list is written with commas between its values.\n"
    )
    for section, rows in sections.items():
        lines = ((f"`{row.name}`", row.kind, f"`{written(row.default)}`", f"`{row.env}`", row.help) for row in rows)
        text += f"\n## {section}\n\n" + table(("name", "type", "default", "environment", "meaning"), lines)
    return text


def commands() -> str:
    """Show every command with its options, as `--help` does."""
    from depesza.cli import build

    said = build().generate_docs(heading_level=1)
    return said.partition("\n")[2].strip()  # the page has a title already


def metrics() -> str:
    """Show what /metrics tells."""
    from depesza.engine.ops import COMMITS, METRICS

    rows = [
        (f"`{row.name}{'_total' if row.kind == 'counter' else ''}`", row.kind, ", ".join(row.labels), row.help)
        for row in METRICS
    ]
    rows.append((f"`{COMMITS[0]}`", "histogram", "", COMMITS[1]))
    return (
        "Answered at `/metrics` on the operators' port, for Prometheus.\n"
        "Counters begin at zero with each start, and count what this process did.\n"
        "Those of the process (`process_resident_memory_bytes`, `process_cpu_seconds_total`, …) stand beside them.\n\n"
        + table(("name", "kind", "labels", "meaning"), rows)
    )


def apply_fields() -> str:
    """Show every field of the file that `depesza apply` reads."""
    from depesza.services import wishes

    text = "The file that `depesza apply` reads, in TOML. [How it works](../guides/apply.md), with an example.\n"
    for struct, heading in wishes.LISTS:
        about = (struct.__doc__ or "").strip()
        text += f"\n## {heading}\n\n{about}\n\n" + table(("field", "meaning"), wishes.fields(struct))
    return text


PAGES: dict[str, tuple[str, Callable[[], str]]] = {
    "apply": ("The file for depesza apply", apply_fields),
    "cli": ("Commands", commands),
    "metrics": ("Metrics", metrics),
    "life-cycle": ("The life of a message", life_cycle),
    "refusals": ("Refusals", refusal_table),
    "settings": ("Settings", settings_table),
}


def index() -> str:
    """List the pages."""
    rows = "".join(f"- [{title}]({name}.md)\n" for name, (title, _) in sorted(PAGES.items()))
    return f"These pages are printed from the code.\n\n{rows}"


def pages() -> dict[Path, str]:
    """Give the text of every page, the index with them."""
    printed = {"README": ("Reference", index)} | PAGES
    return {
        FOLDER / f"{name}.md": f"# {title}\n\n{PRINTED}\n\n{text().rstrip()}\n"
        for name, (title, text) in printed.items()
    }


def main() -> int:
    """Write the pages that differ, or name them."""
    stale = {
        file: text for file, text in pages().items() if not file.exists() or file.read_text(encoding="utf-8") != text
    }
    if "--check" in sys.argv[1:]:
        for file in stale:
            print(f"docs/reference/{file.name} is out of date: run make docs", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for file, text in stale.items():
        file.write_text(text, encoding="utf-8")
        print(f"docs/reference/{file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
