"""What becomes of a message, told by the last three digits of its receiver: the table of simulated carriers.

The simulator acts it out over SMPP, the virtual connector without a socket and for every channel, where the digits
of an address are those before the @; `docs/guides/simulator.md` shows the same rows to people. A row belongs here
when a message can end so at a real carrier (carriers/A, rows 6 and 7; carriers/C.3). A receiver whose ending is not
in the table is delivered to at once. All endings are 900-979, which ordinary test numbers do not have (vendors'
examples end in 998 and 999). Seconds are those of an unhurried clock; the simulator can scale them.
"""

from enum import Enum
from typing import Final

from msgspec import Struct

from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.status import RINVDSTADR, RMSGQFUL, ROK, RSUBMITFAIL, RSYSERR, RTHROTTLED


class How(Enum):
    """What the sender of a message sees of its submit."""

    RESPOND = "respond"
    """A response with a status."""
    SILENT = "silent"
    """No response ever; the link lives."""
    DROP = "drop"
    """The connection ends instead."""
    HANG = "hang"
    """The connection stays open and says nothing any more (half-open)."""
    GARBAGE = "garbage"
    """The response, and then a PDU of an unknown command."""
    OUT_OF_STEP = "out of step"
    """The response, and then octets that are no PDU: the connection cannot go on. carriers/C.1#2"""
    NACK = "nack"
    """A generic_nack instead of the response."""


class Answer(Struct, frozen=True, gc=False):
    """What a submit is answered."""

    how: How = How.RESPOND
    status: int = ROK
    """A command_status, for RESPOND and NACK."""
    after: float = 0.0
    """Seconds until it is given."""
    taken: bool = True
    """Whether the message goes on to its receiver, whatever the sender was told."""


class ReceiptForm(Enum):
    """Where a receipt says what it says."""

    USUAL = "usual"
    """As the carrier is set up."""
    TEXT = "text"
    TLV = "tlv"
    """No text at all."""
    BOTH = "both"
    DISAGREE = "disagree"
    """Both, and the text names another state than the TLV."""


class News(Struct, frozen=True, gc=False):
    """One receipt, or an intermediate word before it."""

    state: MessageState = MessageState.DELIVERED
    after: float = 0.0
    """Seconds since the message was taken."""
    err: str = "000"
    before_response: bool = False
    """It overtakes the response to its own submit."""
    form: ReceiptForm = ReceiptForm.USUAL
    other_base: bool = False
    """Its id is written in hexadecimal where the response was decimal, or the other way."""
    marked: bool = True
    """esm_class says that it is a receipt."""
    in_data_sm: bool = False
    """It comes in a data_sm instead of a deliver_sm."""


class Subscriber(Enum):
    """What a network says when it is asked about the number (HLR look-up)."""

    PRESENT = "present"
    ABSENT = "absent"
    """The phone is off."""
    UNKNOWN = "unknown"
    """Nobody has this number."""
    BARRED = "barred"
    ROAMING = "roaming"
    PORTED = "ported"
    SILENT = "silent"
    """The network does not answer."""


class Fate(Struct, frozen=True, gc=False):
    """One row: what becomes of messages to numbers with this ending."""

    suffix: str
    """The last digits; empty for the row of all other numbers."""
    name: str
    sentence: str
    """For people: documentation, the console, errors."""
    receipts: tuple[News, ...] = (News(),)
    """In the order they are sent."""
    answer: Answer = Answer()
    tries: int = 0
    """How many tries of one message get `at_first` before the others get `answer`."""
    at_first: Answer = Answer()
    reply: str = ""
    """What the phone answers once it has the text; `ECHO` stands for the text itself."""
    subscriber: Subscriber = Subscriber.PRESENT

    def answer_to(self, attempt: int) -> Answer:
        """Give the answer to the n-th try (from 1) of one message."""
        return self.at_first if attempt <= self.tries else self.answer

    def reply_to(self, text: str) -> str:
        """Give what the phone answers to a text; empty when it does not."""
        return text if self.reply == ECHO else self.reply


