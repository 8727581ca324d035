"""The benchmark itself: a short run ends well, loses nothing, and says so when something is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from bench import bars, kannel, page
from bench.rows import ROWS
from bench.running import Result
from bench.tally import FIRST, BenchError, Tally

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.journey


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark as `make bench` does."""
    return subprocess.run(
        [sys.executable, "-m", "bench.run", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_quick_run_of_some_rows_ends_well() -> None:
    rows = ("kannel-16", "single-16", "smsc-16", "smpp-smsc", "campaign-500k")
    done = run(*rows, "--quick", "--scale", "0.01", "--no-ceilings")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("Kannel measured in this run" if kannel.installed() else "left out: kannel-16") in done.stdout
    assert "single posts, 16 connections" in done.stdout
    assert "SMSC's send.php, 16 connections" in done.stdout and "in turns with OVH" in done.stdout
    assert "SMPP in to SMPP out, 4 binds, receipts back, SMSC's account with its usual limits" in done.stdout
    assert "a campaign of 5,000: another account's messages meanwhile, p99" in done.stdout


def test_an_unknown_row_is_named() -> None:
    done = run("no-such-row")
    assert done.returncode == 2
    assert "no-such-row" in done.stderr


def test_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def complete(count: int) -> Tally:
    """A run in which everything went well."""
    tally = Tally(FIRST, count, callbacks=True)
    for place in range(count):
        tally.take(str(FIRST + place))
        tally.acknowledge()
        tally.ids.append(place + 1)
        tally.call(str(place + 1).encode(), delivered=True)
    return tally


def test_a_run_in_which_all_went_well_passes() -> None:
    tally = complete(5)
    assert tally.complete
    tally.check()


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (lambda tally: tally.take(str(FIRST)), "doubled 1"),
        (lambda tally: tally.call(b"3", delivered=True), "doubled 1"),
        (lambda tally: tally.called.pop(b"3"), "lost 1"),
        (lambda tally: tally.submitted.__setitem__(2, 0), "lost 1"),
        (lambda tally: tally.ids.__setitem__(2, 1), "answered 1"),
        (lambda tally: tally.take("33799999999"), "strange 1"),
        (lambda tally: tally.call(b"9", delivered=False), "strange 1"),
    ],
)
def test_what_was_lost_or_doubled_is_told(harm: object, word: str) -> None:
    tally = complete(5)
    assert callable(harm)
    harm(tally)
    with pytest.raises(BenchError, match=word):
        tally.check()


@pytest.mark.parametrize(
    ("bar", "measured", "reached"),
    [
        (bars.SINGLE, 5_600, "goal"),
        (bars.SINGLE, 4_000, "bar"),
        (bars.SINGLE, 3_000, "missed"),
        (bars.LATENCY_P99, 9.9, "goal"),
        (bars.LATENCY_P99, 24, "bar"),
        (bars.LATENCY_P99, 26, "missed"),
    ],
)
def test_a_result_is_held_against_its_bars(bar: bars.Bar, measured: float, reached: str) -> None:
    result = Result(title="x", value=measured, unit="msg/s", bar=bar, peers=bars.KANNEL_16)
    assert page.rows([result])[0][6] == reached


def test_the_saved_page_was_printed_from_the_present_columns() -> None:
    saved = ROOT / "docs" / "performance.md"
    assert page.markdown([page.HEAD]).splitlines()[0] in saved.read_text(encoding="utf-8")
