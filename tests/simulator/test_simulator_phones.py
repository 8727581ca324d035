"""Phones and the requests beside plain submits: inboxes, parts, replies, query, cancel, replace, many receivers."""

import asyncio

import pytest
from simulator_client import bound, simulated, text_to

from depesza.simulator.phones import BadPattern, Pattern, Text
from depesza.wire import udh
from depesza.wire.gsm import NUL
from depesza.wire.segment import split
from depesza.wire.smpp import status
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.pdus import (
    Address,
    CancelSm,
    DataSm,
    DistributionList,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
)
from depesza.wire.smpp.segments import sar
from depesza.wire.smpp.tlvs import MESSAGE_PAYLOAD

pytestmark = pytest.mark.anyio

PHONE = "+33601020304"
SLOW = "+33601020937"
LONG = "Le magasin ouvre à neuf heures. " * 8


def texts(number: str, simulator) -> list[str]:  # type: ignore[no-untyped-def]
    return [text.text for text in simulator.carrier.centre.phones.inbox(number)]


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0, b"caf\x05 \x1b\x65", "café €"),
        (8, "Привет 👋".encode("utf-16-be"), "Привет 👋"),
        (3, "café".encode("latin-1"), "café"),
        (1, b"plain_@", "plain_@"),
        (1, b"\x05t\x05 $ \x00", "été ¤ @"),
        (0xF1, b"\x00class", "@class"),
        (0xF5, b"\xff\x00", "\xff" + NUL),
        (0x18, "flash".encode("utf-16-be"), "flash"),
    ],
)
async def test_a_phone_shows_a_text_by_its_data_coding(data_coding: int, octets: bytes, text: str) -> None:
    async with simulated() as simulator, bound(simulator) as client:
        await client.submit(PHONE, data_coding=data_coding, short_message=octets)
        assert texts(PHONE, simulator) == [text]


def _with_udh(bits: int) -> list[SubmitSm]:
    parts = split(LONG, reference_bits=bits).parts
    return [
        text_to(PHONE, esm_class=0x40, short_message=udh.concat(7, len(parts), n, bits) + part.payload)
        for n, part in enumerate(parts, 1)
    ]


def _with_sar(_: int) -> list[SubmitSm]:
    parts = split(LONG).parts
    return [text_to(PHONE, short_message=part.payload, tlvs=sar(7, len(parts), n)) for n, part in enumerate(parts, 1)]


def _with_payload(_: int) -> list[SubmitSm]:
    payload = LONG.replace("à", "\x7f").encode("ascii")
    return [text_to(PHONE, short_message=b"", tlvs=(MESSAGE_PAYLOAD.pack(payload),))]


@pytest.mark.parametrize(("write", "bits"), [(_with_udh, 8), (_with_udh, 16), (_with_sar, 8), (_with_payload, 8)])
async def test_parts_become_one_text_in_any_order(write, bits: int) -> None:  # type: ignore[no-untyped-def]
    async with simulated() as simulator, bound(simulator) as client:
        for pdu in reversed(write(bits)):
            await client.ask(pdu)
        assert texts(PHONE, simulator) == [LONG]


async def test_a_broken_header_is_shown_as_it_is() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        await client.submit(PHONE, esm_class=0x40, short_message=b"\x7fabc")
        assert texts(PHONE, simulator) == ["àabc"]


async def test_an_undelivered_text_is_not_in_the_inbox() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        await client.submit("+33601020901")
        assert texts("+33601020901", simulator) == []


async def test_an_inbox_and_the_phones_are_bounded() -> None:
    async with simulated(inbox=2, most_phones=2) as simulator, bound(simulator) as client:
        for number in ("+33601020301", "+33601020302", "+33601020303"):
            for text in ("one", "two", "three"):
                await client.submit(number, text)
        phones = simulator.carrier.centre.phones
        assert [line.number for line in phones.all()] == ["+33601020303", "+33601020302"]
        assert texts("+33601020303", simulator) == ["two", "three"]


async def test_data_sm_is_taken_and_reported() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        pdu = DataSm("", 5, 0, "Shop", 1, 1, PHONE, 0, 1, 0, (MESSAGE_PAYLOAD.pack(b"data"),))
        answer = await client.ask(pdu)
        (receipt,) = await client.receipts_after(1)
        assert receipt.ids == (answer.message_id,) and texts(PHONE, simulator) == ["data"]


