"""Settings of phones by SMSGate's API: both spellings, secrets, and what is refused. spec: devices/2.4"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsgate_world import Gate, gate_of
from tests.store.world import ONE

from depesza.dialects.smsgate.settings import camel, snake
from depesza.services import phone_settings

pytestmark = pytest.mark.anyio

JS = "android-sms-gateway/3.0 (client; js)"


@pytest.fixture
async def gate(sqlite_url: str) -> AsyncIterator[Gate]:
    """The setting."""
    async with gate_of(sqlite_url) as gate:
        yield gate


async def test_each_client_reads_its_own_spelling_whoever_wrote(gate: Gate) -> None:
    assert await gate.good("GET", "/settings") == {}
    written = {"messages": {"limit_period": "PerHour", "limit_value": 5}, "ping": {"intervalSeconds": 30}}
    shown = await gate.good("PUT", "/settings", written)
    assert shown == {"messages": {"limit_period": "PerHour", "limit_value": 5}, "ping": {"interval_seconds": 30}}
    assert await gate.good("GET", "/settings", agent=JS) == {
        "messages": {"limitPeriod": "PerHour", "limitValue": 5},
        "ping": {"intervalSeconds": 30},
    }


async def test_a_patch_changes_some_and_null_takes_away(gate: Gate) -> None:
    await gate.good("PUT", "/settings", {"messages": {"limit_value": 5, "processing_order": "LIFO"}})
    shown = await gate.good("PATCH", "/settings", {"messages": {"limitValue": None}, "logs": {"lifetimeDays": 3}})
    assert shown == {"messages": {"processing_order": "LIFO"}, "logs": {"lifetime_days": 3}}
    assert await gate.good("PUT", "/settings", {"logs": None}) == {}


async def test_secrets_are_kept_and_never_shown(gate: Gate) -> None:
    secret = {"webhooks": {"signing_key": "mine", "retry_count": 3}, "encryption": {"passphrase": "pass"}}
    assert await gate.good("PUT", "/settings", secret) == {"webhooks": {"retry_count": 3}}
    kept = phone_settings.secrets(gate.store.facts, ONE, gate.vault)
    assert kept == {"webhooks": {"signing_key": "mine"}, "encryption": {"passphrase": "pass"}}
    assert b"pass" not in gate.store.facts.phone_settings_of[ONE].secrets
    await gate.good("PATCH", "/settings", {"encryption": {"passphrase": None}})
    assert phone_settings.secrets(gate.store.facts, ONE, gate.vault) == {"webhooks": {"signing_key": "mine"}}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"nothing": {}}, "section"),
        ({"messages": 7}, "object"),
        ({"messages": {"limit": 7}}, "no such setting"),
        ({"messages": {"limit_value": 0}}, "value"),
        ({"messages": {"limit_value": True}}, "value"),
        ({"messages": {"limit_period": "PerYear"}}, "value"),
        ({"messages": {"limit_period": []}}, "value"),
        ({"messages": {"send_interval_min": 9, "send_interval_max": 3}}, "less"),
        ({"messages": {"work_hours_enabled": True}}, "needs"),
        ({"messages": {"work_hours_start": "25:00"}}, "value"),
        ({"gateway": {"cloud_url": "https://elsewhere.example"}}, "this server"),
        ({"gateway": {"privateToken": "x"}}, "this server"),
        ({"gateway": {"notification_channel": "AUTO"}}, "value"),
        ([], "object"),
    ],
)
async def test_what_cant_be_set_is_refused_and_changes_nothing(gate: Gate, body: object, why: str) -> None:
    await gate.good("PUT", "/settings", {"ping": {"interval_seconds": 60}})
    for method in ("PUT", "PATCH"):
        assert why in await gate.refused(400, method, "/settings", body)
    assert await gate.good("GET", "/settings") == {"ping": {"interval_seconds": 60}}


@pytest.mark.parametrize("name", ["limit_period", "interval_seconds", "cloud_url", "passphrase"])
def test_spellings_come_back(name: str) -> None:
    assert snake(camel(name)) == name == snake(name)
