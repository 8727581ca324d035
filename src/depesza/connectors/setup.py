"""What every kind of connector is built from: its row in the store, and the world around it.

Time, chance, timers and files come from the `World`, so that tests can hand in their own.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from depesza.core.model import Attached

T = TypeVar("T", bound=Struct)


class SettingsError(ValueError):
    """A connector's settings cannot be used; the text names the field."""


class Handle(Protocol):
    """A timer that can be taken back."""

    def cancel(self) -> None: ...


async def no_file(file: Attached) -> bytes | None:
    """Have no file."""
    return None


class World(Struct, frozen=True):
    """Time, chance and what the house keeps, from outside."""

    clock: Callable[[], float]
    """Seconds of a steady clock: the loop's time."""
    now: Callable[[], int]
    """Microseconds since 1970 UTC."""
    chance: Callable[[], float]
    """A number from 0 up to 1, as `random.random` gives."""
    call_later: Callable[[float, Callable[[], None]], Handle]
    """Call something after so many seconds of `clock`."""
    read_file: Callable[[Attached], Awaitable[bytes | None]] = no_file
    """Read a file that goes with a message; None when it is gone."""
    secret_for: Callable[[str], bytes] = lambda purpose: purpose.encode()
    """Give a secret of this house for one purpose, always the same; it is no secret until one is handed in."""


class Setup(Struct, frozen=True):
    """One connector as it is configured."""

    id: int
    name: str
    settings: bytes = b"{}"
    """JSON; which fields there are is told by the kind."""
    habits: bytes = b""
    """What `Reports.learnt` was told last; empty when nothing is known."""


def read_settings(data: bytes, kind: type[T]) -> T:
    """Read settings from JSON; SettingsError names the field that is unknown, missing or wrong."""
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.DecodeError as error:  # ValidationError is one of these
        raise SettingsError(_plain(str(error))) from None


def _plain(text: str) -> str:
    """Put the field in front: `window: Expected int`."""
    said, _, path = text.partition(" - at `$.")
    if path:
        return f"{path.rstrip('`')}: {said}"
    return said.removesuffix(" - at `$`")
