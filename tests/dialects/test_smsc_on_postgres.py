"""SMSC's API in front of PostgreSQL: limits hold for all processes, and every octet is kept. spec: smsc/1.7"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from tests.dialects.ovh_auth_world import nothing
from tests.dialects.smsc_world import PHONE, Bureau, Q, bureau_of

from depesza.core.fairness import Lanes
from depesza.core.planning import Policy
from depesza.dialects.contract import Context
from depesza.dialects.smsc import Smsc
from depesza.services import progress
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


async def limit(bureau: Bureau, neighbour: Smsc, **changes: object) -> None:
    """Change limits, and let a second pass: then all processes know each other and what was changed."""
    await bureau.change_limits(**changes)
    bureau.clock.move(1)
    for door in (bureau.smsc, neighbour):
        await door._context.store.run(progress.nothing)
        assert (await door.handle(replace(request(""), path="/sys/balance.php"))).body == b"101.90"


async def test_requests_at_once_are_shared_by_two_processes(bureau: Bureau, neighbour: Smsc) -> None:
    await limit(bureau, neighbour, parallel=15, flood=0)
    asked = [door.handle(request(f"{door is neighbour}{n}")) for n in range(10) for door in (bureau.smsc, neighbour)]
    codes = Counter([reply.body.partition(b",")[2] for reply in await asyncio.gather(*asked)])
    assert codes == {b"1": 14, b"-9": 6}
    assert (await neighbour.handle(request("There is room again"))).body.endswith(b",1")


async def test_an_address_that_one_process_locks_is_locked_in_the_other_within_a_second(
    bureau: Bureau, neighbour: Smsc
) -> None:
    await limit(bureau, neighbour, wrong_logins=4)
    wrong = replace(request(""), query=f"login=alex&psw=12&phones={PHONE}&mes=x&fmt=1")
    for door in (bureau.smsc, neighbour, neighbour, neighbour):  # counted together
        assert (await door.handle(wrong)).body == b"0,-2"
    assert (await neighbour.handle(request("Locked"))).body == b"0,-4"
    bureau.clock.move(1)
    assert (await bureau.smsc.handle(request("Locked"))).body == b"0,-4"
    assert (await bureau.smsc.handle(replace(request("Elsewhere"), client="127.0.0.2"))).body == b"1234,1"
    bureau.clock.move(30 * 60)
    for door, answer in ((bureau.smsc, b"1235,1"), (neighbour, b"1236,1")):
        assert (await door.handle(request(f"Free {answer!r}"))).body == answer


async def test_refusals_are_in_a_row_when_no_process_took_one_in_between(bureau: Bureau, neighbour: Smsc) -> None:
    await limit(bureau, neighbour, wrong_sends=3)
    bad = replace(request(""), query=f"{Q}&phones={PHONE}&fmt=1")
    for _ in range(2):
        assert [(await bureau.smsc.handle(bad)).body for _ in range(2)] == [b"0,-1", b"0,-1"]
        bureau.clock.move(1)
        assert (await neighbour.handle(request(f"All is well {bureau.clock()}"))).body.endswith(b",1")
    for door in (bureau.smsc, neighbour, bureau.smsc):
        assert (await door.handle(bad)).body == b"0,-1"
    assert (await bureau.smsc.handle(request("Locked"))).body == b"0,-4"


@pytest.mark.parametrize("limits", [{"day": 4}, {"day_number": 4}, {"day_text": 4, "repeats": 0}])
async def test_days_are_counted_by_two_processes_together(
    bureau: Bureau, neighbour: Smsc, limits: dict[str, int]
) -> None:
    await limit(bureau, neighbour, flood=0, **limits)
    for _ in range(2):
        texts = ["Hi" if "day_text" in limits else f"Hi {n}" for n in range(12)]
        asked = [(bureau.smsc, neighbour)[n % 2].handle(request(text)) for n, text in enumerate(texts)]
        codes = Counter([reply.body.partition(b",")[2] for reply in await asyncio.gather(*asked)])
        assert codes == {b"1": 4, b"-6": 8}
        bureau.clock.move(86_400)
