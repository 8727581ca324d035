"""Jobs, outgoing, incoming and the stop list: listed, shown and removed; of an account, one user or one number.

A job is a message that is still here: deferred, between two tries, or queued behind a link that is down. One that
was accepted for now is in the history at once. spec: ovh/4.2#16 ovh/2
"""

from depesza.dialects.ovh import codec, codes, dates, errors
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.codec import Blacklist, Incoming, Job, NumberJob, Outgoing
from depesza.dialects.ovh.sending import number_of, path_number, user_of
from depesza.services import lists
from depesza.services.lists import Fates, Search


def user_id(call: Call) -> int:
    """Tell whose messages are meant: those of `{login}`, or 0 for the whole account."""
    return user_of(call).id if "login" in call.params else 0


def own_number(call: Call) -> str:
    """Tell which number's messages are meant: those of `{number}`, or all when the path has none; raises 404."""
    return number_of(call).name if "number" in call.params else ""


# jobs


async def list_jobs(call: Call) -> list[int]:
    """GET …/jobs"""
    return await call.look(lists.waiting, call.account.id, user_id(call), call.now, own_number(call))


async def show_job(call: Call) -> Job | NumberJob:
    """GET …/jobs/{id}"""
    id, number = call.number("id"), own_number(call)
    sent = await call.look(lists.message, call.account.id, id, user_id(call), number)
    if sent is None or not lists.is_waiting(sent):
        raise errors.not_found(id)
    return (codec.number_job if number else codec.job)(sent, call.account.timezone)


async def delete_job(call: Call) -> None:
    """DELETE …/jobs/{id}"""
    id = call.number("id")
    if not await call.run(lists.cancel, call.account.id, id, user_id(call), call.now, own_number(call)):
        raise errors.not_found(id)


# outgoing


async def list_outgoing(call: Call) -> list[int]:
    """GET …/outgoing"""
    user, query = user_id(call), call.query
    if query.get("messageID"):
        return []  # ids of SMPP submissions; a message of this API has none
    groups = [
        table(number(query, name))
        for name, table in (
            ("deliveryReceipt", codes.fates_of_receipt),
            ("ptt", codes.fates_of_ptt),
        )
        if name in query
    ]
    search = read_search(call, user, tuple(groups))
    return await call.look(lists.outgoing, call.account.id, search)


def read_search(call: Call, user: int, groups: tuple[tuple[Fates, ...], ...] = ()) -> Search:
    """Read what a list or an export shall hold; raises 400."""
    query, where = call.query, dates.zone(call.account.timezone)
    if any("\0" in value for value in query.values()):
        raise errors.bad_request("Invalid value: a filter holds a NUL character")
    since, until = query.get("creationDatetime.from", ""), query.get("creationDatetime.to", "")
    try:
        return Search(
            user=user,
            number=own_number(call),
            since=dates.read(since, where) if since else 0,
            until=dates.read_until(until, where) if until else 0,
            tag=query.get("tag", ""),
            sender=query.get("sender", ""),
            receiver=query.get("receiver", ""),
            deferred=number(query, "differedDelivery") if "differedDelivery" in query else None,
            batch=query.get("batchID", ""),
            fates=groups,
        )
    except dates.BadDate as error:
        raise errors.bad_parameter("creationDatetime", str(error), "datetime") from error


def number(query: dict[str, str], name: str) -> int:
    """Read a number of the query; raises 400."""
    value = query[name]
    if not value.isascii() or not value.removeprefix("-").isdigit() or len(value) > 15:
        raise errors.bad_parameter(name, value, "long")
    return int(value)


async def show_outgoing(call: Call) -> Outgoing:
    """GET …/outgoing/{id}"""
    id = call.number("id")
    sent = await call.look(lists.message, call.account.id, id, user_id(call), own_number(call))
    if sent is None or not lists.is_shown(sent):
        raise errors.not_found(id)
    return codec.outgoing(sent, call.account.timezone)


async def delete_outgoing(call: Call) -> None:
    """DELETE …/outgoing/{id}"""
    id = call.number("id")
    if not await call.run(lists.hide, call.account.id, id, user_id(call), own_number(call)):
        raise errors.not_found(id)


# incoming


async def list_incoming(call: Call) -> list[int]:
    """GET …/incoming"""
    return await call.look(lists.incoming, call.account.id, read_search(call, user_id(call)))


async def show_incoming(call: Call) -> Incoming:
    """GET …/incoming/{id}"""
    id = call.number("id")
    found = await call.look(lists.received, call.account.id, id, user_id(call), own_number(call))
    if found is None:
        raise errors.not_found(id)
    return codec.incoming(found, call.account.timezone)


async def delete_incoming(call: Call) -> None:
    """DELETE …/incoming/{id}"""
    id = call.number("id")
    if not await call.run(lists.forget, call.account.id, id, user_id(call), own_number(call)):
        raise errors.not_found(id)


# the stop list


async def list_blacklists(call: Call) -> list[str]:
    """GET …/blacklists"""
    query = call.query
    batch = query.get("batchID", "")
    if not batch.isprintable():
        raise errors.bad_parameter("batchID", ascii(batch), "uuid")
    message = number(query, "smsOutgoingID") if "smsOutgoingID" in query else 0
    return await call.look(lists.stopped, call.account.id, batch, message)


async def show_blacklist(call: Call) -> Blacklist:
    """GET …/blacklists/{number}"""
    found = await call.look(lists.stop_of, call.account.id, path_number(call))
    if found is None:
        raise errors.not_found(call.params["number"])
    return codec.blacklist(found, call.account.timezone)


async def delete_blacklist(call: Call) -> None:
    """DELETE …/blacklists/{number}"""
    if not await call.run(lists.allow, call.account.id, path_number(call)):
        raise errors.not_found(call.params["number"])
