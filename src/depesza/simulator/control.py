"""The control API: phones and their texts, faults, statistics, waiting for a text. JSON on the loopback.

Every error is `{"error": "a sentence"}`. Pages of other sites are refused, so that a browser on this machine
cannot be used against it. docs/guides/simulator.md describes the calls.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Meta, Struct

from depesza.simulator.behaviour import BadBehaviour, Change
from depesza.simulator.carrier import Carrier
from depesza.simulator.phones import BadPattern, Pattern, Text
from depesza.simulator.settings import LOOPBACK
from depesza.wire import Unencodable
from depesza.wire.fates import FATES
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.router import Match, Router, WrongMethod

_LONGEST_WAIT: Final = 60.0
_MOST_MESSAGES: Final = 1000
_MOST_CHARACTERS: Final = 20_000

Number = Annotated[str, Meta(min_length=1, max_length=20)]


class Reply(Struct, forbid_unknown_fields=True):
    """What a phone shall say."""

    to: Number
    text: Annotated[str, Meta(min_length=1, max_length=_MOST_CHARACTERS)]
    system_id: str = ""
    """By default the customer by whom `to` wrote to this phone last, or the first that is bound."""


class Wait(Struct, forbid_unknown_fields=True):
    """What to wait for."""

    to: Number
    text: str = ""
    """An expression to find in the text; empty: any text."""
    within: Annotated[float, Meta(ge=0, le=_LONGEST_WAIT)] = 5.0


class Refused(Exception):
    """A call that cannot be done: its status and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


Params = dict[str, str]
Handler = Callable[["Control", HttpRequest, Params], Awaitable[HttpReply]]


