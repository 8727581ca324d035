"""What a store promises, and what a service may ask of its transaction.

A service is `async def service(tx, *args)`: it gathers facts through its `Tx`, decides, writes, and awaits nothing
else. `Store.run` gives it a place in the next commit and answers after that commit; a service that raises has
written nothing. `Store.look` runs one that only reads, beside the writers.
"""

from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from depesza.core.facts import Facts
from depesza.store.tx import Tx
from depesza.store.work import Stats, Work

T = TypeVar("T")
P = ParamSpec("P")

Service = Callable[Concatenate[Tx, P], Awaitable[T]]
"""A use case."""


class StoreError(Exception):
    """Base of what the store raises."""


class Busy(StoreError):
    """The list of pending work is full."""


class Conflict(StoreError):
    """A row with this key exists already."""


class Stopped(StoreError):
    """The store is closing."""


class Store(Protocol):
    """A database that keeps everything, opened by one process."""

    node: int
    """Number of this process, 0-31, held under a lease; -1 while it only administers."""

    @property
    def facts(self) -> Facts:
        """The current picture of what changes rarely."""
        ...

    @property
    def pending(self) -> int:
        """How many services wait for a commit."""
        ...

    @property
    def stats(self) -> Stats:
        """What was done so far."""
        ...

    def listen(self, listener: Callable[[Work], None]) -> None:
        """Name who is told, on the event loop and after the commit, of work that was written."""
        ...

    def run(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Run a service in the next commit; raises what it raises, `Busy` or `Stopped`."""
        ...

    def insist(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """The same for news that must not be turned away: never `Busy`."""
        ...

    async def look(self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service that only reads, on what is committed."""
        ...

    async def visible(self) -> None:
        """Wait until other processes can read what was answered here."""
        ...

    async def refresh(self) -> None:
        """Take over facts that another process has changed."""
        ...

    async def join(self, ttl: int) -> int:
        """Take a free node number under a lease of `ttl` microseconds, renewed by `renew`."""
        ...

    async def renew(self) -> bool:
        """Renew the lease; False when it was lost and this process must stop sending."""
        ...

    async def orphans(self) -> Sequence[int]:
        """Name nodes whose holder is gone; nobody can take their numbers until they are buried."""
        ...

    async def bury(self, node: int) -> None:
        """Forget an orphan whose work was taken over."""
        ...

    async def close(self) -> None:
        """Finish what is pending, release the lease, close."""
        ...
