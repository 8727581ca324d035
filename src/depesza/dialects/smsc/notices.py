"""How SMSC calls back: statuses, texts that came in, calls that were waited for. spec: smsc/3.13

The client's address says by its own parameters how it wants to be told, and stays as it is.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import md5, sha1
from urllib.parse import quote_plus, unquote_to_bytes, urlsplit
from zlib import crc32

import msgspec
from msgspec import Struct

from depesza.core.facts import Facts
from depesza.core.ledger import two_decimals
from depesza.core.lookup import LookupFact
from depesza.core.model import CallFact, Notice, ReplyFact, State
from depesza.dialects.contract import Manners
from depesza.dialects.smsc.answers import JSON, TEXT, XML, Value, write_object
from depesza.dialects.smsc.charsets import KOI8, WINDOWS, Charset, find_charset
from depesza.dialects.smsc.codes import TYPES, fate, kind_of
from depesza.dialects.smsc.telling import tell_finding, write_id, write_phone
from depesza.dialects.smsc.times import write_date, write_stamp, zone_of
from depesza.wire.http import HttpCall

MINUTE = 60.0
SCHEDULE = (MINUTE, 5 * MINUTE, 15 * MINUTE, *[60 * MINUTE] * 23)
"""Seconds from one try to the next, up to a day in all."""
TIMEOUT = 5.0
"""Seconds that a receiver may take."""
SHORT = 40
"""Characters of a value that may come again in the next callback."""
MANNERS = Manners(SCHEDULE, TIMEOUT, frozenset({State.PENDING}))
"""What the network says of a message on its way is status 0, as that it was handed over."""

_CONTENT_TYPES = {TEXT: "application/x-www-form-urlencoded", XML: "text/xml", JSON: "application/json"}
_ALGORITHMS: dict[str, Callable[[bytes], str]] = {
    "md5": lambda octets: md5(octets, usedforsecurity=False).hexdigest(),
    "sha1": lambda octets: sha1(octets, usedforsecurity=False).hexdigest(),
    "crc32": lambda octets: str(crc32(octets)),
}
_receipt = msgspec.json.Decoder(LookupFact).decode
_reply = msgspec.json.Decoder(ReplyFact).decode
_call = msgspec.json.Decoder(CallFact).decode


class Style(Struct, frozen=True):
    """How an address wants to be told."""

    charset: Charset
    fmt: int
    """`TEXT` for a form, `XML` or `JSON`."""
    secrets: tuple[tuple[str, bytes], ...]
    """Algorithms to sign by, and the secret word of each."""


class News(Struct, frozen=True):
    """What is told, and which of it is signed."""

    fields: dict[str, Value]
    signed: tuple[str, ...]


def call(notice: Notice, facts: Facts) -> HttpCall:
    """Write the callback for a notice."""
    style, news = read_style(notice.url), _news(notice, facts)
    fields = news.fields
    if style.secrets:
        fields |= _signatures(style, ":".join([str(fields[name]) for name in news.signed]))
    kind = _CONTENT_TYPES[style.fmt]
    if style.fmt != TEXT:
        kind += f"; charset={style.charset.name}"
        return HttpCall("POST", notice.url, (("Content-Type", kind),), _object(fields, style))
    form = [f"{name}={_quoted(value, style.charset)}" for name, value in fields.items()]
    return HttpCall("POST", notice.url, (("Content-Type", kind),), "&".join(form).encode())


def _quoted(value: Value, charset: Charset) -> Value:
    """Write a value for a form, where numbers stay."""
    if not isinstance(value, str) or (value.isascii() and value.isalnum()):
        return value
    return _quoted_short(value, charset) if len(value) <= SHORT else quote_plus(charset.write(value))


@lru_cache(4096)
def _quoted_short(text: str, charset: Charset) -> str:
    """Write what many callbacks share: a second, a price, a sender."""
    return quote_plus(charset.write(text))


def _object(fields: dict[str, Value], style: Style) -> bytes:
    return style.charset.write(write_object(fields, style.fmt, "result"))


@lru_cache(1024)
def read_style(url: str) -> Style:
    """Read an address's parameters; what they do not name, or name wrong, is as usual. KOI8-R is for forms only."""
    given = {}
    for part in urlsplit(url).query.split("&"):
        name, _, value = part.partition("=")
        given[name] = unquote_to_bytes(value.replace("+", " "))
    fmt = {b"2": XML, b"3": JSON}.get(given.get("fmt", b""), TEXT)
    charset = find_charset(given.get("charset", b"").decode("latin-1")) or WINDOWS
    if charset is KOI8 and fmt != TEXT:
        charset = WINDOWS
    return Style(charset, fmt, tuple([(name, given[name]) for name in _ALGORITHMS if given.get(name)]))


def _signatures(style: Style, text: str) -> dict[str, Value]:
    octets = style.charset.write(text)
    return {name: _ALGORITHMS[name](octets + b":" + secret) for name, secret in style.secrets}


def _news(notice: Notice, facts: Facts) -> News:
    account = facts.account.get(notice.account)
    zone = zone_of(account.timezone if account is not None else "")
    if notice.kind == "receipt":
        return _status(_receipt(notice.fact), lambda at: write_date(at, zone))
    if notice.kind == "call":
        fact = _call(notice.fact)
        fields: dict[str, Value] = {"phone": write_phone(fact.caller), "ts": write_stamp(fact.at), "waitcall": 1}
        return News(fields, ("phone", "ts"))
    return _incoming(_reply(notice.fact), lambda at: write_date(at, zone))


def _status(fact: LookupFact, date: Callable[[int], str]) -> News:
    """Tell how a message stands, or what was found out about a number."""
    status, err = fate(fact.state, fact.refusal)
    fields: dict[str, Value] = {
        "id": write_id(fact.tag, fact.message),
        "phone": write_phone(fact.receiver),
        "status": status,
        "time": date(fact.at),
        "ts": write_stamp(fact.at),
        "err": err,
        "type": TYPES[kind_of(fact.channel, fact.shape)],
        "cost": two_decimals(fact.price),
        "sender": fact.sender,
        "cnt": fact.parts,
        "flag": 0,
    }
    if fact.finding is not None:
        fields |= tell_finding(fact.finding)
    return News(fields, ("id", "phone", "status"))


def _incoming(fact: ReplyFact, date: Callable[[int], str]) -> News:
    fields: dict[str, Value] = {
        "phone": write_phone(fact.sender),
        "mes": fact.text,
        "to": write_phone(fact.recipient),
        "id": fact.inbound,
        "time": date(fact.at),
        "ts": write_stamp(fact.at),
        "sms_id": fact.tag,
    }
    return News(fields, ("phone", "mes", "to"))
