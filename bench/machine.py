"""What it was measured on: cores, versions, and how long the disk takes to sync."""

import os
import platform
import time
from pathlib import Path
from statistics import median

SYNCS = 200
TICKS = os.sysconf("SC_CLK_TCK")


def facts(folder: Path, store: str) -> list[tuple[str, str]]:
    """Name the machine's parts that matter; `folder` is where the stores are."""
    return [
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("system", f"{platform.system()} {platform.release().split('-')[0]}"),
        ("Python", platform.python_version()),
        ("store", store),
        ("disk", f"{_file_system(folder)}, fdatasync of 4 KiB takes {sync_ms(folder):.2f} ms"),
        ("load before", " ".join(f"{value:.1f}" for value in os.getloadavg())),
    ]


class Neighbours:
    """Tells how much of the processors others used between two moments: their work falsifies ours."""

    def __init__(self) -> None:
        self._busy, self._all = _ticks()
        self._ours = _ours()

    def share(self) -> float:
        """Give the part, 0 to 1, of all processor time since then that neither we nor our children used."""
        busy, whole = _ticks()
        others = (busy - self._busy) / TICKS - (_ours() - self._ours)
        return max(0.0, others / max((whole - self._all) / TICKS, 0.01))


def _ticks() -> tuple[int, int]:
    """Read the ticks in which processors were busy, and all."""
    fields = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def _ours() -> float:
    """Tell the processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, name, *_ = line.split()
        if (f"{folder.resolve()}/").startswith(place.rstrip("/") + "/") and len(place) >= len(best):
            best, kind = place, name
    return kind


def sync_ms(folder: Path) -> float:
    """Measure a write of 4 KiB with its sync, in milliseconds."""
    file = folder / "sync"
    times = []
    handle = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    for _ in range(SYNCS):
        began = time.perf_counter()
        os.write(handle, b"x" * 4096)
        os.fdatasync(handle)
        times.append(time.perf_counter() - began)
    os.close(handle)
    file.unlink()
    return median(times) * 1000
