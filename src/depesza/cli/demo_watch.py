"""What the demo shows of a message: its events as they are written to disk, and the callback that ends it."""

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct
from rich.console import Console

from depesza.app import App
from depesza.services import history, timeline
from depesza.services.timeline import Event
from depesza.wire.http import HttpReply, HttpRequest

PATIENCE = 20.0
"""Seconds within which every step has to be seen."""
COLOURS = {"accepted": "cyan", "submitted": "blue", "delivered": "green", "callback": "magenta", "asked": "cyan"}
"""Steps of a message."""


class Heard(Struct, frozen=True):
    """A callback that the demo's client got."""

    at: int
    method: str
    target: str
    body: str


class Watch:
    """Follows one message after the other."""

    def __init__(self, app: App, console: Console, heard: list[Heard]) -> None:
        """`heard` grows with every callback."""
        self._app = app
        self._console = console
        self._heard = heard
        self._began = 0
        self._seen: set[str] = set()

    def begin(self) -> None:
        """Begin anew: times count from now on."""
        self._began = self._app.now()
        self._seen.clear()
        self._heard.clear()  # late ones belong to a message before

    def step(self, step: str, detail: str, at: int = 0) -> None:
        """Show a step, as of now unless it says when it was."""
        passed = ((at or self._app.now()) - self._began) / 1000
        self._console.print(f"  {passed:7.1f} ms  [{COLOURS[step]}]{step:10}[/]", end=" ")
        self._console.print(detail, markup=False)
        self._seen.add(step)

    async def newest(self, account: str) -> int:
        """Give the id of an account's newest message."""
        row = self._app.store.facts.account_named[account]
        (item,) = await self._app.store.look(history.page, row.id, history.Search(), 1)
        return item.id

    async def follow(self, id: int, ended: Callable[[Heard], str]) -> bool:
        """Show what becomes of a message until its callback; `ended` says what one tells, empty for another's."""
        try:
            async with asyncio.timeout(PATIENCE):
                shown: set[int] = set()
                while not {"submitted", "delivered", "callback"} <= self._seen:
                    await self._show(id, shown)
                    self._listen(ended)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            for step in ("submitted", "delivered", "callback"):
                if step not in self._seen:
                    self._console.print(f"[red]  {step} was not seen[/]")
            return False
        return True

    async def _show(self, id: int, shown: set[int]) -> None:
        life = await self._app.store.look(timeline.read, id)
        for event in new_events(life.events, shown) if life is not None else ():
            if event.kind == "taken":
                remote = event.detail.split()[-1]
                self.step("submitted", f"submit_sm of {len(event.data)} octets, carrier's id {remote}", event.at)
            elif event.kind == "receipt":
                self.step("delivered", event.data.decode(errors="replace").partition("\n")[0], event.at)

    def _listen(self, ended: Callable[[Heard], str]) -> None:
        """Show callbacks, the last step: what a carrier tells is on disk before it is called back."""
        while "delivered" in self._seen and self._heard:
            heard = self._heard.pop(0)
            told = ended(heard)
            if told:
                self.step("callback", told, heard.at)


def new_events(life: Sequence[Event], shown: set[int]) -> list[Event]:
    """Give the events that were not shown yet, and note them: one may be written after another of a later time."""
    new = [event for event in life if event.id not in shown]
    shown.update(event.id for event in new)
    return new


async def take(request: HttpRequest, heard: list[Heard], now: int) -> HttpReply:
    """Be called back."""
    heard.append(Heard(now, request.method, request.target, request.body.decode(errors="replace")))
    return HttpReply(200, b"OK", "text/plain")
