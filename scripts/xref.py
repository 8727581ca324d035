"""Follow every reference to a specification, both ways.

In code and tests a reference is `spec: ovh/1.6`, `carriers/C.1#5`, `smpp34 4.6.1` or `23.038 6.2.1`;
several numbers may follow (`smpp34 5.1.4, 4.3`, `carriers/C.1#10 #12`, `carriers/C.1 rules 10, 13-16`).
The other end is a heading in docs/specs/ or docs/design.md, or a line of docs/specs/standards.md.

Prints the references that lead nowhere (and then ends with status 1), and the headings without code.
`--dead` prints the first of the two only.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPECS = ROOT / "docs" / "specs"
STANDARDS = ("smpp34", "smpp50", "23.038", "23.040")

NUMBER = r"(?!23\.0[34])(?:[A-Z]\.)?\d+(?:\.\d+)*"
PLACE = rf"(?:tables? \d+-\d+|[Aa]ppendix [A-Z]|{NUMBER}(?![\w-])|[A-Z]\.\d+)"
COUNTS = r"\d+(?:-\d+)?(?:(?:, | and )\d+(?:-\d+)?)*"
STANDARD_REFERENCE = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, STANDARDS))}) ({PLACE}(?:(?:, | and ){PLACE})*)")
PAGE_REFERENCE = re.compile(
    rf"(?:(?<![\w/.])(?P<page>[a-z]\w*)(?:/|\.md )|spec: (?P<spelled>[a-z]\w*)[ /])"
    rf"(?P<number>{NUMBER})(?P<rules>(?: ?#\d+)+| rules? {COUNTS})?(?![\w/])"
)
ITEM = re.compile(r"(\d+)(?:-(\d+))?")


def headings() -> dict[str, set[str]]:
    """Give the numbers of the headings of each page."""
    found: dict[str, set[str]] = {}
    for page in (*SPECS.glob("*.md"), ROOT / "docs" / "design.md"):
        numbers = re.findall(rf"^#+ ({NUMBER}) ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        found[page.stem] = set(numbers)
    return found


def sections() -> dict[str, set[str]]:
    """Give the sections of each standard, as docs/specs/standards.md lists them."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in (SPECS / "standards.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:]
            found[name] = set()
        elif line.startswith("- "):
            listed = re.match(PLACE + r"|[A-Z](?= )", line[2:])
            found[name] |= with_chapters(listed[0] if listed else line[2:])
    return found


def with_chapters(number: str) -> set[str]:
    """Give a section and the chapters that it stands in: 4.6.1, 4.6 and 4."""
    parts = number.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


def counted(rules: str) -> Iterator[str]:
    """Give each number that ` rules 10, 13-16` names."""
    for first, last in ITEM.findall(rules):
        yield from (str(number) for number in range(int(first), int(last or first) + 1))


def references(text: str, pages: set[str]) -> Iterator[tuple[str, str]]:
    """Give (page or standard, number) for every reference in a text."""
    for match in STANDARD_REFERENCE.finditer(text):
        for place in re.findall(PLACE, match[2]):
            yield match[1], place.replace("appendix", "Appendix").replace("tables", "table")
    for match in PAGE_REFERENCE.finditer(text):
        page, number, rules = match["page"] or match["spelled"], match["number"], match["rules"] or ""
        if match["spelled"] or page in pages:
            named = [f"{number}.{rule}" for rule in counted(rules)]
            yield from ((page, place) for place in named or [number])


def sources(root: Path) -> Iterator[Path]:
    """Give the files that may hold references."""
    for folder in ("src", "tests", "bench"):
        for file in sorted((root / folder).rglob("*")):
            ours = not {"node_modules", "docs"} & set(file.relative_to(root).parts)  # tests/docs quotes dead ones
            if ours and file.suffix in {".py", ".sql", ".http"}:
                yield file


def follow(root: Path) -> tuple[list[str], dict[str, set[str]]]:
    """Give the references that lead nowhere, and the numbers that were pointed at, by page."""
    known = headings() | sections()
    dead: list[str] = []
    used: dict[str, set[str]] = {page: set() for page in known}
    for file in sources(root):
        for row, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            for page, number in references(line, set(known)):
                if number in known.get(page, ()):
                    used[page].add(number)
                else:
                    dead.append(f"{file.relative_to(root)}:{row}: {page} {number} is not in docs/specs")
    return dead, used


def unused(used: dict[str, set[str]]) -> Iterator[str]:
    """Name the headings that are not pointed at, nor anything above or below them."""
    for page, numbers in sorted(headings().items()):
        if page == "design":  # reasons, not rules
            continue
        for number in sorted(numbers, key=natural):
            if not any(related(number, at) for at in used[page]):
                yield f"docs/specs/{page}.md: {number} has no code"


def related(number: str, other: str) -> bool:
    """Tell whether one is the other, or lies below it."""
    return number == other or number.startswith(f"{other}.") or other.startswith(f"{number}.")


def natural(number: str) -> list[tuple[int, str]]:
    """Sort 4.10 behind 4.9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in number.split(".")]


def main() -> int:
    """Print both lists; fail when a reference leads nowhere."""
    dead, used = follow(ROOT)
    rules = [] if "--dead" in sys.argv[1:] else unused(used)
    for line in (*dead, *rules):
        print(line)
    print(f"xref: {sum(map(len, used.values()))} places pointed at, {len(dead)} references lead nowhere")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
