"""Keys from request to end, on both stores. spec: ovh/1.5"""

import secrets

import pytest
from tests.store.world import furnish
from tests.support import NOW

from depesza.services import keys
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

VAULT = Vault(b"a key of sixteen octets", secrets.token_bytes)
RULES = [("GET", "/sms"), ("get", "/sms"), ("POST", "/sms/*")]


async def test_a_key_from_request_to_end(store: Store) -> None:
    await store.run(furnish)
    made = await store.run(keys.create_application, VAULT, 100, " my program ", "d")
    assert (made.row.name, len(made.row.key), len(made.secret)) == ("my program", 16, 32)
    assert made.secret.encode() not in made.row.secret
    asked = await store.run(keys.request_key, VAULT, made.row.id, RULES, NOW, "https://x.example/", ["10.0.0.1"])
    row = store.facts.credential_digested[VAULT.digest(asked.consumer_key)]
    assert row.rules == (("GET", "/sms"), ("POST", "/sms/*"))
    assert (row.status, row.owner, row.allowed_ips) == ("pendingValidation", 0, ("10.0.0.1/32",))
    await store.run(keys.approve, row.token, 100, 60, NOW)
    row = store.facts.credential_digested[row.digest]
    assert (row.status, row.owner, row.expires, row.token) == ("validated", 100, NOW + 60_000_000, "")
    await store.run(keys.restrict, row.id, ["10.0.0.0/8"])
    await store.run(keys.expire, row.id, NOW + 5)
    row = store.facts.credential_digested[row.digest]
    assert (row.status, row.expires, row.allowed_ips) == ("expired", NOW + 5, ("10.0.0.0/8",))
    await store.run(keys.revoke, row.id)
    assert row.digest not in store.facts.credential_digested


async def test_an_application_goes_with_its_keys(store: Store) -> None:
    await store.run(furnish)
    made, key = await store.run(keys.grant_all, VAULT, 100, "mine", "", RULES, 0, NOW)
    other, kept = await store.run(keys.grant_all, VAULT, 100, "other", "", RULES, 0, NOW)
    assert key.row.expires == 0
    await store.run(keys.drop_application, made.row.id)
    assert [row.id for row in store.facts.applications] == [other.row.id]
    assert [row.id for row in store.facts.credentials] == [kept.row.id]


async def test_an_owner_gets_a_password(store: Store) -> None:
    await store.run(furnish)
    await store.run(keys.set_password, 100, "$argon2id$...")
    assert store.facts.owner[100].password == "$argon2id$..."


async def test_what_is_not_there_is_unknown_and_changes_nothing(store: Store) -> None:
    await store.run(furnish)
    version = store.facts.version
    calls = [
        lambda tx: keys.create_application(tx, VAULT, 999, "x"),
        lambda tx: keys.create_application(tx, VAULT, 100, "  "),
        lambda tx: keys.drop_application(tx, 999),
        lambda tx: keys.request_key(tx, VAULT, 999, RULES, NOW),
        lambda tx: keys.grant(tx, VAULT, 999, 100, RULES, 0, NOW),
        lambda tx: keys.grant_all(tx, VAULT, 999, "x", "", RULES, 0, NOW),
        lambda tx: keys.approve(tx, "", 100, 0, NOW),
        lambda tx: keys.refuse(tx, "nothing", NOW),
        lambda tx: keys.expire(tx, 999, NOW),
        lambda tx: keys.revoke(tx, 999),
        lambda tx: keys.restrict(tx, 999, []),
        lambda tx: keys.set_password(tx, 999, "x"),
    ]
    for call in calls:

        async def service(tx: Tx, call: object = call) -> object:
            return await call(tx)  # type: ignore[operator]

        with pytest.raises(keys.KeyRefused):
            await store.run(service)
    assert store.facts.version == version
