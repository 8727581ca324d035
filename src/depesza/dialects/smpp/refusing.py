"""How a request is turned away: by a name that `codes.status_of` translates."""


class Refused(Exception):
    """A request of a customer that can't be done."""

    def __init__(self, name: str, detail: str = "") -> None:
        """`name` is of `codes`; `detail` is for the log."""
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name
