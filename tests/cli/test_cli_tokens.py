"""Tokens of programs: made once, changed, listed without themselves, taken back; by command and by file."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
from tests.cli.called import Cli

from depesza.services.vault import Vault
from depesza.store.opening import open_store

ACCOUNT = "sms-ab-1"
KEY = "a key of the tests, long enough"
"""Of the settings that the commands find."""


@pytest.fixture
def shop(cli: Cli) -> Cli:
    """A store with an account."""
    cli("owner", "create", "ab-ovh")
    cli("account", "create", ACCOUNT, "--owner", "ab-ovh")
    return cli


def made(said: str) -> str:
    """Read the token that a command printed."""
    return said.split("token: ")[1].strip()


def digests(url: str) -> list[bytes]:
    """Read what the store keeps of tokens."""

    async def look() -> list[bytes]:
        store = await open_store(url, lambda: 1)
        found = [row.digest for row in store.facts.tokens]
        await store.close()
        return found

    return asyncio.run(look())


def test_a_token_is_printed_once_and_kept_as_a_hash(shop: Cli, sqlite_url: str) -> None:
    said = shop("token", "create", ACCOUNT, "shop", "--language", "ro", "--country", "RO")
    assert said.out.startswith(f"created   token {ACCOUNT}/shop")
    assert len(made(said.out)) == 40
    (row,) = shop("token", "list", ACCOUNT, "--json").json
    assert (row["name"], row["language"], row["country"], row["legacy_errors"]) == ("shop", "ro", "RO", False)
    assert made(said.out) not in shop("token", "list", "--json").out
    (digest,) = digests(sqlite_url)
    assert made(said.out).encode() not in digest


def test_a_token_in_the_vendors_form(shop: Cli) -> None:
    parts = made(shop("token", "create", ACCOUNT, "shop", "--jwt").out).split(".")
    head, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2])
    assert (head["alg"], list(payload), len(payload["_id"])) == ("HS256", ["_id"], 24)


def test_a_token_is_changed_and_taken_back(shop: Cli, sqlite_url: str) -> None:
    shop("token", "create", ACCOUNT, "shop")
    before = digests(sqlite_url)
    assert shop("token", "change", ACCOUNT, "shop", "--legacy-errors").status == 0
    assert shop("token", "list", "--json").json[0]["legacy_errors"] is True
    assert digests(sqlite_url) == before, "a change of settings makes no new token"
    assert shop("token", "create", ACCOUNT, "shop").status == 1
    assert shop("token", "change", ACCOUNT, "other").status == 1
    assert shop("token", "create", ACCOUNT, "other", "--country", "romania").status == 1
    assert shop("token", "revoke", ACCOUNT, "shop").status == 0
    assert shop("token", "revoke", ACCOUNT, "shop").err == f"depesza: token: there is no token {ACCOUNT}/shop\n"
    assert shop("token", "list", "--json").json == []


def test_a_file_names_tokens_and_an_account_takes_its_own_along(shop: Cli, sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "wish.toml"
    token = "shown by the shop's program"

    def apply(text: str, *words: str) -> str:
        file.write_text(text)
        said = shop("apply", str(file), *words)
        return said.out + said.err

    one = f'[[tokens]]\naccount = "{ACCOUNT}"\nname = "shop"\ntoken = "{token}"\n'
    assert "created   token" in apply(one)
    assert "unchanged token" in apply(one)
    assert token not in apply(one.replace("shop's", "office's"))
    assert digests(sqlite_url) != [b""]
    assert "is the same" in apply(
        one.replace("shop's", "office's") + one.replace('"shop"', '"till"').replace("shop's", "office's")
    )
    assert "deleted   token" in apply("tokens = []\n", "--prune")
    apply(one)
    assert "deleted   token" in shop("account", "delete", ACCOUNT).out
    assert digests(sqlite_url) == []


def test_the_hash_is_what_the_dialect_looks_for(shop: Cli, sqlite_url: str) -> None:
    token = made(shop("token", "create", ACCOUNT, "shop").out)
    assert digests(sqlite_url) == [Vault(KEY.encode(), bytes).digest(token)]
