"""How a phone joins an account: with a code that is good once, with a key of the account, or by somebody's login.

Codes are typed on a phone, so they are short, live for minutes and are kept as keyed hashes, small letters only; keys
live until they are revoked, and every phone that shows one joins as a device of its own. spec: devices/5
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from depesza.core.devices import MINUTE, Kind
from depesza.services import devices
from depesza.services.devices import Device, SimSaid
from depesza.store.tx import Row, Tx

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of codes: nothing that looks like another, or changes with the shift key."""
CODE_LENGTH = 8
CODE_LIFE = 15 * MINUTE


class NotEnrolled(Exception):
    """Nothing that was shown lets a phone in."""


class Pass(StrEnum):
    """What lets a phone in."""

    CODE = "code"
    KEY = "key"


class Enrolment(Struct, frozen=True, gc=False):
    """A code or key, as it is listed."""

    id: int
    account: int
    kind: Pass
    hint: str
    """How it begins."""
    created: int
    expires: int
    """0: never."""
    used: int
    """When it last let a phone in; a code is dead then."""
    revoked: int


class Newcomer(Struct, frozen=True, kw_only=True):
    """What a phone that joins brings along."""

    kind: Kind
    name: str
    token: bytes
    """Digest of the token it gets."""
    signing_key: bytes = b""
    """Sealed."""
    login: str = ""
    version: str = ""
    push: str = ""
    sims: tuple[SimSaid, ...] = ()


def new_code(chance: Callable[[int], bytes], length: int = CODE_LENGTH) -> str:
    """Make a code; `chance` gives so many random bytes."""
    found = ""
    while len(found) < length:
        found += "".join(ALPHABET[byte & 31] for byte in chance(length) if byte & 31 < len(ALPHABET))
    return found[:length]


def plain(code: str) -> str:
    """Write a code as it is kept, however it was typed."""
    return "".join(code.split()).replace("-", "").lower()


async def issue(tx: Tx, account: int, kind: Pass, digest: bytes, hint: str, now: int, life: int = CODE_LIFE) -> int:
    """Write down a code (which lives for `life`) or a key (which lives on); gives its id. Account 0: for everybody."""
    id = tx.new_id()
    tx.write(
        "INSERT INTO enrolments (id, account, kind, digest, hint, created, expires, used, revoked)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)",
        id, account, kind.value, digest, hint, now, now + life if kind is Pass.CODE else 0,
    )  # fmt: skip
    return id


async def enrol(tx: Tx, kind: Pass, digest: bytes, newcomer: Newcomer, now: int) -> Device:
    """Let a phone in that shows a code or key; raises `NotEnrolled`. A code is good for one."""
    rows = await tx.rows("enrolment_found", digest, kind.value)
    if not rows:
        raise NotEnrolled(f"no such {kind.value}")
    id, account, expires, used, revoked = rows[0]
    if revoked or (expires and expires <= now) or (kind is Pass.CODE and used):
        raise NotEnrolled(f"this {kind.value} is no longer good")
    tx.write("UPDATE enrolments SET used = ?2 WHERE id = ?1", id, now)
    return await enrol_into(tx, account, newcomer, now)


async def enrol_into(tx: Tx, account: int, newcomer: Newcomer, now: int) -> Device:
    """Let a phone into an account whose login its door has checked."""
    n = newcomer
    return await devices.register(
        tx, account, n.kind, n.name, n.token, n.signing_key, n.login, n.version, now, n.sims, n.push
    )


async def good_until(tx: Tx, digest: bytes, now: int) -> int:
    """Tell until when a code lets a phone in; 0 when it does not."""
    rows = await tx.query(
        "SELECT expires FROM enrolments WHERE digest = ?1 AND kind = ?2 AND used = 0 AND revoked = 0 AND expires > ?3",
        digest, Pass.CODE.value, now,
    )  # fmt: skip
    return int(rows[0][0]) if rows else 0


async def listing(tx: Tx, account: int | None = None) -> list[Enrolment]:
    """List codes and keys, the newest first."""
    columns = "id, account, kind, hint, created, expires, used, revoked"
    rows: Sequence[Row]
    if account is None:
        rows = await tx.query(f"SELECT {columns} FROM enrolments ORDER BY id DESC")
    else:
        rows = await tx.query(f"SELECT {columns} FROM enrolments WHERE account = ?1 ORDER BY id DESC", account)
    return [Enrolment(row[0], row[1], Pass(row[2]), *row[3:8]) for row in rows]


async def revoke(tx: Tx, id: int, now: int) -> bool:
    """Make a code or key worthless; False when there is none. Phones that joined with it stay."""
    found = await tx.query("SELECT 1 FROM enrolments WHERE id = ?1 AND revoked = 0", id)
    tx.write("UPDATE enrolments SET revoked = ?2 WHERE id = ?1 AND revoked = 0", id, now)
    return bool(found)


async def forget(tx: Tx, now: int) -> None:
    """Delete codes that are over."""
    tx.write("DELETE FROM enrolments WHERE kind = 'code' AND expires < ?1", now)
