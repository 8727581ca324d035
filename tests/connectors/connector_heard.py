"""Whom a connector under test talks to, and the messages it is handed."""

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from depesza.connectors import Setup, World, build
from depesza.connectors.contract import Connector, Link
from depesza.connectors.remote import Host, RemoteConnector, Remotes
from depesza.core.model import Content, Inbound, Message, Outcome, Receipt, State
from depesza.net.peer import Peer


class Heard:
    """Reports that are kept."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}
        self.receipts: list[tuple[Receipt, Callable[[bool], None]]] = []
        self.inbounds: list[tuple[Inbound, Callable[[bool], None]]] = []
        self.lessons: list[bytes] = []
        self.readies = 0
        self.done: bool | None = True
        """What receipts and texts are answered at once; None leaves it to the test."""
        self.on_ready: Callable[[], None] = lambda: None

    def outcome(self, connector: int, outcome: Outcome) -> None:
        assert outcome.message not in self.outcomes, "a message has exactly one outcome"
        self.outcomes[outcome.message] = outcome

    def receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        self.receipts.append((receipt, done))
        if self.done is not None:
            done(self.done)

    def inbound(self, inbound: Inbound, done: Callable[[bool], None]) -> None:
        self.inbounds.append((inbound, done))
        if self.done is not None:
            done(self.done)

    def ready(self, connector: int) -> None:
        self.readies += 1
        self.on_ready()

    def learnt(self, connector: int, habits: bytes) -> None:
        self.lessons.append(habits)


def world(seed: int = 1) -> World:
    """Give real time and repeatable chance."""
    loop = asyncio.get_running_loop()
    return World(loop.time, lambda: time.time_ns() // 1000, random.Random(seed).random, loop.call_later)


def make(kind: str, heard: Heard, habits: bytes = b"", **settings: Any) -> Connector:
    """Build a connector."""
    return build(kind, Setup(7, "test", msgspec.json.encode(settings), habits), heard, world())


class Abroad:
    """What lives in another process, with both ends of the pair in this one."""

    def __init__(self, heard: Heard) -> None:
        self.remotes = Remotes(heard, world().now)
        self.reached = False
        self._host: Host
        self._ends: list[Peer] = []

    async def begin(self) -> "Abroad":
        """Start the other process."""
        here, there = socket.socketpair()
        loop = asyncio.get_running_loop()
        _, ours = await loop.create_connection(lambda: Peer(self.remotes.answer, self._lost), sock=here)
        _, theirs = await loop.create_connection(lambda: Peer(self._told, lambda: None), sock=there)
        self._host = Host(theirs, world())
        self.remotes.reach(ours)
        self.reached = True
        self._ends = [ours, theirs]
        return self

    def _told(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any] | None:
        return self._host.answer(what, about)

    def _lost(self) -> None:
        self.reached = False
        self.remotes.lose()

    async def die(self) -> None:
        """End the other process: it is heard no more, and its links are gone."""
        for end in reversed(self._ends):
            end.close()
        await asyncio.gather(*(self._told("disconnect", (id, 0.0)) or asyncio.sleep(0) for id in range(10)))

    def make(self, kind: str, habits: bytes = b"", **settings: Any) -> RemoteConnector:
        """Build a connector that lives there."""
        return self.remotes.build(kind, Setup(7, "test", msgspec.json.encode(settings), habits))


def content(text: str = "Bonjour", sender: str = "Depesza", number: int = 1, **more: Any) -> Content:
    """Make a submission."""
    return Content(number, 1, 0, "ovh", 0, sender, text, **more)


def message(number: int, body: Content | None = None, receiver: str = "", parts: int = 1) -> Message:
    """Make one of its messages."""
    receiver = receiver or f"+336{number:08d}"
    body = body or content()
    return Message(number, body, receiver, parts, 0, State.SENDING, 2, 0, 0, 1, 7)


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is so."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it never came about"
        await asyncio.sleep(0.002)


class Lateness:
    """How late this process is woken by a busy machine, seconds, while it is entered: what waited comes at once."""

    worst = total = 0.0

    async def __aenter__(self) -> "Lateness":
        self._watch = asyncio.create_task(self._watching())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watch.cancel()

    async def _watching(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.002)
            late = time.perf_counter() - before - 0.002
            self.worst = max(self.worst, late)
            self.total += late


async def up(connector: Connector, sessions: int = 1) -> None:
    """Start a connector and wait until it can send."""
    connector.start()
    await until(lambda: connector.health.link is Link.UP and connector.health.sessions >= sessions)


def feed(connector: Connector, heard: Heard, messages: list[Message]) -> None:
    """Hand messages over whenever there is room, as the engine does."""
    waiting = messages[::-1]

    def push() -> None:
        while waiting and connector.room:
            connector.send(waiting.pop())

    heard.on_ready = push
    push()
