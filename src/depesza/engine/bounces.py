"""Mails that come back, written down as news of the messages that they are about.

Whoever receives mail for us hands it to `take`: the command `depesza mail bounce`, or a door of our own.
"""

from collections.abc import Sequence

from depesza.connectors.mail import bounces
from depesza.connectors.mail.bounces import News, Unrelated
from depesza.services import progress
from depesza.store.contract import Store


async def take(store: Store, octets: bytes, recipients: Sequence[str], secret: bytes, now: int) -> News:
    """Write what a mail to `recipients` tells of a message of ours; raises `dsn.NotABounce` or `Unrelated`.

    `secret` is `Vault.secret_for(tickets.PURPOSE)`. The same mail may come twice.
    """
    news = bounces.read(octets, recipients, secret, now)
    if not await store.insist(progress.take_known, news.message, news.receipts, now):
        raise Unrelated(f"message {news.message} is not kept any more")
    return news
