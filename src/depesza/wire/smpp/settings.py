"""What may differ between two sessions: window, timers, version.

The specification names four timers and gives none of their values. spec: smpp34 2.9, 7.2, carriers/C.1#8
"""

from msgspec import Struct

from depesza.wire.smpp.codec import MAX_PDU


class Timers(Struct, frozen=True, gc=False):
    """In seconds; 0 switches one off."""

    session_init: float = 30.0
    """From the connection to the bind; then the session is closed."""
    enquire_link: float = 30.0
    """Nothing heard for so long: ask whether the peer is there."""
    inactivity: float = 0.0
    """No transaction for so long: unbind."""
    response: float = 30.0
    """No response for so long: the request is uncertain. Also how long an unbind waits for what is open."""


class Settings(Struct, frozen=True, gc=False):
    """What a session is told when it begins."""

    window: int = 10
    """Most requests of ours that may be unanswered."""
    incoming_window: int = 0
    """Most requests of the peer that may be unanswered, more are answered RTHROTTLED; 0: no limit."""
    timers: Timers = Timers()
    interface_version: int = 0x34
    """What we say we speak. From 0x50 on, enquire_link is sent before the bind too. smpp50 2.7"""
    system_id: str = ""
    """How a server names itself in bind responses."""
    max_pdu: int = MAX_PDU
    """Longest command_length taken."""
    enquire_counts: bool = False
    """Whether the peer's enquire_link holds off the inactivity timer."""
