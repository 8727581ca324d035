"""A door that passwords are shown at: what it knows without the slow hash, and what it forgets."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from depesza.dialects.doors import Attempt, Door, Locked
from depesza.services.locks import TRIES
from depesza.services.passwords import KEPT
from depesza.services.vault import Vault

NOW = 1_700_000_000_000_000
VAULT = Vault(b"a key of sixteen octets", lambda count: b"\x07" * count)
RIGHT = Attempt("shop", VAULT.hash_password("let me in"), "let me in", "192.0.2.1", NOW)


@pytest.fixture
def door() -> Door:
    return Door(VAULT)


@pytest.mark.anyio
async def test_a_right_password_is_known_once_it_was_admitted(door: Door) -> None:
    assert not door.knows(RIGHT)
    assert await door.admits(RIGHT)
    assert door.knows(RIGHT)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "other",
    [
        lambda attempt: replace(attempt, password="let me out"),
        lambda attempt: replace(attempt, hashed=VAULT.hash_password("another")),
        lambda attempt: replace(attempt, now=attempt.now + KEPT),
    ],
)
async def test_nothing_else_is_known(door: Door, other: Callable[[Attempt], Attempt]) -> None:
    assert await door.admits(RIGHT)
    assert not door.knows(other(RIGHT))


@pytest.mark.anyio
async def test_what_another_way_proved_is_known_too(door: Door) -> None:
    both = replace(RIGHT, hashed="two hashes")
    door.remember(both)
    assert door.knows(both)
    assert not door.knows(RIGHT)


@pytest.mark.anyio
async def test_a_known_password_opens_no_door_that_is_locked(door: Door) -> None:
    assert await door.admits(RIGHT)
    for _ in range(TRIES):
        assert not await door.admits(replace(RIGHT, password="a guess"))
    assert not door.knows(RIGHT)
    with pytest.raises(Locked):
        await door.admits(RIGHT)
    assert door.knows(replace(RIGHT, address="192.0.2.2"))


@pytest.mark.anyio
async def test_a_known_password_ends_a_row_of_wrong_ones(door: Door) -> None:
    assert await door.admits(RIGHT)
    for _ in range(2 * TRIES):
        assert not await door.admits(replace(RIGHT, password="a guess"))
        assert door.knows(RIGHT)
