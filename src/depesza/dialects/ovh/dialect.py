"""The OVH dialect: from a request's address to its operation, its caller, its answer. spec: ovh/1

Order of a request: address, then who calls, then whether a rule covers it, then whose account it is, then the
handler. Nothing here redirects: a redirect would break signatures.
"""

import re
from collections.abc import Sequence
from random import Random

import msgspec
import structlog

from depesza.core.facts import Account, Facts
from depesza.core.model import Notice
from depesza.dialects.contract import Context, Row
from depesza.dialects.ovh import access, errors, many, notices
from depesza.dialects.ovh.call import ANONYMOUS, NO_ACCOUNT, Call, Caller
from depesza.dialects.ovh.errors import OvhError
from depesza.dialects.ovh.keyring import Keyring
from depesza.dialects.ovh.operations import OPERATIONS
from depesza.dialects.ovh.pages import Pages
from depesza.dialects.ovh.route import Access, Route
from depesza.store.contract import Busy, Conflict, Stopped
from depesza.wire.http import HttpCall, HttpReply, HttpRequest
from depesza.wire.router import Match, NotFound, Router, segments

log = structlog.get_logger()

_encode = msgspec.json.Encoder().encode
_PHONE = re.compile(r"(?:\+|%2B|\b00)\d{6,}", re.IGNORECASE)


