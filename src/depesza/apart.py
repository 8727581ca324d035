"""The clients' side in a process of its own: a second core reads requests and makes callbacks.

`Apart` stands in the main process where `Front` would: it starts the other process, passes it the news and starts it
again when it dies. `serve` is what runs there. The main process alone writes: what was accepted is on its disk
before the answer, and what the front knew and lost with its life stands in the tables.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from depesza.core.fairness import Lanes
from depesza.core.model import Notice, Nudge
from depesza.core.planning import Policy
from depesza.engine.figures import Figures
from depesza.front import Front
from depesza.net.peer import Peer, PeerLost
from depesza.services.vault import Vault
from depesza.settings import Settings
from depesza.store import remote
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.remote import RemoteStore

log = structlog.get_logger()

PROGRAM = "depesza.cli.front"
"""The module that runs `serve`."""
PAUSES = (0.1, 1.0, 5.0, 15.0)
"""Seconds before a front that died is started again; the last one holds on."""
LONG = 60.0
"""Seconds after which a front that died has been well, and the pauses begin anew."""
ASKED = 2.0
"""Seconds in which it tells its figures."""


class Apart:
    """Our end. Implements `front.Facing`."""

    def __init__(self, settings: Settings, store: Store, lanes: Lanes, policy: Policy) -> None:
        self.url = ""
        self.problem = "the clients' side has not started"
        self._settings = settings
        self._store = store
        self._shared = {"lanes": lanes, "policy": policy}
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._figures = Figures()
        self._node = -1
        self._listening = False
        self._ending = False
        self._deaths = 0
        self._began = 0.0
        self._revival: asyncio.Task[None] | None = None

    async def prepare(self, node: int) -> None:
        """See `Facing`."""
        self._node = node
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", PROGRAM, str(theirs.fileno()),
                pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        self._began = self._loop.time()
        _, peer = await self._loop.create_connection(lambda: Peer(self._answer, self._lost), sock=ours)
        await peer.ask("prepare", self._settings, node)
        self._peer = peer

    async def listen(self) -> None:
        """See `Facing`."""
        if self._peer is not None:
            self.url = await self._peer.ask("listen")
        self._listening = True
        self.problem = ""

    def _answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any]:
        return remote.answer(self._store, self._shared, what, *about)

    def take(self, notices: Sequence[Notice]) -> None:
        """See `Facing`; a front that is only starting finds them in the table."""
        if self._peer is not None:
            self._peer.tell("take", notices)

    def facts_changed(self) -> None:
        """See `Facing`."""
        if self._peer is not None:
            self._peer.tell("facts")

    def nudge(self, nudges: Sequence[Nudge]) -> None:
        """See `Facing`."""
        if self._peer is not None:
            self._peer.tell("nudge", nudges)

    def renew_certificates(self, force: bool = False) -> None:
        """See `Facing`."""
        if self._peer is not None:
            self._peer.tell("renew", force)

    async def figures(self) -> Figures:
        """See `Facing`; the last ones known where it does not answer."""
        if self._peer is not None:
            with contextlib.suppress(TimeoutError, PeerLost):
                self._figures = await asyncio.wait_for(self._peer.ask("figures"), ASKED)
        return self._figures

    async def hang_up(self, grace: float) -> None:
        """See `Facing`."""
        self._listening = False
        await self._say("hang_up", grace)

    async def end(self, grace: float) -> None:
        """See `Facing`."""
        self._ending = True
        if self._revival is not None:
            self._revival.cancel()
        await self._say("end", grace)
        if self._peer is not None:
            self._peer.close()
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 5.0)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _say(self, what: str, grace: float) -> None:
        if self._peer is not None:
            with contextlib.suppress(TimeoutError, PeerLost):
                await asyncio.wait_for(self._peer.ask(what, grace), grace + ASKED)

    def _lost(self) -> None:
        """It died, or was killed: start it again."""
        self._peer = None
        if self._ending or not self._listening:
            return
        self.problem = "the clients' side has died and is being started again"
        if self._loop.time() - self._began > LONG:
            self._deaths = 0
        log.error("apart.died", deaths=self._deaths + 1)
        self._revival = self._loop.create_task(self._revive())

    async def _revive(self) -> None:
        while self._listening:
            await asyncio.sleep(PAUSES[min(self._deaths, len(PAUSES) - 1)])
            self._deaths += 1
            try:
                await self.prepare(self._node)
                await self.listen()
            except Exception as error:
                log.exception("apart.not_started", error=repr(error))
                continue
            log.info("apart.started_again", url=self.url)
            return


class _There:
    """What runs in the other process."""

    def __init__(self, configure: Callable[[Settings], None], settled: Callable[[], None], now: Callable[[], int]):
        self._configure = configure
        self._settled = settled
        self._now = now
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.peer: Peer
        self._ended = False
        self._front: Front
        self._store: RemoteStore

    def answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any] | None:
        """Do what the main process says."""
        match what:
            case "take":
                self._front.take(*about)
            case "facts":
                self.peer.hold()
                return self._refresh()
            case "nudge":
                self._front.nudge(*about)
            case "renew":
                self._front.renew_certificates(*about)
            case "prepare":
                return self._prepare(*about)
            case "listen":
                return self._listen()
            case "figures":
                return self._front.figures()
            case "hang_up":
                return self._front.hang_up(*about)
            case "end":
                return self._end(*about)
        return None

    def lost(self) -> None:
        """Without the main process there is nothing to do, and nobody to answer to."""
        if not self._ended:
            os._exit(1)
        if not self.over.done():
            self.over.set_result(None)

    async def _refresh(self) -> None:
        """Read the facts before anything that was said after them is heard."""
        try:
            await self._store.refresh()
        finally:
            self.peer.release()

    async def _prepare(self, settings: Settings, node: int) -> None:
        self._configure(settings)
        reader = await open_store(settings.store.url, self._now)
        lanes, policy = Lanes(), settings.policy()
        self._store = RemoteStore(reader, self.peer, node, {"lanes": lanes, "policy": policy})
        vault = Vault(settings.security.key.encode(), secrets.token_bytes)
        self._front = Front(settings, self._store, lanes, policy, vault, self._now)
        await self._front.prepare(node)

    async def _listen(self) -> str:
        await self._front.listen()
        self._settled()
        return self._front.url

    async def _end(self, grace: float) -> None:
        await self._front.end(grace)
        await self._store.close()
        self._ended = True


async def serve(
    handle: int, configure: Callable[[Settings], None], settled: Callable[[], None], now: Callable[[], int]
) -> None:
    """Be the clients' side of the process that holds the other end of the socket `handle`.

    `configure` is told the settings first, `settled` called when everything stands; `now` gives microseconds.
    """
    there = _There(configure, settled, now)
    pair = socket.socket(fileno=handle)
    _, there.peer = await asyncio.get_running_loop().create_connection(
        lambda: Peer(there.answer, there.lost), sock=pair
    )
    await there.over
