"""The SMSC dialect: which script is called, by whom, and whether it may be now. spec: smsc/1"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from depesza.core.facts import Limits
from depesza.core.model import MICRO
from depesza.dialects.contract import Context, Row
from depesza.dialects.smsc import answers
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Call, Script
from depesza.dialects.smsc.codes import CONCURRENT, DUPLICATE
from depesza.dialects.smsc.login import Caller, Doorkeeper
from depesza.dialects.smsc.parameters import Given, read_parameters
from depesza.dialects.smsc.scripts import SCRIPTS
from depesza.services import protection
from depesza.store.contract import Busy, Stopped
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.router import segments

log = structlog.get_logger()

UNTOLD = frozenset({"login", "psw", "apikey", "fmt", "charset"})
"""Parameters that make no difference between two requests. spec: smsc/1.7"""
SENDING = frozenset({"send", "jobs"})
"""Scripts whose refusals count towards locking an address."""


class Smsc:
    """SMSC's HTTP API over our services. Implements `dialects.contract.Dialect`."""

    name = "smsc"
    prefixes: Sequence[str] = ("sys", "rest")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._doorkeeper = Doorkeeper(context)
        self._scripts = {script.name: script for script in SCRIPTS}
        self._running: Counter[tuple[int, str]] = Counter()

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        place, name = _called(request)
        script = self._scripts.get(name)
        if script is None:
            return HttpReply(404, b"Nothing lives here", "text/plain; charset=utf-8")
        if request.method not in ("GET", "POST"):
            return HttpReply(405, b"Use GET or POST", "text/plain; charset=utf-8", (("Allow", "GET, POST"),))
        given = read_parameters(request, rest=place == "rest")
        try:
            return await self._answer(request, script, given)
        except Refused as error:
            log.info("smsc.refused", script=name, login=given.texts.get("login", "")[:50], client=request.client,
                     code=error.code, why=error.text, fault=given.fault)  # fmt: skip
            return answers.answer_refused(error, given.fmt, given.charset)
        except (Busy, Stopped):
            return answers.answer_refused(Refused(*CONCURRENT), given.fmt, given.charset)

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault" in the vendor's form: it is worth trying again."""
        given = read_parameters(request, rest=_called(request)[0] == "rest")
        return answers.answer_refused(Refused(*CONCURRENT), given.fmt, given.charset)

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List the scripts, in both spellings."""
        return [
            Row("GET, POST", path, done=True, note=script.about)
            for script in SCRIPTS
            for path in (f"/sys/{script.name}.php", f"/rest/{script.name}/")
        ]

    async def _answer(self, request: HttpRequest, script: Script, given: Given) -> HttpReply:
        """The order of checks: how many at once, the address, who calls, then what. spec: smsc/1.6"""
        keeper, now = self._doorkeeper, self._context.now()
        caller = keeper.name(given)
        with self._place(script, caller):
            account = await keeper.enter(caller, given, request.client, now)
            given.check()
            assert caller is not None
            call = Call(self._context, request, given, account, caller.name, script.name, now)
            await self._admit(call, script)
            if script.name not in SENDING:
                return await script.handler(call)
            return await self._counted(call, script)

    async def _counted(self, call: Call, script: Script) -> HttpReply:
        """Run a script whose refusals count."""
        address = call.request.client
        try:
            reply = await script.handler(call)
        except Refused as error:
            if error.code != DUPLICATE.code:
                await self._doorkeeper.failed(call.limits, address, call.now)
            raise
        await self._doorkeeper.succeeded(address)
        return reply

    async def _admit(self, call: Call, script: Script) -> None:
        """Count a question that may be asked so many times a minute only."""
        if not script.same:
            return
        limits = call.limits
        most: int = getattr(limits, script.same)
        key = script.name if script.same == "balance_asks" else f"{script.name} {fingerprint(call.given)}"
        if most and not await call.run(protection.admit, call.account.id, key, most, limits.span * MICRO, call.now):
            raise Refused(*DUPLICATE)

    @contextmanager
    def _place(self, script: Script, caller: Caller | None) -> Iterator[None]:
        """Take a place among the requests of an account that run at once; raises `Refused`."""
        if not script.parallel or caller is None:
            yield
            return
        limits = self._context.store.facts.limits_of(caller.account.id)
        key = (caller.account.id, script.parallel)
        running = self._running
        if not _has_place(limits, script.parallel, running[key], self._doorkeeper.nodes):
            raise Refused(*CONCURRENT)
        running[key] += 1
        try:
            yield
        finally:
            running[key] -= 1
            if not running[key]:
                del running[key]


def _called(request: HttpRequest) -> tuple[str, str]:
    """Read place and script: `/sys/send.php`, `/rest/send/`."""
    parts = segments(request.path)
    if len(parts) != 2:
        return "", ""
    place, name = parts[0].lower(), parts[1].lower()
    return place, name.removesuffix(".php") if place == "sys" else name


def _has_place(limits: Limits, name: str, running: int, nodes: int) -> bool:
    """Tell whether one more may run; the last of the vendor's number is refused already. spec: smsc/1.7"""
    most: int = getattr(limits, name)
    return not most or running + 1 < max(2, -(-most // nodes))


def fingerprint(given: Given) -> str:
    """Give what two requests have in common when they ask for the same, whatever their order of parameters."""
    told = [f"{name}={value}" for name, value in sorted(given.texts.items()) if name not in UNTOLD]
    return protection.digest([*told, *(file.octets for file in given.files)])
