"""What the pages say is so: targets exist, links lead somewhere, snippets run, printed pages are fresh."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

SNIPPET = re.compile(r"^<!-- run -->\n+```(sh|python)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def targets() -> dict[str, str]:
    """Give the targets of the Makefile with their recipes."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z]+):.*\n((?:\t.*\n?)+)", text, flags=re.MULTILINE))


def slugs(page: Path) -> set[str]:
    """Give the anchors of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def dead_links(page: Path) -> Iterator[str]:
    """Name the relative links of a page that lead nowhere."""
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in slugs(target)):
            yield link


def snippets() -> Iterator[tuple[str, str, str]]:
    """Give (page, language, text) for every snippet that is marked to be run."""
    for name, page in zip(NAMES, PAGES, strict=True):
        for language, text in SNIPPET.findall(page.read_text(encoding="utf-8")):
            yield name, language, text


def reader() -> dict[str, str]:
    """Give a reader's environment: our tools on the path, nothing of the `make` that may run this test."""
    mine = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    return mine | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{mine['PATH']}"}


def run_snippet(language: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run a snippet as a reader would, from the top of the repository."""
    command = {"sh": ["bash", "-euo", "pipefail", "-c", text], "python": [sys.executable, "-c", text]}[language]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=reader(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = "\n".join([*FENCE.findall(text), *re.findall(r"`[^`\n]+`", FENCE.sub("", text))])
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", code, flags=re.MULTILINE)) <= set(targets())


def test_every_target_runs_scripts_that_are_there() -> None:
    for target, recipe in targets().items():
        scripts = [ROOT / name for name in re.findall(r"@(scripts/[\w-]+)", recipe)]
        assert scripts or target == "help", f"make {target} runs no script"
        assert all(os.access(script, os.X_OK) for script in scripts), f"make {target}"


def test_make_alone_shows_every_target() -> None:
    shown = run_snippet("sh", "make").stdout
    assert {line.split()[0] for line in shown.splitlines()} == set(targets())


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert list(dead_links(page)) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A b\n[one](#a-b) [two](#c) [three](gone.md) [four](https://example.org) [five](page.md#a-b)")
    assert list(dead_links(page)) == ["#c", "gone.md"]


@pytest.mark.parametrize(("name", "language", "text"), list(snippets()))
def test_every_snippet_that_is_marked_runs(name: str, language: str, text: str) -> None:
    run = run_snippet(language, text)
    assert run.returncode == 0, f"{name}:\n{text}\n{run.stdout}{run.stderr}"


def test_snippets_are_found_and_a_broken_one_is_told() -> None:
    page = "<!-- run -->\n```sh\nfalse\n```\n\n```sh\nnot marked\n```\n\n<!-- run -->\n\n```python\n1 / 0\n```\n"
    found = SNIPPET.findall(page)
    assert found == [("sh", "false\n"), ("python", "1 / 0\n")]
    assert [run_snippet(language, text).returncode for language, text in found] == [1, 1]


def test_printed_pages_are_fresh() -> None:
    run = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
