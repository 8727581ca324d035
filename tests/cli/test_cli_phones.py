"""`depesza phone`: phones listed, changed, let in and kept out, their SIM cards and rules."""

import asyncio

import pytest
from tests.cli.called import Cli
from tests.store.world import ONE, furnish

from depesza.cli.errors import Failed
from depesza.cli.phones import read_quiet
from depesza.core.devices import Kind
from depesza.services import enrolment
from depesza.services.devices import SimSaid
from depesza.services.enrolment import Newcomer
from depesza.store.opening import open_store

NOW = 1_780_000_000_000_000


@pytest.fixture
def phone(cli: Cli, sqlite_url: str) -> str:
    """A store with one phone; gives its number."""

    async def sit() -> int:
        store = await open_store(sqlite_url, lambda: NOW)
        try:
            await store.run(furnish)  # type: ignore[arg-type]
            newcomer = Newcomer(kind=Kind.SMSGATE, name="Fairphone", token=b"1", sims=(SimSaid(slot=1),))
            return (await store.run(enrolment.enrol_into, ONE, newcomer, NOW)).id
        finally:
            await store.close()

    return str(asyncio.run(sit()))


def test_a_phone_is_listed_shown_paused_banned_and_deleted(cli: Cli, phone: str) -> None:
    (row,) = cli("phone", "list", "--json").json
    assert (str(row["id"]), row["name"], row["account"]) == (phone, "Fairphone", "sms-xx11111-1")
    assert "offline paused" in cli("phone", "pause", "Fairphone").out
    assert cli("phone", "resume", phone, "--json").json["state"] == "offline"
    assert cli("phone", "ban", phone, "--json").json["state"] == "offline banned"
    assert cli("phone", "ban", phone, "--undo", "--json").json["state"] == "offline"
    assert cli("phone", "rename", phone, "Kitchen", "--json").json["name"] == "Kitchen"
    assert "no number, unknown operator" in cli("phone", "show", phone).out
    assert cli("phone", "alerts").out.strip() == "all is well"
    assert cli("phone", "delete", phone).status == 0
    assert cli("phone", "list", "--json").json == []
    assert "there is no phone Kitchen" in cli("phone", "show", "Kitchen").err


def test_a_code_and_a_key_are_made_listed_and_revoked(cli: Cli, phone: str) -> None:
    code = cli("phone", "enrol", "sms-xx11111-1", "--json").json
    assert (len(code["code"]), code["page"].endswith(f"/pair/{code['code']}")) == (8, True)
    key = cli("phone", "enrol", "--key", "--json").json
    assert len(key["key"]) == 32
    listed = cli("phone", "enrolments", "--json").json
    assert [row["kind"] for row in listed] == ["key", "code"]
    assert cli("phone", "revoke", str(key["id"])).status == 0
    assert "no code or key" in cli("phone", "revoke", str(key["id"])).err


def test_limits_of_a_sim_are_changed_one_by_one(cli: Cli, phone: str) -> None:
    row = cli("phone", "sim", "change", phone, "1", "--minute", "5", "--quiet", "22:00-07:00", "--json").json
    limits = row["limits"]
    assert (limits["minute"], limits["hour"], limits["quiet_from"], limits["quiet_to"]) == (5, 200, 1320, 420)
    row = cli("phone", "sim", "change", phone, "1", "--number", "+40740000001", "--no-enabled", "--json").json
    assert (row["number"], row["enabled"], row["limits"]["minute"]) == ("+40740000001", False, 5)
    assert cli("phone", "sim", "list", phone, "--json").json == [row]
    for words in (("2", "--day", "1"), ("1", "--day", "-1"), ("1",), ("1", "--quiet", "25:00-1:00")):
        assert cli("phone", "sim", "change", phone, *words).status in (1, 2)


def test_rules_are_added_listed_and_deleted(cli: Cli, phone: str) -> None:
    (sim,) = cli("phone", "sim", "list", phone, "--json").json
    words = ("sms-xx11111-1", "--prefix", "+4074", "--mode", "only", "--sim", str(sim["sim"]))
    made = cli("phone", "rule", "add", *words, "--json").json
    (row,) = cli("phone", "rule", "list", "--json").json
    assert (row["id"], row["prefix"], row["mode"], row["sim"]) == (made["id"], "4074", "only", sim["sim"])
    assert cli("phone", "rule", "add", "sms-xx11111-1", "--sim", "4711").status == 1
    assert cli("phone", "rule", "delete", str(row["id"])).status == 0
    assert cli("phone", "rule", "delete", str(row["id"])).status == 1


@pytest.mark.parametrize("written", ["22", "22:00", "a:b-c:d", "24:00-1:00"])
def test_quiet_hours_that_are_none(written: str) -> None:
    with pytest.raises(Failed):
        read_quiet(written)
