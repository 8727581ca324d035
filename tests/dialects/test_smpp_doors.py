"""Doors for SMPP beside each other: with TLS, and of several nodes on one database. spec: carriers/C.1#24 #28"""

import asyncio
import datetime
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.dialects import smpp_world
from tests.dialects.smpp_world import HASHED, NAME, PASSWORD, Desk, desk_of, options, submit
from tests.simulator.simulator_client import Client
from tests.store.world import furnish
from tests.support import NOW, Clock

from depesza.dialects.smpp import Options, door
from depesza.net.tls import client_context
from depesza.store.opening import open_store
from depesza.wire.smpp import status
from depesza.wire.smpp.events import Bound

pytestmark = pytest.mark.anyio


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Give a file with a certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path / "localhost.pem"
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    return file


class At(msgspec.Struct):
    """Where a client connects."""

    port: int
    host: str = "127.0.0.1"


async def test_carriers_c1_rule_28_a_port_with_tls_beside_the_other(sqlite_url: str, certificate: Path) -> None:
    async with desk_of(sqlite_url, options(tls_port=0, tls_cert=str(certificate))) as desk:
        client = Client()
        await client.connect(At(desk.door.tls_port), tls=client_context(ca_file=str(certificate)))  # type: ignore[arg-type]
        assert isinstance(await client.bind("transceiver", NAME, PASSWORD), Bound)
        assert (await client.ask(submit())).status == status.ROK
        client.hang_up()
        async with desk.bound() as plain:
            assert (await plain.ask(submit())).status == status.ROK


async def test_a_tls_port_may_ask_for_a_certificate(sqlite_url: str, certificate: Path) -> None:
    file = str(certificate)
    async with desk_of(sqlite_url, options(port=-1, tls_port=0, tls_cert=file, client_ca=file)) as desk:
        assert desk.door.port == 0
        nobody, known = Client(), Client()
        await nobody.connect(At(desk.door.tls_port), tls=client_context(ca_file=file))  # type: ignore[arg-type]
        await nobody.lost()
        tls = client_context(ca_file=file, certfile=file)
        await known.connect(At(desk.door.tls_port), tls=tls)  # type: ignore[arg-type]
        assert isinstance(await known.bind("transceiver", NAME, PASSWORD), Bound)
        known.hang_up()


async def test_carriers_c1_rule_24_receipts_return_on_another_node(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "TICK", 0.05)
    monkeypatch.setattr(door, "LEASE", 60_000_000)
    clock = Clock(NOW)
    stores = [await open_store(postgres_url, clock) for _ in range(2)]
    for store in stores:
        await store.join(12_000_000)
    await stores[0].run(furnish, 100, smpp=True, smpp_password=HASHED, smpp_ips=("127.0.0.1",), smpp_rate=0)
    await stores[1].refresh()
    near, far = (Desk(store, clock, Options(port=0), shared=True) for store in stores)
    for desk in (near, far):
        await desk.door.start()
    try:
        async with near.bound("transmitter") as sender, far.bound("receiver") as client:
            ids = [(await sender.ask(submit())).message_id for _ in range(3)]
            for id in ids:
                await near.deliver(int(id))
            receipts = await client.receipts_after(3)
            assert [receipt.tlv_id for receipt in receipts] == ids
            async with near.bound("receiver") as idle:  # another node tells this account's news
                await near.deliver(int((await sender.ask(submit())).message_id))
                await client.receipts_after(4)
                assert idle.news == []
        async with near.bound("receiver") as later:  # that one has left: this one's turn
            await near.deliver(int((await later_sender(near)).message_id))
            await later.receipts_after(1)
    finally:
        await asyncio.gather(*(desk.door.stop(1.0) for desk in (near, far)))
        for store in stores:
            await store.close()


async def later_sender(desk: Desk) -> smpp_world.Any:
    """Send one more message over a bind of its own."""
    async with desk.bound("transmitter") as client:
        return await client.ask(submit())
