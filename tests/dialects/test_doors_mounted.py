"""Which dialect answers under which address, when all of them are mounted."""

from collections import Counter

import pytest
from tests.dialects.ovh_auth_world import Chance
from tests.support import NOW, Clock

from depesza.core.fairness import Lanes
from depesza.front import Front, make_client, make_dialects
from depesza.services.vault import Vault
from depesza.settings import SecuritySettings, Settings
from depesza.store.opening import open_store
from depesza.wire.http import HttpRequest

pytestmark = pytest.mark.anyio

PLACES = [
    ("/1.0/auth/time", "ovh", 200),
    ("/api/nothing", "ovh", 404),
    ("/api", "ovh", 404),
    ("/api/sms/", "smsadvert", 405),
    ("/api/3rdparty/v1/health/live", "smsgate", 200),
    ("/api/mobile/v1/device", "smsgate_mobile", 200),
    ("//API//Mobile//v1//device", "smsgate_mobile", 404),
    ("/pair/abc", "smsgate_mobile", 404),
    ("/cht", "cht", 401),
    ("/http2sms", "http2sms", 200),
    ("/o/abc.gif", "opens", 200),
]


async def test_each_address_leads_to_its_dialect(sqlite_url: str) -> None:
    clock, counts = Clock(NOW), Counter[tuple[str, int]]()
    settings = Settings(security=SecuritySettings(key="a key of sixteen octets"))
    store = await open_store(sqlite_url, clock)
    vault, client = Vault(b"a key of sixteen octets", Chance()), make_client(settings)
    front = Front(settings, make_dialects(settings, store, Lanes(), vault, clock, client), counts)
    seen = []
    for path, _, _ in PLACES:
        counts.clear()
        await front.handle(HttpRequest("GET", path, path, "", {}, b"", "127.0.0.1", "http"))
        ((name, status),) = counts
        seen.append((path, name, status))
    await front.stop(0)
    await client.close()
    await store.close()
    assert seen == PLACES
