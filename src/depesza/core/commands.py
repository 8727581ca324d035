"""Commands that people text to a service number: their grammar, and what is answered. spec: smsc/4.5

    SEND    <password> [<to>] <text>
    STATUS  <password> <id>
    STOP    <password> <id>
    BALANCE <password>

`<to>` is numbers and groups (`G5`) with commas between them and no blanks; without it the account's usual receivers
are meant. Words are understood in any case, in English and in Russian. Whether the password is right is not known here.
"""

import re
from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from depesza.core.model import State
from depesza.core.optout import is_start, is_stop

LONGEST_PASSWORD = 64
LONGEST_ID = 40
USUAL_RECEIVERS = "ph"
"""Detail of an account that names them, written as `<to>` is."""


class Verb(Enum):
    """What a command does."""

    SEND = "send"
    STATUS = "status"
    STOP = "stop"
    BALANCE = "balance"


WORDS = {
    "send": Verb.SEND,
    "отправить": Verb.SEND,
    "status": Verb.STATUS,
    "статус": Verb.STATUS,
    "stop": Verb.STOP,
    "стоп": Verb.STOP,
    "balance": Verb.BALANCE,
    "баланс": Verb.BALANCE,
}

_FORM = re.compile(r"\s*(\S+)(\s+)(\S+)\s*(.*)", re.DOTALL)
_TO = re.compile(r"(?:G[0-9]{1,15}|\+?[0-9]{7,15})(?:[,;](?:G[0-9]{1,15}|\+?[0-9]{7,15}))*", re.IGNORECASE)
_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_ID}}}")


class Command(Struct, frozen=True):
    """One command as it was written."""

    verb: Verb
    password: str
    to: tuple[str, ...] = ()
    """Digits with or without a plus, or `G` and digits; none for the usual receivers."""
    text: str = ""
    id: str = ""
    """Of a mailing."""


def read_command(text: str) -> Command | None:
    """Read a text; None where it is no command. Who says STOP or START as one does who wants silence gives none.

    One whose password is followed by nonsense lacks `text` or `id`, which is an error of its writer's.
    """
    found = _FORM.fullmatch(text)
    verb = WORDS.get(found[1].casefold()) if found is not None else None
    if found is None or verb is None or len(found[3]) > LONGEST_PASSWORD or is_stop(text) or is_start(text):
        return None
    password, rest = found[3], found[4].strip()
    if verb is Verb.SEND:
        to, said = read_to(rest)
        return Command(verb, password, to, said)
    if verb is Verb.BALANCE:
        return Command(verb, password) if not rest else None
    return Command(verb, password, id=rest) if _ID.fullmatch(rest) else None


def read_to(text: str) -> tuple[tuple[str, ...], str]:
    """Read the receivers that a text begins with; gives them, each once, and the rest."""
    first, *rest = text.split(maxsplit=1) or [""]
    if not _TO.fullmatch(first):
        return (), text
    return tuple(dict.fromkeys(re.split("[,;]", first.upper()))), "".join(rest)


def mask(text: str) -> str:
    """Write a command without its password, as it may be kept and shown."""
    found = _FORM.fullmatch(text)
    return text if found is None else f"{text[: found.start(3)]}***{text[found.end(3) :]}"


# what is answered: the lines that smsc/1.6 and smsc/2.2 have for texts

SENT, TAKEN_BACK = "OK - {count} SMS, ID - {id}", "OK"
WRONG = "ERROR = 1 (parameters error)"
WRONG_PASSWORD = "ERROR = 2 (authorise error)"
NO_MONEY = "ERROR = 3 (no money)"
NO_RECORD = "ERROR = 3 (record not found)"
LOCKED = "ERROR = 4 (phone is locked)"
TOO_LATE = "ERROR = 5 (operation error)"
DENIED = "ERROR = 6 (message is denied)"
BAD_NUMBER = "ERROR = 7 (invalid number)"
UNDELIVERABLE = "ERROR = 8 (can't to deliver)"
_BY_REFUSAL = {
    "no_credits": NO_MONEY,
    "bad_number": BAD_NUMBER,
    "no_route": UNDELIVERABLE,
    "no_price": UNDELIVERABLE,
    "barred": UNDELIVERABLE,
    "abroad": UNDELIVERABLE,
}
_ORDER = (NO_MONEY, UNDELIVERABLE, DENIED, BAD_NUMBER)
"""What is told of several receivers whom nothing reaches for several reasons."""


def write_refused(refusals: frozenset[str]) -> str:
    """Say why nobody is reached, by the names of refusals."""
    said = {_BY_REFUSAL.get(refusal, DENIED) for refusal in refusals}
    return next((line for line in _ORDER if line in said), DENIED)


_ARRIVED = frozenset({State.DELIVERED, State.READ, State.CLICKED})
_WAITS = frozenset({State.SCHEDULED, State.QUEUED, State.SENDING, State.SENT, State.PENDING, State.HELD})


def write_status(id: str, counts: Mapping[State, int]) -> str:
    """Say how many messages of a mailing arrived, are on their way, and will never arrive."""
    arrived = sum([count for state, count in counts.items() if state in _ARRIVED])
    waits = sum([count for state, count in counts.items() if state in _WAITS])
    lost = sum(counts.values()) - arrived - waits
    return f"ID - {id}, DELIVERED - {arrived}, WAITING - {waits}, FAILED - {lost}"