class Ovh:
    """OVH's SMS API over our services. Implements `dialects.contract.Dialect`."""

    name = "ovh"
    prefixes: Sequence[str] = (
        "1.0",
        "v1",
        "v2",
        "auth",
        "createapp",
        "createtoken",
        "api",
        "documents",
        "chat",
        "order",
    )

    def __init__(self, context: Context) -> None:
        self._context = context
        self._keyring = Keyring(context.vault, context.bases, context.signature_window)
        self._router = Router((row.method, row.path, row) for row in OPERATIONS)
        self._singles = {row.path.rpartition("/")[0]: row for row in OPERATIONS if row.single}
        self._pages = Pages(context)
        self._chance = Random(context.vault.token(32))
        self._count = 0

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        now = self._context.now()
        try:
            path = below_version(request.path)
            if path is None:
                return await self._pages.answer(request, now)
            return await self._operate(request, path, now)
        except OvhError as error:
            return self._refuse(request, error, now)
        except Conflict as error:
            return self._refuse(request, errors.conflict("The object exists already"), now, error)
        except RecursionError as error:  # a body nested a thousand deep
            return self._refuse(request, errors.bad_request("Invalid JSON received"), now, error)
        except (Busy, Stopped) as error:
            return self._refuse(request, errors.busy(), now, error)

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault" in the vendor's form."""
        return self._refuse(request, errors.internal(), self._context.now())

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write the callback for a notice."""
        return notices.call(notice, facts)

    def coverage(self) -> Sequence[Row]:
        """List every operation."""
        return [Row(row.method, row.path, row.done, row.why_not or f"tier {row.tier}") for row in OPERATIONS]

    # the road of one request

    async def _operate(self, request: HttpRequest, path: str, now: int) -> HttpReply:
        found = self._router.find(request.method, path)
        if not isinstance(found, Match):
            raise errors.no_route() if isinstance(found, NotFound) else errors.wrong_method(request.method)
        route, facts = found.value, self._context.store.facts
        caller = self._caller(request, route, facts, now)
        if request.method == "GET":
            several = await self._several(request, route, caller, found.params, now)
            if several is not None:
                return several
        if route.access is Access.GRANT:
            check_rules(caller, route, plain(path))
        call = Call(request, self._context, caller, found.params, now, last_use=self._keyring.last_use)
        if "serviceName" in found.params:
            call.account = account_of(facts, caller, found.params["serviceName"])
        value = await route.handler(call)
        if isinstance(value, HttpReply):
            return value
        return self._reply(200, _encode(value), now, call.headers)

    def _caller(self, request: HttpRequest, route: Route, facts: Facts, now: int) -> Caller:
        if route.access is Access.OPEN:
            return ANONYMOUS
        if route.access is Access.KEY:
            application = self._keyring.application(request, facts)
            return Caller(0, application.id, 0, ANONYMOUS.rules)
        return self._keyring.caller(request, facts, now)

    async def _several(
        self, request: HttpRequest, route: Route, caller: Caller, params: dict[str, str], now: int
    ) -> HttpReply | None:
        """Answer a batch or a page; None when neither is asked for. Each object is judged on its own."""
        headers = request.headers
        if many.BATCH in headers and route.single:
            name = route.names[-1]

            async def one(key: str) -> object:
                return await self._one(request, route, caller, {**params, name: key}, now)

            return self._reply(200, _encode(await many.batch(params[name], headers[many.BATCH], one)), now)
        page = many.read_page(headers) if many.MODE in headers else None
        single = self._singles.get(route.path)
        if page is None or single is None or not route.answer.endswith("[]"):
            return None

        async def each(key: str) -> object:
            return await self._one(request, single, caller, {**params, single.names[-1]: key}, now)

        listed = await self._one(request, route, caller, params, now)
        shown, told = await many.paged(listed, page, each)
        return self._reply(200, _encode(shown), now, told)

    async def _one(
        self, request: HttpRequest, route: Route, caller: Caller, params: dict[str, str], now: int
    ) -> object:
        if route.access is Access.GRANT:
            parts = [params[part[1:-1]] if part.startswith("{") else part for part in route.path.split("/")[1:]]
            check_rules(caller, route, access.canonical(parts))
        call = Call(request, self._context, caller, params, now, last_use=self._keyring.last_use)
        if "serviceName" in params:
            call.account = account_of(self._context.store.facts, caller, params["serviceName"])
        return await route.handler(call)

    # answers

    def _reply(self, status: int, body: bytes, now: int, headers: tuple[tuple[str, str], ...] = ()) -> HttpReply:
        return HttpReply(status, body, headers=(("X-OVH-QUERYID", self._query_id(now)), *headers))

    def _query_id(self, now: int) -> str:
        self._count += 1
        return f"EU.ext-1.{now // 1_000_000:x}.{self._count}.{self._chance.getrandbits(128):032x}"

    def _refuse(self, request: HttpRequest, error: OvhError, now: int, cause: BaseException | None = None) -> HttpReply:
        """Write a refusal and log it, once, with its cause."""
        cause = cause or error.__cause__
        log.info(
            "ovh.refused",
            method=request.method,
            path=without_numbers(request.path),
            client=request.client,
            status=error.status,
            why=without_numbers(error.message),
            cause=repr(cause)[:300] if cause is not None else None,
        )
        return self._reply(error.status, errors.body(error), now)


def without_numbers(text: str) -> str:
    """Hide most of each phone number, for the log."""
    return _PHONE.sub(lambda found: f"{found[0][:4]}…{found[0][-2:]}", text)


def below_version(path: str) -> str | None:
    """Give the raw path below `/1.0` or `/v1`; None when it begins with neither."""
    if path.startswith("/1.0/"):
        return path[4:]
    if path.startswith("/v1/"):
        return path[3:]
    first, _, rest = path.lstrip("/").partition("/")
    return "/" + rest if first in ("1.0", "v1") else None


def plain(path: str) -> str:
    """Write a raw path as access rules are compared."""
    if "%" in path or "//" in path or path.endswith("/"):
        return access.canonical(segments(path))
    return path


def check_rules(caller: Caller, route: Route, path: str) -> None:
    """Refuse a call that no rule covers; oauth2 clients are told which right they lack."""
    if caller.rules.allow(route.method, path):
        return
    raise errors.not_granted() if caller.credential else errors.not_granted_by_policy(route.action)


def account_of(facts: Facts, caller: Caller, name: str) -> Account:
    """Find the account that a path names; what is not the caller's does not exist for it."""
    account = facts.account_named.get(name, NO_ACCOUNT)
    if account.owner != caller.owner or not account.id:
        raise errors.no_such_service()
    return account
