"""POST jobs, of an account or of one of its users: the road that every message takes. spec: ovh/4.2"""

import msgspec

from depesza.core import ledger
from depesza.core.facts import User
from depesza.core.model import Accepted, Submission
from depesza.core.planning import Refused
from depesza.dialects.ovh import codec, errors, files
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.codec import JobBody, Report
from depesza.services import audiences, campaigns
from depesza.services.submit import submit
from depesza.store.tx import Tx


async def send(call: Call) -> Report:
    """POST /sms/{serviceName}/jobs"""
    return await _send(call, None)


async def send_as_user(call: Call) -> Report:
    """POST /sms/{serviceName}/users/{login}/jobs"""
    return await _send(call, user_of(call))


def user_of(call: Call) -> User:
    """Find `{login}`; raises 404."""
    login = call.params["login"]
    user = call.context.store.facts.user_named.get((call.account.id, login))
    if user is None:
        raise errors.not_found(login)
    return user


async def _send(call: Call, user: User | None) -> Report:
    account, context = call.account, call.context
    body = codec.read_job(call.request.body, lambda: call.json)
    submission = codec.submission(body, user.id if user is not None else 0, call.now)
    if not account.enabled:
        raise errors.forbidden("This account is disabled")
    if submission.sender:
        name = check_sender(call, submission.sender)
        if name != submission.sender:
            submission = msgspec.structs.replace(submission, sender=name)
    try:
        if body.receiversSlotId or body.receiversDocumentUrl:
            return codec.report(await _send_list(call, body, submission))
        if not submission.receivers and body.receivers is None:
            raise errors.bad_request("receivers is required")
        return codec.report(await call.run(submit, account, submission, context.lanes, context.policy, call.now))
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error
    except Refused as error:
        raise errors.bad_request(f"Invalid value for message: {error.detail or error.name}") from error


def check_sender(call: Call, name: str) -> str:
    """Refuse a sender that the account has not or that is not enabled; gives its name. spec: ovh/4.2#6"""
    known = call.context.store.facts.sender
    sender = known.get((call.account.id, name))
    if sender is None and name.startswith("00"):
        sender = known.get((call.account.id, f"+{name[2:]}"))  # a number may be written so everywhere
    if sender is None:
        raise errors.bad_request(f"Sms sender {name} does not exists")
    if sender.status != "enable":
        raise errors.bad_request(f"Sms sender {name} is not enabled")
    return sender.name


# jobs for a list. spec: ovh/4.2#5


async def _send_list(call: Call, body: JobBody, submission: Submission) -> Accepted:
    """Start a job for a list; receivers that are named beside it get theirs at once."""
    if body.receiversDocumentUrl:
        draft = await files.fetch(call, body.receiversDocumentUrl, "receiversDocumentUrl")
        return await call.run(_begin_draft, call, submission, draft)
    slot = codec.whole({"receiversSlotId": body.receiversSlotId}, "receiversSlotId") or 0
    audience = await call.look(audiences.in_slot, call.account.id, slot)
    if audience is None:
        raise errors.not_found(slot)
    if audience.auto_update and audience.url:
        fresh = await files.fetch(call, audience.url, "csvUrl")
        await call.run(audiences.load, call.account.id, slot, audience.description, audience.url, True, fresh, call.now)
    return await call.run(_begin_slot, call, submission, slot)


async def _begin_draft(tx: Tx, call: Call, submission: Submission, draft: audiences.Draft) -> Accepted:
    audience = await audiences.load(tx, call.account.id, 0, "", "", False, draft, call.now)
    return await _begin(tx, call, submission, audience)


async def _begin_slot(tx: Tx, call: Call, submission: Submission, slot: int) -> Accepted:
    audience = await audiences.in_slot(tx, call.account.id, slot)
    if audience is None:
        raise errors.not_found(slot)
    return await _begin(tx, call, submission, audience)


async def _begin(tx: Tx, call: Call, submission: Submission, audience: audiences.Audience) -> Accepted:
    context = call.context
    return await campaigns.start(tx, call.account, submission, audience, context.lanes, context.policy, call.now)
