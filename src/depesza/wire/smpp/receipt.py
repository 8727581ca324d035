"""Delivery receipts: the text of Appendix B in all its dialects, and the three TLVs beside it.

It takes plain values (message octets, TLVs), so it does not matter whether the receipt came in a deliver_sm
or a data_sm, in short_message or in message_payload. The plain form of Appendix B is read by one expression;
every other form by a slower scan for keys, in any order.

spec: carriers/C.1 rules 10, 13-16, 18; carriers/C.3. smpp34 Appendix B, 5.2.28, 5.3.2.12, 5.3.2.31, 5.3.2.35.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from depesza.wire import Unencodable
from depesza.wire.smpp.constants import STATE_OF_WORD, MessageState
from depesza.wire.smpp.receipt_dates import DateDigits, read_date, write_date

Form = Literal["plain", "loose", "tlv"]


class NetworkError(Struct, frozen=True, gc=False):
    """The TLV network_error_code. smpp34 5.3.2.31."""

    network: int
    """1 ANSI-136, 2 IS-95, 3 GSM; other values are the carrier's own."""
    code: int


class ReceiptText(Struct, frozen=True, gc=False):
    """What one receipt says, with the raw words kept beside what they were read as."""

    form: Form
    """How it was read: `plain` Appendix B, `loose` (any other text), `tlv` (the text says nothing)."""
    text_id: str | None = None
    """The id in the text, as given: never turned into a number, cased or padded."""
    tlv_id: str | None = None
    """receipted_message_id, as given."""
    state: MessageState | None = None
    """The state that counts (see `read_receipt`); None when the receipt tells none that we know."""
    stat: str | None = None
    """The raw word after `stat:`."""
    text_state: MessageState | None = None
    """What `stat` means."""
    tlv_state: MessageState | None = None
    """message_state, when it is a number that SMPP defines."""
    err: str | None = None
    """The raw code after `err:`."""
    network_error: NetworkError | None = None
    """network_error_code."""
    sub: int | None = None
    dlvrd: int | None = None
    submit_raw: str | None = None
    done_raw: str | None = None
    excerpt: bytes = b""
    """The first octets of the message, in the carrier's alphabet."""

    @property
    def submit_date(self) -> datetime | None:
        """Naive in the carrier's own time, aware when it gave its zone."""
        return read_date(self.submit_raw) if self.submit_raw else None

    @property
    def done_date(self) -> datetime | None:
        """As `submit_date`."""
        return read_date(self.done_raw) if self.done_raw else None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids to look for, the most trustworthy first: the TLV's, then the text's."""
        both = (self.tlv_id, self.text_id)
        return tuple(dict.fromkeys(one for one in both if one))

    @property
    def states_disagree(self) -> bool:
        """Tell whether text and TLV name two different states."""
        return None not in (self.text_state, self.tlv_state) and self.text_state != self.tlv_state

    @property
    def ids_disagree(self) -> bool:
        """Tell whether text and TLV have ids that differ as text (their bases may differ)."""
        return len(self.ids) == 2

    @property
    def disagrees(self) -> bool:
        """Tell whether text and TLVs contradict each other in id or state."""
        return self.states_disagree or self.ids_disagree

    @property
    def err_number(self) -> int | None:
        """The error code as a number: decimal digits, else hexadecimal (`21b`, `0x0C`), else None."""
        return _error_number(self.err) if self.err else None


# Words of `stat`, upper case. Here belongs what carriers write, not what we would like them to.
STATES: Mapping[str, MessageState] = MappingProxyType(
    {
        # long names
        "SCHEDULED": MessageState.SCHEDULED,
        "EN_ROUTE": MessageState.ENROUTE,
        "DELIVERED": MessageState.DELIVERED,
        "UNDELIVERED": MessageState.UNDELIVERABLE,
        "UNDELIVERABLE": MessageState.UNDELIVERABLE,
        "UNDELIVRD": MessageState.UNDELIVERABLE,
        "ACCEPTED": MessageState.ACCEPTED,
        "REJECTED": MessageState.REJECTED,
        # vendors' own: on its way, taken by the network, given up
        "BUFFRED": MessageState.ENROUTE,
        "BUFFERED": MessageState.ENROUTE,
        "ACKED": MessageState.ACCEPTED,
        "FAILED": MessageState.UNDELIVERABLE,
    }
    | STATE_OF_WORD  # smpp34 Appendix B, table B-2
    | {str(int(state)): state for state in MessageState}
)

_BY_NUMBER: Mapping[int, MessageState] = MappingProxyType({int(state): state for state in MessageState})
# A state that tells nothing: 7 by its meaning, 0 because 3.4 does not define it and some leave it unset.
_EMPTY_STATES = (MessageState.UNKNOWN, MessageState.SCHEDULED)

_PLAIN = re.compile(
    r"id:([!-~]{1,128}) sub:([0-9]{3}) dlvrd:([0-9]{3})"
    r" submit date:([0-9]{10,14}) done date:([0-9]{10,14})"
    r" stat:([A-Za-z]{4,13}) err:([0-9A-Za-z]{1,8})(?: [Tt]ext:(.*))?",
    re.DOTALL,
)

# ---- reading ----


def read_receipt(
    text: bytes,
    receipted_message_id: bytes | str | None = None,
    message_state: int | None = None,
    network_error_code: bytes | None = None,
    *,
    marked: bool = False,
) -> ReceiptText | None:
    """Read a receipt from the message octets and its TLVs; None when it is not a receipt.

    `marked` says that esm_class names it a receipt: then an id or a state is enough. Unmarked text, which may
    be a person's reply, has to begin with a key and hold an id, a known state and one more field; a TLV of a
    receipt (id or state) settles it too. Never raises, whatever the octets are.

    Where text and TLVs differ, the TLV wins, being structured: `ids` names its id first, and `state` is
    message_state unless that is absent, not defined by SMPP, or tells nothing (UNKNOWN, or SCHEDULED, which
    3.4 does not have) while the text has a state. `disagrees` shows that they differed.
    """
    tlv_id = _opaque(receipted_message_id)
    tlv_state = _BY_NUMBER.get(message_state) if message_state is not None else None
    told = tlv_id is not None or tlv_state is not None
    said = _read_plain(text) or _read_loose(text, tlv_id is not None, marked or told)
    if said is None and not told:
        return None
    if said is not None and not told and network_error_code is None:
        return said
    return _join(said or ReceiptText("tlv", excerpt=text.rstrip(b"\0")), tlv_id, tlv_state, network_error_code)


def _join(
    said: ReceiptText, tlv_id: str | None, tlv_state: MessageState | None, network_error_code: bytes | None
) -> ReceiptText:
    silent = tlv_state is None or (tlv_state in _EMPTY_STATES and said.text_state is not None)
    return ReceiptText(
        said.form,
        said.text_id,
        tlv_id,
        said.text_state if silent else tlv_state,
        said.stat,
        said.text_state,
        tlv_state,
        said.err,
        _network_error(network_error_code),
        said.sub,
        said.dlvrd,
        said.submit_raw,
        said.done_raw,
        said.excerpt,
    )


def _read_plain(octets: bytes) -> ReceiptText | None:
    text = octets.decode("latin-1")
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    remote_id, sub, dlvrd, submit, done, stat, err, excerpt = match.groups()
    state = STATES.get(stat) or STATES.get(stat.upper())
    if state is None:
        return None  # the scan decides whether this is a receipt at all
    return ReceiptText(
        "plain",
        remote_id,
        None,
        state,
        stat,
        state,
        None,
        err,
        None,
        int(sub),
        int(dlvrd),
        submit,
        done,
        excerpt.encode("latin-1").rstrip(b"\0") if excerpt else b"",
    )


# ---- the scan for keys: any order, any of them missing ----

_LONGEST = 4096
"""Octets that are looked at: a receipt has some 160; this bounds the work on garbage."""

_KEY = re.compile(
    r"(?<![0-9A-Za-z_.-])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)[ \t]{0,4}:[ \t]{0,4}",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"[^\s\0,;]+")
_COUNT = re.compile(r"[0-9]{1,5}")
_EDGES = " \t\r\n\0"

Fields = dict[str, str]


def _read_loose(octets: bytes, id_is_told: bool, marked: bool) -> ReceiptText | None:
    text = _unwiden(octets[:_LONGEST]).decode("latin-1").lstrip(_EDGES)
    if not marked and _KEY.match(text) is None:
        return None
    fields = _fields(text, id_is_told)
    receipt = _from_fields(fields)
    if marked:
        return receipt if receipt.text_id or receipt.stat else None
    return receipt if _is_surely_receipt(receipt, fields) else None


def _unwiden(octets: bytes) -> bytes:
    """Undo UCS-2: some carriers write their receipts in it."""
    if len(octets) >= 8 and octets[:8:2] == b"\0\0\0\0" and octets[1] != 0:
        return octets[1::2]
    return octets


def _fields(text: str, id_is_told: bool) -> Fields:
    """Cut the text at its keys. The excerpt is a stranger's words: keys inside it must not count.

    Where id and state stand before `text:`, the excerpt is all that follows. Where fields come after it,
    the last of each kind is the carrier's, and the excerpt ends where the first of those begins.
    """
    hits = [(m[1].lower().replace(" ", "").replace("_", ""), m.start(), m.end()) for m in _KEY.finditer(text)]
    at = next((i for i, hit in enumerate(hits) if hit[0] == "text"), len(hits))
    chosen: dict[str, tuple[int, int]] = {}
    for key, start, end in hits[:at]:
        chosen.setdefault(key, (start, end))
    if at < len(hits):
        if "stat" not in chosen or not (id_is_told or "id" in chosen):
            chosen |= _after_excerpt(hits[at + 1 :], frozenset(chosen))
        start = hits[at][1]
        chosen["text"] = (start, text.index(":", start) + 1)  # its leading blanks are the message's own
    return _cut(text, chosen)


def _after_excerpt(hits: list[tuple[str, int, int]], known: frozenset[str]) -> dict[str, tuple[int, int]]:
    return {key: (start, end) for key, start, end in hits if key not in known and key != "text"}


def _cut(text: str, chosen: dict[str, tuple[int, int]]) -> Fields:
    if not chosen:
        return {}
    ordered = sorted(chosen.items(), key=lambda item: item[1])
    starts = [start for _, (start, _) in ordered[1:]] + [len(text)]
    return {key: text[end:stop] for (key, (_, end)), stop in zip(ordered, starts, strict=True)}


def _from_fields(fields: Fields) -> ReceiptText:
    stat = _word(fields.get("stat"))
    state = STATES.get(stat.upper()) if stat else None
    submit = _trimmed(fields.get("submitdate"))
    done = _trimmed(fields.get("donedate"))
    return ReceiptText(
        "loose",
        text_id=_word(fields.get("id")),
        state=state,
        stat=stat,
        text_state=state,
        err=_word(fields.get("err")),
        sub=_count(fields.get("sub")),
        dlvrd=_count(fields.get("dlvrd")),
        submit_raw=submit,
        done_raw=done,
        excerpt=fields.get("text", "").encode("latin-1").rstrip(b"\0"),
    )


def _is_surely_receipt(receipt: ReceiptText, fields: Fields) -> bool:
    if not receipt.text_id or len(receipt.text_id) > 128 or receipt.stat is None:
        return False
    dates = (receipt.submit_date is not None) + (receipt.done_date is not None)
    counts = (receipt.sub is not None) + (receipt.dlvrd is not None)
    code = receipt.err is not None and len(receipt.err) <= 8 and " " not in fields["err"].strip(_EDGES)
    # A word that we do not know may be one of this carrier's own states, if all else looks like a receipt.
    return dates + counts + code >= (1 if receipt.text_state is not None else 3)


def _word(value: str | None) -> str | None:
    match = _FIRST_WORD.search(value) if value else None
    return match[0] if match else None


def _trimmed(value: str | None) -> str | None:
    return (value.strip(_EDGES + ",;") or None) if value else None


def _count(value: str | None) -> int | None:
    word = _word(value)
    return int(word) if word and _COUNT.fullmatch(word) else None


# ---- the values ----

_DECIMAL = re.compile(r"[0-9]{1,8}")
_HEXADECIMAL = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{1,8})")


def _error_number(err: str) -> int | None:
    if _DECIMAL.fullmatch(err):
        return int(err)
    match = _HEXADECIMAL.fullmatch(err)
    return int(match[1], 16) if match else None


def _network_error(octets: bytes | None) -> NetworkError | None:
    if octets is None or len(octets) != 3:
        return None
    return NetworkError(octets[0], int.from_bytes(octets[1:], "big"))


def _opaque(value: bytes | str | None) -> str | None:
    """Make text of a C-octet string, one character an octet; some send no NUL at its end, some several."""
    if value is None:
        return None
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return text.strip(_EDGES) or None


# ---- writing ----


class ReceiptStyle(Struct, frozen=True, kw_only=True):
    """How a carrier writes its receipts; the default is Appendix B."""

    date_digits: DateDigits = 10
    """YYMMDDhhmm, with seconds, with seconds and full year, or SMPP time with its zone (aware dates only)."""
    id_form: Literal["as given", "decimal", "hex", "HEX"] = "as given"
    """`decimal`: our hexadecimal id written in decimal; `hex`, `HEX`: our decimal id in hexadecimal."""
    id_digits: int = 0
    """Pad the id with zeros to this length."""
    counts: bool = True
    """Write sub and dlvrd."""
    text_key: str | None = "text:"
    """`text:`, `Text:`, or None for a receipt without an excerpt."""
    excerpt_length: int = 20


APPENDIX_B = ReceiptStyle()


def write_receipt(
    remote_id: str,
    state: MessageState,
    submit_date: datetime,
    done_date: datetime,
    *,
    err: str = "000",
    sub: int = 1,
    dlvrd: int | None = None,
    text: bytes = b"",
    stat: str | None = None,
    style: ReceiptStyle = APPENDIX_B,
) -> bytes:
    """Write a receipt's text. smpp34 Appendix B.

    `stat` replaces the state's usual word; `dlvrd` is by default `sub` for a delivered message, else 0.
    Raises Unencodable when a value does not fit the style.
    """
    if dlvrd is None:
        dlvrd = sub if state is MessageState.DELIVERED else 0
    digits = style.date_digits
    counts = f" sub:{sub:03} dlvrd:{dlvrd:03}" if style.counts else ""
    head = (
        f"id:{_write_id(remote_id, style)}{counts}"
        f" submit date:{write_date(submit_date, digits)} done date:{write_date(done_date, digits)}"
        f" stat:{stat or state.word} err:{err}"
    )
    try:
        octets = head.encode("ascii")
    except UnicodeEncodeError as error:
        raise Unencodable(f"not ASCII in a receipt: {head!r}") from error
    if style.text_key is None:
        return octets
    return b"%b %b%b" % (octets, style.text_key.encode("ascii"), text[: style.excerpt_length])


_ID = re.compile(r"[!-~]{1,128}")
_ALNUM = re.compile(r"[0-9A-Za-z]{1,64}")


def _write_id(remote_id: str, style: ReceiptStyle) -> str:
    if not _ID.fullmatch(remote_id):
        raise Unencodable(f"not an id for a receipt: {remote_id!r}")
    if style.id_form != "as given":
        remote_id = _rebased(remote_id, style.id_form)
    return remote_id.rjust(style.id_digits, "0")


def _rebased(remote_id: str, form: Literal["decimal", "hex", "HEX"]) -> str:
    if not _ALNUM.fullmatch(remote_id):
        raise Unencodable(f"an id that is not a number: {remote_id!r}")
    try:
        if form == "decimal":
            return str(int(remote_id, 16))
        return format(int(remote_id, 10), "x" if form == "hex" else "X")
    except ValueError as error:
        raise Unencodable(f"an id that cannot be written as {form}: {remote_id!r}") from error
