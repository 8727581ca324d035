"""One message on its way: its parts, what came of each, and the one outcome that follows from them."""

from depesza.core.model import Outcome
from depesza.wire.smpp.pdus import SubmitSm


class Attempt:
    """A message handed over and not yet answered."""

    __slots__ = ("born", "detail", "flying", "message", "open", "refusal", "remotes", "wire")

    def __init__(self, message: int, parts: int, born: float) -> None:
        self.message = message
        self.born = born
        """When it was handed over, in seconds of the steady clock."""
        self.open = parts
        """Parts without a last word."""
        self.remotes: list[str] = [""] * parts
        self.refusal = ""
        """Why the first part that failed did; `uncertain` wins over all."""
        self.detail = ""
        self.flying = 0
        """Parts written and not answered."""
        self.wire: list[bytes] = []

    @property
    def taken(self) -> bool:
        """Whether the carrier took some part."""
        return any(self.remotes)

    def fail(self, refusal: str, detail: str) -> None:
        """Note why a part failed."""
        if not self.refusal or refusal == "uncertain":
            self.refusal = refusal
            self.detail = detail

    def outcome(self, at: int, retry_after: int) -> Outcome:
        """Tell how it went.

        A message of which some parts were taken and others refused is refused: its receiver cannot read it.
        The ids of those taken stay in `remotes`, at their places, with "" for the others.
        """
        remotes = tuple(self.remotes) if not self.refusal or self.taken else ()
        return Outcome(self.message, at, remotes, self.refusal, retry_after, self.detail, tuple(self.wire))


class Part:
    """One submit_sm of an attempt."""

    __slots__ = ("attempt", "lost", "number", "pdu", "status", "tries")

    def __init__(self, attempt: Attempt, number: int, pdu: SubmitSm) -> None:
        self.attempt = attempt
        self.number = number
        """From 0."""
        self.pdu = pdu
        self.tries = 0
        """How often it was throttled."""
        self.status = 0
        """What it was refused with last."""
        self.lost = False
        """It was told to be uncertain: what still comes is too late."""
