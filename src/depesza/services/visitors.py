"""Users of clients' sites: how much is sent for one a day, and pictures whose reader may go on. spec: smsc/5.9

A picture's code is kept for its account and the visitor's address; each is good for one try.
"""

from depesza.core.model import MICRO
from depesza.services.protection import DAY
from depesza.store.tx import Tx

SHOWN = 600 * MICRO
"""How long a picture's code is good."""


async def admit(tx: Tx, account: int, address: str, shown: str, most: int, count: int, now: int) -> bool:
    """Count messages for a visitor; False for more than `most` a day, unless `shown` is what its picture says."""
    sent, picture = await tx.tallies(account, (_sent(address), _picture(address)))
    today = sent.count if sent.at // DAY == now // DAY else 0
    if today + count > most and not _read(tx, account, address, picture.at, picture.count, shown, now):
        return False
    tx.tally(account, _sent(address), now, today + count)
    return True


def _read(tx: Tx, account: int, address: str, at: int, code: int, shown: str, now: int) -> bool:
    """Compare what was read with the picture, which is spent by that."""
    if not (code and shown):
        return False
    tx.tally(account, _picture(address), at, 0)
    return now - at < SHOWN and shown.strip() == str(code)


async def show(tx: Tx, account: int, address: str, code: int, now: int) -> None:
    """Keep the code of the picture that a visitor is shown, in the place of an earlier one."""
    await tx.tallies(account, (_picture(address),))
    tx.tally(account, _picture(address), now, code)


def _sent(address: str) -> str:
    return f"visitor {address}"


def _picture(address: str) -> str:
    return f"picture {address}"
