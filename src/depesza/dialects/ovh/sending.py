"""POST jobs, of an account, one of its users or one of its numbers: the road that every message takes. spec: ovh/4.2"""

import msgspec

from depesza.core import ledger, senders
from depesza.core.facts import Sender, User
from depesza.core.model import Accepted, Priority, Submission
from depesza.core.planning import Refused, read_receivers
from depesza.dialects.ovh import codec, errors, files, slots
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.codec import JobBody, NumberReport, Report
from depesza.services.campaigns import NAMELESS
from depesza.services.submit import submit


async def send(call: Call) -> Report:
    """POST /sms/{serviceName}/jobs"""
    return codec.report(await _send(call, None))


async def send_as_user(call: Call) -> Report:
    """POST /sms/{serviceName}/users/{login}/jobs"""
    return codec.report(await _send(call, user_of(call)))


async def send_from_number(call: Call) -> NumberReport:
    """POST /sms/{serviceName}/virtualNumbers/{number}/jobs: no STOP clause, and the number is the sender"""
    return codec.number_report(await _send(call, None, number_of(call)))


def user_of(call: Call) -> User:
    """Find `{login}`; raises 404."""
    login = call.params["login"]
    user = call.context.store.facts.user_named.get((call.account.id, login))
    if user is None:
        raise errors.not_found(login)
    return user


def path_number(call: Call) -> str:
    """Read `{number}`, written `+33…`, `33…` behind a lost plus, or `0033…`. spec: ovh/1.8"""
    written = call.params["number"].strip()
    targets, _ = read_receivers([written if written[:1] in ("+", "0") else f"+{written}"], call.context.policy)
    if not targets and not written.isprintable():
        raise errors.not_found(ascii(written))
    return targets[0].e164 if targets else written


def number_of(call: Call) -> Sender:
    """Find `{number}` among the account's virtual numbers; raises 404."""
    sender = call.context.store.facts.sender.get((call.account.id, path_number(call)))
    if sender is None or not sender.virtual:
        raise errors.not_found(call.params["number"])
    return sender


async def _send(call: Call, user: User | None, number: Sender | None = None) -> Accepted:
    account, context = call.account, call.context
    body = codec.read_job(call.request.body, lambda: call.json)
    if number is not None:
        body = msgspec.structs.replace(body, sender=number.name, senderForResponse=False, noStopClause=True)
    submission = codec.submission(body, user.id if user is not None else 0, call.now)
    if not account.enabled:
        raise errors.forbidden("This account is disabled")
    if submission.sender:
        name = check_sender(call, submission.sender)
        if name != submission.sender:
            submission = msgspec.structs.replace(submission, sender=name)
    try:
        if body.receiversSlotId or body.receiversDocumentUrl:
            return await _send_list(call, body, submission)
        if not submission.receivers and body.receivers is None:
            raise errors.bad_request("receivers is required")
        return await call.run(submit, account, submission, context.lanes, context.policy, call.now)
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error
    except Refused as error:
        raise errors.bad_request(f"Invalid value for message: {error.detail or error.name}") from error


def check_sender(call: Call, name: str) -> str:
    """Refuse a sender that the account has not or that is not enabled; gives its name. spec: ovh/4.2#6"""
    sender = senders.find(call.context.store.facts, call.account.id, name)
    if sender is None:
        raise errors.bad_request(f"Sms sender {name} does not exists")
    if sender.status != "enable":
        raise errors.bad_request(f"Sms sender {name} is not enabled")
    return sender.name


# jobs for a list. spec: ovh/4.2#5


async def _send_list(call: Call, body: JobBody, submission: Submission) -> Accepted:
    """Start a job for a list; receivers that are named beside it get theirs at once.

    It lets others pass unless its priority was named.
    """
    if not body.priority:
        submission = msgspec.structs.replace(submission, priority=Priority.BULK)
    if body.receiversDocumentUrl:
        name = "receiversDocumentUrl"
        loading = files.from_url(call, body.receiversDocumentUrl, name)
        return await slots.send_to_list(call, submission, loading, name, NAMELESS)
    slot = codec.whole({"receiversSlotId": body.receiversSlotId}, "receiversSlotId") or 0
    return await slots.send_to_slot(call, submission, slot, NAMELESS)
