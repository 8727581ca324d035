"""From what a request asks for to a submission: kinds become channels, letters receivers with their texts.

spec: smsc/2.1 smsc/5
"""

from collections.abc import Sequence

from msgspec import Struct

from depesza.core import senders
from depesza.core.facts import MAIL, Account, Facts, Sender
from depesza.core.model import Attached, Channel, Extras, Submission
from depesza.core.translit import Variant, transliterate
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import CHANNELS, PARAMETERS, Kind
from depesza.dialects.smsc.numbers import Named
from depesza.dialects.smsc.prefixes import Binary
from depesza.dialects.smsc.reading import Letter, Wanted
from depesza.wire.gsm import Encoding, read_text
from depesza.wire.segment import MOST_PARTS

FLASH = 0
"""Message class of a text that is only shown."""
SILENT = 0x40
"""Protocol of a short message that is not shown (23.040 9.2.3.9)."""
_TEXTS = frozenset({Kind.SMS, Kind.FLASH})


class Post(Struct, frozen=True, gc=False):
    """A request to send, ready for a service."""

    submission: Submission
    named: tuple[Named, ...]
    """Whom each of its receivers was named as."""
    comments: tuple[str, ...]
    """One for all, or one a receiver."""


class Setting(Struct, frozen=True, gc=False):
    """What a request alone does not tell."""

    account: Account
    facts: Facts
    now: int
    base: str = ""
    """Begins short links: this server's public address."""
    code: str = ""
    """What a call speaks where a code is to be made."""
    files: tuple[Attached, ...] = ()
    lifetime: int = 0
    """Microseconds to try, in the place of the dialect's usual time."""


def write_submission(wanted: Wanted, setting: Setting) -> Post:
    """Write a submission; whom it can't be sent to stands in its `judged`."""
    kind = wanted.kind
    named, letters = _items(wanted.letters)
    sender, known = _sender(wanted, setting)
    judged = {n: "bad_number" for n, to in enumerate(named) if to.bad}
    if not known:
        judged = {n: judged.get(n, "forbidden_sender") for n in range(len(named))}
    text, texts = _texts(wanted, letters, setting.code)
    due, dues = _times(wanted, len(named), setting.now)
    submission = Submission(
        dialect="smsc",
        sender=sender,
        receivers=tuple([to.address or to.written for to in named]),
        text=text,
        texts=texts,
        alphabet=Encoding.BINARY.value if kind is Kind.BIN else "",
        flash=FLASH if kind is Kind.FLASH else -1,
        due=due,
        dues=dues,
        expires=max(dues[-1] if dues else due, setting.now) + (setting.lifetime or wanted.valid),
        verbatim=True,
        each=True,
        max_parts=MOST_PARTS,
        fit=wanted.max_parts if kind in _TEXTS else 0,
        shorten=setting.base if wanted.shorten else "",
        channel=Channel.HLR if kind is Kind.HLR else CHANNELS.get(kind, Channel.SMS),
        extras=_extras(wanted, sender, setting.files),
        judged=judged or None,
    )
    return Post(submission, named, _comments(letters))


def _items(letters: Sequence[Letter]) -> tuple[tuple[Named, ...], Sequence[Letter]]:
    """List whom letters go to, and the letter of each; nobody gets the same text twice."""
    if len(letters) == 1:
        return letters[0].to, letters
    seen = set()
    named, own = [], []
    for letter in letters:
        for to in letter.to:
            key = (to.address or to.written, letter.text)
            if key not in seen:
                seen.add(key)
                named.append(to)
                own.append(letter)
    return tuple(named), own


def _sender(wanted: Wanted, setting: Setting) -> tuple[str, bool]:
    """Choose who it is from, and tell whether that may be."""
    written, facts, account = wanted.sender, setting.facts, setting.account
    if written is None:
        return facts.usual_sender(account), True
    if not written:
        return written, True
    if wanted.kind is Kind.MAIL:
        owners = (account.id, facts.owner_of(account.id, "senders"))
        mine = [senders.find_mail(facts, owner, written) for owner in owners]
        return written, any(sender is not None and sender.status == "enable" for sender in mine)
    found = find_sender(facts, account, written)
    return (found.name, True) if found is not None and found.status == "enable" else (written, False)


