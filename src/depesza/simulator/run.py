"""Builds a simulator of its settings, and serves until it is told to stop."""

import asyncio
import time
from collections.abc import Callable
from random import Random

from depesza.net.http_server import HttpServer
from depesza.simulator.carrier import Carrier
from depesza.simulator.control import Control, fallback
from depesza.simulator.settings import SimulatorSettings, check


class Simulator:
    """A carrier and its control API: `async with Simulator(settings) as simulator`."""

    def __init__(self, settings: SimulatorSettings, now: Callable[[], float] = time.time) -> None:
        """Make it, in the loop that runs; SettingsError or BadBehaviour when the settings make no sense."""
        check(settings)
        self.carrier = Carrier(settings, Random(settings.seed), now)
        self._http = HttpServer(
            Control(self.carrier).handle, host=settings.http_host, port=settings.http_port, fallback=fallback
        )

    @property
    def host(self) -> str:
        """Where the SMPP server listens."""
        return self.carrier.settings.host

    @property
    def port(self) -> int:
        """The real port of the SMPP server."""
        return self.carrier.port

    @property
    def url(self) -> str:
        """The base address of the control API."""
        return self._http.url

    async def start(self) -> None:
        """Listen on both ports; AddressInUse when one is taken, and then on none."""
        await self.carrier.start()
        try:
            await self._http.start()
        except BaseException:
            await self.carrier.stop(0)
            raise

    async def stop(self, grace: float = 1.0) -> None:
        """Unbind, close, stop."""
        await self._http.stop(grace)
        await self.carrier.stop(grace)

    async def __aenter__(self) -> "Simulator":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def serve(
    settings: SimulatorSettings,
    stop: asyncio.Event | None = None,
    ready: Callable[[Simulator], None] = lambda _: None,
) -> None:
    """Serve until `stop` is set (or the task is cancelled); `ready` is called once both ports are known."""
    async with Simulator(settings) as simulator:
        ready(simulator)
        await (stop or asyncio.Event()).wait()
