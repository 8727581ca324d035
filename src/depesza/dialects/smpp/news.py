"""News as customers read it: receipts and texts received, each as one deliver_sm or several.

spec: smsc/4.2 ovh/8 carriers/C.1#10 #12 - #16
"""

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from depesza.core.model import FINAL, MICRO, Notice, ReceiptFact, ReplyFact
from depesza.dialects.smpp import codes, memory
from depesza.dialects.smpp.addresses import kind_of
from depesza.services.collected import memory_of
from depesza.wire import udh
from depesza.wire.gsm import Encoding
from depesza.wire.segment import split
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.flags import UDHI, MessageType
from depesza.wire.smpp.pdus import DeliverSm, RawTlvs
from depesza.wire.smpp.receipt import write_receipt
from depesza.wire.smpp.tlvs import MESSAGE_STATE, RECEIPTED_MESSAGE_ID, Text

OUTGOING_ID = Text("outgoing_id", 0x1401, 65)
INCOMING_ID = Text("incoming_id", 0x1402, 65)
"""OVH's own. spec: ovh/8"""
_TLVS_SINCE = 0x34
_UCS2 = 8
_receipt = msgspec.json.Decoder(ReceiptFact).decode
_reply = msgspec.json.Decoder(ReplyFact).decode


def write(notice: Notice, home: str, version: int) -> list[DeliverSm]:
    """Write a notice for a customer: `home` of its account, the SMPP version that it speaks."""
    if notice.kind == "receipt":
        written = _receipts(_receipt(notice.fact), memory.read(memory_of(notice.url)), home)
    else:
        written = _texts(_reply(notice.fact), notice.id, home)
    return written if version >= _TLVS_SINCE else [msgspec.structs.replace(pdu, tlvs=()) for pdu in written]


def _receipts(fact: ReceiptFact, kept: memory.Memory, home: str) -> list[DeliverSm]:
    """Write one receipt for each id by which the customer calls the message."""
    state = codes.STATES[fact.state]
    kind = MessageType.RECEIPT if fact.state in FINAL else MessageType.INTERMEDIATE
    frame = _frame(state, codes.error_of(fact.state, fact.refusal), kept.submitted // 60, fact.at // (60 * MICRO))
    own = (OUTGOING_ID.pack(str(fact.message)),) if home == "ovh" else ()
    source = kept.destination or fact.receiver.removeprefix("+")
    return [
        DeliverSm(
            "", kept.dest_ton, kept.dest_npi, source, kept.source_ton, kept.source_npi, kept.source, kind,
            short_message=f"id:{id}{frame}{kept.excerpt}".encode("ascii"),
            tlvs=(RECEIPTED_MESSAGE_ID.pack(id), _STATE_TLVS[state], *own),
        )
        for id in kept.ids or (fact.tag or str(fact.message),)
    ]  # fmt: skip


_STATE_TLVS = {state: MESSAGE_STATE.pack(state) for state in MessageState}


@lru_cache(maxsize=1024)
def _frame(state: MessageState, error: int, submitted: int, done: int) -> str:
    """Write all between the id and the excerpt; receipts of the same minutes share it."""
    dates = (datetime.fromtimestamp(submitted * 60, UTC), datetime.fromtimestamp(done * 60, UTC))
    return write_receipt("0", state, *dates, err=f"{error:03}").decode("ascii")[len("id:0") :]


def _texts(fact: ReplyFact, id: int, home: str) -> list[DeliverSm]:
    """Write a text received, in as many parts as it takes."""
    segments = split(fact.text)
    coding = _UCS2 if segments.encoding is Encoding.UCS2 else 0
    source, destination = fact.sender.removeprefix("+"), fact.recipient.removeprefix("+")
    ends = (*kind_of(fact.sender), source, *kind_of(fact.recipient), destination)
    tlvs: RawTlvs = (INCOMING_ID.pack(str(fact.inbound)),) if home == "ovh" else ()
    if len(segments.parts) == 1:
        return [DeliverSm("", *ends, data_coding=coding, short_message=segments.parts[0].payload, tlvs=tlvs)]
    return [
        DeliverSm(
            "", *ends, UDHI, data_coding=coding, tlvs=tlvs,
            short_message=udh.concat(id & 0xFF, len(segments.parts), number) + part.payload,
        )
        for number, part in enumerate(segments.parts, 1)
    ]  # fmt: skip
