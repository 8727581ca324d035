"""Services that tell beforehand which tallies they will ask for, so that a commit reads all of them at once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from depesza.core.facts import Facts

T = TypeVar("T")
Foreseen = Callable[..., Sequence[tuple[int, str]]]
"""Tells, from facts and a service's arguments, which tallies (account and key) the service will ask for."""


def foreseeing(foreseen: Foreseen) -> Callable[[T], T]:
    """Let the tallies of a service that comes often be read for all services of a commit at once."""

    def mark(service: T) -> T:
        setattr(service, "foreseen", foreseen)  # noqa: B010 - a function has no such field, says the checker
        return service

    return mark


def foreseen_of(service: object, facts: Facts, args: Sequence[object]) -> Sequence[tuple[int, str]]:
    """List the tallies that a service will ask for, as far as it tells."""
    foreseen: Foreseen | None = getattr(service, "foreseen", None)
    return foreseen(facts, *args) if foreseen is not None else ()
