"""The SMSGate dialect: from a request's address to its operation, its caller, its answer. spec: devices/9"""

from collections.abc import Sequence

import structlog

from depesza.core.facts import Facts
from depesza.core.model import Notice
from depesza.dialects.contract import Context, Row
from depesza.dialects.smsgate import codec, errors, health, notices
from depesza.dialects.smsgate.call import Call
from depesza.dialects.smsgate.errors import SmsGateError
from depesza.dialects.smsgate.login import Gate
from depesza.dialects.smsgate.routes import BASES, ROUTES, Route
from depesza.store.contract import Busy, Stopped
from depesza.wire.http import HttpCall, HttpReply, HttpRequest
from depesza.wire.router import Match, NotFound, Router, segments

log = structlog.get_logger()


class SmsGate:
    """SMSGate's API for programs over our services. Implements `dialects.contract.Dialect` and `Voice`."""

    name = codec.VOICE
    prefixes: Sequence[str] = ("api/3rdparty", "3rdparty")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._gate = Gate(context)
        rows = [(row.method, path, row) for row in ROUTES for path in (row.path, row.alias) if path]
        self._router: Router[Route] = Router(rows)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        try:
            return await self._operate(request)
        except SmsGateError as error:
            return self._refuse(request, error)
        except (Busy, Stopped) as error:
            return self._refuse(request, SmsGateError(503, "The service is busy, please try again"), error)

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault" in the vendor's form."""
        return self._refuse(request, SmsGateError(500, "Internal server error"))

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write the call for a notice, signed as the vendor's app signs."""
        vault = self._context.vault
        key = notices.key_of(facts, vault, notice.account)
        return notices.signed(notices.call(notice, facts), key, self._context.now())

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List every operation."""
        return [
            *(Row(row.method, row.path, done=True, note=row.about) for row in ROUTES),
            *(Row("GET", path, done=True, note="open to all") for path in health.PATHS),
        ]

    async def _operate(self, request: HttpRequest) -> HttpReply:
        base, path = below(request.path)
        if request.method == "GET" and path in health.PATHS:
            return await health.health(self._context, path)
        now, facts = self._context.now(), self._context.store.facts
        user, token = await self._gate.caller(request, facts, now)
        found = self._router.find(request.method, path)
        if not isinstance(found, Match):
            missing = isinstance(found, NotFound)
            raise errors.not_found("Route") if missing else SmsGateError(405, "Method not allowed")
        route = found.value
        if token is not None and not token.allow(route.scope):
            raise errors.forbidden(f"This token lacks the scope {route.scope}")
        account = facts.account[user.account]
        if not account.enabled:
            raise errors.forbidden("This account is disabled")
        return await route.handler(Call(request, self._context, user, account, found.params, now, base, token))

    def _refuse(self, request: HttpRequest, error: SmsGateError, cause: BaseException | None = None) -> HttpReply:
        """Write a refusal and log it, once, with its cause."""
        cause = cause or error.__cause__
        log.info(
            "smsgate.refused",
            method=request.method,
            path=request.path[:100],
            client=request.client,
            status=error.status,
            cause=type(cause).__name__ if cause is not None else None,
        )
        return errors.reply(error)


def below(path: str) -> tuple[str, str]:
    """Split a raw path at our base; what is below it begins with a slash, and doubled ones are gone."""
    parts = segments(path)
    for base in BASES:
        names = base.split("/")[1:]
        if [part.lower() for part in parts[: len(names)]] == names:
            rest = path
            for _ in names:
                rest = rest.lstrip("/").partition("/")[2]
            return base, "/" + rest.strip("/")
    return BASES[0], "/"
