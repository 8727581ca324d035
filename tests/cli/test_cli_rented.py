"""Numbers to rent, calls that came, alarms, as an operator handles them."""

import pytest
from tests.cli.called import Cli

NUMBER = "+79037676877"


@pytest.fixture
def shop(cli: Cli) -> Cli:
    """An owner with an account."""
    assert cli("owner", "create", "ab-ovh").status == 0
    assert cli("account", "create", "shop", "--owner", "ab-ovh").status == 0
    return cli


def test_numbers_are_offered_and_withdrawn(shop: Cli) -> None:
    assert shop("number", "create", NUMBER, "--price", "99.5", "--currency", "RUR").status == 0
    assert shop("number", "create", "+78001234567", "--shared").status == 0
    assert shop("number", "create", NUMBER).status == 1
    rows = shop("number", "list", "--json").json
    assert [(row["number"], row["price"], row["currency"], row["shared"]) for row in rows] == [
        ("+78001234567", 0, "", True),
        (NUMBER, 99.5, "RUR", False),
    ]
    assert shop("number", "delete", NUMBER).status == 0
    refused = shop("number", "delete", NUMBER)
    assert (refused.status, refused.err) == (1, f"depesza: there is no number {NUMBER}\n")


@pytest.mark.parametrize("words", [("79037676877",), (NUMBER, "--price", "-1"), (NUMBER, "--currency", "FRF")])
def test_what_is_no_number_or_price_is_refused(shop: Cli, words: tuple[str, ...]) -> None:
    assert shop("number", "create", *words).status == 2
    assert shop("number", "list", "--json").json == []


def test_a_call_that_nobody_waits_for_is_told_so(shop: Cli) -> None:
    said = shop("call-in", "+79999999999", NUMBER)
    assert (said.status, said.err) == (1, "depesza: nobody waits for this call\n")


def test_alarms_are_prepared_listed_and_forgotten(shop: Cli) -> None:
    made = shop("alarm", "create", "shop", "servers", "--to", "+79999999999", "--failure", "{name} fails", "--json")
    id = made.json["id"]
    (row,) = shop("alarm", "list", "--json").json
    assert (row["account"], row["id"], row["to"], row["failure"]) == ("shop", id, ["+79999999999"], "{name} fails")
    wrong = shop("alarm", "create", "shop", "x", "--to", "+79999999999", "--failure", "x", "--sender", "nobody")
    assert (wrong.status, wrong.err) == (1, "depesza: shop has no sender nobody\n")
    assert shop("alarm", "delete", "shop", str(id)).status == 0
    assert shop("alarm", "delete", "shop", str(id)).status == 1
