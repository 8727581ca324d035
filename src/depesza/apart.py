"""Callbacks in a process of their own: a second core speaks to the clients' servers.

`Apart` stands in the main process where `Calling` would: it starts the other process, passes it the notices and
starts it again when it dies. `serve` is what runs there. The main process alone writes; what the other one knew and
lost with its life stands in the table.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import structlog

from depesza.calling import Calling
from depesza.core.fairness import Lanes
from depesza.core.model import Notice
from depesza.dialects.contract import Voice
from depesza.engine import cores
from depesza.engine.figures import Figures
from depesza.engine.gather import Gather
from depesza.front import make_client, make_dialects
from depesza.net.peer import Peer, PeerLost
from depesza.services.vault import Vault
from depesza.settings import Settings
from depesza.store import remote
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.remote import RemoteStore

log = structlog.get_logger()

PROGRAM = "depesza.cli.caller"
"""The module that runs `serve`."""
PAUSES = (0.1, 1.0, 5.0, 15.0)
"""Seconds before a process that died is started again; the last one holds on."""
LONG = 60.0
"""Seconds after which one that died has been well, and the pauses begin anew."""
START = 60.0
"""Seconds in which it must have started."""
TOGETHER = 0.01
"""Seconds in which what came of calls gathers: each piece costs the main process more than its content."""
ASKED = 2.0
"""Seconds in which it tells its figures."""


class Apart:
    """Our end. Implements `calling.Caller`."""

    def __init__(self, settings: Settings, store: Store, its_cores: Collection[int] = ()) -> None:
        """`its_cores` are those that the other process keeps to; none: those that are ours."""
        self.problem = ""
        self._its_cores = its_cores
        self._settings = settings
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._figures = Figures()
        self._ending = False
        self._deaths = 0
        self._began = 0.0
        self._revival: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See `Caller`."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", PROGRAM, str(theirs.fileno()),
                pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        self._began = self._loop.time()
        _, peer = await self._loop.create_connection(lambda: Peer(self._answer, self._lost), sock=ours)
        async with asyncio.timeout(START):
            await peer.ask("start", self._settings, self._store.node, self._its_cores)
        self._peer = peer
        self.problem = ""

    def _answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any]:
        return remote.answer(self._store, what, *about)

    def take(self, notices: Sequence[Notice]) -> None:
        """See `Caller`; one that is starting, or does not keep up, finds them in the table."""
        if self._peer is not None and not self._peer.choked:
            self._peer.tell("take", notices)

    def facts_changed(self) -> None:
        """See `Caller`."""
        if self._peer is not None:
            self._peer.tell("facts")

    async def figures(self) -> Figures:
        """See `Caller`; the last ones known where it does not answer."""
        if self._peer is not None:
            with contextlib.suppress(TimeoutError, PeerLost):
                self._figures = await asyncio.wait_for(self._peer.ask("figures"), ASKED)
        return self._figures

    async def stop(self, grace: float) -> None:
        """See `Caller`."""
        self._ending = True
        if self._revival is not None:
            self._revival.cancel()
        if self._peer is not None:
            with contextlib.suppress(TimeoutError, PeerLost):
                await asyncio.wait_for(self._peer.ask("stop", grace), grace + ASKED)
            if self._peer is not None:
                self._peer.close()
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), ASKED)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _lost(self) -> None:
        """It died, or was killed: start it again, if it had begun."""
        if self._peer is None or self._ending:
            return
        self._peer = None
        self.problem = "the process that calls back has died and is being started again"
        if self._loop.time() - self._began > LONG:
            self._deaths = 0
        log.error("apart.died", deaths=self._deaths + 1)
        self._revival = self._loop.create_task(self._revive())

    async def _revive(self) -> None:
        while self._peer is None:
            await asyncio.sleep(PAUSES[min(self._deaths, len(PAUSES) - 1)])
            self._deaths += 1
            try:
                await self.start()
            except Exception as error:
                log.exception("apart.not_started", error=repr(error))
        log.info("apart.started_again")


class _There:
    """What runs in the other process."""

    def __init__(self, configure: Callable[[Settings], None], now: Callable[[], int]) -> None:
        self._configure = configure
        self._now = now
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.peer: Peer
        self._ended = False
        self._calling: Calling
        self._store: RemoteStore

    def answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any] | None:
        """Do what the main process says."""
        match what:
            case "take":
                self._calling.take(*about)
            case "facts":
                self.peer.hold()
                return self._refresh()
            case "start":
                return self._start(*about)
            case "figures":
                return self._calling.figures()
            case "stop":
                return self._stop(*about)
        return None

    def lost(self) -> None:
        """Without the main process there is nothing to do."""
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

    async def _start(self, settings: Settings, node: int, its_cores: Collection[int]) -> None:
        cores.keep_to(its_cores)
        self._configure(settings)
        reader = await open_store(settings.store.url, self._now)
        self._store = RemoteStore(reader, self.peer, node)
        vault = Vault(settings.security.key.encode(), secrets.token_bytes)
        made = make_dialects(settings, self._store, Lanes(), settings.policy(), vault, self._now, make_client(settings))
        voices = {dialect.name: dialect for dialect in made if isinstance(dialect, Voice)}
        together = Gather(asyncio.get_running_loop(), TOGETHER)
        self._calling = Calling(settings, self._store, voices, vault, self._now, together)
        await self._calling.start()

    async def _stop(self, grace: float) -> None:
        await self._calling.stop(grace)
        await self._store.close()
        self._ended = True


async def serve(handle: int, configure: Callable[[Settings], None], now: Callable[[], int]) -> None:
    """Call back for the process that holds the other end of the socket `handle`.

    `configure` is told the settings first; `now` gives microseconds since 1970.
    """
    there = _There(configure, now)
    pair = socket.socket(fileno=handle)
    loop = asyncio.get_running_loop()
    _, there.peer = await loop.create_connection(lambda: Peer(there.answer, there.lost), sock=pair)
    await there.over
