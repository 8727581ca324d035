"""What programs of users have, on both stores: tokens, webhooks, settings of phones, pages of what was received."""

import pytest
from tests.store.world import ONE, furnished

from depesza.core.facts import User, Webhook
from depesza.core.model import Inbound
from depesza.core.planning import Policy
from depesza.services import access_tokens, inbox, inbox_pages, phone_settings, retention, users, webhooks
from depesza.services.access_tokens import Token
from depesza.services.inbox_pages import Wanted
from depesza.services.vault import Vault
from depesza.store.contract import Store

pytestmark = pytest.mark.anyio

NOW = 1_780_000_000_000_000
VAULT = Vault(b"a key of sixteen octets", bytes)


async def test_a_pair_of_tokens_lives_and_dies_together(store: Store) -> None:
    pair = (Token("a", 7, NOW + 1, "b"), Token("b", 7, NOW + 9, "a"))
    assert await store.run(access_tokens.give, pair)
    assert await store.look(access_tokens.counts, 7, "a")
    assert not await store.look(access_tokens.counts, 8, "a")
    assert not await store.run(access_tokens.revoke, 8, "a")
    assert await store.run(access_tokens.give, (Token("c", 7, NOW + 9, "d"),), "b")
    assert not await store.look(access_tokens.counts, 7, "a")
    assert not await store.run(access_tokens.give, (Token("e", 7, NOW + 9, "f"),), "b")
    await store.run(retention.forget_rest, 0, NOW + 20)
    assert not await store.look(access_tokens.counts, 7, "c")


async def test_webhooks_are_facts_and_go_with_their_user(store: Store) -> None:
    await furnished(store)
    user = await store.run(users.create, User(id=0, account=ONE, login="api1", password=""))
    hook = Webhook(user_id=user.id, name="in", account=ONE, dialect="smsgate", url="https://x/", event="received")
    await store.run(webhooks.put, hook)
    await store.run(webhooks.put, hook)
    assert store.facts.hooks_of == {user.id: (hook,)}
    assert not await store.run(webhooks.remove, user.id, "out")
    await store.run(users.delete, user.id, NOW)
    assert store.facts.webhooks == ()


async def test_settings_of_phones_keep_their_secrets_apart(store: Store) -> None:
    values = phone_settings.merged(
        {"ping": {"interval_seconds": 5}}, {"ping": {"interval_seconds": None}, "a": {"b": 1}}
    )
    assert values == {"a": {"b": 1}}
    await store.run(phone_settings.put, ONE, values, phone_settings.sealed(VAULT, {"a": {"c": "d"}}), NOW)
    assert phone_settings.shown(store.facts, ONE) == values
    assert phone_settings.secrets(store.facts, ONE, VAULT) == {"a": {"c": "d"}}
    await store.run(phone_settings.put, ONE, {}, b"", NOW)
    assert phone_settings.secrets(store.facts, ONE, VAULT) == {}


async def test_texts_received_are_read_page_by_page(store: Store) -> None:
    await furnished(store)
    texts = [Inbound(1, "+40740123456", "MyNumber", f"text {n}", NOW + n) for n in range(3)]
    await store.run(inbox.take_inbound, texts, Policy(), NOW, ONE)
    found, total = await store.look(inbox_pages.listed, ONE, 7, Wanted(limit=2))
    assert ([each.text for each in found], total) == (["text 2", "text 1"], 3)
    found, total = await store.look(inbox_pages.listed, ONE, 7, Wanted(since=NOW + 1, until=NOW + 1, kind="sms"))
    assert ([(each.text, each.slot) for each in found], total) == ([("text 1", 0)], 1)
    assert await store.look(inbox_pages.listed, ONE, 7, Wanted(device=5)) == ([], 0)
