"""Binds over SMPP: who may, how many, how fast; what ends them. spec: smsc/4.2 ovh/8 carriers/C.1#4 #7 #8 #19 #22"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from hashlib import md5
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dialects.smpp_world import NAME, PASSWORD, Desk, desk_of, options, submit
from tests.store.world import ONE

from depesza.core.facts import Login
from depesza.dialects.smpp import door
from depesza.store.tx import Tx
from depesza.wire.smpp import status
from depesza.wire.smpp.codec import pack
from depesza.wire.smpp.events import BindRefused, Bound, Nacked, Unbound
from depesza.wire.smpp.pdus import (
    BINDS,
    BindTransceiver,
    BindTransceiverResp,
    EnquireLink,
    SubmitSm,
    SubmitSmResp,
    Unbind,
)
from depesza.wire.smpp.tlvs import SC_INTERFACE_VERSION

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The door on a store of its own."""
    async with desk_of(sqlite_url) as made:
        yield made


async def refused(desk: Desk, system_id: str = NAME, password: str = PASSWORD) -> int:
    """Try to bind; give the status."""
    client = await desk.connect()
    found = await client.bind("transceiver", system_id, password)
    client.hang_up()
    return found.status if isinstance(found, BindRefused) else 0


async def test_who_may_bind(desk: Desk) -> None:
    assert await refused(desk) == status.ROK
    assert await refused(desk, "nobody") == status.RINVSYSID
    assert await refused(desk, password="wrong") == status.RINVPASWD
    await desk.change(smpp_ips=("192.0.2.1", "10.0.0.0/8"))
    assert await refused(desk) == status.RBINDFAIL
    await desk.change(smpp_ips=("127.0.0.0/8",))
    assert await refused(desk) == status.ROK
    await desk.change(smpp=False)
    assert await refused(desk) == status.RBINDFAIL
    await desk.change(smpp=True, smpp_password="")
    assert await refused(desk, password="") == status.RINVPASWD


async def test_wrong_passwords_lock_for_a_while(desk: Desk) -> None:
    for _ in range(5):
        assert await refused(desk, password="wrong") == status.RINVPASWD
    assert await refused(desk) == status.RBINDFAIL
    desk.clock.move(61)
    assert await refused(desk) == status.ROK


async def test_a_login_binds_with_the_accounts_password_or_its_own(desk: Desk) -> None:
    digest = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(md5(b"own").hexdigest())

    async def put(tx: Tx) -> None:
        tx.put("logins", Login(id=5, account=ONE, name="alex", md5=digest, sha1="", ips=("127.0.0.1",)))

    await desk.store.run(put)
    assert await refused(desk, "alex") == status.ROK
    assert await refused(desk, "alex", "own") == status.RINVPASWD
    await desk.change(smpp_password="")
    assert await refused(desk, "alex", "own") == status.ROK


@pytest.mark.parametrize(("home", "code"), [("ovh", 0x400), ("smsc", status.RALYBND)])
async def test_more_binds_than_allowed(desk: Desk, home: str, code: int) -> None:
    await desk.change(smpp_binds=1, home=home)
    async with desk.bound():
        assert await refused(desk) == code


@pytest.mark.parametrize("kind", ["transmitter", "receiver", "transceiver"])
async def test_both_versions_and_each_kind_of_bind(desk: Desk, kind: str) -> None:
    for version in (0x33, 0x34, 0x50):
        client = await desk.connect()
        client.session.bind(BINDS[kind](NAME, PASSWORD, interface_version=version), client.link.clock())
        client.link.flush()
        found = await client.until(lambda client=client: client.first(Bound))
        assert found.pdu.system_id == "depesza"
        assert SC_INTERFACE_VERSION.of(found.pdu) == (0x34 if version >= 0x34 else None)
        client.hang_up()


async def test_carriers_c1_rule_4_not_in_this_state(desk: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(pack(SubmitSm(), 9))
    assert await reader.readexactly(16) == pack(SubmitSmResp(status.RINVBNDSTS), 9)
    writer.write(pack(BINDS["receiver"](NAME, PASSWORD), 10))
    bound = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)
    assert bound[4:8] == bytes(4)
    writer.write(pack(SubmitSm(), 11) + pack(BindTransceiver(NAME, PASSWORD), 12))
    assert await reader.readexactly(32) == pack(SubmitSmResp(status.RINVBNDSTS), 11) + pack(
        BindTransceiverResp(status.RALYBND), 12
    )
    writer.close()


async def test_carriers_c1_rules_2_and_3_what_cannot_be_read(desk: Desk) -> None:
    async with desk.bound() as client:
        client.link._transport.write(bytes.fromhex("00000010 0badbeef 00000000 00000007"))
        nack = await client.until(lambda: client.first(Nacked))
        assert (nack.status, nack.sequence) == (status.RINVCMDID, 7)
        assert (await client.ask(submit())).status == status.ROK
        client.link._transport.write(b"\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0")
        await client.lost()


