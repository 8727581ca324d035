"""Whether a script may be run now: who calls, from where, how much of it runs already, how often it was asked.

Every door of the vendor's passes through the same gate: programs are one, whichever way they come. spec: smsc/1.7
"""

from typing import TypeVar

from depesza.core.facts import Limits
from depesza.core.model import MICRO
from depesza.dialects.contract import Context
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Act, Call, Script, fingerprint
from depesza.dialects.smsc.codes import CONCURRENT, DUPLICATE
from depesza.dialects.smsc.login import Caller, Doorkeeper
from depesza.dialects.smsc.parameters import Given
from depesza.services import protection
from depesza.wire.http import HttpReply, HttpRequest

T = TypeVar("T")

SENDING = frozenset({"send", "jobs"})
"""Scripts whose refusals count towards locking an address."""


class Gate:
    """What all doors know together."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._doorkeeper = Doorkeeper(context)
        self._running: dict[tuple[int, str], int] = {}

    def find(self, given: Given) -> Caller | None:
        """Find who is meant, before anything is proved; raises `Refused` for what nobody can be called."""
        return self._doorkeeper.name(given)

    async def enter(self, given: Given, address: str) -> None:
        """Let somebody in who runs nothing yet; raises `Refused`."""
        await self._doorkeeper.enter(self.find(given), given, address, self._context.now())

    async def run(self, request: HttpRequest, script: Script, given: Given) -> HttpReply:
        """Run a script, if it may be run; raises `Refused`."""
        return await self.serve(request, script, given, script.handler)

    async def serve(self, request: HttpRequest, script: Script, given: Given, act: Act[T]) -> T:
        """Do something as if a script did it, if that may be run; raises `Refused`.

        The order of checks: how many at once, the address, who calls, then what. spec: smsc/1.6
        """
        caller = self.find(given)
        if caller is None or not script.parallel:
            return await self._let_in(request, script, given, caller, act)
        place = (caller.account.id, script.parallel)
        running = self._running.get(place, 0)
        self._check_place(place, running)
        self._running[place] = running + 1
        try:
            return await self._let_in(request, script, given, caller, act)
        finally:
            self._running[place] -= 1
            if not self._running[place]:
                del self._running[place]

    async def _let_in(
        self, request: HttpRequest, script: Script, given: Given, caller: Caller | None, act: Act[T]
    ) -> T:
        now = self._context.now()
        account = await self._doorkeeper.enter(caller, given, request.client, now)
        given.check()
        assert caller is not None
        if account.detect_utf8:
            given = given.with_utf8_detected()
        call = Call(self._context, request, given, account, caller.name, script.name, now)
        if script.same:
            await self._admit(call, script)
        if script.name not in SENDING:
            return await act(call)
        try:
            done = await act(call)
        except Refused as error:
            if error.code != DUPLICATE.code:
                await self._doorkeeper.failed(call.limits, request.client, now)
            raise
        if self._doorkeeper.failing(request.client):
            await self._doorkeeper.succeeded(request.client)
        return done

    async def _admit(self, call: Call, script: Script) -> None:
        """Count a question that may be asked so many times a minute only."""
        limits = call.limits
        most: int = getattr(limits, script.same)
        key = script.name if script.same == "balance_asks" else f"{script.name} {fingerprint(call.given)}"
        if most and not await call.run(protection.admit, call.account.id, key, most, limits.span * MICRO, call.now):
            raise Refused(*DUPLICATE)

    def _check_place(self, place: tuple[int, str], running: int) -> None:
        """Refuse one more of an account's requests that run at once."""
        account, name = place
        limits = self._context.store.facts.limits_of(account)
        if not _has_place(limits, name, running, self._doorkeeper.nodes):
            raise Refused(*CONCURRENT)


def _has_place(limits: Limits, name: str, running: int, nodes: int) -> bool:
    """Tell whether one more may run; the last of the vendor's number is refused already. spec: smsc/1.7"""
    most: int = getattr(limits, name)
    return not most or running + 1 < max(2, -(-most // nodes))
