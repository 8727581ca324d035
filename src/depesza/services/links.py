"""Short links: addresses in texts made short, each message with codes of its own, and counted when they are followed.

`shorten` and `keep` are two halves of taking a submission (`services/submit.py`): codes stand in the texts before
they are priced, and belong to messages afterwards. spec: smsc/5.2 smsc/3.12
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from depesza.core.lifecycle import News
from depesza.core.model import MICRO, Message, State, Submission
from depesza.services import progress, protection
from depesza.store.tx import Tx

LENGTH = 7
"""Characters of a code."""
LONGEST_URL = 2000
KEPT_DAYS = 62
"""Days for which clicks are told apart: the longest month and the one before."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BLANK = _DIGITS[0] * LENGTH
_URL = re.compile(r"https?://[^\s\x00-\x20\x7f<>\"'«»]+", re.IGNORECASE)
_CODE = re.compile(rf"[0-9A-Za-z]{{{LENGTH}}}")
_BEHIND = ".,;:!?"
"""What ends a sentence, not an address."""


class Counts(Struct, frozen=True, gc=False):
    """How often a link was followed."""

    id: int
    url: str
    total: int
    month: int
    """In this month of the calendar."""
    day: int
    yesterday: int


class Shortened(Struct, frozen=True, gc=False):
    """A submission whose links are short."""

    submission: Submission
    codes: tuple[tuple[tuple[str, str], ...], ...]
    """By the place of the receiver: code and address of each link in its text; empty where no text has any."""


def split(text: str, base: str = "") -> list[str]:
    """Cut a text at its links: text, address, text, address, …, text; those that begin with `base` are short."""
    pieces, end = [], 0
    for found in _URL.finditer(text):
        url = _trimmed(found[0])
        if len(url) > LONGEST_URL or (base and url.startswith(f"{base}/")) or not url.partition("://")[2].strip("/"):
            continue
        pieces += [text[end : found.start()], url]
        end = found.start() + len(url)
    return [*pieces, text[end:]]


def _trimmed(url: str) -> str:
    """Leave out what only follows an address: the end of a sentence, a bracket that was opened before it."""
    while url[-1] in _BEHIND or (url[-1] == ")" and "(" not in url):
        url = url[:-1]
    return url


def sized(submission: Submission) -> Submission:
    """Put a code that leads nowhere in the place of each link: what its texts will be as long as."""
    base = submission.shorten

    def blank(text: str) -> str:
        return _joined(split(text, base), base, [_BLANK] * len(text))

    return msgspec.structs.replace(
        submission, text=blank(submission.text), texts=tuple([blank(text) for text in submission.texts])
    )


async def shorten(tx: Tx, submission: Submission) -> Shortened:
    """Put a short link of its own in the place of each link of each receiver's text."""
    base, count = submission.shorten, len(submission.receivers)
    written = submission.texts or (submission.text,)
    pieces = {text: split(text, base) for text in written}
    if all(len(parts) == 1 for parts in pieces.values()):
        return Shortened(submission, ())
    urls = [pieces[text][1::2] for text in (submission.texts or written * count)]
    made = iter(await _codes(tx, [url for each in urls for url in each]))
    codes = tuple([tuple([(next(made), url) for url in each]) for each in urls])
    texts = tuple([
        _joined(pieces[text], base, [code for code, _ in mine])
        for text, mine in zip(submission.texts or written * count, codes, strict=True)
    ])  # fmt: skip
    return Shortened(msgspec.structs.replace(submission, texts=texts), codes)


def _joined(pieces: Sequence[str], base: str, codes: Sequence[str]) -> str:
    """Put a text together again, with codes in the place of its addresses."""
    joined = pieces[0]
    for code, after in zip(codes, pieces[2::2], strict=False):
        joined += f"{base}/{code}{after}"
    return joined


async def _codes(tx: Tx, urls: Sequence[str]) -> list[str]:
    """Make codes that nobody has yet; who does not know when which address was sent to whom can't foretell them."""
    codes: list[str] = []
    taken: set[str] = set()
    while len(codes) < len(urls):
        fresh = list(dict.fromkeys([_code(tx.new_id(), url) for url in urls[len(codes) :]]))
        taken |= {str(row[0]) for row in await tx.rows_for("link_codes_taken", [(code,) for code in fresh])}
        fresh = [code for code in fresh if code not in taken]
        taken |= set(fresh)
        codes += fresh
    return codes


