"""Runs `depesza` under cProfile, all its threads, and reads profiles: `python -m bench.profiling FILE serve …`."""

import cProfile
import pstats
import sys
import threading
from collections import Counter
from pathlib import Path

MOST = 25


def main(file: str, *words: str) -> int:
    """Run the command with every thread profiled; the figures go to `file`."""
    from depesza.cli import main as depesza

    profiles = [cProfile.Profile()]

    def begin(*_: object) -> None:
        profiles.append(cProfile.Profile())
        profiles[-1].enable()

    threading.setprofile(begin)
    profiles[0].enable()
    status = depesza(words)
    profiles[0].disable()
    stats = pstats.Stats(profiles[0])
    for profile in profiles[1:]:
        stats.add(profile)
    stats.dump_stats(file)
    return status


def top(file: Path) -> list[str]:
    """Read either kind of profile: own time in percent, function, the most expensive first."""
    sampled = file.suffix == ".raw"
    spent = _sampled(file) if sampled else _traced(file)
    whole = sum(spent.values()) or 1
    found = ["own time", *(f"{100 * own / whole:5.1f} %  {name}" for name, own in spent.most_common(MOST))]
    if sampled:
        ours = [(name, own) for name, own in _inclusive(file).most_common() if "(depesza/" in name]
        found += ["with what they call", *(f"{100 * own / whole:5.1f} %  {name}" for name, own in ours[:MOST])]
        threads = ", ".join(f"{name} {100 * own / whole:.0f} %" for name, own in _threads(file).most_common(4))
        found.append(f"by thread: {threads}")
    return found


def _sampled(file: Path) -> Counter[str]:
    """Count samples by the innermost function; what waits is left out by the sampler."""
    spent: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        spent[stack.rpartition(";")[2]] += int(count)
    return spent


def _inclusive(file: Path) -> Counter[str]:
    """Count samples by every function on the stack."""
    spent: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        for name in set(stack.split(";")):
            spent[name] += int(count)
    return spent


def _threads(file: Path) -> Counter[str]:
    """Count samples by thread."""
    spent: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        spent[line.partition(";")[0].rpartition(": ")[2].strip()] += int(line.rpartition(" ")[2])
    return spent


def _traced(file: Path) -> Counter[str]:
    spent: Counter[str] = Counter()
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    for (path, _, name), row in stats.items():
        if name not in (
            "<method 'get' of '_queue.SimpleQueue' objects>",
            "<method 'acquire' of '_thread.lock' objects>",
        ):
            spent[f"{name} ({path.rpartition('depesza/')[2]})"] += int(row[2] * 1e6)
    return spent


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