ECHO: Final = "{text}"
LONG_REPLY: Final = "Merci pour votre message, nous le lisons avec attention. " * 4
"""Two parts in GSM-7."""

_DELIVERED = News()
_LOST = News(MessageState.UNDELIVERABLE, err="001")
_OVER_RATE = Answer(status=RTHROTTLED, taken=False)
_FULL = Answer(status=RMSGQFUL, taken=False)


def _state(
    suffix: str,
    name: str,
    state: MessageState,
    err: str,
    sentence: str,
    subscriber: Subscriber = Subscriber.PRESENT,
) -> Fate:
    return Fate(suffix, name, sentence, (News(state, err=err),), subscriber=subscriber)


def _after(suffix: str, seconds: float, told: str) -> Fate:
    return Fate(suffix, f"delivered after {told}", f"Delivered after {told}.", (News(after=seconds),))


def _at_first(suffix: str, name: str, tries: int, answer: Answer, sentence: str) -> Fate:
    return Fate(suffix, name, sentence, tries=tries, at_first=answer)


DELIVERED: Final = Fate("", "delivered", "Delivered at once: every number whose ending is not listed.")

FATES: Final[tuple[Fate, ...]] = (
    # how it ends
    Fate("900", "delivered at once", "Delivered at once, said by an ending of its own."),
    _state(
        "901", "undeliverable", MessageState.UNDELIVERABLE, "001", "The receipt says undeliverable.", Subscriber.BARRED
    ),
    _state(
        "902",
        "expired",
        MessageState.EXPIRED,
        "027",
        "The receipt says expired: the phone was off.",
        Subscriber.ABSENT,
    ),
    Fate(
        "903",
        "rejected at submit",
        "Refused at submit: the destination address is invalid.",
        (),
        Answer(status=RINVDSTADR, taken=False),
        subscriber=Subscriber.UNKNOWN,
    ),
    _state("904", "rejected", MessageState.REJECTED, "011", "Taken at submit; the receipt says rejected."),
    _state("905", "deleted", MessageState.DELETED, "000", "The receipt says deleted by an operator."),
    _state("906", "unknown", MessageState.UNKNOWN, "000", "The receipt says unknown, and nothing follows."),
    Fate(
        "907",
        "accepted then delivered",
        "A receipt says accepted, another says delivered after a second.",
        (News(MessageState.ACCEPTED), News(after=1.0)),
    ),
    Fate(
        "908",
        "pending then delivered",
        "A receipt says en route, another says delivered after two seconds.",
        (News(MessageState.ENROUTE), News(after=2.0)),
    ),
    Fate(
        "909",
        "submit fails",
        "Refused at submit: the submit failed.",
        (),
        Answer(status=RSUBMITFAIL, taken=False),
    ),
    # what the link does
    Fate(
        "910",
        "no response",
        "Swallowed: no response, no receipt.",
        (),
        Answer(How.SILENT, taken=False),
        subscriber=Subscriber.SILENT,
    ),
    Fate("911", "lost response", "Delivered with a receipt, but without a response.", answer=Answer(How.SILENT)),
    Fate("912", "slow response", "The response takes three seconds.", answer=Answer(after=3.0)),
    _at_first(
        "913",
        "connection dropped",
        1,
        Answer(How.DROP, taken=False),
        "The first try ends the connection and is not taken; the next is delivered.",
    ),
    _at_first(
        "914",
        "connection dropped, taken",
        1,
        Answer(How.DROP),
        "The first try is delivered, but the connection ends instead of a response; a second try doubles it.",
    ),
    _at_first(
        "915",
        "half-open",
        1,
        Answer(How.HANG, taken=False),
        "After the first try the connection stays open and says nothing; a later try is delivered.",
    ),
    Fate(
        "916",
        "garbage PDU",
        "After the response comes a PDU of an unknown command; the connection can go on.",
        answer=Answer(How.GARBAGE),
    ),
    Fate(
        "917",
        "nacked",
        "A generic_nack instead of the response; not taken.",
        (),
        Answer(How.NACK, RSYSERR, taken=False),
    ),
    Fate(
        "918",
        "out of step",
        "After the response come octets that are no PDU; the connection cannot go on.",
        answer=Answer(How.OUT_OF_STEP),
    ),
    # what the receipts do
    Fate("920", "no receipt", "Delivered, and no receipt ever says so.", ()),
    Fate(
        "921",
        "receipt before response",
        "The receipt overtakes the response.",
        (News(before_response=True),),
    ),
    Fate("922", "receipt twice", "The receipt comes twice.", (_DELIVERED, _DELIVERED)),
    _after("923", 60.0, "a minute"),
    Fate(
        "924",
        "delivered then undelivered",
        "An early receipt says delivered, another says undeliverable after a second.",
        (_DELIVERED, News(MessageState.UNDELIVERABLE, 1.0, "001")),
    ),
    Fate(
        "925",
        "undelivered then delivered",
        "A receipt says undeliverable, another says delivered after a second.",
        (_LOST, News(after=1.0)),
    ),
    Fate(
        "926",
        "TLV-only receipt",
        "The receipt has TLVs and no text.",
        (News(form=ReceiptForm.TLV),),
    ),
    Fate("927", "text-only receipt", "The receipt has no TLVs.", (News(form=ReceiptForm.TEXT),)),
    Fate(
        "928",
        "receipt disagrees",
        "The receipt's TLV says delivered, its text says undeliverable.",
        (News(form=ReceiptForm.DISAGREE),),
    ),
    Fate(
        "929",
        "id in the other base",
        "The receipt's id is hexadecimal where the response's was decimal, or the other way.",
        (News(form=ReceiptForm.TEXT, other_base=True),),
    ),
    Fate(
        "930",
        "unmarked receipt",
        "The receipt's esm_class does not say that it is one.",
        (News(form=ReceiptForm.TEXT, marked=False),),
    ),
    _after("931", 1.0, "1 second"),
    _after("932", 2.0, "2 seconds"),
    _after("933", 3.0, "3 seconds"),
    _after("935", 5.0, "5 seconds"),
    _after("937", 600.0, "10 minutes"),
    _after("938", 176_400.0, "49 hours"),
    Fate(
        "940",
        "receipt in data_sm",
        "The receipt comes in a data_sm.",
        (News(in_data_sm=True),),
    ),
    Fate(
        "941",
        "receipts out of order",
        "The receipt that says en route comes after the one that says delivered.",
        (_DELIVERED, News(MessageState.ENROUTE)),
    ),
    # phones that answer
    Fate("950", "answers Oui", 'Delivered; the phone answers "Oui".', reply="Oui"),
    Fate("951", "answers STOP", 'Delivered; the phone answers "STOP".', reply="STOP"),
    Fate("952", "answers at length", "Delivered; the phone answers in several parts.", reply=LONG_REPLY),
    Fate("953", "answers the same", "Delivered; the phone sends the text back.", reply=ECHO),
    Fate("954", "answers in Cyrillic", 'Delivered; the phone answers "Привет" (UCS-2).', reply="Привет"),
    # busy carriers
    _at_first("960", "throttled once", 1, _OVER_RATE, "The first try is over the rate (RTHROTTLED)."),
    _at_first("961", "throttled three times", 3, _OVER_RATE, "Three tries are over the rate, then taken."),
    Fate("962", "throttled always", "Every try is over the rate (RTHROTTLED).", (), _OVER_RATE),
    _at_first("963", "queue full once", 1, _FULL, "The first try finds the queue full (RMSGQFUL)."),
    _at_first("964", "queue full three times", 3, _FULL, "Three tries find the queue full, then taken."),
    Fate("965", "queue full always", "Every try finds the queue full (RMSGQFUL).", (), _FULL),
    _at_first(
        "966",
        "system error once",
        1,
        Answer(status=RSYSERR, taken=False),
        "The first try meets a system error (RSYSERR).",
    ),
    # whom the network finds
    Fate("970", "roaming", "Delivered at once; the phone is abroad.", subscriber=Subscriber.ROAMING),
    Fate("971", "ported", "Delivered at once; the number was taken to another operator.", subscriber=Subscriber.PORTED),
)
"""The endings that mean something."""


