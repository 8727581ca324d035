"""serviceInfos of accounts and numbers, and SMPP access. spec: ovh/2"""

from collections.abc import AsyncIterator
from datetime import date

import msgspec
import pytest
from tests.dialects.ovh_auth_world import opened
from tests.dialects.ovh_cases_world import Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import Owner, Sender
from depesza.dialects.ovh.contracts import anniversary
from depesza.services import accounts, notices, senders
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

pytestmark = pytest.mark.anyio

RENEW = {"automatic": True, "deleteAtExpiration": False, "forced": False, "manualPayment": False, "period": 12}
NUMBER = "+33700000001"


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, on each store, with a number."""
    async with desk_of(store_url) as desk:
        row = Sender(account=ONE, name=NUMBER, kind="virtual", created=desk.clock.now)
        await desk.store.run(senders.create, row)
        yield desk


@pytest.fixture
async def lite(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, on SQLite only."""
    async with desk_of(sqlite_url) as desk:
        yield desk


@pytest.mark.parametrize(
    ("path", "name", "creation"),
    [
        ("/serviceInfos", "sms-xx11111-1", "2025-01-01"),
        (f"//sms/virtualNumbers/{NUMBER}/serviceInfos", NUMBER, "2026-05-28"),
    ],
)
async def test_a_contract_is_shown_and_its_renewal_kept(desk: Desk, path: str, name: str, creation: str) -> None:
    shown = await desk.good("GET", path)
    assert isinstance(shown, dict)
    assert (shown["domain"], shown["creation"], shown["renew"]) == (name, creation, RENEW)
    assert (shown["status"], shown["contactAdmin"], shown["engagedUpTo"]) == ("ok", "ab1-ovh", None)
    assert shown["expiration"] == {"2025": "2027-01-01", "2026": "2027-05-28"}[creation[:4]]
    wish = RENEW | {"automatic": False, "deleteAtExpiration": True, "period": "1"}
    assert await desk.good("PUT", path, shown | {"renew": wish, "domain": "other"}) is None
    again = await desk.good("GET", path)
    assert again == shown | {"renew": wish | {"period": 1}, "renewalType": "manual"}
    await desk.good("PUT", path, {"renew": {"automatic": True}})
    last = await desk.good("GET", path)
    assert isinstance(last, dict)
    assert last["renew"] == wish | {"period": 1, "automatic": True}


@pytest.mark.parametrize("renew", [{"period": 7}, {"automatic": "perhaps"}, "often"])
async def test_a_renewal_that_cannot_be_read_changes_nothing(lite: Desk, renew: object) -> None:
    assert (await lite.ask("PUT", "/serviceInfos", {"renew": renew})).status == 400
    shown = await lite.good("GET", "/serviceInfos")
    assert isinstance(shown, dict)
    assert shown["renew"] == RENEW


@pytest.mark.parametrize(
    ("begin", "today", "end"),
    [
        ("2025-01-01", "2026-05-28", "2027-01-01"),
        ("2026-05-28", "2026-05-28", "2027-05-28"),
        ("2026-05-29", "2026-05-28", "2027-05-29"),
        ("2024-02-29", "2025-02-28", "2025-03-01"),
        ("2024-02-29", "2027-06-01", "2028-02-29"),
    ],
)
def test_the_day_on_which_a_year_is_over(begin: str, today: str, end: str) -> None:
    assert anniversary(date.fromisoformat(begin), date.fromisoformat(today)) == date.fromisoformat(end)


# SMPP


async def allow(desk: Desk) -> None:
    """Let the account bind over SMPP."""
    await desk.store.run(accounts.change, ONE, {"smpp": True})


async def test_an_account_without_smpp_is_told_so(lite: Desk) -> None:
    calls = (("GET", "settings"), ("POST", "password"), ("GET", "allowedIPs"), ("PUT", "allowedIPs"))
    for method, what in calls:
        answer = await lite.ask(method, f"/smpp/{what}", {} if method == "PUT" else None)
        assert (answer.status, "no SMPP access" in answer.text) == (403, True)


async def test_addresses_are_added_and_removed(desk: Desk) -> None:
    await allow(desk)
    shown = await desk.good("GET", "")
    assert isinstance(shown, dict)
    assert shown["smpp"] is True
    assert await desk.good("GET", "/smpp/allowedIPs") == []
    both = ["192.0.2.1", "2001:db8::/32"]
    assert await desk.good("PUT", "/smpp/allowedIPs", {"action": "add", "ips": both}) == both
    assert await desk.good("PUT", "/smpp/allowedIPs", {"action": "add", "ips": both[:1]}) == both[::-1]
    assert (
        await desk.good("PUT", "/smpp/allowedIPs", {"action": "remove", "ips": ["192.0.2.1", "192.0.2.9"]}) == both[1:]
    )
    assert await desk.good("GET", "/smpp/allowedIPs") == both[1:]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "add"},
        {"ips": ["192.0.2.1"]},
        {"action": "change", "ips": ["192.0.2.1"]},
        {"action": "add", "ips": ["192.0.2.1", "nowhere"]},
        {"action": "add", "ips": [f"192.0.2.{n}" for n in range(51)]},
    ],
)
async def test_addresses_that_cannot_be_read_change_nothing(lite: Desk, body: dict[str, object]) -> None:
    await allow(lite)
    assert (await lite.ask("PUT", "/smpp/allowedIPs", body)).status == 400
    assert await lite.good("GET", "/smpp/allowedIPs") == []


async def test_the_settings_of_smpp(lite: Desk) -> None:
    await allow(lite)
    assert await lite.good("GET", "/smpp/settings") == {
        "endpoints": [],
        "status": "WAITING_IP",
        "systemID": "sms-xx11111-1",
        "throughput": 20,
        "windowing": 10,
    }


async def give_address(tx: Tx) -> None:
    """Let the owner have mail."""
    tx.put("owners", Owner(id=100, name="ab1-ovh", email="anna@example.org"))


async def test_a_new_password_is_mailed_and_kept_as_a_hash(sqlite_url: str) -> None:
    async with opened(sqlite_url, mails=True) as world:
        await world.with_keys()
        await world.store.run(accounts.change, ONE, {"smpp": True})
        path = "/1.0/sms/sms-xx11111-1/smpp/password"
        answer = await world.call("POST", path)
        assert (answer.status, "ask your operator" in answer.text) == (400, True)
        await world.store.run(give_address)
        answer = await world.call("POST", path)
        assert (answer.status, answer.text) == (200, "null")
        (notice,) = await world.store.look(notices.due, world.clock.now, 10)
        mail = msgspec.json.decode(notice.fact, type=Mail)
        password = world.vault.unseal(mail.sealed)
        assert (mail.to, len(password), password in mail.text) == ("anna@example.org", 8, False)
        hashed = world.store.facts.account[ONE].smpp_password
        assert world.vault.check_password(hashed, password)
        assert (await world.call("GET", "/1.0/sms/sms-xx11111-1")).text.find(hashed) == -1


async def test_without_a_mail_server_the_old_password_stays(lite: Desk) -> None:
    await lite.store.run(give_address)
    await lite.store.run(accounts.change, ONE, {"smpp": True, "smpp_password": "a hash"})
    assert (await lite.ask("POST", "/smpp/password")).status == 400
    assert lite.store.facts.account[ONE].smpp_password == "a hash"
