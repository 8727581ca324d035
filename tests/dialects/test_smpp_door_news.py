"""Receipts and replies over SMPP: wished for, in order, kept until they are acknowledged. spec: smsc/4.2 ovh/8"""

from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.dialects.smpp_world import PEER, Desk, desk_of, options, submit

from depesza.core.model import State
from depesza.dialects.smpp import outbox
from depesza.wire import udh
from depesza.wire.smpp import status
from depesza.wire.smpp.flags import UDHI
from depesza.wire.smpp.pdus import DeliverSm
from depesza.wire.smpp.tlvs import MESSAGE_STATE, RECEIPTED_MESSAGE_ID, find

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The door on a store of its own."""
    async with desk_of(sqlite_url) as made:
        yield made


async def test_a_receipt_says_all_that_the_vendor_says(desk: Desk) -> None:
    async with desk.bound() as client:
        id = (await client.ask(submit("A text of more than twenty characters"))).message_id
        desk.clock.move(120)
        await desk.deliver(int(id))
        await client.receipts_after(1)
    (pdu,) = client.news
    assert isinstance(pdu, DeliverSm)
    assert pdu.short_message.decode() == (
        f"id:{id} sub:001 dlvrd:001 submit date:2605282026 done date:2605282028 stat:DELIVRD err:000"
        " text:A text of more than "
    )
    assert (pdu.esm_class, pdu.source_addr, pdu.source_addr_ton, pdu.destination_addr, pdu.dest_addr_ton) == (
        4, PEER, 1, "MyApp", 5,
    )  # fmt: skip
    assert (RECEIPTED_MESSAGE_ID.of(pdu), MESSAGE_STATE.of(pdu)) == (id, 2)
    assert find(pdu.tlvs, 0x1401) == f"{id}\0".encode()


ENDS = [
    (State.DELIVERED, "", "DELIVRD", 2, "000"),
    (State.FAILED, "absent", "UNDELIV", 5, "006"),
    (State.FAILED, "unknown", "UNDELIV", 5, "255"),
    (State.EXPIRED, "carrier_expired", "EXPIRED", 3, "006"),
]


@pytest.mark.parametrize(("state", "refusal", "word", "number", "error"), ENDS)
async def test_each_end_has_its_word(
    desk: Desk, state: State, refusal: str, word: str, number: int, error: str
) -> None:
    async with desk.bound() as client:
        id = (await client.ask(submit())).message_id
        await desk.deliver(int(id), state, refusal)
        (receipt,) = await client.receipts_after(1)
    assert (receipt.stat, receipt.tlv_state, receipt.err) == (word, number, error)


async def test_a_message_that_no_route_takes_is_reported_as_rejected(desk: Desk) -> None:
    await desk.store.run(_no_routes)
    async with desk.bound() as client:
        id = (await client.ask(submit())).message_id
        (receipt,) = await client.receipts_after(1)
    assert (receipt.tlv_id, receipt.stat, receipt.err) == (id, "REJECTD", "248")


async def _no_routes(tx) -> None:
    tx.drop("routes", id=300)


WISHES = [(n, n & 3, bool(n & 0x30)) for n in range(48)]


async def test_carriers_c1_rule_12_each_registered_delivery_gets_what_it_asks_for(desk: Desk) -> None:
    async with desk.bound() as client:
        for end in (State.DELIVERED, State.FAILED):
            client.heard.clear()
            wanted = set()
            for registered, wish, steps in WISHES:
                id = (await client.ask(submit(registered_delivery=registered))).message_id
                await desk.deliver(int(id), end, "" if end is State.DELIVERED else "absent")
                if wish == 1 or wish == (3 if end is State.DELIVERED else 2):
                    wanted.add((id, end))
                if steps:
                    wanted.add((id, State.SENT))
            await client.until(lambda wanted=wanted: len(client.receipts) >= len(wanted))
            await client.settle()
            found = {(receipt.tlv_id, STATES[receipt.stat]) for receipt in client.receipts}
            assert found == wanted
            intermediate = [pdu for pdu in client.news if pdu.esm_class == 0x20]
            assert len(intermediate) == sum(steps for _, _, steps in WISHES)


STATES = {"DELIVRD": State.DELIVERED, "UNDELIV": State.FAILED, "ACCEPTD": State.SENT}


async def test_news_of_one_message_comes_in_order_over_two_binds(desk: Desk) -> None:
    async with desk.bound() as first, desk.bound("receiver") as second:
        first.answering = second.answering = False
        id = (await first.ask(submit(registered_delivery=0x11))).message_id
        await desk.hand_over(int(id))
        while not (first.news or second.news):
            await first.settle()
        await desk.report(int(id))
        await first.settle()
        assert len(first.news) + len(second.news) == 1  # the end waits for the step
        told = first if first.news else second
        (event,) = [e for e in told.heard if getattr(e, "pdu", None) is told.news[0]]
        first.answering = second.answering = True
        told.session.answer(event.sequence, told.news[0].response())
        told.link.flush()
        while len(first.news) + len(second.news) < 2:
            await first.settle()


async def test_news_waits_for_the_customer_and_comes_again_until_it_is_acknowledged(sqlite_url: str) -> None:
    async with desk_of(sqlite_url) as desk:
        async with desk.bound("transmitter") as client:
            ids = [(await client.ask(submit())).message_id for _ in range(3)]
            for id in ids:
                await desk.deliver(int(id))
            await client.settle()
            assert client.news == []
        assert await desk.waiting() == 3
        async with desk.bound("receiver") as deaf:
            deaf.answering = False
            await deaf.receipts_after(3)
        assert await desk.waiting() == 3
        async with desk.bound("receiver") as client:
            assert [receipt.tlv_id for receipt in await client.receipts_after(3)] == ids
            while await desk.waiting():
                await client.settle()
        async with desk.bound("receiver") as client:
            await client.settle()
            assert client.news == []


async def test_what_a_customer_cannot_take_now_comes_again_and_what_it_refuses_does_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAUSE", 0.02)
    async with desk.bound() as client:
        client.status = status.RX_T_APPN
        id = (await client.ask(submit())).message_id
        await desk.deliver(int(id))
        await client.receipts_after(2)
        client.status = status.RX_R_APPN
        count = len(client.receipts)
        await client.receipts_after(count + 1)
        while await desk.waiting():
            await client.settle()
    assert await desk.rows("SELECT state FROM notices") == [(2,)]


async def test_a_window_bounds_what_is_on_its_way(sqlite_url: str) -> None:
    async with desk_of(sqlite_url, options(window=2)) as desk, desk.bound() as client:
        client.answering = False
        for _ in range(5):
            await desk.deliver(int((await client.ask(submit())).message_id))
        await client.receipts_after(2)
        await client.settle()
        assert len(client.news) == 2


async def test_more_news_than_memory_holds_comes_all_the_same(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST", 4)
    async with desk_of(sqlite_url, options(window=3)) as desk:
        async with desk.bound("transmitter") as client:
            ids = [(await client.ask(submit())).message_id for _ in range(20)]
            for id in ids[:15]:
                await desk.deliver(int(id))
        async with desk.bound("receiver") as client:
            for id in ids[15:]:
                await desk.deliver(int(id))
            receipts = await client.receipts_after(20)
            assert [receipt.tlv_id for receipt in receipts] == ids
            while await desk.waiting():
                await client.settle()


async def test_replies_come_to_any_bind_of_the_account(desk: Desk) -> None:
    async with desk.bound("transmitter") as sender, desk.bound("receiver") as client:
        await sender.ask(msgspec.structs.replace(submit(source=""), source_addr_ton=3))
        message = await desk.only()
        id = await desk.answer("Merci €", message.content.sender)
        await client.until(lambda: client.news)
        (pdu,) = client.news
        assert (pdu.source_addr, pdu.destination_addr, pdu.esm_class, pdu.short_message) == (
            PEER, "38184", 0, b"Merci \x1b\x65",
        )  # fmt: skip
        assert find(pdu.tlvs, 0x1402) == f"{id}\0".encode()
        await desk.answer("Да " * 40, message.content.sender)
        await client.until(lambda: len(client.news) == 3)
        pieces = client.news[1:]
        assert [pdu.esm_class for pdu in pieces] == [UDHI, UDHI]
        assert [pdu.data_coding for pdu in pieces] == [8, 8]
        text = b"".join(udh.unpack(pdu.short_message)[1] for pdu in pieces).decode("utf-16-be")
        assert text == "Да " * 40
        await desk.answer("STOP", message.content.sender)
        await client.until(lambda: len(client.news) == 4)
        assert client.news[3].short_message == b"STOP"


async def test_news_that_nobody_fetched_for_a_week_is_given_up(desk: Desk) -> None:
    async with desk.bound("transmitter") as client:
        await desk.deliver(int((await client.ask(submit())).message_id))
    desk.clock.move(7 * 86_400 + 60)
    await desk.door.sweep()
    assert await desk.rows("SELECT state FROM notices") == [(2,)]
