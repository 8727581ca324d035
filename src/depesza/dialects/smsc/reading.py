"""send.php's parameters as one value: each checked with its range, default and error; the account's rules come later.

Values are wrong with error 1, times with 5; whose numbers are bad is told item by item, not refused.
spec: smsc/2.1
"""

import re
from collections.abc import Mapping, Set
from datetime import tzinfo
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from depesza.dialects.smsc.answers import Id, Refused
from depesza.dialects.smsc.codes import PARAMETERS, PRECEDENCE, WITH_FILES, WITHOUT_TEXT, Kind
from depesza.dialects.smsc.lists import Line, Listed, read_list
from depesza.dialects.smsc.naming import read_id, read_sender
from depesza.dialects.smsc.numbers import Named, read_phones
from depesza.dialects.smsc.parameters import File, Given
from depesza.dialects.smsc.prefixes import Binary, read_hex, read_raw, split_comment, split_prefix
from depesza.dialects.smsc.times import MOSCOW, Spread, read_spread, read_time, read_valid, read_zone
from depesza.dialects.smsc.voices import USUAL, VOICE, Ring, read_ring, read_voice

LONGEST_TEXT = 1000
"""Characters of a text or a comment, octets of a binary message."""
LONGEST_URL = 2000
MMS_FILES = frozenset({"txt", "jpg", "jpeg", "gif", "png", "wav", "amr", "mp3", "mid", "mp4", "3gp"})

_NO_TEXT = WITHOUT_TEXT | {Kind.BIN}
_SWITCHES = {"": 0, "0": 0, "1": 1}
LEVELS = {"": 0, "0": 0, "1": 1, "2": 2}
COSTS = {**LEVELS, "3": 3}
_BOT = re.compile(r"@[A-Za-z0-9_]{3,64}|wa:\+?[0-9]{7,15}")
_WHATSAPP_BOT = "wa:"
_FLAGS = frozenset(PRECEDENCE)
_NONE: Set[Kind] = frozenset()
_SAID = frozenset(PRECEDENCE) | {
    "bot", "period", "freq", "valid", "cost", "op", "err", "translit", "maxsms", "tinyurl", "smsreq", "voice", "param",
    "pp",
}  # fmt: skip
"""Names that `_read_manner` reads."""
_RARE = frozenset({"subj", "fileurl", "imgcode", "userip"})
"""Names that few requests have."""


class Letter(Struct, frozen=True, gc=False):
    """One text, and whom it goes to."""

    to: tuple[Named, ...]
    """Each once, bad ones too."""
    text: str
    """Without prefix and comment; empty in binary messages and where none is needed."""
    comment: str = ""
    """Only for the sender's own eyes."""
    binary: Binary | None = None


class Wanted(Struct, frozen=True, gc=False):
    """What a request to send asks for."""

    kind: Kind
    letters: tuple[Letter, ...]
    """One, or a letter for each line of `list`."""
    id: Id
    """The client's; empty where the account's next number is wanted."""
    sender: str | None
    """None for the account's default one, empty for none."""
    due: int
    """Microseconds; 0 for now."""
    spread: Spread | None
    valid: int
    """Microseconds to try from `due` on."""
    cost: int
    """0 plain, 1 price only, 2 tell the cost, 3 the balance too."""
    tell_each: bool = False
    """op=1: tell of each number."""
    tell_bad: bool = False
    """err=1: tell of each bad number."""
    translit: int = 0
    """0 no, 1 and 2 the variants."""
    max_parts: int = 0
    """Parts to which a text is cut; 0 for as many as it takes."""
    shorten: bool = False
    """Put short links in place of those in the text."""
    subject: str = ""
    files: tuple[File, ...] = ()
    file_url: str = ""
    """A file to fetch and to send along."""
    bot: str = ""
    """`@name` or a bot's WhatsApp number; empty for the shared one."""
    confirm: int = 0
    """Days after which a Telegram user must confirm the number again; 0 for never."""
    voice: str = VOICE
    ring: Ring = USUAL
    captcha: str = ""
    """What the site's visitor read in the picture (`imgcode`)."""
    visitor: str = ""
    """The visitor's address (`userip`)."""
    partner: int = 0
    """Of the client's program (`pp`); 0 for none."""

    @property
    def speaks_code(self) -> bool:
        """Tell whether a call shall speak a code that the server makes. spec: smsc/2.6"""
        return self.kind is Kind.CALL and self.letters[0].text == "code"