class Control:
    """Answers the calls for one carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._router = Router(ROUTES)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one call."""
        try:
            _refuse_other_sites(request)
            found = self._router.find(request.method, request.path)
            if isinstance(found, Match):
                return await found.value(self, request, found.params)
            if isinstance(found, WrongMethod):
                allowed = ", ".join(found.allowed)
                raise Refused(405, f"{request.path} takes {allowed}, not {request.method}")
            raise Refused(404, f"there is nothing at {request.path}; the calls are {_calls()}")
        except Refused as refused:
            return refusal(refused.status, str(refused))

    async def phones(self, _: HttpRequest, __: Params) -> HttpReply:
        """List the phones that have texts."""
        return _json({"phones": self._carrier.centre.phones.all()})

    async def phone(self, _: HttpRequest, params: Params) -> HttpReply:
        """Give the texts of a phone."""
        number = params["number"]
        return _json({"number": number, "texts": self._inbox(number)})

    async def reply(self, request: HttpRequest, params: Params) -> HttpReply:
        """Let a phone send a text."""
        wish = _read(request, Reply)
        number = params["number"]
        carrier = self._carrier
        known = None if wish.system_id else carrier.centre.phones.customer(number, wish.to)
        account = known or carrier.account(wish.system_id)
        if account is None:
            raise Refused(404, f"no system id is called {wish.system_id!r}")
        try:
            return _json(carrier.centre.reply(number, wish.to, wish.text, account), 201)
        except Unencodable as error:
            raise Refused(400, f"the text cannot be sent: {error}") from None

    async def faults(self, _: HttpRequest, __: Params) -> HttpReply:
        """Show rates and latencies."""
        return _json(self._carrier.behaviour.show())

    async def set_faults(self, request: HttpRequest, _: Params) -> HttpReply:
        """Change what is given of them."""
        try:
            self._carrier.change(_read(request, Change))
        except BadBehaviour as error:
            raise Refused(400, str(error)) from None
        return _json(self._carrier.behaviour.show())

    async def fates(self, _: HttpRequest, __: Params) -> HttpReply:
        """List the endings that mean something."""
        return _json({"fates": [{"ends_in": row.suffix, "name": row.name, "sentence": row.sentence} for row in FATES]})

    async def stats(self, _: HttpRequest, __: Params) -> HttpReply:
        """Tell what was counted."""
        carrier = self._carrier
        waiting = {system_id: len(account.waiting) for system_id, account in carrier.accounts.items()}
        counted: dict[str, Any] = msgspec.to_builtins(carrier.counts)
        return _json({**counted, "waiting": waiting, "open_binds": carrier.show_binds()})

    async def messages(self, request: HttpRequest, _: Params) -> HttpReply:
        """Give the log of submits: all, or those `from`, `to`; the last `limit`."""
        query = dict(parse_qsl(request.query))
        source, destination = query.pop("from", None), query.pop("to", None)
        limit = _whole(query.pop("limit", "100"))
        if query:
            raise Refused(400, f"{next(iter(query))!r} is no filter; there are from, to, limit")
        found = [
            one
            for one in self._carrier.centre.log.entries
            if (source is None or one.source == source) and (destination is None or one.destination == destination)
        ]
        return _json({"messages": found[-limit:] if limit else []})

    async def clear(self, _: HttpRequest, __: Params) -> HttpReply:
        """Forget the log and empty the phones; counters go on."""
        self._carrier.centre.log.entries.clear()
        self._carrier.centre.phones.clear()
        return HttpReply(204, b"", "")

    async def wait_by_query(self, request: HttpRequest, _: Params) -> HttpReply:
        """Wait, told by the query string."""
        return await self._wait(_convert(dict(parse_qsl(request.query)), Wait))

    async def wait_by_body(self, request: HttpRequest, _: Params) -> HttpReply:
        """Wait, told by a JSON body."""
        return await self._wait(_read(request, Wait))

    async def _wait(self, wish: Wait) -> HttpReply:
        try:
            found = await self._carrier.centre.phones.wait(wish.to, Pattern(wish.text), wish.within)
        except BadPattern as error:
            raise Refused(400, str(error)) from None
        if found is not None:
            return _json(found)
        sentence = f"no text to {wish.to} matched {wish.text!r} within {wish.within:g} s"
        return _json({"error": sentence, "texts": self._inbox(wish.to)}, 408)

    def _inbox(self, number: str) -> list[Text]:
        return self._carrier.centre.phones.inbox(number)


ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/phones", Control.phones),
    ("GET", "/phones/{number}", Control.phone),
    ("POST", "/phones/{number}/reply", Control.reply),
    ("GET", "/faults", Control.faults),
    ("PUT", "/faults", Control.set_faults),
    ("GET", "/fates", Control.fates),
    ("GET", "/stats", Control.stats),
    ("GET", "/messages", Control.messages),
    ("DELETE", "/messages", Control.clear),
    ("GET", "/wait", Control.wait_by_query),
    ("POST", "/wait", Control.wait_by_body),
)


def refusal(status: int, sentence: str) -> HttpReply:
    """Write an error."""
    return _json({"error": sentence}, status)


def fallback(_: HttpRequest, status: int) -> HttpReply:
    """Answer what never came to a handler, or broke in one."""
    words = {413: "the body is too large", 500: "the simulator has failed; its log says why"}
    return refusal(status, words.get(status, "the request was refused"))


def _calls() -> str:
    return ", ".join(f"{method} {template}" for method, template, _ in ROUTES)


def _json(value: object, status: int = 200) -> HttpReply:
    return HttpReply(status, msgspec.json.encode(value) + b"\n")


def _read(request: HttpRequest, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except msgspec.ValidationError as error:
        raise Refused(400, f"the body does not fit: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, f"the body is no JSON: {error}") from None


def _convert(query: dict[str, str], kind: type[Any]) -> Any:
    try:
        return msgspec.convert(query, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(400, f"the query does not fit: {error}") from None


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Refused(400, f"limit is a number from 0, not {text!r}")
    return min(int(text), _MOST_MESSAGES)


def _refuse_other_sites(request: HttpRequest) -> None:
    """A page of another site names itself in Origin, or comes by a name of its own (DNS rebinding)."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    origin = request.headers.get("origin")
    if request.client in LOOPBACK and host and host not in LOOPBACK:
        raise Refused(403, f"this API is called {', '.join(LOOPBACK)}, not {host!r}")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(403, f"pages of {origin!r} may not call this API")
