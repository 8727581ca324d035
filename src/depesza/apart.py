"""Carriers and callbacks in a process of their own: a second core speaks to other people's servers.

`Apart` starts the other process, and starts it again when it dies. To the engine it stands where `Calling` would
and passes it the notices; its `connectors` live over there. `serve` is what runs there. The main process alone
writes; what the other one knew and lost with its life stands in the table.
"""

import asyncio
import contextlib
import os
import random
import secrets
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import structlog

from depesza.calling import Calling
from depesza.connectors.contract import Reports
from depesza.connectors.remote import Host, Remotes
from depesza.connectors.setup import World
from depesza.core.fairness import Lanes
from depesza.core.model import Notice
from depesza.engine import cores
from depesza.engine.figures import Figures
from depesza.engine.gather import Gather
from depesza.front import make_client, make_dialects, voices
from depesza.net.child import Child
from depesza.net.http_client import HttpClient
from depesza.net.peer import Peer, PeerLost
from depesza.services.vault import Vault
from depesza.settings import Settings
from depesza.store import remote
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.remote import RemoteStore

log = structlog.get_logger()

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
PULSE = 10.0
"""Seconds from one sign of life to the next."""
STUCK = 30.0
"""Seconds without an answer after which it is killed: carriers and clients must not wait for a person to notice."""


class Apart:
    """Our end. Implements `calling.Caller`."""

    def __init__(
        self,
        child: Child,
        settings: Settings,
        store: Store,
        reports: Reports,
        now: Callable[[], int],
        its_cores: Collection[int] = (),
    ) -> None:
        """`child` runs `serve`; `reports` hears of the connectors.

        `its_cores` are those that the other process keeps to; none: those that are ours.
        """
        self.problem = ""
        self.connectors = Remotes(reports, now)
        """Those that live over there."""
        self._child: Child | None = child
        self._program = child.program
        self._its_cores = its_cores
        self._settings = settings
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._figures = Figures()
        self._deaths = 0
        self._began = 0.0
        self._gone = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See `Caller`; the other process needs a moment, in which nobody waits for it."""
        self._keeping = self._loop.create_task(self._keep())

    async def _keep(self) -> None:
        """Start it, and start it again whenever it has died."""
        while True:
            try:
                await self._begin()
                log.info("apart.started", deaths=self._deaths)
                await self._watch()
            except Exception as error:
                log.exception("apart.not_started", error=repr(error))
                self.problem = f"the process beside this one could not be started: {error!r}"
            self._peer = None
            self.connectors.lose()
            await self._end_process()
            if self._loop.time() - self._began > LONG:
                self._deaths = 0
            pause = PAUSES[min(self._deaths, len(PAUSES) - 1)]
            self._deaths += 1
            await asyncio.sleep(pause)

    async def _begin(self) -> None:
        child = self._child = self._child or Child(self._program)
        self._began = self._loop.time()
        self._gone.clear()
        _, peer = await self._loop.create_connection(lambda: Peer(self._answer, self._lost), sock=child.pair)
        self._peer = peer  # it hears of what comes meanwhile when it has started
        async with asyncio.timeout(START):
            await peer.ask("start", self._settings, self._store.node, self._its_cores)
        self.problem = ""
        self.connectors.reach(peer)

    async def _watch(self) -> None:
        """Wait until it is gone, or does not answer any more."""
        while not self._gone.is_set():
            try:
                await asyncio.wait_for(self._gone.wait(), PULSE)
            except TimeoutError:
                if self._peer is None or not await self._answers(self._peer):
                    return

    async def _answers(self, peer: Peer) -> bool:
        try:
            self._figures = await asyncio.wait_for(peer.ask("figures"), STUCK)
        except PeerLost:
            return False
        except TimeoutError:
            self.problem = "the process beside this one did not answer and is being started again"
            log.error("apart.stuck", seconds=STUCK)
            return False
        return True

    def _answer(self, what: str, about: tuple[Any, ...]) -> Awaitable[Any] | None:
        if what in remote.ASKED:
            return remote.answer(self._store, what, *about)
        return self.connectors.answer(what, about)

    def take(self, notices: Sequence[Notice]) -> None:
        """See `Caller`; one that is not there, or does not keep up, finds them in the table."""
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
        if self._keeping is not None:
            self._keeping.cancel()
        peer, self._peer = self._peer, None
        if peer is not None:
            with contextlib.suppress(TimeoutError, PeerLost):
                await asyncio.wait_for(peer.ask("stop", grace), grace + ASKED)
            peer.close()
        await self._end_process(ASKED if peer is not None else 0.0)

    async def _end_process(self, grace: float = 0.0) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.end(grace)

    def _lost(self) -> None:
        """It died, or was killed, or was told to stop."""
        if self._peer is not None:
            self._peer = None
            self.problem = "the process beside this one has died and is being started again"
            log.error("apart.died", deaths=self._deaths + 1)
        self._gone.set()


class _There:
    """What runs in the other process."""

    def __init__(
        self, configure: Callable[[Settings], None], built: Callable[[], None], now: Callable[[], int]
    ) -> None:
        self._configure = configure
        self._built = built
        self._now = now
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.peer = Peer(self.answer, self.lost)
        self._ended = False
        self._host: Host
        self._calling: Calling
        self._client: HttpClient
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
                self.peer.hold()
                return self._start(*about)
            case "figures":
                return self._calling.figures()
            case "stop":
                return self._stop(*about)
            case _:
                return self._host.answer(what, about)
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
        try:
            await self._build(settings, node, its_cores)
        finally:
            self.peer.release()

    async def _build(self, settings: Settings, node: int, its_cores: Collection[int]) -> None:
        cores.keep_to(its_cores)
        if settings.cluster.pin:
            cores.be_patient(False)  # the process that started us is
        self._configure(settings)
        reader = await open_store(settings.store.url, self._now)
        self._store = RemoteStore(reader, self.peer, node)
        vault = Vault(settings.security.key.encode(), secrets.token_bytes)
        self._client = make_client(settings)
        made = make_dialects(settings, self._store, Lanes(), vault, self._now, self._client)
        loop = asyncio.get_running_loop()
        together = Gather(loop, TOGETHER)
        self._calling = Calling(settings, self._store, voices(made), self._client, vault, self._now, together)
        self._host = Host(
            self.peer, World(loop.time, self._now, random.random, loop.call_later, secret_for=vault.secret_for)
        )
        self._built()
        await self._calling.start()

    async def _stop(self, grace: float) -> None:
        await self._calling.stop(grace)
        await self._client.close()
        await self._store.close()
        self._ended = True


async def serve(
    handle: int, configure: Callable[[Settings], None], built: Callable[[], None], now: Callable[[], int]
) -> None:
    """Speak to carriers and call back for the process that holds the other end of the socket `handle`.

    `configure` is told the settings first, `built` is called when all is made and nothing called yet; `now` gives
    microseconds since 1970.
    """
    there = _There(configure, built, now)
    pair = socket.socket(fileno=handle)
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: there.peer, sock=pair)
    await there.over
