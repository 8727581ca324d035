"""What goes wrong in this room, under the two errors of `wire`.

Malformed
└── Broken         a PDU that cannot be read, with the status to answer
Unencodable
├── NotAllowed     our caller asks for what the session's state does not allow
└── WindowFull     our caller asks for more than the window holds
"""

from depesza.wire import Malformed, Unencodable
from depesza.wire.smpp.status import RINVCMDLEN


class Broken(Malformed):
    """A PDU that cannot be read."""

    def __init__(self, reason: str, status: int = RINVCMDLEN) -> None:
        super().__init__(reason)
        self.status = status
        """The command_status that says so to the peer."""


class NotAllowed(Unencodable):
    """The session is not in a state for this, or the sequence number names nothing."""


class WindowFull(Unencodable):
    """As many requests are unanswered as the window holds: look at `room` first."""
