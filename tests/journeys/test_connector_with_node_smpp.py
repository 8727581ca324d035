"""The SMPP connector against the npm package `smpp` as a carrier with scripted faults.

It runs where there is node and scripts/install-node has put the package.
"""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from depesza.connectors import Setup, World, build
from depesza.connectors.contract import Connector, Link
from depesza.core.model import Content, Inbound, Message, Outcome, Receipt, State

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

HERE = Path(__file__).parent / "node"
NODE = shutil.which("node") if (HERE / "node_modules" / "smpp").is_dir() else None


class Ear:
    """Hears the connector, and does what it is told to do."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}
        self.receipts: list[Receipt] = []
        self.inbounds: list[Inbound] = []

    def outcome(self, connector: int, outcome: Outcome) -> None:
        assert outcome.message not in self.outcomes
        self.outcomes[outcome.message] = outcome

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        self.receipts.append(receipt)
        done(True)

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None:
        self.inbounds.append(inbound)
        done(True)

    def ready(self, connector: int) -> None:
        """Nothing is queued here."""

    def learnt(self, connector: int, habits: bytes) -> None:
        """Nothing is kept here."""


class Node:
    """The server's process and what it printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(json.loads(line))

    @property
    def submits(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "to" in line]

    def answered(self, what: str) -> list[int]:
        return [line["status"] for line in self.lines if line.get("answered") == what]


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def talk(node: str, **settings: Any) -> AsyncIterator[tuple[Connector, Ear, Node]]:
    """Start a server and a connector to it."""
    process = await asyncio.create_subprocess_exec(
        node, "scripted_carrier.js", cwd=HERE, stdout=asyncio.subprocess.PIPE
    )
    server = Node(process)
    reading = asyncio.ensure_future(server.read())
    ear = Ear()
    connector: Connector | None = None
    try:
        await until(lambda: server.lines)
        common = {"host": "127.0.0.1", "port": server.lines[0]["port"], "system_id": "we", "password": "secret"}
        quick = {"reconnect_first": 0.02, "reconnect_most": 0.2, "response_timer": 0.5}
        loop = asyncio.get_running_loop()
        world = World(loop.time, lambda: time.time_ns() // 1000, Random(1).random, loop.call_later)
        setup = Setup(1, "node", msgspec.json.encode(common | quick | settings))
        connector = build("smpp", setup, ear, world)
        connector.start()
        yield connector, ear, server
    finally:
        if connector is not None:
            await connector.stop(1.0)
        process.kill()
        await process.wait()
        await reading


def message(number: int, ending: str, text: str = "Bonjour") -> Message:
    content = Content(number, 1, 0, "ovh", 0, "Depesza", text)
    return Message(number, content, f"+336010{number:02d}{ending}", 1, 0, State.SENDING, 2, 0, 0, 1, 1)


if NODE is not None:

    @pytest.mark.parametrize("bind", ["transceiver", "pair"])
    async def test_faults_of_a_node_carrier(bind: str, node: str = NODE) -> None:
        async with talk(node, bind=bind) as (connector, ear, _server):
            sessions = 1 if bind == "transceiver" else 2
            await until(lambda: connector.health.sessions == sessions)
            endings = ["000", "903", "910", "916", "960", "963"]
            for number, ending in enumerate(endings, 1):
                connector.send(message(number, ending))
            await until(lambda: len(ear.outcomes) == len(endings))
            assert [ear.outcomes[n].refusal for n in range(1, 7)] == ["", "bad_destination", "uncertain", "", "", ""]
            taken = [outcome.remotes[0] for outcome in ear.outcomes.values() if outcome.remotes]
            assert len(set(taken)) == 4
            await until(lambda: len(ear.receipts) == 4)
            # the carrier answers in hexadecimal and reports in decimal
            assert all(any(remote in receipt.remotes for remote in taken) for receipt in ear.receipts)
            assert connector.health.link is Link.UP

            connector.send(message(20, "913"))
            await until(lambda: 20 in ear.outcomes)
            assert ear.outcomes[20].refusal == "uncertain"
            await until(lambda: connector.health.sessions == sessions and connector.room)
            connector.send(message(21, "000"))
            await until(lambda: 21 in ear.outcomes)
            assert not ear.outcomes[21].refusal

    async def test_a_node_carrier_reads_our_texts_and_we_read_its_replies(node: str = NODE) -> None:
        async with talk(node) as (connector, ear, server):
            await until(lambda: connector.room)
            texts = {1: "à l'été [10 €]", 2: "Привет", 3: "a" * 153 + "b" * 20}
            for number, text in texts.items():
                connector.send(message(number, "951" if number == 1 else "000", text))
            await until(lambda: len(ear.outcomes) == 3 and len(server.submits) == 4)
            first, second, *parts = server.submits
            assert (first["text"], first["coding"], first["registered"]) == (texts[1], 0, 1)
            assert first["ton"] == [5, 0, 1, 1]
            assert (second["text"], second["coding"]) == (texts[2], 8)
            assert "".join(one["text"] for one in parts) == texts[3]
            assert [one["udh"][-4:] for one in parts] == ["0201", "0202"]
            await until(lambda: ear.inbounds)
            assert ear.inbounds[0].text == "Oui, merci beaucoup. À bientôt !"
            assert ear.inbounds[0].sender == "+33601001951"
            await until(lambda: server.answered("part 1") == server.answered("part 2") == [0])

    async def test_a_node_carrier_refuses_a_wrong_password(node: str = NODE) -> None:
        async with talk(node, password="wrong") as (connector, _, _server):
            await until(lambda: connector.health.link is Link.REFUSED)
            assert "RINVPASWD" in connector.health.detail
