"""Questions about messages, and changes of what still waits: query_sm, cancel_sm, replace_sm.

A request names a message by its id and may name its sender, which must then be the right one.
spec: smpp34 4.8 4.9 4.10 carriers/C.1#26
"""

from datetime import UTC, datetime

from depesza.core.facts import Account
from depesza.core.model import FINAL, MICRO
from depesza.dialects.contract import Context
from depesza.dialects.smpp import addresses, codes, memory, reading
from depesza.dialects.smpp.memory import Memory
from depesza.dialects.smpp.reading import Asked
from depesza.dialects.smpp.refusing import Refused
from depesza.services import changes
from depesza.services.changes import Named
from depesza.services.collected import memory_of
from depesza.wire.smpp import status
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.pdus import CancelSm, CancelSmResp, QuerySm, QuerySmResp, ReplaceSm, ReplaceSmResp, Response
from depesza.wire.smpp.times import write_absolute

_CODINGS = {"ucs2": 8, "binary": 4}
"""data_coding of a text whose own is not known, by its alphabet."""


async def query(context: Context, account: Account, pdu: QuerySm) -> Response:
    """Tell how a message stands."""
    found = await _find(context, account, pdu.message_id, pdu.source_addr)
    done = write_absolute(datetime.fromtimestamp(found.done / MICRO, UTC)) if found.done else ""
    error = codes.error_of(found.state, found.refusal) if found.state in FINAL else 0
    return QuerySmResp(status.ROK, pdu.message_id, done, codes.STATES[found.state], error)


async def cancel(context: Context, account: Account, pdu: CancelSm) -> Response:
    """Take back a message by its id, or all that wait between two addresses."""
    if pdu.message_id:
        ids = [(await _find(context, account, pdu.message_id, pdu.source_addr)).id]
    else:
        receiver = addresses.read_destination(pdu.destination_addr)
        waiting = await context.store.look(changes.waiting, account.id, receiver)
        ids = [one.id for one in waiting if _is_from(one, pdu.source_addr)]
    if not ids or not await context.store.run(changes.cancel, account.id, ids, context.now()):
        raise Refused("not_cancelled")
    return CancelSmResp()


async def replace(context: Context, account: Account, pdu: ReplaceSm) -> Response:
    """Send another text in the place of one that waits, under its id."""
    found = await _find(context, account, pdu.message_id, pdu.source_addr)
    if not found.waits:
        raise Refused("not_replaced")
    now = context.now()
    submission = reading.submission(context.store.facts, account, _asked(found, pdu, now))
    done = await context.store.run(
        changes.replace, account, [found.id], submission, pdu.message_id, codes.counts(account), context.lanes,
        context.policy, now,
    )  # fmt: skip
    if done is None:
        raise Refused("not_replaced")
    return ReplaceSmResp()


async def _find(context: Context, account: Account, name: str, source: str) -> Named:
    found = await context.store.look(changes.find, account.id, name)
    if found is None or not _is_from(found, source):
        raise Refused("unknown_message", name)
    return found


def _is_from(found: Named, source: str) -> bool:
    kept = _memory(found)
    known = {_bare(found.sender), *((_bare(kept.source),) if kept is not None else ())}
    return not source or _bare(source) in known


def _bare(address: str) -> str:
    return address.removeprefix("+")


def _memory(found: Named) -> Memory | None:
    text = memory_of(found.callback)
    return memory.read(text) if text else None


def _asked(found: Named, pdu: ReplaceSm, now: int) -> Asked:
    """Write what the request asks as a submit would: what it leaves out stays as it was."""
    kinds = (*addresses.kind_of(found.sender), *addresses.kind_of(found.receiver))
    kept = _memory(found) or Memory(found.sender, *kinds, 0)
    due, expires = reading.read_times(pdu.schedule_delivery_time, pdu.validity_period, pdu, now)
    return Asked(
        kept.source, kept.source_ton, kept.source_npi, kept.dest_ton, kept.dest_npi, (found.receiver,),
        message_octets(pdu), kept.coding or _CODINGS.get(found.alphabet, 0), b"", (0, 0), pdu.registered_delivery,
        due or found.due, expires or found.expires, 0, 0, False, now,
    )  # fmt: skip
