"""A clock for tests, set by hand."""

NOW = 1_780_000_000_000_000
"""Where the tests' clock begins: 2026-05-28 20:26:40 UTC."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * 1_000_000)
