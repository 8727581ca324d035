"""The SMSC dialect: which script is called, by whom, and whether it may be now. spec: smsc/1"""

from collections import Counter
from collections.abc import Sequence

import structlog

from depesza.core.facts import Facts, Limits
from depesza.core.model import MICRO, Notice
from depesza.dialects.contract import Context, Row
from depesza.dialects.smsc import answers, notices, openapi
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Call, Script, base_of, fingerprint
from depesza.dialects.smsc.codes import CONCURRENT, DUPLICATE
from depesza.dialects.smsc.login import Caller, Doorkeeper
from depesza.dialects.smsc.parameters import Given, read_parameters
from depesza.dialects.smsc.scripts import SCRIPTS
from depesza.services import protection
from depesza.store.contract import Busy, Stopped
from depesza.wire.http import HttpCall, HttpReply, HttpRequest
from depesza.wire.router import segments

log = structlog.get_logger()

SENDING = frozenset({"send", "jobs"})
"""Scripts whose refusals count towards locking an address."""
DOCUMENT = "openapi.json"
"""What is told to anybody."""


class Smsc:
    """SMSC's HTTP API over our services. Implements `dialects.contract.Dialect`, `Voice` and `Patient`."""

    name = "smsc"
    prefixes: Sequence[str] = ("sys", "rest")
    schedule = notices.SCHEDULE

    def __init__(self, context: Context) -> None:
        self._context = context
        self._doorkeeper = Doorkeeper(context)
        self._scripts = {script.name: script for script in SCRIPTS}
        self._running: Counter[tuple[int, str]] = Counter()

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        place, name = _called(request)
        script = self._scripts.get(name)
        if name == DOCUMENT and place == "sys":
            return openapi.tell(SCRIPTS, base_of(self._context, request))
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

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write a callback."""
        return notices.call(notice, facts)

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List the scripts, in both spellings."""
        return [
            Row("GET, POST", path, done=True, note=script.about)
            for script in SCRIPTS
            for path in (f"/sys/{script.name}.php", f"/rest/{script.name}/")
        ] + [Row("GET, POST", f"/sys/{DOCUMENT}", done=True, note="All of this, as OpenAPI 3.1: ours")]

    async def _answer(self, request: HttpRequest, script: Script, given: Given) -> HttpReply:
        """The order of checks: how many at once, the address, who calls, then what. spec: smsc/1.6"""
        caller = self._doorkeeper.name(given)
        if caller is None or not script.parallel:
            return await self._let_in(request, script, given, caller)
        place = (caller.account.id, script.parallel)
        self._check_place(place)
        self._running[place] += 1
        try:
            return await self._let_in(request, script, given, caller)
        finally:
            self._running[place] -= 1
            if not self._running[place]:
                del self._running[place]

    async def _let_in(self, request: HttpRequest, script: Script, given: Given, caller: Caller | None) -> HttpReply:
        now = self._context.now()
        account = await self._doorkeeper.enter(caller, given, request.client, now)
        given.check()
        assert caller is not None
        if account.detect_utf8:
            given = given.with_utf8_detected()
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

    def _check_place(self, place: tuple[int, str]) -> None:
        """Refuse one more of an account's requests that run at once."""
        account, name = place
        limits = self._context.store.facts.limits_of(account)
        if not _has_place(limits, name, self._running[place], self._doorkeeper.nodes):
            raise Refused(*CONCURRENT)


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
