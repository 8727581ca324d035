"""The words of the platform as values: what a request asks, what a message is, what news says.

Every room speaks in these. Money is an integer of micro-credits (`MICRO` to one credit), times are integers
of microseconds since 1970 UTC, ids are integers below 2**53 that grow with time (see `core.ids`).
"""

from enum import IntEnum, StrEnum

from msgspec import Struct

MICRO = 1_000_000
"""Micro-units in one credit, and microseconds in one second."""


class State(IntEnum):
    """Where a message stands; numbers are stored, so they never change meaning."""

    __hash__ = int.__hash__  # the enum's own is written in Python, and states are looked up several times a message

    SCHEDULED = 0
    """Accepted; its time has not come."""
    QUEUED = 1
    """Waits for a free place on a connector."""
    SENDING = 2
    """Marked on disk, handed to a connector, not yet answered: after a crash it may have been sent."""
    SENT = 3
    """The carrier took it."""
    PENDING = 4
    """The carrier reports that it waits for the handset."""
    HELD = 5
    """May have been sent; the account asks that a person decides."""
    DELIVERED = 10
    FAILED = 11
    """The carrier could not deliver it, or refused it."""
    EXPIRED = 12
    """Its validity ended first."""
    REJECTED = 13
    """We refused it before sending: never left the house, never billed."""
    CANCELLED = 14
    READ = 15
    """Delivered, and opened by the receiver."""
    CLICKED = 16
    """Delivered, and a link in it was followed."""


ARRIVED = frozenset({State.DELIVERED, State.READ, State.CLICKED})
FINAL = ARRIVED | {State.FAILED, State.EXPIRED, State.REJECTED, State.CANCELLED}
"""States in which a message goes no further; one that arrived may still be read, and its link followed."""


class Priority(IntEnum):
    """Order in a queue, and nothing else; smaller goes first."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    BULK = 3


class Way(StrEnum):
    """Which connectors may carry a message, among those that its route names."""

    ANY = ""
    """As the route says."""
    NETWORK = "network"
    """Carriers only."""
    PHONES = "phones"
    """Own phones and modems only; costs no credits."""
    PHONES_FIRST = "phones_first"
    """Own phones and modems, then carriers; what a phone sent costs no credits in the end."""


class Channel(StrEnum):
    """What kind of message it is: by which network it reaches its receiver."""

    __hash__ = str.__hash__

    SMS = ""
    PING = "ping"
    """A silent SMS: the phone reports it and shows nothing."""
    MMS = "mms"
    MAIL = "mail"
    CALL = "call"
    """A voice call in which the text is spoken."""
    VIBER = "viber"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    SOCIAL = "social"
    """Social networks, by number."""
    HLR = "hlr"
    """No message: a question to the network. Prices only."""


class Shape(IntEnum):
    """How an SMS is meant to be taken by the phone; `find_messages` and `find_remotes` compute it too."""

    TEXT = 0
    FLASH = 1
    """Shown and not kept."""
    OCTETS = 2
    PUSH = 3
    """A WAP push."""


class Attached(Struct, frozen=True):
    """A file that goes with a message: a document in the store."""

    document: str
    """Its id."""
    name: str
    media: str
    """Media type, `image/png`."""
    size: int


class Extras(Struct, frozen=True, omit_defaults=True):
    """What only some messages have, beside their text."""

    udh: bytes = b""
    """User data header of a binary message, without its length."""
    pid: int = -1
    """GSM protocol identifier; -1 for the usual one."""
    dcs: int = -1
    """GSM data coding scheme; -1 for the one that the text asks for."""
    push: bool = False
    """The octets are a WAP push."""
    subject: str = ""
    files: tuple[Attached, ...] = ()
    voice: str = ""
    """Who speaks, and in which language: `m3`, `w,en`."""
    ring: tuple[int, ...] = ()
    """Of a call: seconds it rings, seconds between tries, tries."""
    bot: str = ""
    """Which bot of a messenger speaks."""
    confirm: int = 0
    """Days after which the receiver must confirm the number again before the text is shown; 0: never."""
    partner: int = 0
    """The client's number for whoever made its program."""


def shape_of(alphabet: str, flash: bool, extras: Extras | None) -> Shape:
    """Tell how an SMS is meant to be taken."""
    if alphabet == "binary":
        return Shape.PUSH if extras is not None and extras.push else Shape.OCTETS
    return Shape.FLASH if flash else Shape.TEXT


