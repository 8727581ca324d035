"""The files of a message, written out of the store into a folder."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.core.model import Attached
    from depesza.store.contract import Store

LONGEST = 100
"""Characters of a name that are kept."""


async def write_out(store: "Store", files: "Sequence[Attached]", folder: Path, now: int) -> list[Path]:
    """Write files into a folder, which is made; raises `Failed` for one that is gone, or where one would be lost."""
    from depesza.services import attachments

    written = []
    for place, file in enumerate(files, 1):
        octets = await store.look(attachments.read, file, now)
        if octets is None:
            raise Failed(f"{file.name} is no longer kept")
        written.append(_write(folder / f"{place}-{safe(file.name)}", octets))
    return written


def _write(path: Path, octets: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(octets)
    except FileExistsError as error:
        raise Failed(f"{path} is there already") from error
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from error
    return path


def safe(name: str) -> str:
    """Make a file's name of what a client called it: it names no other folder and nothing hidden."""
    plain = re.sub(r"[^\w.-]+", "_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".")
    return plain[-LONGEST:] or "file"
