"""What a carrier of each channel reports of a message: mail and messengers tell that it was read, calls how they ended.

The fate of an SMS is the table in `wire/fates.py`, and other channels share it: what arrives there arrives here.
"""

from msgspec import Struct

from depesza.connectors.smpp.words import state_of
from depesza.core.model import Channel, Message, State
from depesza.wire.fates import Fate, beyond_sms
from depesza.wire.smpp.constants import MessageState

READ = frozenset({Channel.MAIL, Channel.VIBER, Channel.WHATSAPP, Channel.TELEGRAM, Channel.SOCIAL})
"""Channels whose carriers tell when a message was read."""
READ_AFTER = 1.0
"""Seconds from the delivery until it is."""
USUAL_RING = (25, 0, 8)
"""Seconds a call rings, seconds between tries (0: they grow), tries. spec: smsc/2.1"""
_UNTAKEN = frozenset({"busy_line", "no_answer", "machine"})
"""How calls may end."""
_BUSY, _PICKED_UP = 1, 2
"""Seconds of a try where the line is busy, and until a machine is known as one."""
_FIRST_PAUSE, _LAST_PAUSE = 3, 14


class Told(Struct, frozen=True, gc=False):
    """One thing that the carrier tells."""

    after: float
    """Seconds since the message was taken."""
    state: State
    text: str
    """In the carrier's words."""
    refusal: str = ""
    before_response: bool = False


def told(message: Message, fate: Fate) -> tuple[Told, ...]:
    """List what a carrier tells of a message that it took, in its order."""
    channel = message.content.channel
    special = beyond_sms(message.receiver)
    if channel is Channel.CALL and special in _UNTAKEN:
        return (Told(_seconds(message, special), State.FAILED, f"stat:{special}", special),)
    found = [
        Told(news.after, *_told(news.state, news.err), before_response=news.before_response) for news in fate.receipts
    ]
    if channel in READ and special != "unread" and found and found[-1].state is State.DELIVERED:
        found.append(Told(found[-1].after + READ_AFTER, State.READ, "stat:READ", "", found[-1].before_response))
    return tuple(found)


def answers(message: Message, fate: Fate) -> str:
    """Tell what the receiver writes back; nobody does so to a call."""
    return "" if message.content.channel is Channel.CALL else fate.reply_to(message.body)


def _told(state: MessageState, err: str) -> tuple[State, str, str]:
    ours, reason = state_of(state, err, {})
    return ours, f"stat:{state.word} err:{err}", reason


def _seconds(message: Message, end: str) -> int:
    """Tell when a call is over that nobody took: at once with a machine, else after all tries."""
    if end == "machine":
        return _PICKED_UP
    extras = message.content.extras
    ring, pause, tries = extras.ring if extras is not None and extras.ring else USUAL_RING
    pauses = (pause or min(_FIRST_PAUSE + 2 * n, _LAST_PAUSE) for n in range(tries - 1))
    return (_BUSY if end == "busy_line" else ring) * tries + sum(pauses)