class Content(Struct, frozen=True, gc=False):
    """What all messages of one submission have in common: one row in `submissions`."""

    id: int
    account: int
    user: int
    """0 when the account itself sends."""
    dialect: str
    """The vendor's words in which news goes back."""
    created: int
    sender: str
    text: str
    """The text as it leaves the house, STOP clause included; a message's own text wins."""
    tag: str = ""
    alphabet: str = ""
    """`wire.gsm.Encoding` that the client forces; empty when the text decides."""
    flash: int = -1
    """GSM message class 0-3; -1 for none."""
    priority: Priority = Priority.HIGH
    due: int = 0
    """When it was to be sent (0: at once)."""
    deferred: int = 0
    """Minutes the client asked to wait, shown back to it."""
    expires: int = 0
    reply_to: str = ""
    """Number that takes replies and STOP; empty when nobody can answer."""
    count: int = 1
    batch: str = ""
    """Campaign this belongs to, if any."""
    way: Way = Way.ANY
    callback: str = ""
    """Address of its own for news, which is told final states only; empty: the user's or account's."""
    channel: Channel = Channel.SMS
    extras: Extras | None = None

    @property
    def shape(self) -> Shape:
        """How an SMS is meant to be taken."""
        return shape_of(self.alphabet, self.flash >= 0, self.extras)


class Message(Struct, frozen=True, gc=False):
    """One text to one receiver: one row in `messages`."""

    id: int
    content: Content
    receiver: str
    """E.164 with its plus."""
    parts: int
    price: int
    state: State
    priority: int
    turn: int
    """Virtual time of its turn (microseconds): smaller goes first within a priority."""
    due: int
    route: int
    """Row of the route that was chosen; 0 when none fits any more."""
    connector: int
    text: str | None = None
    """Own text when it differs from the content's (merged texts)."""
    attempts: int = 0
    refusal: str = ""
    """Name from `core.refusals`; empty when nothing went wrong."""
    maybe_sent: bool = False
    """True once a crash or a silent carrier left open whether an earlier attempt arrived."""

    @property
    def body(self) -> str:
        """The text that goes out."""
        return self.content.text if self.text is None else self.text


class Submission(Struct, frozen=True, kw_only=True, gc=False):
    """One request of a client, in neutral words; nothing judged yet."""

    dialect: str
    sender: str
    """Empty when a short number shall be chosen (`answerable`)."""
    receivers: tuple[str, ...]
    """As the client wrote them."""
    text: str
    texts: tuple[str, ...] = ()
    """Own text for each receiver (merged), or empty."""
    user: int = 0
    tag: str = ""
    alphabet: str = ""
    """`wire.gsm.Encoding` that the client forces; empty when the text decides."""
    flash: int = -1
    priority: Priority = Priority.HIGH
    deferred: int = 0
    """Minutes from now."""
    due: int = 0
    """Absolute time; wins over `deferred` when set."""
    validity: int = 2880
    """Minutes until an undelivered message is dropped."""
    answerable: bool = False
    """Send from a number that takes replies."""
    advertising: bool = False
    """A STOP clause is added for named senders, and quiet hours hold."""
    batch: str = ""
    house: bool = False
    """A text of the platform itself: free, and it needs no template."""
    verbatim: bool = False
    """Receivers that are no numbers are taken as they are written: short codes, ciphertext."""
    opaque: bool = False
    """The text is ciphertext or octets for own phones: it counts as one part."""
    way: Way = Way.ANY
    callback: str = ""
    """Address of its own for news, which is told final states only; empty: the user's or account's."""
    expires: int = 0
    """When an undelivered message is dropped; wins over `validity` when set."""
    max_parts: int = 0
    """Parts that the vendor's own limit of length comes to, where the account allows fewer."""
    warning: str = ""
    """Said in the timeline of each of its messages."""
    channel: Channel = Channel.SMS
    extras: Extras | None = None
    judged: dict[int, str] | None = None
    """Receivers, by their place, that are refused already: the name of the refusal. They are written down, unpaid."""
    dues: tuple[int, ...] = ()
    """When each receiver's message goes, or empty: all at `due`."""
    each: bool = False
    """A receiver that is named again gets another message, with a text of its own; else it gets one."""
    fit: int = 0
    """Parts to which texts are cut once their links are short; 0: they stay."""
    shorten: str = ""
    """Begins the short links that take the place of those in its texts; empty: they stay."""


class Accepted(Struct, frozen=True, gc=False):
    """What became of a submission."""

    id: int
    ids: tuple[int, ...]
    """Message ids, in the order of `valid`."""
    valid: tuple[str, ...]
    """E.164 numbers taken."""
    refused: tuple[str, ...]
    """Receivers refused, as the client wrote them."""
    price: int
    balance: int
    """Left on the wallet that paid."""
    tag: str