async def test_each_receiver_of_many_has_its_fate() -> None:
    to = (Address(PHONE, 1, 1), Address("+33601020903", 1, 1), DistributionList("all"), Address("+33601020901", 1, 1))
    async with simulated() as simulator, bound(simulator) as client:
        pdu = SubmitMulti("", 5, 0, "Shop", to, registered_delivery=1, short_message=b"Bonjour")
        answer: SubmitMultiResp = await client.ask(pdu)
        receipts = await client.receipts_after(2)
        assert {one.addr: one.error for one in answer.unsuccessful} == {
            "+33601020903": status.RINVDSTADR,
            "all": status.RINVDLNAME,
        }
        assert [receipt.state for receipt in receipts] == [MessageState.DELIVERED, MessageState.UNDELIVERABLE]
        assert texts(PHONE, simulator) == ["Bonjour"]
        assert (await client.ask(SubmitMulti(source_addr="Shop"))).status == status.RINVNUMDESTS


async def test_a_message_can_be_asked_about_before_and_after_its_end() -> None:
    async with simulated(time_scale=0.0003) as simulator, bound(simulator) as client:
        answer = await client.submit(SLOW)
        before: QuerySmResp = await client.ask(QuerySm(answer.message_id, 5, 0, "Shop"))
        await client.receipts_after(1)
        after: QuerySmResp = await client.ask(QuerySm(answer.message_id, 5, 0, "Shop"))
        unknown = await client.ask(QuerySm("1", 5, 0, "Shop"))
        foreign = await client.ask(QuerySm(answer.message_id, 5, 0, "Other"))
    assert (before.message_state, before.final_date) == (MessageState.ENROUTE, "")
    assert after.message_state == MessageState.DELIVERED and len(after.final_date) == 16
    assert unknown.status == foreign.status == status.RINVMSGID


async def test_a_pending_message_can_be_cancelled_once() -> None:
    async with simulated(time_scale=0.0003) as simulator, bound(simulator) as client:
        answer = await client.submit(SLOW)
        cancel = CancelSm("", answer.message_id, 5, 0, "Shop", 1, 1, SLOW)
        assert (await client.ask(cancel)).status == status.ROK
        assert (await client.ask(cancel)).status == status.RCANCELFAIL
        await asyncio.sleep(0.25)
        assert [receipt.state for receipt in client.receipts] == [MessageState.DELETED]
        assert texts(SLOW, simulator) == []


async def test_all_pending_messages_to_a_number_can_be_cancelled() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        for _ in range(2):
            await client.submit(SLOW)
        await client.submit(SLOW, source="Other")
        cancel = CancelSm("", "", 5, 0, "Shop", 1, 1, SLOW)
        assert (await client.ask(cancel)).status == status.ROK
        await client.receipts_after(2)
        assert (await client.ask(cancel)).status == status.RCANCELFAIL


async def test_a_pending_text_can_be_replaced() -> None:
    async with simulated(time_scale=0.0003) as simulator, bound(simulator) as client:
        answer = await client.submit(SLOW, "old")
        replace = ReplaceSm(answer.message_id, 5, 0, "Shop", registered_delivery=1, short_message=b"new")
        assert (await client.ask(replace)).status == status.ROK
        await client.receipts_after(1)
        assert texts(SLOW, simulator) == ["new"]
        assert (await client.ask(replace)).status == status.RREPLACEFAIL


async def test_a_submit_can_stand_in_for_a_pending_one() -> None:
    async with simulated(time_scale=0.0003) as simulator, bound(simulator) as client:
        await client.submit(SLOW, "old")
        await client.submit(SLOW, "new", replace_if_present_flag=1)
        await client.receipts_after(1)
        await client.settle()
        assert texts(SLOW, simulator) == ["new"] and len(client.receipts) == 1


async def test_a_message_outlives_its_validity_and_expires() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        await client.submit(SLOW, validity_period="000000000001000R")
        (receipt,) = await client.receipts_after(1)
    assert receipt.state is MessageState.EXPIRED


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"schedule_delivery_time": "tomorrow"}, status.RINVSCHED),
        ({"validity_period": "991332250000000+"}, status.RINVEXPIRY),
    ],
)
async def test_times_that_are_none_are_refused(fields: dict[str, str], code: int) -> None:
    async with simulated() as simulator, bound(simulator) as client:
        assert (await client.submit(PHONE, **fields)).status == code
        assert simulator.carrier.counts.taken == 0


