"""Money in currencies, accounts below accounts, logins, limits and ranges: by command and by file."""

from pathlib import Path

import pytest
from tests.cli.called import Cli


@pytest.fixture
def house(cli: Cli) -> Cli:
    """A store with an account in roubles and one in credits."""
    cli("owner", "create", "alex")
    cli("account", "create", "shop", "--owner", "alex", "--currency", "RUR", "--credit", "100", "--home", "smsc")
    cli("account", "create", "plain", "--owner", "alex", "--credit", "10")
    return cli


def test_an_account_is_kept_in_its_currency(house: Cli) -> None:
    assert house("credit", "show", "shop", "--json").json["currency"] == "RUR"
    assert [row["currency"] for row in house("credit", "list", "shop", "--json").json] == ["RUR"]
    assert house("credit", "create", "shop", "5").out == "created   credit shop (5.00 RUR)\n"
    assert house("credit", "create", "plain", "5").out == "created   credit plain (5.00 credits)\n"
    refused = house("credit", "transfer", "shop", "plain", "5")
    assert (refused.status, "different currencies" in refused.err) == (1, True)
    changed = house("account", "change", "shop", "--currency", "EUR")
    assert (changed.status, changed.err) == (1, "depesza: account shop: currency: something was booked already\n")
    books = {row["currency"]: row["held_micro"] for row in house("audit", "--json").json["books"]}
    assert books == {"credits": 15_000_000, "RUR": 105_000_000}
    code = house("credit", "code", "create", "--credits", "3", "--json").json[0]["code"]
    assert "is kept in RUR" in house("credit", "redeem", "shop", code).err


def test_a_currency_is_chosen_while_nothing_is_booked(house: Cli) -> None:
    house("account", "create", "new", "--owner", "alex")
    assert house("account", "change", "new", "--currency", "UAH").status == 0
    assert house("account", "show", "new", "--json").json["currency"] == "UAH"
    assert "automatic orders" in house("account", "change", "new", "--recredit-amount", "100").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--payer", "plain"), "payer: it is kept in another currency"),
        (("--parent", "sub"), "parent: an account can't stand above itself"),
        (("--payer", "sub"), "payer: an account that pays for itself is needed"),
        (("--priced-as", "sub"), "priced_as: an account whose own prices hold is needed"),
        (("--share", "senders"), "shares: there is no account above it"),
        (("--parent", "nobody"), "there is no account 'nobody'"),
        (("--currency", "EUR"), "currency: it pays for accounts that are kept in another one"),
    ],
)
def test_accounts_are_related_in_sensible_ways_only(house: Cli, words: tuple[str, ...], said: str) -> None:
    below = ("--parent", "shop", "--payer", "shop", "--priced-as", "shop", "--share", "senders")
    made = house("account", "create", "sub", "--owner", "alex", "--currency", "RUR", *below)
    assert made.status == 0, made.err
    row = house("account", "show", "sub", "--json").json
    assert (row["parent"], row["payer"], row["priced_as"], row["shares"]) == ("shop", "shop", "shop", ["senders"])
    assert row["balance"] == 100
    assert said in house("account", "change", "shop", *words).err
    assert "account sub needs it" in house("account", "delete", "shop").err


def test_logins_are_made_changed_and_ended(house: Cli) -> None:
    assert house("login", "create", "shop", "alex", "--password", "123", "--ip", "192.0.2.0/24").status == 0
    assert house("login", "create", "plain", "alex", "--password", "x").status == 1
    (row,) = house("login", "list", "shop", "--json").json
    assert (row["account"], row["name"], row["ips"], row["enabled"]) == ("shop", "alex", ["192.0.2.0/24"], True)
    assert house("login", "change", "alex", "--password", "123").out == "unchanged login alex\n"
    assert house("login", "change", "alex", "--password", "456").out == "changed   login alex (md5, sha1)\n"
    assert house("login", "change", "alex", "--no-enabled", "--anywhere").status == 0
    (row,) = house("login", "list", "--json").json
    assert (row["ips"], row["enabled"]) == ([], False)
    assert house("login", "change", "bob", "--anywhere").err == "depesza: there is no login bob\n"
    assert "colon" not in house("login", "create", "shop", "a:b", "--password", "x").out
    assert house("login", "delete", "alex").status == 0
    assert house("login", "list", "--json").json == []


