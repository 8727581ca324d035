"""Sends to a list, by jobs and by batches alike: the list brought here, or found in its slot, and a campaign begun."""

from collections.abc import Awaitable

import msgspec

from depesza.core.facts import Account
from depesza.core.fairness import Lanes
from depesza.core.model import Accepted, Submission
from depesza.core.planning import Policy
from depesza.dialects.ovh import errors, files
from depesza.dialects.ovh.call import Call
from depesza.services import audiences, campaigns
from depesza.services.audiences import Audience, Staged
from depesza.services.campaigns import Origin
from depesza.store.tx import Tx


async def send_to_slot(call: Call, submission: Submission, slot: int, origin: Origin) -> Accepted:
    """Send to the list in a slot: the user's own one, else the account's; raises 404.

    A list that updates itself is fetched again first. spec: ovh/4.4
    """
    audience = await call.look(audiences.for_job, call.account.id, submission.user, slot)
    if audience is None:
        raise errors.not_found(slot)
    if audience.auto_update and audience.url:
        async with files.brought(call, files.from_url(call, audience.url, "csvUrl"), "csvUrl") as staged:
            await call.run(refill, audience, staged, call.now)
    lanes, policy = call.context.lanes, call.context.policy
    return await call.run(_start_slot, call.account, submission, slot, lanes, policy, call.now, origin)


async def refill(tx: Tx, audience: Audience, staged: Staged, now: int) -> Audience:
    """Put a fresh list into a slot; what else is known of the old one stays."""
    a = audience
    return await audiences.place(tx, staged, a.account, a.user, a.slot, a.description, a.url, a.auto_update, now)


async def send_to_list(
    call: Call, submission: Submission, loading: Awaitable[Staged], name: str, origin: Origin
) -> Accepted:
    """Send to a list that serves this once; `name` is the field that named it."""
    async with files.brought(call, loading, name) as staged:
        lanes, policy = call.context.lanes, call.context.policy
        return await call.run(_start_list, call.account, submission, staged, lanes, policy, call.now, origin)


async def _start_list(
    tx: Tx,
    account: Account,
    submission: Submission,
    staged: Staged,
    lanes: Lanes,
    policy: Policy,
    now: int,
    origin: Origin,
) -> Accepted:
    audience = await audiences.lend(tx, staged, account.id, now)
    if origin.receivers:
        origin = msgspec.structs.replace(origin, refused=staged.refused)
    return await campaigns.start(tx, account, submission, audience, lanes, policy, now, origin)


async def _start_slot(
    tx: Tx,
    account: Account,
    submission: Submission,
    slot: int,
    lanes: Lanes,
    policy: Policy,
    now: int,
    origin: Origin,
) -> Accepted:
    audience = await audiences.for_job(tx, account.id, submission.user, slot)
    if audience is None:
        raise errors.not_found(slot)
    return await campaigns.start(tx, account, submission, audience, lanes, policy, now, origin)
