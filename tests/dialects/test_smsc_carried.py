"""Messages of all channels, from send.php by the virtual carrier to the status that their clients read."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import ALEX, PHONE, Bureau, bureau_of
from tests.engine.scripted import until

from depesza.connectors import Setup, World, build
from depesza.connectors.contract import Link
from depesza.core.facts import ConnectorFact, Sender
from depesza.core.model import MICRO, Channel
from depesza.core.pricing import Price
from depesza.core.routing import Route

pytestmark = pytest.mark.anyio
CARRIER = 220
MENU = "Hi {menu: choose\n1: news\n2: {menu: more\n1: sport\n*: back\n}\n0: repeat\n} bye"

ERRS = {
    "79999999945": "240",
    "79999999946": "237",
    "79999999947": "242",
    "79999999903": "1",
    "you901@y.example": "255",
}


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, with a virtual carrier for all that is no text."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.add("connectors", ConnectorFact(id=CARRIER, name="virtual", kind="virtual", settings="{}"))
        for place, channel in enumerate(channel for channel in Channel if channel not in (Channel.SMS, Channel.PING)):
            await bureau.add("routes", Route(id=600 + place, connectors=(CARRIER,), channel=channel))
            await bureau.add("prices", Price(id=600 + place, micro=MICRO // 100, currency="RUR", channel=channel))
        await bureau.add("senders", Sender(account=ALEX, name="me@x.example", kind="mail"))
        loop = asyncio.get_running_loop()
        world = World(loop.time, bureau.clock, lambda: 0.5, loop.call_later)
        street = bureau.street
        carrier = build("virtual", Setup(CARRIER, "virtual", b'{"scale": 0.001}'), street, world)
        street.connectors[CARRIER] = carrier
        street.dispatcher.attach(carrier)
        carrier.start()
        await until(lambda: carrier.link is Link.UP)
        yield bureau
        await carrier.stop(0.0)


@pytest.mark.parametrize(
    ("params", "receiver", "status"),
    [
        ({"mail": "1", "subj": "S", "sender": "me@x.example"}, "you@y.example", "2"),
        ({"mail": "1", "subj": "S", "sender": "me@x.example"}, "you944@y.example", "1"),
        ({"mail": "1", "subj": "S", "sender": "me@x.example"}, "you901@y.example", "20"),
        ({"tg": "1"}, "@somebody", "2"),
        ({"viber": "1"}, PHONE, "2"),
        ({"viber": "1"}, "79999999902", "3"),
        ({"whatsapp": "1"}, "79999999903", "20"),
        ({"soc": "1"}, "79999999944", "1"),
        ({"mms": "1", "subj": "S"}, PHONE, "1"),
        ({"call": "1"}, PHONE, "1"),
        ({"call": "1"}, "79999999945", "20"),
        ({"call": "1", "param": "10,10,2"}, "79999999946", "20"),
        ({"call": "1"}, "79999999947", "20"),
    ],
)
async def test_a_client_reads_what_became_of_it(
    bureau: Bureau, params: dict[str, str], receiver: str, status: str
) -> None:
    answer = await bureau.send(**params, fmt=1, id=7, phones=receiver)
    assert answer.startswith("7,"), answer
    told: list[str] = []
    for _ in range(400):
        await asyncio.sleep(0.005)
        await bureau.street.quiet()
        told = (await bureau.get("status", phone=receiver, id=7, fmt=1)).split(",")
        bureau.clock.move(60)
        if told[0] == status:
            break
    assert (told[0], told[2]) == (status, ERRS.get(receiver, "0"))
    assert bureau.sent == []


async def test_a_menu_is_kept_as_it_was_written(bureau: Bureau) -> None:
    assert (await bureau.send(fmt=1, call=1, mes=MENU)).startswith("1234,")
    assert await bureau.rows("SELECT text FROM submissions") == [(MENU,)]
