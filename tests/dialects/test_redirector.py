"""The redirector, behind the listener's table of dialects."""

from collections import Counter

import pytest
from tests.dialects.ovh_auth_world import Chance
from tests.store.world import ONE, POLICY, furnished, submission
from tests.support import NOW, Clock

from depesza.core.fairness import Lanes
from depesza.dialects import ALL
from depesza.front import Front, make_client, make_dialects
from depesza.services import links
from depesza.services.submit import take
from depesza.services.vault import Vault
from depesza.settings import SecuritySettings, Settings
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.wire.http import HttpReply, HttpRequest

pytestmark = pytest.mark.anyio

BASE = "https://s.example"
PAGE = "http://пример.рф/путь?a=1&b=%D0%B0"


async def sent(store: Store) -> str:
    """Send a message with a link; gives its code."""
    wish = submission("+33601020304", text=PAGE, shorten=BASE)
    lanes = await furnished(store)
    plan, _ = await store.run(take, store.facts.account[ONE], wish, lanes, POLICY, NOW)
    return plan.messages[0].body.removeprefix(f"{BASE}/")


async def test_a_short_link_sends_its_visitor_on(sqlite_url: str) -> None:
    clock, counts = Clock(NOW), Counter[tuple[str, int]]()
    settings = Settings(security=SecuritySettings(key="a key of sixteen octets"))
    store = await open_store(sqlite_url, clock)
    await store.join(12_000_000)
    vault, client = Vault(b"a key of sixteen octets", Chance()), make_client(settings)
    front = Front(settings, make_dialects(settings, store, Lanes(), vault, clock, client), counts)

    async def ask(path: str, method: str = "GET") -> HttpReply:
        return await front.handle(HttpRequest(method, path, path, "", {}, b"", "127.0.0.1", "http"))

    code = await sent(store)
    reply = await ask(f"/{code}")
    where = "http://%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84/%D0%BF%D1%83%D1%82%D1%8C?a=1&b=%D0%B0"
    assert (reply.status, dict(reply.headers)) == (302, {"Location": where, "Cache-Control": "no-store"})
    assert [(await ask(f"/{code}", "HEAD")).status, (await ask(f"/{code}", "POST")).status] == [302, 405]
    assert [(await ask(path)).status for path in (f"/{code}/more", "/abcdefg", f"/{code[:-1]}", "/")] == [404] * 4
    found = await store.look(links.counts, ONE, PAGE, 0, NOW)
    assert found is not None
    assert found.total == 1  # who only looks is not counted
    assert counts == {("links", 302): 2, ("links", 405): 1, ("links", 404): 1}
    await front.stop(0)
    await client.close()
    await store.close()


def test_no_prefix_of_a_dialect_looks_like_a_code() -> None:
    names = [prefix for make in ALL for prefix in getattr(make, "prefixes", ())]
    assert names
    assert not any(map(links.is_code, names))