def _code(id: int, url: str) -> str:
    number = int.from_bytes(blake2b(f"{id} {url}".encode("utf-8", "surrogatepass"), digest_size=16).digest())
    written = ""
    for _ in range(LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        written += _DIGITS[digit]
    return written


def keep(tx: Tx, account: int, codes: Sequence[tuple[Sequence[tuple[str, str]], Message]], now: int) -> None:
    """Write whose message each code is in; those of messages that were refused lead nowhere."""
    urls: dict[str, str] = {}
    for mine, message in codes:
        if message.state is State.REJECTED:
            continue
        for code, url in mine:
            digest = urls.get(url) or urls.setdefault(url, protection.digest((url,)))
            tx.insert("link_codes", (code, account, digest, message.id))
    for url, digest in urls.items():
        tx.write(
            "INSERT INTO links (account, digest, id, url, created, used, clicks) VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0)"
            " ON CONFLICT (account, digest) DO UPDATE SET used = excluded.used",
            account, digest, tx.new_id(), url, now,
        )  # fmt: skip


# followed


def is_code(text: str) -> bool:
    """Tell whether a text has the shape of a code."""
    return len(text) == LENGTH and _CODE.fullmatch(text) is not None


async def find(tx: Tx, code: str) -> str:
    """Tell where a code leads; empty where nobody has it any more."""
    rows = await tx.query(
        "SELECT l.url FROM link_codes c JOIN links l ON l.account = c.account AND l.digest = c.digest"
        " WHERE c.code = ?1",
        code,
    )
    return str(rows[0][0]) if rows else ""


async def follow(tx: Tx, code: str, now: int) -> None:
    """Count that a link was followed, and tell its message's sender."""
    rows = await tx.query("SELECT account, digest, message FROM link_codes WHERE code = ?1", code)
    if not rows:
        return
    account, digest, message = rows[0]
    tx.write("UPDATE links SET clicks = clicks + 1 WHERE account = ?1 AND digest = ?2", account, digest)
    tx.write(
        "INSERT INTO link_clicks (account, digest, day, count) VALUES (?1, ?2, ?3, 1)"
        " ON CONFLICT (account, digest, day) DO UPDATE SET count = link_clicks.count + 1",
        account, digest, _today(tx, account, now).toordinal(),
    )  # fmt: skip
    tx.event(message, now, "clicked", code)
    for row in await tx.rows_for("find_messages", [(message,)]):
        await progress.step(tx, progress.found_of(row), News.CLICKED, now)


def _today(tx: Tx, account: int, now: int) -> datetime:
    found = tx.facts.account.get(account)
    return datetime.fromtimestamp(now // MICRO, ZoneInfo(found.timezone if found is not None else "UTC"))


async def counts(tx: Tx, account: int, url: str, id: int, now: int) -> Counts | None:
    """Tell how often a link of an account was followed, by its address or its id; None where there is none."""
    rows = await tx.query(
        "SELECT id, url, clicks, digest FROM links WHERE account = ?1 AND (digest = ?2 OR id = ?3)",
        account, protection.digest((url,)) if url else "", id,
    )  # fmt: skip
    if not rows:
        return None
    found, address, clicks, digest = rows[0]
    today = _today(tx, account, now)
    day = today.toordinal()
    rows = await tx.query(
        "SELECT day, count FROM link_clicks WHERE account = ?1 AND digest = ?2 AND day >= ?3",
        account, digest, day - KEPT_DAYS,
    )  # fmt: skip
    days = {int(each): int(count) for each, count in rows}
    month = sum(count for each, count in days.items() if day - today.day < each <= day)
    return Counts(int(found), str(address), int(clicks), month, days.get(day, 0), days.get(day - 1, 0))


def forget(tx: Tx, since: int, now: int) -> None:
    """Delete links that no message has had since a time, and what was counted by the day long ago."""
    tx.write("DELETE FROM links WHERE used < ?1", since)
    tx.write(
        "DELETE FROM link_clicks WHERE day < ?1", datetime.fromtimestamp(now // MICRO, UTC).toordinal() - KEPT_DAYS
    )
