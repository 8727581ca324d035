"""The states of a session and who may send what in which: table 2-1 as one dict.

A row belongs here for each request; responses are allowed wherever their request was.
Tolerances beyond 3.4 are marked. spec: smpp34 2.2, table 2-1, smpp50 2.3, carriers/C.1#4
"""

from enum import Enum

from depesza.wire.smpp import pdus
from depesza.wire.smpp.pdus import Pdu


class Role(Enum):
    """Which end of the connection we are."""

    ESME = "esme"
    """The client."""
    SMSC = "smsc"
    """The server."""

    @property
    def other(self) -> "Role":
        return Role.SMSC if self is Role.ESME else Role.ESME


class State(Enum):
    """Where a session is."""

    OPEN = "open"
    OUTBOUND = "outbound"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBOUND = "unbound"
    CLOSED = "closed"


_NEW = frozenset({State.OPEN, State.OUTBOUND})
_SENDING = frozenset({State.BOUND_TX, State.BOUND_TRX})
_RECEIVING = frozenset({State.BOUND_RX, State.BOUND_TRX})
BOUND = _SENDING | _RECEIVING
_LIVING = frozenset(State) - {State.CLOSED}
_NEVER: frozenset[State] = frozenset()

ALLOWED: dict[type[Pdu], tuple[frozenset[State], frozenset[State]]] = {
    #                       the client may send   the server may send
    pdus.BindTransmitter: (_NEW, _NEVER),  # in OUTBOUND: smpp50
    pdus.BindReceiver: (_NEW, _NEVER),
    pdus.BindTransceiver: (_NEW, _NEVER),  # in OUTBOUND: smpp50
    pdus.Outbind: (_NEVER, frozenset({State.OPEN})),
    pdus.Unbind: (BOUND, BOUND),
    pdus.SubmitSm: (_SENDING, _NEVER),
    pdus.SubmitMulti: (_SENDING, _NEVER),
    pdus.DataSm: (_SENDING, _RECEIVING),
    pdus.DeliverSm: (_NEVER, _RECEIVING),
    pdus.QuerySm: (_SENDING, _NEVER),
    pdus.CancelSm: (_SENDING, _NEVER),
    pdus.ReplaceSm: (_SENDING, _NEVER),  # BOUND_TRX: smpp50, an omission of 3.4
    pdus.EnquireLink: (_LIVING, _LIVING),  # unbound states: smpp50
    pdus.AlertNotification: (_NEVER, _RECEIVING),
}

BOUND_BY: dict[type[Pdu], State] = {
    pdus.BindTransmitter: State.BOUND_TX,
    pdus.BindReceiver: State.BOUND_RX,
    pdus.BindTransceiver: State.BOUND_TRX,
}
"""The state that an accepted bind leads to."""

APPLICATION: frozenset[type[Pdu]] = frozenset(
    {
        pdus.SubmitSm,
        pdus.SubmitMulti,
        pdus.DataSm,
        pdus.DeliverSm,
        pdus.QuerySm,
        pdus.CancelSm,
        pdus.ReplaceSm,
    }
)
"""Requests between the two applications; all others are the session's own."""


def allowed(pdu: type[Pdu], sender: Role, state: State) -> bool:
    """Tell whether this end may send it now."""
    esme, smsc = ALLOWED[pdu]
    return state in (esme if sender is Role.ESME else smsc)


SENDABLE: dict[tuple[Role, State], frozenset[type[Pdu]]] = {
    (role, state): frozenset(pdu for pdu in APPLICATION if allowed(pdu, role, state))
    for role in Role
    for state in State
}
"""The application's requests that an end may send in a state."""