def read_send(given: Given, now: int, *, home: str = "RU", zone: tzinfo = MOSCOW) -> Wanted:
    """Understand a request to send; `home` and `zone` are the account's country and time zone."""
    texts = given.texts
    manner = _manner(tuple([pair for pair in texts.items() if pair[0] in _SAID]))
    asked = manner.asked
    listed = _listed(given, not asked.isdisjoint(WITHOUT_TEXT))
    prefix = None if Kind.BIN in asked else split_prefix(listed.lines[0].text)[0]
    kind = manner.wanted.kind if prefix is None else _first(asked | {prefix})
    sender = texts.get("sender") if listed.sender is None else listed.sender
    wanted = replace(
        manner.wanted,
        kind=kind,
        letters=_letters(given, listed, kind, prefix, home),
        id=read_id(texts.get("id", "")),
        sender=read_sender(sender, mail=kind is Kind.MAIL),
        files=given.files,
    )
    if not _RARE.isdisjoint(texts):
        wanted = replace(
            wanted,
            subject=given.get("subj"),
            file_url=_url(given.get("fileurl")),
            captcha=given.get("imgcode"),
            visitor=given.get("userip"),
        )
    _check(wanted)
    due = _due(texts, listed.tz, now, zone)  # the last one: error 1 goes before 5. spec: smsc/1.6
    return replace(wanted, due=due) if due else wanted


class _Manner(Struct, frozen=True, gc=False):
    """How to send, which a program says in the same words each time, whatever it sends to whom."""

    asked: Set[Kind]
    """The kinds whose flags are set."""
    wanted: Wanted
    """What all this asks for, of nobody yet."""


@lru_cache(maxsize=1024)
def _manner(said: tuple[tuple[str, str], ...]) -> _Manner:
    return _read_manner(dict(said))


def _read_manner(texts: Mapping[str, str]) -> _Manner:
    """Understand parameters of `_SAID`; raises `Refused`."""
    bot = _bot(texts.get("bot", ""))
    asked = _asked(texts, bot)
    wanted = Wanted(
        kind=_first(asked),
        letters=(),
        id="",
        sender=None,
        due=0,
        spread=read_spread(texts.get("period", ""), texts.get("freq", "")),
        valid=read_valid(texts.get("valid", "")),
        cost=_choice(texts, "cost", COSTS),
        tell_each=_choice(texts, "op") == 1,
        tell_bad=_choice(texts, "err") == 1,
        bot=bot.removeprefix(_WHATSAPP_BOT),
        translit=_choice(texts, "translit", LEVELS),
        max_parts=_number(texts, "maxsms", 1, 9999),
        shorten=_choice(texts, "tinyurl") == 1,
        confirm=_number(texts, "smsreq", 10, 999),
        voice=read_voice(texts.get("voice", "")),
        ring=read_ring(texts.get("param", "")),
        partner=_partner(texts.get("pp", "")),
    )
    return _Manner(asked, wanted)


def _asked(texts: Mapping[str, str], bot: str) -> Set[Kind]:
    """Collect the kinds whose flags are set."""
    if _FLAGS.isdisjoint(texts) and not bot:
        return _NONE
    asked = {
        kind for kind in PRECEDENCE if kind in texts and _choice(texts, kind, LEVELS if kind is Kind.BIN else _SWITCHES)
    }
    if bot:
        asked.add(Kind.WHATSAPP if bot.startswith(_WHATSAPP_BOT) else Kind.TELEGRAM)
    return asked


def _first(asked: Set[Kind]) -> Kind:
    return next((kind for kind in PRECEDENCE if kind in asked), Kind.SMS) if asked else Kind.SMS


