"""SMSC's API in front of PostgreSQL: limits hold for all processes, and every octet is kept. spec: smsc/1.7"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_auth_world import nothing
from tests.dialects.smsc_world import PHONE, Bureau, Q, bureau_of

from depesza.core.fairness import Lanes
from depesza.core.planning import Policy
from depesza.dialects.contract import Context
from depesza.dialects.smsc import Smsc
from depesza.store.opening import open_store
from depesza.wire.gsm import Encoding, write_text
from depesza.wire.http import HttpRequest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bureau(postgres_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, on PostgreSQL."""
    async with bureau_of(postgres_url) as bureau:
        await bureau.change_limits(parallel=0, flood=5)
        yield bureau


@pytest.fixture
async def neighbour(bureau: Bureau, postgres_url: str) -> AsyncIterator[Smsc]:
    """The dialect in a second process."""
    store = await open_store(postgres_url, bureau.clock)
    await store.join(60_000_000)
    yield Smsc(Context(store, bureau.vault, Lanes(), Policy(), bureau.clock, nothing(store, bureau.clock)))
    await store.close()


def request(text: str) -> HttpRequest:
    query = f"{Q}&phones={PHONE}&mes={text}&fmt=1"
    return HttpRequest("GET", f"/sys/send.php?{query}", "/sys/send.php", query, {}, b"", "127.0.0.1", "http")


async def test_the_same_request_is_taken_once_by_two_processes(bureau: Bureau, neighbour: Smsc) -> None:
    asked = [door.handle(request("Hello")) for _ in range(8) for door in (bureau.smsc, neighbour)]
    answers = sorted([(await reply).body for reply in asyncio.as_completed(asked)])
    assert answers == [b"0,-9"] * 15 + [b"1234,1"]
    assert await bureau.balance() == "100.50"


async def test_a_flood_is_counted_by_two_processes_together(bureau: Bureau, neighbour: Smsc) -> None:
    asked = [door.handle(request(f"{door is neighbour}{n}")) for n in range(6) for door in (bureau.smsc, neighbour)]
    replies = await asyncio.gather(*asked)
    codes = [reply.body.partition(b",")[2] for reply in replies]
    assert sorted(codes) == [b"-6"] * 7 + [b"1"] * 5
    assert len({reply.body.partition(b",")[0] for reply in replies}) == 12


async def test_every_octet_of_a_binary_message_arrives(bureau: Bureau) -> None:
    octets = bytes(range(128))
    assert await bureau.send(bin=2, mes="00" + octets.hex(), fmt=1) == "1234,1"
    assert await bureau.send(bin=1, mes=b"\0" + octets[::-1], fmt=1) == "1235,1"
    assert await bureau.send(push=1, mes="http://h.example/\nHi", fmt=1) == "1236,1"
    await bureau.quiet()
    sent = [write_text(message.body, Encoding.BINARY) for message in bureau.sent]
    assert sent[:2] == [octets, octets[::-1]]
    assert b"\0" in sent[2]
    told = await bureau.get("status", phone=PHONE, id=1234, fmt=1, all=1)
    assert "00" + octets.hex().upper() in told
    assert await bureau.send(mes=b"a\0b", fmt=1) == "0,-1"
