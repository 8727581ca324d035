"""What a session tells: one small value an event, generic in the caller's token.

Each token ends in exactly one of Responded, Nacked, Uncertain or Closed.unanswered;
after Uncertain, one late Responded or Nacked may still come.
"""

from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct

from depesza.wire.smpp import pdus

Token = TypeVar("Token")


class BindRequested(Struct, frozen=True, gc=False):
    """A client wants to bind: accept or refuse the sequence."""

    sequence: int
    pdu: pdus.Bind


class Bound(Struct, frozen=True, gc=False):
    """Our bind was accepted."""

    pdu: pdus.BindResp
    version: int | None
    """sc_interface_version, if the server told."""


class BindRefused(Struct, frozen=True, gc=False):
    """Our bind was refused; the session stays open for another try."""

    status: int
    pdu: pdus.Response


class Requested(Struct, frozen=True, gc=False):
    """A request for the application: answer or refuse the sequence, in any order, when ready."""

    sequence: int
    pdu: pdus.Request


class Alerted(Struct, frozen=True, gc=False):
    """A receiver can be reached again; there is nothing to answer."""

    pdu: pdus.AlertNotification


class Responded(Struct, Generic[Token], frozen=True, gc=False):
    """The answer to a request of ours."""

    token: Token
    status: int
    pdu: pdus.Response
    congestion: int | None = None
    """congestion_state, 0-100, if the peer told. carriers/C.1#20"""
    late: bool = False
    """The token was told to be Uncertain before."""


class Nacked(Struct, Generic[Token], frozen=True, gc=False):
    """A generic_nack."""

    token: Token | None
    """None when it names no request that is open."""
    status: int
    sequence: int


class Uncertain(Struct, Generic[Token], frozen=True, gc=False):
    """No response in time: the peer may or may not have processed it. smpp34 2.9"""

    token: Token
    sequence: int


class Outbound(Struct, frozen=True, gc=False):
    """The server asks us to bind."""

    pdu: pdus.Outbind


class Unbound(Struct, frozen=True, gc=False):
    """No new requests from now on; what is open is still answered, then Closed follows."""

    by_peer: bool


class Closed(Struct, Generic[Token], frozen=True, gc=False):
    """The last event: write what is outgoing, then close the connection."""

    reason: str
    unanswered: tuple[Token, ...]
    """Tokens of requests that were written and never answered."""


class ProtocolFault(Struct, frozen=True, gc=False):
    """The peer broke a rule; the session has answered it already."""

    reason: str
    status: int
    """What was answered; 0 when there was nothing to answer."""
    sequence: int
    octets: bytes
    """The PDU in question, or the octets that cannot be one."""


Event: TypeAlias = (
    BindRequested
    | Bound
    | BindRefused
    | Requested
    | Alerted
    | Responded[Token]
    | Nacked[Token]
    | Uncertain[Token]
    | Outbound
    | Unbound
    | Closed[Token]
    | ProtocolFault
)
