"""Webhooks of users: made, replaced, removed. What is told to them is written by `services.notices`."""

from depesza.core.facts import Webhook
from depesza.services.accounts import Unknown
from depesza.store.tx import Tx


class TooMany(Exception):
    """The user has as many webhooks as are allowed."""


MOST = 100
"""Webhooks of one user."""


async def put(tx: Tx, hook: Webhook) -> None:
    """Make a webhook, or replace the user's one of that name; raises `TooMany`, and `Unknown` when the user is gone."""
    if hook.user_id not in tx.facts.user:
        raise Unknown(f"user {hook.user_id}")
    others = [row.name for row in tx.facts.hooks_of.get(hook.user_id, ()) if row.name != hook.name]
    if len(others) >= MOST:
        raise TooMany
    tx.put("webhooks", hook)


async def remove(tx: Tx, user: int, name: str) -> bool:
    """Remove a webhook; False when there is none of that name."""
    if name not in {row.name for row in tx.facts.hooks_of.get(user, ())}:
        return False
    tx.drop("webhooks", user_id=user, name=name)
    return True
