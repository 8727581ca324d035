"""Wireshark's dissector, where it is installed, reads what our door and our client say without finding a fault."""

import asyncio
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.dialects.smpp_world import NAME, PASSWORD, PEER, Desk, desk_of, submit
from tests.simulator.simulator_client import Client

from depesza.wire import udh
from depesza.wire.smpp.events import Closed
from depesza.wire.smpp.flags import UDHI
from depesza.wire.smpp.pdus import (
    Address,
    CancelSm,
    DataSm,
    DistributionList,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
)
from depesza.wire.smpp.tlvs import MESSAGE_PAYLOAD

pytestmark = pytest.mark.anyio
TSHARK = shutil.which("tshark")
PORT, CLIENT = 2775, 40_000
RAW_IP = 101
"""Link type of a capture that holds IP packets and nothing around them."""


class Wire:
    """A line between a client and the door that keeps all octets, in their order, with their direction."""

    def __init__(self, desk: Desk) -> None:
        self.host = desk.host
        self.port = 0
        self.kept: list[tuple[bool, bytes]] = []
        self._desk = desk

    async def open(self) -> asyncio.Server:
        """Listen."""
        server = await asyncio.start_server(self._join, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door_reader, door_writer = await asyncio.open_connection(self._desk.host, self._desk.port)
        await asyncio.gather(self._carry(reader, door_writer, True), self._carry(door_reader, writer, False))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, outward: bool) -> None:
        while octets := await reader.read(65_536):
            self.kept.append((outward, octets))
            writer.write(octets)
        writer.close()

    def capture(self) -> bytes:
        """Write a capture of one TCP connection."""
        found = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, RAW_IP)]
        said = {True: 1, False: 1}
        for number, (outward, octets) in enumerate(self.kept):
            packet = _packet(outward, said[outward], said[not outward], octets)
            said[outward] += len(octets)
            found.append(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
        return b"".join(found)


def _packet(outward: bool, number: int, heard: int, octets: bytes) -> bytes:
    ports = (CLIENT, PORT) if outward else (PORT, CLIENT)
    tcp = struct.pack("!HHIIBBHHH", *ports, number, heard, 5 << 4, 0x18, 65_535, 0, 0)
    ends = (b"\x7f\0\0\1", b"\x7f\0\0\2") if outward else (b"\x7f\0\0\2", b"\x7f\0\0\1")
    length = 20 + len(tcp) + len(octets)
    return struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0x4000, 64, 6, 0) + b"".join(ends) + tcp + octets


async def _talk(desk: Desk, client: Client) -> None:
    """Say everything that a customer and the door can say to each other."""
    assert await client.bind("transceiver", NAME, PASSWORD)
    await client.ask(submit("Hello"))
    await client.ask(submit("Привет".encode("utf-16-be").decode("latin-1"), data_coding=8))
    for number in (1, 2):
        part = udh.concat(7, 2, number) + b"part"
        await client.ask(submit(part.decode("latin-1"), esm_class=UDHI, data_coding=4))
    await client.ask(DataSm(source_addr="MyApp", destination_addr=PEER, tlvs=(MESSAGE_PAYLOAD.pack(b"Hello"),)))
    ends = (Address(PEER, 1, 1), Address("12", 1, 1), DistributionList("all"))
    await client.ask(SubmitMulti(source_addr="MyApp", destinations=ends, short_message=b"Hello"))
    later = (await client.ask(submit("Later", schedule_delivery_time="000000010000000R"))).message_id
    await client.ask(QuerySm(message_id=later, source_addr="MyApp"))
    await client.ask(ReplaceSm(message_id=later, source_addr="MyApp", short_message=b"Other", registered_delivery=1))
    await client.ask(CancelSm(message_id=later, source_addr="MyApp"))
    first = (await desk.messages())[0]
    await desk.deliver(first.id)
    await client.receipts_after(2)
    await asyncio.sleep(0.1)  # so long that each asks whether the other is there
    client.session.unbind(client.link.clock())
    client.link.flush()
    await client.until(lambda: client.first(Closed))


def _run(*command: str) -> list[str]:
    read = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return read.stdout.splitlines()


if TSHARK:  # a small machine may lack it; continuous integration has it

    async def test_a_dissector_finds_every_pdu_well_formed(sqlite_url: str, tmp_path: Path) -> None:
        async with desk_of(sqlite_url) as desk:
            wire = Wire(desk)
            server = await wire.open()
            client = Client()
            await client.connect(wire, enquire_link=0.05)  # type: ignore[arg-type]
            await _talk(desk, client)
            client.hang_up()
            server.close()
        file = tmp_path / "talk.pcap"
        file.write_bytes(wire.capture())
        command = [str(TSHARK), "-r", str(file), "-d", f"tcp.port=={PORT},smpp", "-Y", "smpp", "-T", "fields"]
        fields = ("smpp.command_id", "_ws.malformed", "_ws.expert.message")
        wanted = [word for field in fields for word in ("-e", field)]
        rows = [line.split("|") for line in await asyncio.to_thread(_run, *command, "-E", "separator=|", *wanted)]
        assert [row for row in rows if any(row[1:])] == []
        seen = Counter(id for row in rows for id in row[0].split(","))
        requests = {"0x00000009", "0x00000015", "0x00000004", "0x00000103", "0x00000021", "0x00000003", "0x00000007"}
        requests |= {"0x00000008", "0x00000005", "0x00000006"}
        answers = {f"0x8{id[3:]}" for id in requests}
        assert requests | answers <= set(seen)
