"""Octets over a real link: our connector to the simulator's server, whose phones tell what came."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from connector_heard import Heard, content, make, message, until, up

from depesza.connectors.contract import Connector
from depesza.core.model import Channel, Content, Extras
from depesza.simulator.phones import Text
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.wire.binary import read_hex
from depesza.wire.wap import Indication, read_push, write_push

pytestmark = pytest.mark.anyio
PHONE = "+33601020304"
ANSWERING = "+33601020950"


@asynccontextmanager
async def road(**settings: Any) -> AsyncIterator[tuple[Connector, Heard, Simulator]]:
    """A connector that is bound to a simulator."""
    heard = Heard()
    async with Simulator(SimulatorSettings(time_scale=0.02)) as simulator:
        place = {"host": simulator.host, "port": simulator.port, "system_id": "demo", "password": "demo"}
        connector = make("smpp", heard, **place, plus=True, **settings)
        await up(connector)
        try:
            yield connector, heard, simulator
        finally:
            await connector.stop(1.0)


async def arrived(body: Content, phone: str = PHONE, **settings: Any) -> tuple[Text, int]:
    """Send a message; gives what its phone has, and how many receipts came."""
    async with road(**settings) as (connector, heard, simulator):
        connector.send(message(1, body, phone))
        await until(lambda: 1 in heard.outcomes)
        assert heard.outcomes[1].refusal == ""
        inbox = simulator.carrier.centre.phones.inbox
        await until(lambda: len(inbox(phone)) and len(heard.receipts) == len(heard.outcomes[1].remotes))
        (text,) = inbox(phone)
        assert [entry.carried.pid for entry in simulator.carrier.centre.log.entries] == [text.carried.pid] * text.parts
        return text, len(heard.receipts)


async def test_a_header_and_its_octets_arrive_as_sent() -> None:
    elements, payload = read_hex("050A0307056048656C6C6F2C20576F726C6421")
    body = content(payload.decode("latin-1"), alphabet="binary", extras=Extras(udh=elements))
    text, receipts = await arrived(body)
    assert (text.carried.udh, bytes.fromhex(text.carried.octets)) == ("0a03070560", b"Hello, World!")
    assert (text.carried.dcs, text.carried.pid, text.parts, receipts) == (4, 0, 1, 1)
    assert not text.carried.silent


@pytest.mark.parametrize("form", ["udh", "udh16", "sar", "payload"])
async def test_many_octets_arrive_in_parts(form: str) -> None:
    octets = bytes(range(256)) * 2
    extras = Extras(udh=bytes.fromhex("05040b8423f0"), dcs=0xF5)
    body = content(octets.decode("latin-1"), alphabet="binary", extras=extras)
    text, receipts = await arrived(body, long_messages=form)
    assert bytes.fromhex(text.carried.octets) == octets
    assert (text.carried.udh, text.carried.dcs) == ("05040b8423f0", 0xF5)
    parts = 5 if form == "udh16" else 4
    assert (text.parts, receipts) == (parts, parts)


@pytest.mark.parametrize("form", ["udh", "sar", "payload"])
async def test_octets_without_a_header_arrive_too(form: str) -> None:
    octets = bytes(range(256))
    text, _ = await arrived(content(octets.decode("latin-1"), alphabet="binary"), long_messages=form)
    assert (bytes.fromhex(text.carried.octets), text.carried.udh) == (octets, "")


async def test_a_silent_message_arrives_as_type_0_and_is_not_answered() -> None:
    text, receipts = await arrived(content("", channel=Channel.PING), ANSWERING)
    assert (text.carried.pid, text.text, text.parts, receipts) == (0x40, "", 1, 1)
    assert text.carried.silent
    octets = bytes(200).decode("latin-1")
    text, receipts = await arrived(content(octets, alphabet="binary", extras=Extras(pid=0x40)), ANSWERING)
    assert (text.carried.pid, text.carried.octets, text.parts, receipts) == (0x40, "00" * 200, 2, 2)


async def test_a_push_with_a_long_link_arrives_whole() -> None:
    push = Indication("https://www.example.com/" + "path/" * 60, "Ваш заказ готов")
    elements, payload = write_push(push)
    extras = Extras(udh=elements, push=True)
    text, _ = await arrived(content(payload.decode("latin-1"), alphabet="binary", extras=extras))
    assert text.carried.udh == "05040b8423f0"
    assert read_push(bytes.fromhex(text.carried.octets)) == push


async def test_texts_have_no_octets_to_show() -> None:
    text, _ = await arrived(content("Привет"))
    assert (text.text, text.carried.octets, text.carried.dcs, text.carried.udh) == ("Привет", "", 8, "")
