"""Platforms as carriers of each other: a customer binds to the first, which binds to the second, which has a carrier.

Text, alphabet, parts and receipts pass all of them. spec: design 5 6
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from smpp_road import NAME, PASSWORD, SENDER, platform, port_of, simulated
from tests.simulator.simulator_client import Client, text_to

from depesza.app import App
from depesza.simulator.run import Simulator
from depesza.store.opening import migrate
from depesza.wire import udh
from depesza.wire.smpp import status
from depesza.wire.smpp.flags import UDHI

pytestmark = [pytest.mark.anyio, pytest.mark.journey]


class At:
    """Where a client of ours connects."""

    def __init__(self, app: App) -> None:
        self.host, self.port = "127.0.0.1", port_of(app)


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[tuple[Client, list[App], Simulator]]:
    """A client bound to the first of two platforms."""
    near, far = str(tmp_path / "near.db"), str(tmp_path / "far.db")
    for url in (near, far):
        await asyncio.to_thread(migrate, url)
    async with (
        simulated() as simulator,
        platform(far, simulator.port) as last,
        platform(near, port_of(last), NAME, PASSWORD) as first,
    ):
        client = Client()
        await client.connect(At(first))  # type: ignore[arg-type]
        await client.bind("transceiver", NAME, PASSWORD)
        yield client, [first, last], simulator
        client.hang_up()


async def test_texts_and_receipts_through_two_platforms(chain: tuple[Client, list[App], Simulator]) -> None:
    client, _, simulator = chain
    inbox = simulator.carrier.centre.phones.inbox
    plain = await client.submit("33601020304", "Bonjour", SENDER)
    wide = await client.submit("33601020305", "", SENDER, short_message="Привет".encode("utf-16-be"), data_coding=8)
    failed = await client.submit("33601020901", "Bonjour", SENDER)
    long = b"abcdefghij" * 30
    parts = []
    for number, piece in enumerate((long[:153], long[153:]), 1):
        message = udh.concat(5, 2, number) + piece
        parts.append(await client.submit("33601020306", "", SENDER, short_message=message, esm_class=UDHI))
    ids = {answer.message_id: "DELIVRD" for answer in (plain, wide, *parts)} | {failed.message_id: "UNDELIV"}
    assert {answer.status for answer in (plain, wide, failed, *parts)} == {status.ROK}
    receipts = await client.receipts_after(5)
    assert {receipt.tlv_id: receipt.stat for receipt in receipts} == ids
    assert [text.text for text in inbox("33601020304")] == ["Bonjour"]
    assert [text.text for text in inbox("33601020305")] == ["Привет"]
    assert [(text.text, text.parts) for text in inbox("33601020306")] == [(long.decode(), 2)]


async def test_a_reply_comes_back_through_two_platforms(chain: tuple[Client, list[App], Simulator]) -> None:
    client, _, _ = chain
    await client.ask(text_to("33601020950", "Oui ou non ?", "38184"))  # this phone answers
    await client.until(lambda: client.replies)
    (reply,) = client.replies
    assert (reply.source_addr, reply.destination_addr) == ("33601020950", "38184")
    assert reply.short_message


async def test_a_burst_through_two_platforms(chain: tuple[Client, list[App], Simulator]) -> None:
    client, _, _ = chain
    tokens = [client.send(text_to(str(33_611_000_000 + n), "Hi", SENDER, registered_delivery=1)) for n in range(300)]
    answers = [await client.until(lambda token=token: client.response(token)) for token in tokens]
    assert {answer.status for answer in answers} == {status.ROK}
    receipts = await client.receipts_after(300)
    assert {receipt.tlv_id for receipt in receipts} == {answer.message_id for answer in answers}