async def test_over_the_rate_and_over_the_window(desk: Desk) -> None:
    await desk.change(smpp_rate=2)
    async with desk.bound() as client:
        codes = [(await client.ask(submit())).status for _ in range(3)]
        assert codes == [status.ROK, status.ROK, status.RTHROTTLED]
    await desk.change(smpp_rate=0, smpp_window=3)
    async with desk.bound() as client:
        tokens = [client.send(submit()) for _ in range(10)]
        answers = [await client.until(lambda token=token: client.response(token)) for token in tokens]
        assert [answer.status for answer in answers] == [status.ROK] * 3 + [status.RMSGQFUL] * 7


async def test_unbind_is_answered_after_all_that_is_open(desk: Desk) -> None:
    async with desk.bound() as client:
        token = client.send(submit())
        client.session.unbind(client.link.clock())
        client.link.flush()
        await client.lost()
        answer = client.response(token)
        assert answer is not None and answer.status == status.ROK
        assert client.first(Unbound) is not None


async def test_stopping_answers_unbinds_and_closes(sqlite_url: str) -> None:
    async with desk_of(sqlite_url) as desk, desk.bound() as client:
        token = client.send(submit())
        await client.until(lambda: client.response(token))
        await desk.door.stop(2.0)
        lost = await client.lost()
        assert client.first(Unbound) is not None and not lost.unanswered


async def test_who_may_no_longer_is_unbound(desk: Desk) -> None:
    async with desk.bound() as client:
        await desk.change(smpp_password=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
        desk.door._check_lines()
        await client.lost()
    while desk.door.lines:  # noqa: ASYNC110  (the door has nobody to tell)
        await asyncio.sleep(0.01)


async def test_silence_ends_a_connection(sqlite_url: str) -> None:
    quick = options(bind_seconds=0.05, inactivity=0.2)
    async with desk_of(sqlite_url, quick) as desk:
        never = await desk.connect()
        await never.lost()  # it did not bind
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write(pack(BindTransceiver(NAME, PASSWORD), 1))
        heard = await asyncio.wait_for(reader.read(), 3)  # half open: it says nothing more, not even to an enquiry
        writer.close()
        assert pack(EnquireLink(), 1)[4:8] in heard
        async with desk.bound() as client:  # this one answers
            await asyncio.sleep(0.5)
            assert (await client.ask(submit())).status == status.ROK


async def test_a_slow_reader_holds_up_nobody_and_is_cut(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LINGER", 0.1)
    async with desk_of(sqlite_url, options(inactivity=1.0)) as desk:
        await desk.change(smpp_window=0)
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port, limit=2**10)
        writer.write(pack(BindTransceiver(NAME, PASSWORD), 1))
        await reader.readexactly(20)
        writer.transport.pause_reading()
        asked = pack(EnquireLink(), 5) * 5_000
        written = 0

        async def flood() -> None:
            nonlocal written
            while True:
                writer.write(asked)
                await writer.drain()
                written += 1

        flooding = asyncio.create_task(flood())
        try:
            async with desk.bound() as client:
                (line, _) = desk.door.lines
                while not line.link.reading_paused:
                    assert (await client.ask(submit())).status == status.ROK
                    await asyncio.sleep(0.01)
                before = written
                assert (await client.ask(submit())).status == status.ROK
                while len(desk.door.lines) == 2:  # noqa: ASYNC110  (it never reads, so it is cut)
                    await asyncio.sleep(0.05)
                assert written <= before + 100
        finally:
            flooding.cancel()
            writer.close()


async def test_two_hundred_binds_and_one_more_connection(sqlite_url: str) -> None:
    async with desk_of(sqlite_url, options(connections=200)) as desk:
        await desk.change(smpp_binds=200)
        clients = [await desk.connect() for _ in range(200)]
        await asyncio.gather(*(client.bind("transceiver", NAME, PASSWORD) for client in clients))
        assert len(desk.door.lines) == 200
        answers = await asyncio.gather(*(client.ask(submit(registered_delivery=0)) for client in clients[:100]))
        assert {answer.status for answer in answers} == {status.ROK}
        more = await desk.connect()
        await more.lost()
        for client in clients:
            client.hang_up()


COMMANDS = (0x1, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0x15, 0x21, 0x103, 0x0BAD, 0x80000005)
PDUS = st.lists(st.tuples(st.sampled_from(COMMANDS), st.binary(max_size=80)), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pdus=PDUS, rest=st.binary(max_size=40))
def test_carriers_c1_rule_5_no_octets_break_the_door(
    sqlite_template: Path, tmp_path: Path, pdus: list[tuple[int, bytes]], rest: bytes
) -> None:
    octets = b"".join(
        b"".join(number.to_bytes(4, "big") for number in (len(body) + 16, command, 0, place)) + body
        for place, (command, body) in enumerate(pdus, 10)
    )
    url = shutil.copy(sqlite_template, tmp_path / "fuzzed.db")
    asyncio.run(_survives(str(url), octets + rest))


async def _survives(url: str, octets: bytes) -> None:
    """Say anything over a bind, then hold the door to its work."""
    async with desk_of(url) as desk:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write(pack(BindTransceiver(NAME, PASSWORD), 1))
        await reader.readexactly(16)
        writer.write(octets + pack(Unbind(), 1000))
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
        async with desk.bound() as client:
            assert (await client.ask(submit())).status == status.ROK
