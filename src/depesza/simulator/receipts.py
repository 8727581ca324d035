"""How this carrier writes its receipts: where a receipt says what it says, its dates, its id, its excerpt.

The text between id and excerpt is the same for all messages of a second (or minute): it is written once.
spec: carriers/C.1#10 #12 - #16, carriers/C.3
"""

from datetime import UTC, datetime
from typing import Final

from depesza.simulator.messages import Ids, Message
from depesza.simulator.settings import SimulatorSettings
from depesza.wire import Malformed
from depesza.wire.fates import News, ReceiptForm
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.flags import MessageType, wants_intermediate
from depesza.wire.smpp.pdus import DataSm, DeliverSm, RawTlvs
from depesza.wire.smpp.receipt import ReceiptStyle, write_receipt
from depesza.wire.smpp.segments import read_segment
from depesza.wire.smpp.tlvs import MESSAGE_PAYLOAD, MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

_ANY_ID: Final = "0"
_BEFORE_ID: Final = b"id:"
_EXCERPT: Final = 20
_READABLE: Final = frozenset({0, 1, 3})
"""Codings whose octets look like themselves in a receipt."""
_GSM: Final = 3
"""The network type in network_error_code. smpp34 5.3.2.31"""
_MOST_FRAMES: Final = 256
_FORMS: Final = {"text": ReceiptForm.TEXT, "tlv": ReceiptForm.TLV, "both": ReceiptForm.BOTH}
_CONTRARY: Final = {MessageState.DELIVERED: MessageState.UNDELIVERABLE}
_STATE_TLVS: Final = {state: MESSAGE_STATE.pack(state) for state in MessageState}


class ReceiptWriter:
    """Writes receipts in the carrier's usual form, or as a fate wants them."""

    def __init__(self, settings: SimulatorSettings, ids: Ids) -> None:
        self._usual = _FORMS[settings.receipts]
        self._style = ReceiptStyle(date_digits=settings.date_digits)
        self._unit = 60 if settings.date_digits == 10 else 1
        self._ids = ids
        self._frames: dict[tuple[MessageState, str, int, int], bytes] = {}

    def write(self, message: Message, news: News, now: float) -> DeliverSm | DataSm:
        """Write one receipt; `now` in seconds of the epoch."""
        form = self._usual if news.form is ReceiptForm.USUAL else news.form
        shown_id = self._ids.other_base(message.id) if news.other_base else message.id
        text = b""
        tlvs: RawTlvs = ()
        if form is not ReceiptForm.TLV:
            state = _CONTRARY.get(news.state, news.state) if form is ReceiptForm.DISAGREE else news.state
            frame = self._frame(state, news.err, message.since, now)
            text = b"%b%b%b%b" % (_BEFORE_ID, shown_id.encode(), frame, _excerpt(message))
        if form is not ReceiptForm.TEXT:
            tlvs = _tlvs(shown_id, news)
        esm_class = _esm_class(message, news)
        return (
            _in_data_sm(message, esm_class, text, tlvs)
            if news.in_data_sm
            else _in_deliver_sm(message, esm_class, text, tlvs)
        )

    def _frame(self, state: MessageState, err: str, since: float, now: float) -> bytes:
        """Give all between the id and the excerpt."""
        key = (state, err, int(since) // self._unit, int(now) // self._unit)
        frame = self._frames.get(key)
        if frame is None:
            if len(self._frames) >= _MOST_FRAMES:
                self._frames.clear()
            dates = (datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(now, UTC))
            text = write_receipt(_ANY_ID, state, *dates, err=err, style=self._style)
            frame = self._frames[key] = text[len(_BEFORE_ID) + len(_ANY_ID) :]
        return frame


def _excerpt(message: Message) -> bytes:
    pdu = message.pdu
    if pdu.data_coding not in _READABLE:
        return b""
    if not pdu.esm_class and not isinstance(pdu, DataSm):
        return pdu.short_message[:_EXCERPT]
    try:
        return read_segment(pdu)[1][:_EXCERPT]
    except Malformed:
        return b""


def _tlvs(shown_id: str, news: News) -> RawTlvs:
    told = (RECEIPTED_MESSAGE_ID.pack(shown_id), _STATE_TLVS[news.state])
    if news.err == "000":
        return told
    return (*told, NETWORK_ERROR_CODE.pack(bytes((_GSM,)) + int(news.err).to_bytes(2, "big")))


def _esm_class(message: Message, news: News) -> int:
    if not news.marked:
        return MessageType.NORMAL
    if not news.state.final and wants_intermediate(message.pdu.registered_delivery):
        return MessageType.INTERMEDIATE
    return MessageType.RECEIPT


def _in_deliver_sm(message: Message, esm_class: int, text: bytes, tlvs: RawTlvs) -> DeliverSm:
    pdu = message.pdu  # the addresses change places: smpp50 4.3.5.1
    return DeliverSm(
        "",
        pdu.dest_addr_ton,
        pdu.dest_addr_npi,
        pdu.destination_addr,
        pdu.source_addr_ton,
        pdu.source_addr_npi,
        pdu.source_addr,
        esm_class,
        short_message=text,
        tlvs=tlvs,
    )


def _in_data_sm(message: Message, esm_class: int, text: bytes, tlvs: RawTlvs) -> DataSm:
    pdu = message.pdu
    payload = (MESSAGE_PAYLOAD.pack(text),) if text else ()
    return DataSm(
        source_addr_ton=pdu.dest_addr_ton,
        source_addr_npi=pdu.dest_addr_npi,
        source_addr=pdu.destination_addr,
        dest_addr_ton=pdu.source_addr_ton,
        dest_addr_npi=pdu.source_addr_npi,
        destination_addr=pdu.source_addr,
        esm_class=esm_class,
        tlvs=(*tlvs, *payload),
    )
