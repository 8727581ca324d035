"""What the operator judges by command: templates, senders, restrictions; and what a number's digits say."""

import asyncio

import pytest
from tests.cli.called import Cli

from depesza.core.facts import Wording
from depesza.services import wordings
from depesza.store.opening import open_store


@pytest.fixture
def shop(cli: Cli, sqlite_url: str) -> Cli:
    """A store with an account, a name and a template that wait."""
    cli("owner", "create", "ab-ovh")
    cli("account", "create", "sms-ab-1", "--owner", "ab-ovh")
    cli("sender", "create", "sms-ab-1", "Shop", "--status", "waitingValidation")

    async def ask() -> None:
        store = await open_store(sqlite_url, lambda: 1)
        account = store.facts.account_named["sms-ab-1"].id
        wording = Wording(account=account, name="code", text="Code #VALUE#", activity="alerting")
        await store.run(wordings.create, wording)
        await store.close()

    asyncio.run(ask())
    return cli


def test_a_template_is_approved_or_refused(shop: Cli) -> None:
    assert [row["name"] for row in shop("template", "list", "--waiting", "--json").json] == ["code"]
    assert shop("template", "approve", "sms-ab-1", "code", "--json").json["status"] == "enable"
    assert shop("template", "list", "--waiting", "--json").json == []
    shop("template", "refuse", "sms-ab-1", "code", "--comment", "too vague")
    (row,) = shop("template", "list", "sms-ab-1", "--json").json
    assert (row["status"], row["comment"]) == ("refused", "too vague")
    assert shop("template", "approve", "sms-ab-1", "nothing").err == "depesza: there is no template sms-ab-1/nothing\n"
    shop("account", "delete", "sms-ab-1")
    assert shop("template", "list", "--json").json == []


def test_a_sender_is_approved_or_refused(shop: Cli) -> None:
    assert shop("sender", "approve", "sms-ab-1", "Shop").status == 0
    assert shop("sender", "show", "sms-ab-1", "Shop", "--json").json["status"] == "enable"
    shop("sender", "refuse", "sms-ab-1", "Shop", "--comment", "not yours")
    shown = shop("sender", "show", "sms-ab-1", "Shop", "--json").json
    assert (shown["status"], shown["comment"]) == ("refused", "not yours")
    assert shop("sender", "approve", "sms-ab-1", "Nobody").status == 1


def test_a_restriction_is_noted_changed_and_forgotten(shop: Cli) -> None:
    words = ("restriction", "create", "ALPHA", "--country", "FR", "--operator", "SFR", "--operator", "Free")
    assert shop(*words).out == "created   restriction ALPHA FR SFR, Free\n"
    assert shop(*words, "--substitution", "+33700000001").out.startswith("changed   restriction ALPHA FR SFR, Free")
    (row,) = shop("restriction", "list", "--json").json
    assert (row["operators"], row["substitution"]) == (["SFR", "Free"], "+33700000001")
    bad = shop("restriction", "create", "BLOCKED", "--country", "FR", "--substitution", "+33700000001")
    assert (bad.status, "with ALPHA only" in bad.err) == (1, True)
    assert shop("restriction", "delete", str(row["id"])).status == 0
    assert shop("restriction", "list", "--json").json == []
    assert shop("restriction", "delete", "5").status == 1


def test_restrictions_are_applied_from_a_file_and_pruned(shop: Cli, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("wish") / "wish.toml"
    file.write_text('[[restrictions]]\ncode = "BLOCKED"\nprefix = "7"\n')
    assert shop("apply", str(file)).out.startswith("created   restriction BLOCKED 7")
    file.write_text("restrictions = []\n")
    assert "deleted   restriction BLOCKED 7" in shop("apply", str(file), "--prune").out


def test_a_number_is_read_without_asking_anybody(cli: Cli) -> None:
    told = cli("lookup", "+33601020304", "--json").json
    assert (told["country"], told["network"], told["mcc"], told["mnc"]) == ("FR", "SFR", "208", "10")
    assert told["ranges"].startswith("phonenumbers ")
    assert cli("lookup", "+33001020304", "--json").json["error"] == "bad_number"
    assert cli("lookup", "nobody").status == 2


def test_mail_is_allowed_from_an_address_or_a_domain(shop: Cli) -> None:
    for name in ("me@example.org", "@example.org"):
        assert shop("sender", "create", "sms-ab-1", name).status == 0
        assert shop("sender", "show", "sms-ab-1", name, "--json").json["kind"] == "mail"
    for name, kind in (("Me@example.org", "mail"), ("example.org", "mail"), ("me@example.org", "alpha")):
        said = shop("sender", "create", "sms-ab-1", name, "--kind", kind)
        assert (said.status, "mail" in said.err or "exists" in said.err) == (1, True), name
