"""What a command answered, for the tests of all commands."""

import json
from collections.abc import Callable
from typing import Any


class Said:
    """What a command answered."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


Cli = Callable[..., Said]
