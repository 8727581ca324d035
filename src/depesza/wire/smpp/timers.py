"""Three of the four timers: when the session was opened, when a PDU came last, when there was work last.

The fourth, response, stands beside each request (`window.py`). spec: smpp34 2.9, 7.2, carriers/C.1#7 #8
"""

from math import inf

from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import BOUND, State

_ENQUIRES_UNBOUND_SINCE = 0x50
_UNBOUND = frozenset({State.OPEN, State.OUTBOUND})


class Watch:
    """What a session remembers of the clock."""

    def __init__(self, settings: Settings, now: float) -> None:
        self._limits = settings.timers
        self._enquiring = BOUND | _UNBOUND if settings.interface_version >= _ENQUIRES_UNBOUND_SINCE else BOUND
        self._opened = now
        self.heard = now
        """The last whole PDU. A cut-off one is no sign of life."""
        self.active = now
        """The last request or response that was not the session's own."""

    def init_due(self, state: State) -> float:
        """Tell when a session without a bind is to be closed."""
        limit = self._limits.session_init
        return self._opened + limit if limit and state in _UNBOUND else inf

    def enquiry_due(self, state: State, asking: bool) -> float:
        """Tell when to ask whether the peer is there; whatever we already ask is an enquiry too."""
        limit = self._limits.enquire_link
        return self.heard + limit if limit and not asking and state in self._enquiring else inf

    def inactivity_due(self, state: State) -> float:
        """Tell when to leave for want of work."""
        limit = self._limits.inactivity
        return self.active + limit if limit and state in BOUND else inf
