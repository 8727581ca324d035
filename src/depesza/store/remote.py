"""The store of a process that leaves the writing to another one: it reads the database itself and asks for the rest.

Both ends stand here. `RemoteStore` sends a service's name and arguments, `answer` runs it on the real store.
Values that both processes have are named, not sent: the turns of the queues, the policy, accounts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, NoReturn, ParamSpec, Protocol, TypeVar

from msgspec import Struct

from depesza.core.facts import Account, Facts
from depesza.store.contract import Store, StoreError
from depesza.store.tx import Stats, Tx, Work

T = TypeVar("T")
P = ParamSpec("P")

Service = Callable[..., Awaitable[Any]]


class Named(Struct, frozen=True, gc=False):
    """Stands for a value that the other process has: a thing shared, or the account with this id."""

    name: str
    id: int = 0


class Asker(Protocol):
    """Asks the other process."""

    def ask(self, what: str, *about: object) -> "asyncio.Future[Any]":
        """Ask; gives the answer or raises what the other end raised."""
        ...


class RemoteStore:
    """Implements `store.contract.Store` beside the process that writes."""

    def __init__(self, reader: Store, asker: Asker, node: int, shared: Mapping[str, object]) -> None:
        """`reader` is the same database, only read here; `shared` are our own forms of what both have."""
        self.node = node
        reader.node = node
        self._reader = reader
        self._ask = asker.ask
        self._names = {id(thing): Named(name) for name, thing in shared.items()}
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
        return self._ask("run", service, self._carry(args), kwargs)

    def insist(
        self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """The same, however much is waiting."""
        return self._ask("insist", service, self._carry(args), kwargs)

    def _carry(self, args: tuple[object, ...]) -> tuple[object, ...]:
        names = self._names
        return tuple([Named("account", arg.id) if type(arg) is Account else names.get(id(arg), arg) for arg in args])

    async def look(self, service: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service that only reads, here."""
        return await self._reader.look(service, *args, **kwargs)

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


def answer(
    store: Store, shared: Mapping[str, object], what: str, service: Service, args: tuple[object, ...], kwargs: Any
) -> Awaitable[Any]:
    """Run what the other process asks for; raises what the store raises at once."""
    run: Callable[..., Awaitable[Any]] = store.run if what == "run" else store.insist
    return run(service, *[_found(store, shared, arg) for arg in args], **kwargs)


def _found(store: Store, shared: Mapping[str, object], arg: object) -> object:
    if type(arg) is not Named:
        return arg
    if arg.name != "account":
        return shared[arg.name]
    account = store.facts.account.get(arg.id)
    if account is None:
        raise StoreError(f"account {arg.id} was deleted meanwhile")
    return account
