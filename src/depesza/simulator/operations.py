"""The requests beside plain submits: many receivers at once, and questions about what was taken.

spec: smpp34 4.5, 4.8, 4.9, 4.10, carriers/C.1#26
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from depesza.simulator.account import Account
from depesza.simulator.centre import Centre
from depesza.simulator.line import Line
from depesza.simulator.messages import Message
from depesza.wire.fates import How
from depesza.wire.smpp.pdus import (
    Address,
    CancelSm,
    CancelSmResp,
    Destination,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    Unsuccessful,
)
from depesza.wire.smpp.status import (
    RCANCELFAIL,
    RINVDLNAME,
    RINVMSGID,
    RINVNUMDESTS,
    ROK,
    RREPLACEFAIL,
    RSUBMITFAIL,
    look,
)
from depesza.wire.smpp.times import fault_in_times, write_absolute


def submit_multi(centre: Centre, account: Account, line: Line, sequence: int, pdu: SubmitMulti) -> None:
    """Take one text for many receivers: one id for all, each receiver with its fate.

    What a fate does to the connection cannot be done to one receiver of many: there it is a failed submit.
    """
    if not pdu.destinations:
        line.answer(sequence, SubmitMultiResp(RINVNUMDESTS))
        return
    message_id = centre.ids.next()
    taken: list[Message] = []
    failed: list[Unsuccessful] = []
    for destination in pdu.destinations:
        outcome = _take_one(centre, account, line, pdu, destination, message_id)
        if isinstance(outcome, Message):
            taken.append(outcome)
        else:
            failed.append(outcome)
    line.answer(sequence, SubmitMultiResp(ROK, message_id, tuple(failed)))
    for message in taken:
        centre.start(message)


def _take_one(
    centre: Centre, account: Account, line: Line, pdu: SubmitMulti, destination: Destination, message_id: str
) -> Message | Unsuccessful:
    if not isinstance(destination, Address):
        return Unsuccessful(destination.name, error=RINVDLNAME)
    single = _single(pdu, destination)
    refusal = centre.refusal(account, single)
    fate, answer = centre.judge(account, single)
    if not refusal and (answer.how is not How.RESPOND or answer.status):
        refusal = answer.status or RSUBMITFAIL
    if refusal:
        centre.count(line, single, "", fate, look(refusal).name)
        return Unsuccessful(destination.addr, destination.ton, destination.npi, refusal)
    message = centre.take(account, single, fate, message_id)
    centre.count(line, single, message_id, fate, look(ROK).name)
    return message


def _single(pdu: SubmitMulti, destination: Address) -> SubmitSm:
    """Write the submit_sm that says the same to one receiver."""
    return SubmitSm(
        pdu.service_type,
        pdu.source_addr_ton,
        pdu.source_addr_npi,
        pdu.source_addr,
        destination.ton,
        destination.npi,
        destination.addr,
        pdu.esm_class,
        pdu.protocol_id,
        pdu.priority_flag,
        pdu.schedule_delivery_time,
        pdu.validity_period,
        pdu.registered_delivery,
        pdu.replace_if_present_flag,
        pdu.data_coding,
        pdu.sm_default_msg_id,
        pdu.short_message,
        pdu.tlvs,
    )


def query(centre: Centre, account: Account, line: Line, sequence: int, pdu: QuerySm) -> None:
    """Tell the state of a message that is pending or remembered."""
    message = centre.book.find(pdu.message_id, account.system_id)
    if message is None or message.pdu.source_addr != pdu.source_addr:
        line.answer(sequence, QuerySmResp(RINVMSGID))
        return
    done = "" if message.done is None else write_absolute(datetime.fromtimestamp(message.done, UTC))
    line.answer(sequence, QuerySmResp(ROK, message.id, done, message.state, int(message.err)))


def cancel(centre: Centre, account: Account, line: Line, sequence: int, pdu: CancelSm) -> None:
    """Take back one pending message by its id, or all between two addresses. smpp34 4.9"""
    if pdu.message_id:
        message = centre.book.find(pdu.message_id, account.system_id)
        found = [] if message is None or message.pdu.source_addr != pdu.source_addr else [message]
    else:
        found = list(centre.book.pending(account.system_id, pdu.source_addr, pdu.destination_addr))
        found = [one for one in found if not pdu.service_type or one.pdu.service_type == pdu.service_type]
    if not found:
        line.answer(sequence, CancelSmResp(RINVMSGID if pdu.message_id else RCANCELFAIL))
        return
    pending = [one for one in found if one.pending]
    line.answer(sequence, CancelSmResp(ROK if pending else RCANCELFAIL))
    for message in pending:
        centre.cancel(message)


def replace_text(centre: Centre, account: Account, line: Line, sequence: int, pdu: ReplaceSm) -> None:
    """Give a pending message another text. smpp34 4.10"""
    message = centre.book.find(pdu.message_id, account.system_id)
    if message is None or message.pdu.source_addr != pdu.source_addr:
        line.answer(sequence, ReplaceSmResp(RINVMSGID))
        return
    fault = fault_in_times(pdu, centre.date())
    old = message.pdu
    if fault or not message.pending or not isinstance(old, SubmitSm):
        line.answer(sequence, ReplaceSmResp(fault or RREPLACEFAIL))
        return
    message.pdu = replace(
        old,
        registered_delivery=pdu.registered_delivery,
        short_message=pdu.short_message,
        tlvs=pdu.tlvs,
    )
    line.answer(sequence, ReplaceSmResp())


def replace_present(centre: Centre, account: Account, pdu: SubmitSm) -> None:
    """Drop what a submit with replace_if_present_flag stands in for, without a word. smpp34 5.2.18"""
    for message in centre.book.pending(account.system_id, pdu.source_addr, pdu.destination_addr):
        if message.pdu.service_type == pdu.service_type:
            centre.forget(message)
