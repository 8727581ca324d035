"""Virtual numbers and SMPP access, as an operator gives them."""

import re

import pytest
from tests.cli.called import Cli


@pytest.fixture
def shop(cli: Cli) -> Cli:
    """An owner with two accounts."""
    assert cli("owner", "create", "ab-ovh").status == 0
    for name in ("sms-ab-1", "sms-ab-2"):
        assert cli("account", "create", name, "--owner", "ab-ovh").status == 0
    return cli


def test_a_number_belongs_to_one_account(shop: Cli) -> None:
    number = ("+33700000001", "--kind", "virtual")
    assert shop("sender", "create", "sms-ab-1", *number).status == 0
    shown = shop("sender", "show", "sms-ab-1", "+33700000001", "--json").json
    assert (shown["kind"], shown["referer"]) == ("virtual", "virtual")
    refused = shop("sender", "create", "sms-ab-2", *number)
    assert (refused.status, "account sms-ab-1 has this number" in refused.err) == (1, True)
    assert shop("sender", "delete", "sms-ab-1", "+33700000001").status == 0
    assert shop("sender", "create", "sms-ab-2", *number).status == 0
    refused = shop("sender", "create", "sms-ab-1", "+33700000001", "--kind", "time2chat")
    assert "account sms-ab-2 has this number" in refused.err


@pytest.mark.parametrize("name", ["0033700000001", "33700000001", "MyNumber", "+33"])
def test_a_number_is_written_in_one_way(shop: Cli, name: str) -> None:
    said = shop("sender", "create", "sms-ab-1", name, "--kind", "virtual")
    assert (said.status, "is written like +33700000001" in said.err) == (1, True)


def test_the_password_of_smpp_is_printed_once(shop: Cli) -> None:
    words = ("--smpp", "--smpp-ip", "192.0.2.0/24", "--smpp-rate", "50", "--smpp-window", "5")
    assert shop("account", "change", "sms-ab-1", *words).status == 0
    said = shop("account", "smpp-password", "sms-ab-1", "--json")
    (change,) = said.json
    assert change["secrets"]["system id"] == "sms-ab-1"
    password = change["secrets"]["password"]
    assert re.fullmatch(r"[A-Za-z0-9]{8}", password)
    row = shop("account", "show", "sms-ab-1", "--json").json
    assert (row["smpp"], row["smpp_password"], row["smpp_ips"]) == (True, True, ["192.0.2.0/24"])
    assert (row["smpp_rate"], row["smpp_window"]) == (50, 5)
    again = shop("account", "smpp-password", "sms-ab-1")
    assert (again.status, "password: " in again.out, password in again.out) == (0, True, False)
    assert "argon2" not in again.out
    assert shop("account", "smpp-password", "nobody").status == 1