def find_sender(facts: Facts, account: Account, written: str) -> Sender | None:
    """Find a sender of an account, or of the one above where it shares them; a number's plus may be missing."""
    found = _find_sender(facts, account.id, written)
    if found is None and account.shares:
        found = _find_sender(facts, facts.owner_of(account.id, "senders"), written)
    return found


def _find_sender(facts: Facts, owner: int, written: str) -> Sender | None:
    found = senders.find(facts, owner, written)
    if found is None and written.isdigit():
        found = senders.find(facts, owner, f"+{written}")
    return found if found is None or found.kind != MAIL else None


def _texts(wanted: Wanted, letters: Sequence[Letter], code: str) -> tuple[str, tuple[str, ...]]:
    """Write the text of all, or else one for each receiver."""
    if len(wanted.letters) == 1:
        return _text(wanted, wanted.letters[0], code), ()
    if not (wanted.translit or code or wanted.kind is Kind.BIN):
        return "", tuple([letter.text for letter in letters])
    written = {id(letter): _text(wanted, letter, code) for letter in wanted.letters}
    return "", tuple([written[id(letter)] for letter in letters])


def _text(wanted: Wanted, letter: Letter, code: str) -> str:
    if letter.binary is not None:
        return read_text(letter.binary.data, Encoding.BINARY)
    text = letter.text
    if code and text == "code":
        return " ".join(code)
    if not wanted.translit:
        return text
    if wanted.kind is Kind.PUSH:  # its first line is a link
        link, line_end, title = text.partition("\n")
        return f"{link}{line_end}{transliterate(title, Variant(wanted.translit))}"
    return transliterate(text, Variant(wanted.translit))


def _times(wanted: Wanted, count: int, now: int) -> tuple[int, tuple[int, ...]]:
    """Tell when all leave, or when each does."""
    if wanted.kind is Kind.HLR and (wanted.due or wanted.spread):
        raise Refused(*PARAMETERS)  # networks are asked at once
    spread = wanted.spread
    if spread is None or count == 1:
        return wanted.due, ()
    start = wanted.due or now
    return wanted.due, tuple([start + spread.after(place, count) for place in range(count)])


def _extras(wanted: Wanted, sender: str, files: tuple[Attached, ...]) -> Extras | None:
    """Write what is not text; None where there is nothing."""
    kind = wanted.kind
    if kind in _TEXTS and not wanted.partner:
        return None
    binary = _binary(wanted.letters) if kind is Kind.BIN else None
    call = kind is Kind.CALL
    ring = wanted.ring
    return Extras(
        udh=binary.udh if binary is not None else b"",
        pid=SILENT if kind is Kind.PING else binary.pid if binary is not None else -1,
        dcs=binary.dcs if binary is not None else -1,
        push=kind is Kind.PUSH,
        subject=wanted.subject or (sender if kind is Kind.MMS else ""),
        files=files,
        voice=wanted.voice if call else "",
        ring=(ring.seconds, ring.pause, ring.tries) if call else (),
        bot=wanted.bot,
        confirm=wanted.confirm,
        partner=wanted.partner,
    )


def _binary(letters: Sequence[Letter]) -> Binary | None:
    """Give what the binary messages of a request have in common: all but their octets. Raises `Refused`."""
    binaries = [letter.binary for letter in letters if letter.binary is not None]
    if len({(each.udh, each.pid, each.dcs) for each in binaries}) > 1:
        raise Refused(*PARAMETERS)
    return binaries[0]


def _comments(letters: Sequence[Letter]) -> tuple[str, ...]:
    """List the comments: none, one for all, or one a receiver."""
    if len(letters) == 1:
        return (letters[0].comment,) if letters[0].comment else ()
    different = {letter.comment for letter in letters}
    if len(different) > 1:
        return tuple([letter.comment for letter in letters])
    return tuple(different - {""})