class Beyond(Struct, frozen=True, gc=False):
    """One row that only some channels know; what else goes to such a number is delivered at once."""

    suffix: str
    name: str
    """A refusal's name where it is one."""
    sentence: str
    """For people."""


BEYOND_SMS: Final[tuple[Beyond, ...]] = (
    Beyond("944", "unread", "A mail, or a message of a messenger: delivered, and never read."),
    Beyond("945", "busy_line", "A call: the line is busy, at every try."),
    Beyond("946", "no_answer", "A call: nobody answers, at any try."),
    Beyond("947", "machine", "A call: an answering machine takes it."),
)
"""Endings that mean something where more than texts is carried: `docs/guides/channels.md` shows them to people."""

FAULTS: Final[dict[str, str]] = {
    "undeliverable": "901",
    "expired": "902",
    "rejected": "903",
    "submit_failed": "909",
    "no_response": "910",
    "lost_response": "911",
    "slow_response": "912",
    "dropped": "913",
    "dropped_taken": "914",
    "half_open": "915",
    "garbage": "916",
    "nacked": "917",
    "out_of_step": "918",
    "no_receipt": "920",
    "early_receipt": "921",
    "double_receipt": "922",
    "late_receipt": "923",
    "early_delivered": "924",
    "tlv_receipt": "926",
    "text_receipt": "927",
    "disagreeing_receipt": "928",
    "other_base": "929",
    "unmarked_receipt": "930",
    "data_sm_receipt": "940",
    "receipts_out_of_order": "941",
    "throttled": "962",
    "queue_full": "965",
    "system_error": "966",
}
"""What may also strike ordinary numbers at a rate: its name there, and the row that it follows."""