def test_addresses_of_logins_are_confirmed(house: Cli) -> None:
    house("login", "create", "shop", "alex", "--password", "123")
    assert house("login", "addresses", "--json").json == []
    assert house("login", "confirm", "alex", "192.0.2.7").status == 0
    assert house("login", "confirm", "shop", "192.0.2.8").status == 0, "programs with a key bear the account's name"
    rows = house("login", "addresses", "shop", "--json").json
    assert sorted((row["login"], row["address"], row["state"]) for row in rows) == [
        ("alex", "192.0.2.7", "known"),
        ("shop", "192.0.2.8", "known"),
    ]
    assert house("login", "forget", "alex", "192.0.2.7").status == 0
    assert house("login", "forget", "alex", "192.0.2.7").status == 1


def test_limits_are_set_one_by_one_and_reset(house: Cli) -> None:
    assert house("limits", "show", "shop", "--json").json["flood"] == 50
    said = house("limits", "change", "shop", "--set", "flood=7", "--set", "hours=9-18", "--set", 'codes=["7", "-77"]')
    assert said.status == 0, said.err
    house("limits", "change", "shop", "--set", "new_addresses=true")
    row = house("limits", "show", "shop", "--json").json
    assert (row["flood"], row["hours"], row["codes"], row["new_addresses"]) == (7, "9-18", ["7", "-77"], True)
    for wrong in ("flood=-1", "hours=9", "hours=9-9", 'codes=["x"]', "strange=1", "mailings=maybe"):
        assert house("limits", "change", "shop", "--set", wrong).status == 1, wrong
    assert {"field": "day", "usual": 0, "meaning": "Messages a day."} in house("limits", "fields", "--json").json
    assert house("limits", "reset", "shop").status == 0
    assert house("limits", "show", "shop", "--json").json["flood"] == 50


def test_ranges_and_lists_of_ported_numbers(house: Cli, tmp_path: Path) -> None:
    house("range", "create", "7916", "--operator", "MTS", "--mcc", "250", "--mnc", "01", "--region", "Moscow")
    file = tmp_path / "ported.csv"
    file.write_text("Phone;mccmnc\n79161234567;25002\n79161234568;25001\n+380671234567;25599\n")
    assert house("range", "import", str(file), "--json").json == {"ported": 3}
    assert [row["prefix"] for row in house("range", "list", "--json").json] == ["7916"]
    rows = house("range", "list", "--ported", "--begin", "7", "--json").json
    assert [(row["prefix"], row["operator"], row["mcc"] + row["mnc"]) for row in rows] == [
        ("79161234567", "MegaFon", "25002"),
        ("79161234568", "MTS", "25001"),
    ]
    for wrong in ("79161234567;MTS\n", "head\n123;25001\n", "79161234567\n"):
        file.write_text(wrong)
        assert house("range", "import", str(file)).status == 1
    assert house("range", "delete", "79161234567").status == 0
    assert house("range", "delete", "79161234567").status == 1


def test_a_file_says_all_of_it(both: Cli, tmp_path: Path) -> None:
    file = tmp_path / "wish.toml"
    file.write_text("""
        [[owners]]
        name = "alex"
        [[accounts]]
        name = "shop"
        owner = "alex"
        currency = "RUR"
        home = "smsc"
        credit = { initial = 10 }
        [[accounts]]
        name = "sub"
        owner = "alex"
        currency = "RUR"
        parent = "shop"
        payer = "shop"
        shares = ["senders", "contacts"]
        [[logins]]
        account = "sub"
        name = "sub"
        password = "secret"
        [[limits]]
        account = "sub"
        day = 100
        mailings = false
        [[ranges]]
        prefix = "7999"
        operator = "MTS"
        mcc = "250"
        mnc = "01"
        [[prices]]
        credits = "1.40"
        operator = "25001"
        currency = "RUR"
    """)
    assert {row["what"] for row in both("apply", str(file), "--json").json} == {"created"}
    assert {row["what"] for row in both("apply", str(file), "--json").json} == {"unchanged"}
    file.write_text("owners = []\naccounts = []\nprices = []\nranges = []\n")
    refused = both("apply", str(file), "--prune")
    assert "it has a balance" in refused.err
    both("credit", "change", "shop", "-10", "--note", "over")
    gone = both("apply", str(file), "--prune", "--json")
    assert gone.status == 0, gone.err
    assert sorted(row["kind"] for row in gone.json) == sorted(
        ["account", "account", "limits", "login", "owner", "price", "range"]
    )
    assert both("audit").status == 0