class Outcome(Struct, frozen=True, gc=False):
    """What a connector says of one attempt."""

    message: int
    at: int
    remotes: tuple[str, ...] = ()
    """The carrier's id for each part, in order; empty when it was refused."""
    refusal: str = ""
    """Name from `core.refusals`; empty when the carrier took it."""
    retry_after: int = 0
    """Microseconds to wait before the next try here, when the refusal is temporary."""
    detail: str = ""
    """The carrier's own words: status name and number."""
    wire: tuple[bytes, ...] = ()
    """The PDUs or requests written, for the timeline."""


class Receipt(Struct, frozen=True, gc=False):
    """News from the south about one part that a carrier took."""

    connector: int
    remotes: tuple[str, ...]
    """Ids under which the part may be stored, likeliest first."""
    state: State
    refusal: str
    """Why it failed, from `core.refusals`; empty when it did not."""
    at: int
    """When it came to us."""
    carrier_at: int = 0
    """When the carrier says it happened; 0 when it does not."""
    detail: str = ""
    """The carrier's own text."""
    receiver: str = ""
    """Address the message went to, as the receipt says; empty when it doesn't."""


class Inbound(Struct, frozen=True, gc=False):
    """A text that somebody sent to one of our numbers."""

    connector: int
    sender: str
    recipient: str
    """The number it was sent to, as the carrier writes it."""
    text: str
    at: int
    device: int = 0
    """Phone of ours that received it; 0 for none."""
    slot: int = 0
    """Its SIM card, from 1; 0 where that is not known."""


COLLECTED = "smpp:"
"""How the address of news begins that its client collects, over a connection of its own."""


class Notice(Struct, frozen=True, gc=False):
    """News owed to a client: one row in `notices`."""

    id: int
    account: int
    dialect: str
    kind: str
    """`receipt`, `reply`, `stop`, `call`, `hook`, or `mail`."""
    url: str
    fact: bytes
    """JSON of a `ReceiptFact` (or `lookup.LookupFact`), `ReplyFact`, `CallFact`, `HookFact` or `wire.mail.Mail`, frozen
    when it happened."""
    message: int
    due: int
    created: int
    tries: int = 0

    @property
    def collected(self) -> bool:
        """Whether the client collects it; else it is called."""
        return self.url.startswith(COLLECTED)


class ReceiptFact(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a delivery callback tells."""

    message: int
    state: State
    refusal: str
    at: int
    sender: str
    receiver: str
    tag: str = ""
    parts: int = 0
    price: int = 0
    channel: Channel = Channel.SMS
    shape: Shape = Shape.TEXT


class ReplyFact(Struct, frozen=True, gc=False):
    """What a reply or STOP callback tells."""

    inbound: int
    sender: str
    recipient: str
    text: str
    tag: str
    at: int
    message: int = 0


class CallFact(Struct, frozen=True, gc=False):
    """What a callback tells of a call that was waited for."""

    caller: str
    """E.164."""
    at: int


class HookFact(Struct, frozen=True, gc=False):
    """What a webhook tells: one event of a message, or a text received."""

    hook: str
    """Its name among its user's."""
    event: str
    """`core.facts.Webhook.event`."""
    at: int
    message: str
    """As the client calls it; the id of a text received."""
    sender: str
    receiver: str
    text: str = ""
    """Of a text received."""
    parts: int = 0
    refusal: str = ""
    error: str = ""
    """Why it failed, in the words of a phone."""
    device: int = 0
    """Phone that did it; 0 for none."""
    slot: int = 0
    """SIM 1, 2 or 3 of it; 0 where that is not known."""


class OnUnknown(StrEnum):
    """What to do with a message that may have been sent when the answer was lost."""

    RESEND = "resend"
    HOLD = "hold"


class Wallet(Struct, gc=False):
    """Money of one payer, as the current transaction sees it."""

    id: int
    balance: int
    optouts: int = 0
    """How many numbers this account must not write to (0 saves the look-up)."""
    serial: int = 0
    """The last number that was given to a submission of this account."""


class Tally(Struct, gc=False):
    """How often an account did something, as the current transaction sees it."""

    account: int
    key: str
    at: int = 0
    """When the counting began, or the last time: as the rule wants it."""
    count: int = 0


class Entry(Struct, frozen=True, gc=False):
    """One movement of credits: `amount` leaves `source` and reaches `target`, so sums are always zero."""

    id: int
    at: int
    kind: str
    """`charge`, `refund`, `topup`, `transfer`, `adjust`."""
    source: int
    target: int
    amount: int
    ref: int
    """Submission, message or order it belongs to."""
    note: str = ""


INCOME = 1
"""System wallet that takes what clients spend, in credits; `ledger.HOUSE` has those of currencies."""
ISSUE = 2
"""System wallet from which credits are made; its balance is minus all that was sold."""
