"""The demo's second act: a phone of one's own sends a text, and the network takes over once the phone is off.

The phone is simulated, its app's calls are real: it joins with a code, listens, pulls, reports.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from rich.console import Console

from depesza.app import App
from depesza.cli.demo_watch import new_events
from depesza.core.devices import Limits
from depesza.core.model import ARRIVED, FINAL
from depesza.services import devices, enrolment, timeline
from depesza.services.enrolment import Pass
from depesza.simulator.phone import Phone, PhoneSettings, running

PREFIX = "40"
"""Receivers that the demo's route gives to phones first."""
RECEIVER = "+40740123456"
TERMS = {"tries": 1}
"""The network takes over after one phone."""
HOLD = 2
"""Seconds the demo's phone has to come for a message and send it: nobody shall have to wait long."""
PATIENCE = 20.0
"""Seconds within which a message has to be delivered."""
WORDS = {
    "phone_offered": ("offered", "blue"),
    "phone_accepted": ("accepted", "blue"),
    "phone_submitted": ("radio", "blue"),
    "phone_sent": ("sent", "blue"),
    "phone_delivered": ("delivered", "green"),
    "phone_withdrawn": ("withdrawn", "yellow"),
    "phones_left": ("network", "yellow"),
    "taken": ("submitted", "blue"),
    "receipt": ("delivered", "green"),
}
"""Events that are shown, and in which word and colour."""


class Phones:
    """Both messages of the act."""

    def __init__(self, app: App, account: str, console: Console, send: Callable[[str, str], Awaitable[int]]) -> None:
        """`send` gives a text to a receiver by the vendor's own client, and the message's id."""
        self._app = app
        self._account = account
        self._say = console.print
        self._send = send
        self._began = 0

    async def play(self) -> bool:
        """Show a message by the phone and one without it; tell whether both arrived as they should."""
        await self._send_home()
        async with AsyncExitStack() as stack:
            settings = PhoneSettings(url=f"{self._app.url}/api/mobile/v1", code=await self._code(), ping=10.0)
            phone = await stack.enter_async_context(running(settings, time.time))
            await self._app.store.run(devices.change, int(phone.id), self._app.now(), ttl=HOLD)
            await self._app.store.run(devices.change_sim, int(phone.id), 1, limits=Limits(gap=0))
            self._say(f"\n[bold]A phone of your own[/] has joined with a code (device {phone.id}) and listens.")
            by_phone = await self._message("by the phone", phone)
            await phone.stop()
            self._say("\n[bold]The phone is off[/]: nobody comes for the next text, so the network takes it.")
            by_network = await self._message("by the network", phone)
        return by_phone and len(phone.sent) == 1 and by_network

    async def _send_home(self) -> None:
        """Switch off the phones of earlier demos: they are gone, and the platform could not know yet."""
        store = self._app.store
        for device in await store.look(devices.listing):
            await store.run(devices.change, device.id, self._app.now(), enabled=False)

    async def _code(self) -> str:
        app = self._app
        code = enrolment.new_code(app.vault.octets)
        account = app.store.facts.account_named[self._account].id
        await app.store.run(enrolment.issue, account, Pass.CODE, app.vault.digest(code), code[:2], app.now())
        return code

    async def _message(self, text: str, phone: Phone) -> bool:
        self._began = self._app.now()
        id = await self._send(RECEIVER, f"Hello {text}")
        shown: set[int] = set()
        until = self._began + int(PATIENCE * 1e6)
        while self._app.now() < until:
            life = await self._app.store.look(timeline.read, id)
            if life is not None:
                for event in new_events(life.events, shown):
                    self._tell(event)
                if life.message.state in FINAL:
                    return life.message.state in ARRIVED
            await asyncio.sleep(0.02)
        self._say("[red]  it was not delivered[/]")
        return False

    def _tell(self, event: timeline.Event) -> None:
        if event.kind in WORDS:
            word, colour = WORDS[event.kind]
            detail = event.data.decode(errors="replace").partition("\n")[0] if event.kind == "receipt" else event.detail
            self._say(f"  {(event.at - self._began) / 1000:7.1f} ms  [{colour}]{word:10}[/]", end=" ")
            self._say(detail, markup=False)
