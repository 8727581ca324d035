"""One request of somebody who was let in, as handlers get it; and the reading of bodies and queries."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from depesza.core.facts import Account, User
from depesza.dialects.contract import Context, Serving
from depesza.dialects.smsgate import errors
from depesza.dialects.smsgate.claims import Claims
from depesza.wire.http import HttpReply, HttpRequest

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}


class Call(Struct, Serving):
    """One request on its way through a handler."""

    request: HttpRequest
    context: Context
    user: User
    account: Account
    params: Mapping[str, str]
    """Path parameters, percent-decoded."""
    now: int
    base: str
    """The path below which this request found us, such as `/api/3rdparty/v1`."""
    token: Claims | None = None
    """What the request was let in with; None for login and password."""
    _query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the last one of a name counts."""
        if self._query is None:
            self._query = dict(parse_qsl(self.request.query))
        return self._query

    def body(self, kind: type[T]) -> T:
        """Read the body as JSON, whatever its Content-Type says; raises 400."""
        return read_json(self.request.body, kind)

    def flag(self, name: str) -> bool:
        """Read a query parameter that is true or false; raises 400."""
        value = self.query.get(name, "").strip().lower()
        if value not in _FLAGS:
            raise errors.invalid(name, "write true or false")
        return _FLAGS[value]

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """Read a query parameter that is a number; raises 400."""
        value = self.query.get(name, "").strip()
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or len(value) > 12 or not least <= int(value) <= most:
            raise errors.invalid(name, f"write a number from {least} to {most}")
        return int(value)


Handler = Callable[[Call], Awaitable[HttpReply]]


def read_json(body: bytes, kind: type[T]) -> T:
    """Read JSON of a shape; raises 400."""
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.bad(f"Invalid JSON: {error}") from error


def answer(value: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> HttpReply:
    """Write an answer as JSON."""
    return HttpReply(status, _encode(value), headers=headers)


NOTHING = HttpReply(204, content_type="")
"""Done, and nothing to say."""


def page(value: object, total: int) -> HttpReply:
    """Write a page of a list, and how long the list is."""
    return answer(value, headers=(("X-Total-Count", str(total)),))
