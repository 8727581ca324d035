"""Mails that were opened, as far as the picture in them tells."""

from depesza.core.lifecycle import News
from depesza.services import progress
from depesza.store.tx import Tx


async def note(tx: Tx, message: int, now: int) -> bool:
    """Note that a message was opened; False when that is known, or there is no such message. spec: smsc/3.2"""
    for row in await tx.rows_for("find_messages", [(message,)]):
        if await progress.step(tx, progress.found_of(row), News.READ, now):
            tx.event(message, now, "opened", "")
            return True
    return False