def _listed(given: Given, textless: bool) -> Listed:
    """Read whom and what: `list`, or `phones` and `mes` as its only line."""
    phones, listed = given.get("phones"), given.get("list")
    if not listed:
        return Listed((Line(_needed(phones), given.texts.get("mes", "")),))
    if phones or given.texts.get("mes"):
        raise Refused(*PARAMETERS)
    return read_list(listed, nl=_choice(given.texts, "nl") == 1, textless=textless)


def _letters(given: Given, listed: Listed, kind: Kind, prefix: Kind | None, home: str) -> tuple[Letter, ...]:
    letters = []
    read: dict[str, tuple[str, str]] = {}
    for line in listed.lines:
        to = read_phones(line.phones, home, kind)
        if not to:
            raise Refused(*PARAMETERS)
        if kind is Kind.BIN:
            letters.append(Letter(to, "", binary=_binary(given, line)))
            continue
        known = read.get(line.text)
        if known is None:
            known = read[line.text] = _read_text(line.text, kind, prefix)
        letters.append(Letter(to, *known))
    return tuple(letters)


def _read_text(written: str, kind: Kind, prefix: Kind | None) -> tuple[str, str]:
    """Read a text and its comment. What is listed travels on one channel: none may name another than the first does."""
    text, comment = split_comment(written)
    named, text = split_prefix(text)
    strange = named is not None and named is not prefix
    if strange or "\0" in written or len(text) > LONGEST_TEXT or len(comment) > LONGEST_TEXT:
        raise Refused(*PARAMETERS)
    if kind is Kind.PUSH and not all(text.partition("\n")[::2]):  # link, title
        raise Refused(*PARAMETERS)
    return "" if kind in WITHOUT_TEXT else text, comment


def _binary(given: Given, line: Line) -> Binary:
    """Read a binary message; lines of a list are hexadecimal, for raw octets could be line ends."""
    raw = given.texts["bin"] == "1"
    if raw and "mes" not in given:
        raise Refused(*PARAMETERS)
    binary = read_raw(given.octets("mes")) if raw else read_hex(line.text)
    if len(binary.udh) + len(binary.data) > LONGEST_TEXT:
        raise Refused(*PARAMETERS)
    return binary


def _check(wanted: Wanted) -> None:
    """Refuse what a kind cannot do without or cannot carry."""
    kind, files = wanted.kind, bool(wanted.files or wanted.file_url)
    if files and kind not in WITH_FILES:
        raise Refused(*PARAMETERS)
    if kind is Kind.MAIL and not (wanted.subject and wanted.sender):
        raise Refused(*PARAMETERS)
    if kind is Kind.MMS and any(_ending(file.name) not in MMS_FILES for file in wanted.files):
        raise Refused(*PARAMETERS)
    instead = (kind is Kind.MMS and wanted.subject != "") or (kind is Kind.CALL and files)
    if not instead and any(not letter.text for letter in wanted.letters) and kind not in _NO_TEXT:
        raise Refused(*PARAMETERS)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _needed(value: str) -> str:
    if not value:
        raise Refused(*PARAMETERS)
    return value


def _choice(texts: Mapping[str, str], name: str, table: Mapping[str, int] = _SWITCHES) -> int:
    found = table.get(texts.get(name, ""))
    if found is None:
        raise Refused(*PARAMETERS)
    return found


def _number(texts: Mapping[str, str], name: str, least: int, most: int) -> int:
    """Read a whole number; 0 where there is none."""
    text = texts.get(name, "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise Refused(*PARAMETERS)
    return int(text)


def _partner(text: str) -> int:
    """Read pp, which never makes an error: a partner that is no number is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _bot(text: str) -> str:
    if text and not _BOT.fullmatch(text):
        raise Refused(*PARAMETERS)
    return text


def _url(text: str) -> str:
    """Read a web address; empty where there is none."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        raise Refused(*PARAMETERS)
    return text


def _due(texts: Mapping[str, str], tz: str, now: int, zone: tzinfo) -> int:
    written, tz = texts.get("time", ""), tz or texts.get("tz", "")
    return read_time(written, now, read_zone(tz, zone)) if written or tz else 0
