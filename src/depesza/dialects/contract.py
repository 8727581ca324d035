"""What a dialect is: a vendor's API in front of our services, and its callbacks behind them.

A dialect reads `HttpRequest`s, runs services on the store and writes `HttpReply`s in its vendor's exact form; for
news it turns a `Notice` into an `HttpCall`. Handlers are three strokes: read, service, write.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Concatenate, ParamSpec, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from depesza.core.facts import Facts
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Notice, State
from depesza.core.planning import Policy
from depesza.services.audiences import Staged
from depesza.services.documents import Document
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.tx import Tx
from depesza.wire.http import HttpAnswer, HttpCall, HttpReply, HttpRequest

T = TypeVar("T")
P = ParamSpec("P")


class Lists(Protocol):
    """Brings lists of receivers into the store, however long; all raise `BadList`.

    What they give is put to use with `audiences.place` or `audiences.lend`, or else given up with `audiences.abandon`.
    """

    async def from_url(self, account: int, url: str) -> Staged:
        """Fetch a file that a client names (guarded against private addresses, bounded in size)."""
        ...

    async def from_document(self, account: int, document: Document) -> Staged:
        """Read a file that was uploaded."""
        ...

    async def from_numbers(self, account: int, numbers: Sequence[str]) -> Staged:
        """Take receivers that a request names one by one."""
        ...


Fetch = Callable[[str], Awaitable[HttpAnswer]]
"""Fetches a file that a client names (guarded against private addresses, bounded in size): the answer's body, or why
there is none in its `error`."""


async def fetch_nothing(url: str) -> HttpAnswer:
    """Fetch no file at all."""
    return HttpAnswer(0, error=f"{url}: nothing is fetched here")


class Context(Struct, frozen=True):
    """What the composition gives to every dialect."""

    store: Store
    vault: Vault
    lanes: Lanes
    policy: Policy
    now: Callable[[], int]
    """Microseconds since 1970."""
    lists: "Lists"
    bases: tuple[str, ...] = ()
    """Public addresses of this server, such as `https://sms.example.org`, without a final slash."""
    signature_window: int = 300
    """Seconds a signed request's clock may be off."""
    brand: str = "depesza"
    largest_document: int = 16 << 20
    """Octets of a file that a client may upload."""
    export_life: int = 30 * 86_400 * MICRO
    """Microseconds for which a file that we wrote for a client can be fetched."""
    orders_wait: bool = True
    """An order waits for the operator; else it is carried out at once."""
    terms: tuple[str, ...] = ()
    """Addresses of the terms under which credits are sold."""
    mails: bool = False
    """Whether a mail server is set."""
    smpp_endpoints: tuple[str, str] = ("", "")
    """Host and port for SMPP that clients are told, with TLS and without; empty where there is none."""
    fetch: Fetch = fetch_nothing
    http2sms_help: str = ""
    """Address that http2sms names in its refusals; empty for our own page."""


class Serving:
    """What a request that carries its context can do: run services."""

    __slots__ = ()
    context: Context

    def run(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Run a service in the next commit."""
        return self.context.store.run(service, *args, **kwargs)

    def look(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Run a service that only reads."""
        return self.context.store.look(service, *args, **kwargs)


class Row(Struct, frozen=True):
    """One endpoint of a vendor, for the coverage page."""

    method: str
    path: str
    done: bool
    note: str = ""


class Dialect(Protocol):
    """A vendor's API."""

    name: str
    """As counted in metrics, and as stored in submissions where it is a `Voice` too."""
    prefixes: Sequence[str]
    """First path segments it answers under, or the first two (`api/mobile`), which win over the first alone."""

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        ...

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault" in the vendor's form, after an unexpected exception."""
        ...

    def coverage(self) -> Sequence[Row]:
        """List every endpoint of the vendor."""
        ...


@runtime_checkable
class Voice(Protocol):
    """A dialect that tells news. One without callbacks of its own names another's in its submissions."""

    name: str
    """As stored in submissions: in whose words news goes back."""

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write the callback for a notice."""
        ...


class Manners(Struct, frozen=True):
    """How a vendor calls back, in the place of what the operator has set for all."""

    schedule: Sequence[float]
    """Seconds from one try to the next."""
    timeout: float = 0.0
    """Seconds that a client may take to answer; 0: as the operator has set."""
    unsaid: frozenset[State] = frozenset()
    """States that the vendor has no word of its own for: what was said before says it."""


@runtime_checkable
class Mannered(Protocol):
    """A voice whose vendor publishes how callbacks are made."""

    manners: Manners


@runtime_checkable
class Finder(Protocol):
    """A dialect that answers also where no prefix leads."""

    def owns(self, path: str) -> bool:
        """Tell, without waiting, whether a path (as in `HttpRequest.path`) that no prefix has is its own."""
        ...


@runtime_checkable
class Line(Protocol):
    """A dialect on which phones listen for what is new."""

    def nudge(self, devices: Sequence[int]) -> None:
        """Tell those that listen here what has just been written for them."""
        ...