_ENDING: Final = 3
_BY_ENDING: Final[dict[str, Fate]] = {fate.suffix: fate for fate in FATES}
_BEYOND: Final[dict[str, str]] = {row.suffix: row.name for row in BEYOND_SMS}


def fate_of(receiver: str) -> Fate:
    """Tell what becomes of messages to this number, nickname or address, in any spelling."""
    return _BY_ENDING.get(_ending(receiver), DELIVERED)


def beyond_sms(receiver: str) -> str:
    """Name the row of `BEYOND_SMS` that a receiver has; empty for none."""
    return _BEYOND.get(_ending(receiver), "")


def _ending(receiver: str) -> str:
    """Give the characters that count: the last ones, of an address those before its domain."""
    before, _, _ = receiver.rpartition("@")
    return (before or receiver)[-_ENDING:]


def fate_named(fault: str) -> Fate:
    """Give the row that a fault follows; KeyError when there is no such fault."""
    return _BY_ENDING[FAULTS[fault]]


class Tries:
    """Counts the tries of messages that are refused at first, in bounded memory.

    Two tries are of the same message when their keys are equal: sender, receiver and text, say.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._seen: dict[object, int] = {}

    def answer(self, fate: Fate, key: object) -> Answer:
        """Give the answer to one more try; once its row is through, a message with this key begins anew."""
        if not fate.tries:
            return fate.answer
        attempt = self._seen.pop(key, 0) + 1
        if attempt <= fate.tries:
            self._seen[key] = attempt
            if len(self._seen) > self._most:
                del self._seen[next(iter(self._seen))]
        return fate.answer_to(attempt)