async def test_a_scheduled_message_comes_in_its_time() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        begin = client.link.clock()
        await client.submit(PHONE, schedule_delivery_time="000000000001000R")
        await client.receipts_after(1)
        assert 0.9 <= client.link.clock() - begin < 2.0


@pytest.mark.parametrize(
    ("wish", "delivered", "failed"), [(0, 0, 0), (1, 1, 1), (2, 0, 1), (3, 1, 0), (0x11, 1, 1), (0xE1, 1, 1)]
)
async def test_receipts_come_only_where_they_are_asked_for(wish: int, delivered: int, failed: int) -> None:
    async with simulated() as simulator, bound(simulator) as client:
        await client.submit(PHONE, registered_delivery=wish)
        await client.settle()
        assert len(client.receipts) == delivered
        await client.submit("+33601020901", registered_delivery=wish)
        await client.settle()
        assert len(client.receipts) == delivered + failed


async def test_the_log_tells_each_submit_with_its_part_and_its_bind() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        for pdu in _with_udh(8):
            await client.ask(pdu)
        await client.submit("+33601020903")
        first, second, refused = simulator.carrier.centre.log.entries
    assert (first.text + second.text, first.part.number, second.part.total) == (LONG, 1, 2)  # type: ignore[union-attr]
    assert (first.source, first.destination, first.bind, first.system_id) == ("Shop", PHONE, 1, "demo")
    assert (refused.id, refused.status, refused.fate) == ("", "RINVDSTADR", "rejected at submit")


async def test_a_lean_simulator_keeps_nothing_but_counts() -> None:
    async with simulated(phones=False, log=0, remember=0) as simulator, bound(simulator) as client:
        await client.submit(PHONE)
        centre = simulator.carrier.centre
        assert (len(centre.log.entries), centre.phones.all(), len(centre.book)) == (0, [], 0)
        assert simulator.carrier.counts.statuses == {"ROK": 1}


@pytest.mark.parametrize("form", ["decimal", "hex", "uuid"])
async def test_ids_have_the_form_asked_for_and_are_unique(form: str) -> None:
    async with simulated(message_ids=form) as simulator, bound(simulator) as client:
        ids = [(await client.submit(PHONE)).message_id for _ in range(20)]
    lengths = {"decimal": 10, "hex": (8, 9), "uuid": 36}[form]
    assert len(set(ids)) == 20 and all(
        len(one) in (lengths if isinstance(lengths, tuple) else (lengths,)) for one in ids
    )


@pytest.mark.parametrize("digits", [10, 12, 14, 16])
async def test_dates_have_the_width_asked_for(digits: int) -> None:
    async with simulated(date_digits=digits) as simulator, bound(simulator) as client:
        await client.submit(PHONE)
        (receipt,) = await client.receipts_after(1)
    assert receipt.done_raw is not None and len(receipt.done_raw) == digits and receipt.done_date is not None


@pytest.mark.parametrize(
    ("form", "has_text", "has_tlv"), [("text", True, False), ("tlv", False, True), ("both", True, True)]
)
async def test_receipts_have_the_usual_form_asked_for(form: str, has_text: bool, has_tlv: bool) -> None:
    async with simulated(receipts=form) as simulator, bound(simulator) as client:
        await client.submit(PHONE)
        (receipt,) = await client.receipts_after(1)
    assert (receipt.text_id is not None, receipt.tlv_id is not None) == (has_text, has_tlv)


@pytest.mark.parametrize("pattern", ["(", "a" * 201, "(?P<x", "[z-a]"])
def test_a_pattern_that_cannot_be_used_says_why(pattern: str) -> None:
    with pytest.raises(BadPattern, match="pattern"):
        Pattern(pattern)


def test_a_pattern_that_takes_forever_is_stopped() -> None:
    text = Text("received", PHONE, "Shop", "a" * 5000 + "!", 0.0)
    with pytest.raises(BadPattern, match="too long"):
        Pattern(r"^(a|a|aa)*b(\w+\w+)+$|^(a+)+$").first((text,) * 50)
