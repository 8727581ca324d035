"""Who signs in with a password: wrong ones lock for a while, right ones are remembered for a while."""

import pytest
from argon2 import PasswordHasher

from depesza.services import locks, passwords
from depesza.services.locks import LOCKED, TRIES, Locks
from depesza.services.passwords import KEPT, Passwords
from depesza.services.vault import Vault

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def vault() -> Vault:
    """A vault with a key of tests."""
    return Vault(b"a key of sixteen octets", bytes)


def test_locks_are_bounded_and_grow() -> None:
    kept = Locks()
    for count in range(locks.MOST + 10):
        kept.wrong(f"name{count}", "::1", 0)
    assert len(kept._tries) == locks.MOST
    for _ in range(TRIES + 3):
        kept.wrong("ab1-ovh", "::1", 0)
    assert kept.locked("ab1-ovh", "::1", 8 * LOCKED - 1)
    assert not kept.locked("ab1-ovh", "::1", 8 * LOCKED)
    assert not kept.locked("ab1-ovh", "::2", 0)
    kept.right("ab1-ovh", "::1")
    assert not kept.locked("ab1-ovh", "::1", 0)


def test_a_right_password_is_known_while_it_is_used(vault: Vault) -> None:
    kept = Passwords(vault)
    assert not kept.known("hash", "Secret12", 0)
    kept.remember("hash", "Secret12", 0)
    assert kept.known("hash", "Secret12", KEPT - 1)
    assert kept.known("hash", "Secret12", 2 * KEPT - 2)
    assert not kept.known("hash", "Secret12", 3 * KEPT)
    assert not kept.known("hash", "Secret12", 0), "what is too old is forgotten"


def test_neither_another_password_nor_another_hash_is_known(vault: Vault) -> None:
    kept = Passwords(vault)
    kept.remember("hash", "Secret12", 0)
    assert not kept.known("hash", "Secret13", 0)
    assert not kept.known("changed", "Secret12", 0)


def test_only_so_many_are_remembered_and_the_unused_go_first(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MOST", 3)
    kept = Passwords(vault)
    for name in "abc":
        kept.remember(name, "x", 0)
    assert kept.known("a", "x", 1)
    kept.remember("d", "x", 2)
    assert [kept.known(name, "x", 3) for name in "abcd"] == [True, False, True, True]


def test_what_is_remembered_holds_no_password(vault: Vault) -> None:
    kept = Passwords(vault)
    kept.remember("hash", "Secret12", 0)
    assert "Secret12" not in repr(kept._used)


def test_the_password_of_nobody_is_never_right(vault: Vault) -> None:
    assert vault.check_password(QUICK.hash("Secret12"), "Secret12")
    assert not vault.check_password(QUICK.hash("Secret12"), "secret12")
    assert not vault.check_password("", "")
    assert not vault.check_password("no hash", "Secret12")
