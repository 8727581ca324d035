"""One authenticated request, as handlers get it: who calls, for which account, with which parameters.

Query and body are read when a handler asks for them, leniently, as the vendor does (spec: ovh/1.8); what
cannot be read raises `OvhError` 400.
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from depesza.core.facts import Account
from depesza.dialects.contract import Context, Serving
from depesza.dialects.ovh import errors
from depesza.dialects.ovh.access import Rules
from depesza.wire.http import HttpRequest

NO_ACCOUNT = Account(id=0, owner=0, name="")
"""Stands in calls whose path names no account."""

_decode = msgspec.json.Decoder().decode


class Caller(Struct, frozen=True):
    """Who calls."""

    owner: int
    application: int
    credential: int
    """0 for an oauth2 client."""
    rules: Rules


ANONYMOUS = Caller(0, 0, 0, Rules(()))
"""Calls open routes."""


class Call(Struct, Serving):
    """One request on its way through a handler."""

    request: HttpRequest
    context: Context
    caller: Caller
    params: dict[str, str]
    """Path parameters, percent-decoded."""
    now: int
    """Microseconds since 1970."""
    account: Account = NO_ACCOUNT
    """`{serviceName}`, found and checked to be the caller's."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that the handler adds to its answer."""
    last_use: Mapping[int, int] = {}
    """When credentials were used last, by id."""
    _query: dict[str, str] | None = None
    _json: dict[str, object] | None = None

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; empty ones and `null` count as not given. A GET's JSON body is read too."""
        if self._query is None:
            self._query = read_query(self.request)
        return self._query

    @property
    def json(self) -> dict[str, object]:
        """The body's fields; those that are `null` count as not given, no body as an empty one."""
        if self._json is None:
            self._json = read_body(self.request.body)
        return self._json

    def number(self, name: str) -> int:
        """Read a path parameter that is a number; raises 400."""
        value = self.params[name]
        if not value.isascii() or not value.isdigit() or len(value) > 18:
            raise errors.bad_parameter(name, value, "long")
        return int(value)

    def accounts(self) -> list[Account]:
        """List the accounts that this caller can reach, by name."""
        owner, rules = self.caller.owner, self.caller.rules
        rows = self.context.store.facts.accounts
        return sorted((row for row in rows if row.owner == owner and rules.reach(row.name)), key=lambda row: row.name)

    def scope(self) -> frozenset[int] | None:
        """Tell the accounts that the key is confined to; None when it reaches all of its owner's."""
        return frozenset(account.id for account in self.accounts()) if self.caller.rules.confined else None


Handler = Callable[[Call], Awaitable[object]]
"""Gives a value for JSON (None is the void answer `null`), or a finished `HttpReply`."""


class NotHere(Struct, frozen=True):
    """Stands where an operation makes sense inside the vendor's own business only, and says so."""

    why: str
    """A sentence for the client and for the coverage page: what is done instead, or what does not exist here."""

    async def __call__(self, call: Call) -> object:
        raise errors.not_here(self.why)


def read_query(request: HttpRequest) -> dict[str, str]:
    """Read the query, and a JSON object in the body of a GET (old documentation writes calls like this)."""
    found = {name: value for name, value in parse_qsl(request.query) if value != "null"} if request.query else {}
    if request.method == "GET" and request.body.strip():
        for name, value in read_body(request.body).items():
            if isinstance(value, bool):
                found.setdefault(name, "true" if value else "false")
            elif isinstance(value, str | int | float) and value != "":
                found.setdefault(name, str(value))
    return found


def read_body(body: bytes) -> dict[str, object]:
    """Read a JSON object, whatever its Content-Type says; raises 400."""
    if not body or body.isspace():
        return {}
    try:
        value = _decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.bad_request("Invalid JSON received") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.bad_request("Invalid JSON received: an object is expected")
    return {name: item for name, item in value.items() if item is not None}
