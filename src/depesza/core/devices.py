"""Phones and modems of our own as words and rules: how they stand, and the life of an attempt on one of them.

An *attempt* is one message handed to one SIM; its id is fresh each time, for a phone never sends a known id again.
Which SIM gets a message is `core.handout`; what follows when an attempt ends badly is `core.reclaim`.
spec: devices/5, devices/7
"""

from enum import Enum, IntEnum, StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from depesza.core.model import MICRO

SECOND = MICRO
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Kind(StrEnum):
    """What sort of device it is, which says through which door it comes."""

    SMSGATE = "smsgate"
    CHT = "cht"
    AT = "at"
    GAMMU = "gammu"
    MM = "mm"
    SIM = "sim"
    """Simulated."""


# how a device stands


class Presence(StrEnum):
    """How sure we are that a device would take work now."""

    NEW = "new"
    """Has never called."""
    ONLINE = "online"
    STALE = "stale"
    """Gets work only where nothing online can."""
    OFFLINE = "offline"


STREAM_ALIVE = 30 * SECOND
"""How long a successful write to an open stream proves that a phone is there."""
STALE_FOR = 16 * MINUTE
"""The app pulls every 15 minutes at least: one that did not has gone."""
CLOCK_WARNING = 120 * SECOND
CLOCK_REFUSED = 600 * SECOND
"""A phone whose clock is further off gets no work: its fence (validUntil) means nothing."""


def presence(seen: int, stream: int, ping: int, now: int) -> Presence:
    """Tell how a device stands.

    `seen` is its last call, `stream` the last write to its open stream (0: none), `ping` the seconds between its
    calls.
    """
    if not seen and not stream:
        return Presence.NEW
    if now - stream < STREAM_ALIVE or now - seen <= (2 * ping + 15) * SECOND:
        return Presence.ONLINE
    return Presence.STALE if now - max(seen, stream) < STALE_FOR else Presence.OFFLINE


# the life of an attempt


class AttemptState(IntEnum):
    """Where an attempt stands; numbers are stored, so they never change meaning."""

    OFFERED = 0
    """Listed for the phone."""
    ACCEPTED = 1
    """In the phone's own queue."""
    SUBMITTED = 2
    """Given to the phone's radio."""
    SENT = 3
    """The network took it."""
    DELIVERED = 4
    WITHDRAWING = 5
    """Asked back; not confirmed."""
    UNKNOWN = 6
    """Given up: it may have been sent."""
    WITHDRAWN = 7
    """Taken back; surely not sent."""
    FAILED = 8


A = AttemptState

MOVES: dict[AttemptState, frozenset[AttemptState]] = {
    A.OFFERED: frozenset(set(A) - {A.OFFERED}),
    A.ACCEPTED: frozenset(set(A) - {A.OFFERED, A.ACCEPTED}),
    A.SUBMITTED: frozenset({A.SENT, A.DELIVERED, A.UNKNOWN, A.FAILED}),
    A.SENT: frozenset({A.DELIVERED, A.FAILED}),
    A.WITHDRAWING: frozenset({A.SUBMITTED, A.SENT, A.DELIVERED, A.UNKNOWN, A.WITHDRAWN, A.FAILED}),
    A.UNKNOWN: frozenset({A.SENT, A.DELIVERED, A.WITHDRAWN, A.FAILED}),
    # a phone that sent what it had given back: it must be seen, and counted
    A.WITHDRAWN: frozenset({A.SENT, A.DELIVERED}),
    A.FAILED: frozenset(),
    A.DELIVERED: frozenset(),
}
"""Where each state may go. What is not here does not happen: repeated and overtaken reports change nothing."""

UNFINISHED = frozenset({A.OFFERED, A.ACCEPTED, A.SUBMITTED, A.WITHDRAWING})
"""What is stuck in a phone when it dies: the window counts these."""
SURELY_UNSENT = frozenset({A.WITHDRAWN})


def moves(state: AttemptState, target: AttemptState) -> bool:
    """Tell whether a report of `target` moves an attempt in `state`."""
    return target in MOVES[state]


class Reason(StrEnum):
    """Why an attempt failed, as far as what follows depends on it. spec: devices/2.6"""

    NONE = ""
    RADIO = "radio"
    """The phone has no network: another SIM or device."""
    QUOTA = "quota"
    """Too many texts for this SIM now."""
    GENERIC = "generic"
    """The operator refused without a reason, often for lack of credit."""
    FENCE = "fence"
    """It was too late; surely not sent."""
    CONFIG = "config"
    """The phone is set up wrongly."""
    FINAL = "final"
    """No device can do better."""
    CANCELLED = "cancelled"
    """The client took it back."""


