"""A row of the route table: one operation of OVH's API, for router, schema documents and coverage page.

Parameters are written in one line: `message! receivers:string[] priority:sms.PriorityEnum`; `!` marks what is
required, a name without a type is a string, `=sms.Account` is a whole object as the body.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Protocol

from msgspec import Struct

from depesza.dialects.ovh.call import Handler, NotHere

LONG = frozenset({"slotId", "taskId", "applicationId", "credentialId"})
"""Path parameters that are numbers everywhere; `id` is one except below /batches and /me."""
UUID = frozenset({"documentID"})


class Access(Enum):
    """What a call needs."""

    OPEN = "nothing"
    KEY = "an application key"
    LOGIN = "a valid consumer key, whatever its rules"
    GRANT = "a rule of the consumer key"


class Param(Struct, frozen=True):
    """One parameter, as the schema documents tell it."""

    name: str
    """Empty for a whole object as the body."""
    kind: str
    place: str
    """`path`, `query` or `body`."""
    required: bool


class Route(Struct, frozen=True):
    """One operation."""

    method: str
    path: str
    """Below the version prefix, with `{name}` segments."""
    tier: str
    """A: named in the vendor's pages, B: normal clients use it, C: rare or administrative."""
    handler: Handler
    answer: str
    """Type of the answer; `void` is the JSON `null`."""
    about: str = ""
    params: str = ""
    access: Access = Access.GRANT

    @property
    def done(self) -> bool:
        """Tell whether it works."""
        return not self.why_not

    @property
    def why_not(self) -> str:
        """Why an operation of the vendor's own business is not offered; empty for all others."""
        return self.handler.why if isinstance(self.handler, NotHere) else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the path parameters."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def single(self) -> bool:
        """Tell whether the path ends in a parameter, so that several values can be asked at once."""
        return self.method == "GET" and self.path.endswith("}")

    @property
    def action(self) -> str:
        """Name of the right that an oauth2 client needs. spec: ovh/1.7"""
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        verb = {"GET": "get", "POST": "create", "PUT": "edit", "DELETE": "delete"}[self.method]
        return ":".join((parts[0], "apiovh", "/".join([*parts[1:], verb])))

    def parameters(self) -> Iterator[Param]:
        """List all parameters, those of the path first."""
        for name in self.names:
            yield Param(name, _path_kind(name, self.path), "path", True)
        place = "query" if self.method in ("GET", "DELETE") else "body"
        for word in self.params.split():
            if word.startswith("="):
                yield Param("", word[1:], "body", True)
                continue
            name, _, kind = word.partition(":")
            yield Param(name.rstrip("!"), kind or "string", place, name.endswith("!"))


def _path_kind(name: str, path: str) -> str:
    if name == "id":
        return "uuid" if "/batches/" in path else "string" if path.startswith("/me/") else "long"
    return "long" if name in LONG else "uuid" if name in UUID else "string"


class Row(Protocol):
    """Writes a row for one method."""

    def __call__(
        self,
        path: str,
        tier: str,
        handler: Handler,
        answer: str,
        about: str = "",
        params: str = "",
        access: Access = Access.GRANT,
    ) -> Route:
        """Write a row."""
        ...


def _row(method: str) -> Row:
    make: Callable[..., Route] = Route

    def write(path: str, *args: object, **kwargs: object) -> Route:
        return make(method, path, *args, **kwargs)

    return write


get = _row("GET")
post = _row("POST")
put = _row("PUT")
delete = _row("DELETE")
