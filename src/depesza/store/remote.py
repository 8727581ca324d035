"""The store of a process that leaves the writing to another one: it reads the database itself and asks for the rest.

Both ends stand here. `RemoteStore` sends a service's name and arguments, `answer` runs it on the real store. The
arguments are carried as copies, so the turns of the queues, which the other process shares out, can't be among them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, NoReturn, ParamSpec, Protocol, TypeVar

from depesza.core.facts import Facts
from depesza.store.contract import Store, StoreError
from depesza.store.tx import Tx
from depesza.store.work import Stats, Work

T = TypeVar("T")
P = ParamSpec("P")

Service = Callable[..., Awaitable[Any]]

ASKED = frozenset({"run", "insist", "visible"})
"""What `RemoteStore` asks and `answer` answers."""


class Asker(Protocol):
    """Asks the other process."""

    def ask(self, what: str, *about: object) -> "asyncio.Future[Any]":
        """Ask; gives the answer or raises what the other end raised."""
        ...


class RemoteStore:
    """Implements `store.contract.Store` beside the process that writes."""

    def __init__(self, reader: Store, asker: Asker, node: int) -> None:
        """`reader` is the same database, only read here; `node` is the number of the process that writes."""
        self.node = node
        reader.node = node
        self._reader = reader
        self._ask = asker.ask
        self._stats = Stats()

    @property
    def facts(self) -> Facts:
        """The current picture of what changes rarely."""
        return self._reader.facts

    @property
    def pending(self) -> int:
        """Not known here."""
        return 0

    @property
    def stats(self) -> Stats:
        """Nothing is written here."""
        return self._stats

    def listen(self, listener: Callable[[Work], None]) -> None:
        """Nobody is told here: the other process is."""

    def run(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """Run a service in the next commit of the other process."""
        return self._ask("run", service, args, kwargs)

    def insist(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """The same, however much is waiting."""
        return self._ask("insist", service, args, kwargs)

    async def look(self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service that only reads, here, on what the other process has answered."""
        await self.visible()
        return await self._reader.look(service, *args, **kwargs)

    async def visible(self) -> None:
        """Wait until what the other process has answered can be read."""
        await self._ask("visible", None, (), {})

    async def refresh(self) -> None:
        """Take over the facts that the other process has changed."""
        await self._reader.refresh()

    async def join(self, ttl: int) -> int:
        """The lease is the other process's."""
        self._not_ours()

    async def renew(self) -> bool:
        """The lease is the other process's."""
        self._not_ours()

    async def orphans(self) -> Sequence[int]:
        """The lease is the other process's."""
        self._not_ours()

    async def bury(self, node: int) -> None:
        """The lease is the other process's."""
        self._not_ours()

    def _not_ours(self) -> NoReturn:
        raise StoreError("another process holds the lease")

    async def close(self) -> None:
        """Close what is read from."""
        self._reader.node = -1
        await self._reader.close()


def answer(store: Store, what: str, service: Service | None, args: tuple[object, ...], kwargs: Any) -> Awaitable[Any]:
    """Do what the other process asks for; raises what the store raises at once."""
    if service is None:
        return store.visible()
    run: Callable[..., Awaitable[Any]] = store.run if what == "run" else store.insist
    return run(service, *args, **kwargs)