_WORDS: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    (Reason.FENCE, ("TTL EXPIRED",)),
    (Reason.FINAL, ("DELIVERY RESULT FROM SC", "SHORT_CODE", "FDN_CHECK", "INVALID_SMS_FORMAT", "ENCODING_ERROR")),
    (Reason.QUOTA, ("LIMIT_EXCEEDED", "REQUEST_RATE_LIMITED")),
    (Reason.CONFIG, ("NOT FOUND", "PERMISSION", "NO_DEFAULT_SMS_APP", "ENCRYPT", "DECRYPT", "PASSPHRASE")),
    (
        Reason.RADIO,
        (
            "NO_SERVICE",
            "RADIO_OFF",
            "RADIO_NOT_AVAILABLE",
            "MODEM_ERR",
            "NETWORK",
            "INVALID_STATE",
            "CMS 38",
            "CMS 331",
        ),
    ),
)


def reason_of(error: str) -> Reason:
    """Class a phone's error text; what nobody knows is generic."""
    said = error.upper()
    return next((reason for reason, words in _WORDS if any(word in said for word in words)), Reason.GENERIC)


REFUSALS: dict[Reason, str] = {
    Reason.NONE: "unknown",
    Reason.RADIO: "link_down",
    Reason.QUOTA: "throttled",
    Reason.GENERIC: "rejected",
    Reason.FENCE: "expired",
    Reason.CONFIG: "bad_parameter",
    Reason.FINAL: "undeliverable",
    Reason.CANCELLED: "cancelled",
}
"""The name in `core.refusals` under which a message fails when no way is left."""


# what clients and operators wish


class OnUnknown(StrEnum):
    """What to do when a phone may have sent a message and does not say. spec: devices/7"""

    DEFAULT = ""
    WAIT = "wait"
    """Until the phone speaks, or the message's validity ends."""
    RESEND = "resend"
    FAIL = "fail"
    HOLD = "hold"
    """Let a person decide."""


class Wish(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one submission asks of phones beside its `Way`; stands in `device_wishes`."""

    device: int = 0
    """This phone and no other."""
    slot: int = 0
    """SIM 1, 2 or 3 of whichever phone; 0 for any."""
    on_unknown: OnUnknown = OnUnknown.DEFAULT
    grace: int = 0
    """Seconds for which a phone may be awaited before the network is taken."""
    ttl: int = 0
    """Seconds a phone may hold it; 0 for the usual."""
    report: bool = True
    """A delivery report is wanted."""
    data: str = ""
    """Base64 of a data message, in place of the text."""
    port: int = 0
    encrypted: bool = False
    """Text and receiver are ciphertext for the phone: no other way can carry it."""
    spelling: str = ""
    """The receiver as the client wrote it, where the phone must get exactly that (ciphertext)."""


NO_WISH = Wish()


class Strategy(StrEnum):
    """How one of several SIMs is chosen."""

    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    WEIGHTED = "weighted"
    OPERATOR = "operator"
    """A SIM of the receiver's own operator first."""


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """What can be set on a connector of kind `phones`."""

    strategy: Annotated[
        Strategy,
        Meta(description="How one of several SIM cards is chosen: round_robin, least_loaded, weighted or operator."),
    ] = Strategy.ROUND_ROBIN
    validity: Annotated[
        int, Meta(ge=10, description="Seconds a phone may hold a message before it must not send it.")
    ] = 90
    margin: Annotated[
        int, Meta(ge=0, description="Seconds after that until a phone which saw a message and fell silent is given up.")
    ] = 60
    silence: Annotated[int, Meta(ge=1, description="Seconds that the radio may take to send a message.")] = 120
    tries: Annotated[int, Meta(ge=1, description="Attempts on phones for one message.")] = 3
    window: Annotated[int, Meta(ge=1, description="Messages that one SIM card may hold unfinished.")] = 3
    grace: Annotated[
        int, Meta(ge=0, le=300, description="Seconds for which a phone is awaited before a carrier is taken.")
    ] = 0


_terms = msgspec.json.Decoder(Terms).decode


def read_terms(settings: str | bytes) -> Terms:
    """Read a connector's settings; those that were never checked are the defaults."""
    try:
        return _terms(settings or b"{}")
    except msgspec.DecodeError:
        return Terms()


class Limits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much one SIM may send, in parts; 0 is no limit. spec: devices/5"""

    minute: int = 20
    hour: int = 200
    day: int = 1000
    month: int = 0
    gap: int = 5
    """Seconds between two messages."""
    receivers: int = 0
    """Different receivers in a month."""
    quiet_from: int = 0
    """Minute of the day from which nothing is sent, in the account's zone; equal to `quiet_to`: never quiet."""
    quiet_to: int = 0


class RuleMode(StrEnum):
    """What a rule of an account does with receivers of a prefix."""

    ONLY = "only"
    PREFER = "prefer"
    DENY = "deny"


class Rule(Struct, frozen=True, kw_only=True):
    """Which SIMs an account's messages to a prefix take; the longest prefix that fits counts."""

    id: int
    account: int
    prefix: str
    """Digits without plus; empty for all."""
    mode: RuleMode
    sim: int = 0
    operator: str = ""
    """Name of an operator, in place of a SIM."""


class Event(Enum):
    """What a phone can be told on its stream."""

    ENQUEUED = "enqueued"
    CANCELLED = "cancelled"
    SETTINGS = "settings"
    WEBHOOKS = "webhooks"
    EXPORT = "export"
