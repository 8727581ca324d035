"""Alarms: texts prepared for a client's watchman, sent when something fails and when it is well again. spec: smsc/3.12

Macros in them, `{name}`, `{host}` and `{info}`, are filled by the one who rings.
"""

import re
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.model import Submission
from depesza.core.planning import Policy
from depesza.services import refs
from depesza.services.accounts import Unknown
from depesza.services.refs import Guard, Sent
from depesza.store.tx import Row, Tx
from depesza.wire.segment import MOST_PARTS

MACROS = ("name", "host", "info")
"""What whoever rings tells."""
_MACRO = re.compile(r"\{(name|host|info)\}")
_COLUMNS = "account, id, name, receivers, sender, failure, recovery"


class Alarm(Struct, frozen=True):
    """Who is told what."""

    account: int
    id: int
    name: str
    receivers: tuple[str, ...]
    """E.164."""
    sender: str
    """Empty for the account's usual one."""
    failure: str
    recovery: str
    """Empty: nothing is told."""


async def create(
    tx: Tx, account: int, name: str, receivers: tuple[str, ...], sender: str, failure: str, recovery: str
) -> int:
    """Prepare an alarm; gives its id among its account's."""
    id = int(await refs.next_ref(tx, account))
    tx.write(
        f"INSERT INTO alarms ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        account, id, name, msgspec.json.encode(receivers).decode(), sender, failure, recovery,
    )  # fmt: skip
    return id


async def listing(tx: Tx) -> list[Alarm]:
    """List all alarms."""
    return [_alarm(row) for row in await tx.query(f"SELECT {_COLUMNS} FROM alarms ORDER BY account, id")]


async def delete(tx: Tx, account: int, id: int) -> None:
    """Forget an alarm; raises `Unknown`."""
    await _known(tx, account, id)
    tx.write("DELETE FROM alarms WHERE account = ?1 AND id = ?2", account, id)


async def _known(tx: Tx, account: int, id: int) -> Alarm:
    rows = await tx.query(f"SELECT {_COLUMNS} FROM alarms WHERE account = ?1 AND id = ?2", account, id)
    if not rows:
        raise Unknown(f"alarm {id}")
    return _alarm(rows[0])


def _alarm(row: Row) -> Alarm:
    return Alarm(row[0], row[1], row[2], msgspec.json.decode(row[3], type=tuple[str, ...]), *row[4:])


async def ring(
    tx: Tx,
    account: Account,
    id: int,
    filled: Mapping[str, str],
    dialect: str,
    lanes: Lanes,
    policy: Policy,
    now: int,
    *,
    well: bool,
) -> Sent | None:
    """Tell that something fails, or is well again; None where nothing is to be told.

    Raises `Unknown` and what `refs.send` does.
    """
    alarm = await _known(tx, account.id, id)
    text = fill(alarm.recovery if well else alarm.failure, filled)
    if not text:
        return None
    submission = Submission(
        dialect=dialect,
        sender=alarm.sender or tx.facts.usual_sender(account),
        receivers=alarm.receivers,
        text=text,
        verbatim=True,
        each=True,
        max_parts=MOST_PARTS,
    )
    return await refs.send(tx, account, submission, "", (), Guard(), lanes, policy, now)


def fill(text: str, filled: Mapping[str, str]) -> str:
    """Put values in the place of macros; those without one vanish."""
    return _MACRO.sub(lambda found: filled.get(found[1], ""), text)
