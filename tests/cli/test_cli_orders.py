"""`depesza pack`, `order` and `credit code`: what is sold, who ordered, codes that are printed once."""

import asyncio
from pathlib import Path

import pytest
from tests.cli.called import Cli

from depesza.net.clock import wall_clock
from depesza.services import orders
from depesza.store.opening import open_store


@pytest.fixture
def shop(both: Cli) -> Cli:
    """An owner with an account."""
    both("owner", "create", "ab-ovh", "--country", "PL")
    both("account", "create", "sms-ab-1", "--owner", "ab-ovh", "--credit", "10")
    return both


def place(url: str, account: str, quantity: int = 100) -> int:
    """Order as a client would."""

    async def work() -> int:
        store = await open_store(url, wall_clock)
        try:
            facts = store.facts
            id = facts.account_named[account].id if account else 0
            draft = orders.priced(facts, facts.owners[0].id, quantity, id)
            return (await store.run(orders.place, draft, wall_clock(), wait=True)).id
        finally:
            await store.close()

    return asyncio.run(work())


def test_packs_are_examples_until_one_is_set(shop: Cli) -> None:
    examples = shop("pack", "list", "--json").json
    assert {row["id"] for row in examples} == {"example"}
    assert {"quantity": 1000, "country": "PL", "price": 0.301, "currency": "PLN", "vat": 23.0}.items() <= next(
        row for row in examples if (row["country"], row["quantity"]) == ("PL", 1000)
    ).items()
    assert shop("pack", "create", "500", "0.3", "--country", "PL", "--currency", "PLN", "--vat", "23").status == 0
    assert shop("pack", "create", "50", "0.4", "--country", "PL").status == 0
    rows = shop("pack", "list", "--json").json
    assert [(row["quantity"], row["currency"], row["vat"], row["total"]) for row in rows] == [
        (500, "PLN", 23.0, 184.5),
        (50, "PLN", 23.0, 24.6),
    ]
    assert shop("pack", "create", "50", "0.41", "--country", "PL").out.startswith("changed   pack 50 PL (price 400000")
    assert shop("pack", "show", str(rows[0]["id"]), "--json").json == rows[0]
    assert shop("pack", "delete", str(rows[0]["id"])).out == "deleted   pack 500 PL\n"


def test_packs_are_applied_from_a_file_and_have_one_currency_a_country(shop: Cli, tmp_path: Path) -> None:
    file = tmp_path / "packs.toml"
    row = '[[packs]]\nquantity = {}\ncountry = "PL"\nprice = "0.3"\ncurrency = "{}"\nvat = 23\n'
    file.write_text(row.format(100, "PLN") + row.format(200, "PLN"))
    assert shop("apply", str(file)).out.count("created   pack") == 2
    assert shop("apply", str(file), "--prune").out.count("unchanged") == 2
    said = shop("pack", "create", "100", "1", "--country", "PL", "--currency", "EUR")
    assert said.err.startswith("depesza: packs of PL: one currency and one tax rate are needed")
    file.write_text(row.format(100, "EUR"))
    assert "deleted   pack 200 PL" in shop("apply", str(file), "--prune").out
    assert [row["currency"] for row in shop("pack", "list", "--json").json] == ["EUR"]


def test_orders_are_listed_shown_approved_and_refused(shop: Cli, both_url: str) -> None:
    first, second = place(both_url, "sms-ab-1"), place(both_url, "")
    rows = shop("order", "list", "--status", "waiting", "--json").json
    assert [(row["id"], row["kind"], row["price"], row["currency"]) for row in rows] == [
        (second, "new", 42.31, "PLN"),
        (first, "manual", 42.31, "PLN"),
    ]
    shown = shop("order", "show", str(first), "--json").json
    assert (shown["without tax"], shown["vat"], shown["lines"][0]["account"]) == (34.4, 23.0, "sms-ab-1")
    assert shop("order", "approve", str(first), "--json").json["status"] == "done"
    assert shop("credit", "show", "sms-ab-1", "--json").json["balance"] == 110
    assert shop("order", "approve", str(second), "--json").json["accounts"] == ["sms-ab-2"]
    third = place(both_url, "sms-ab-1")
    assert shop("order", "refuse", str(third), "--json").json["status"] == "refused"
    assert shop("order", "approve", str(third)).err == f"depesza: no order {third} waits\n"
    assert shop("order", "show", "7").err == "depesza: there is no order 7\n"
    assert [row["kind"] for row in shop("credit", "list", "sms-ab-1", "--json").json] == ["topup", "topup"]
    assert shop("audit").status == 0


def test_codes_are_made_listed_redeemed_and_revoked(shop: Cli) -> None:
    made = shop("credit", "code", "create", "--credits", "7.5", "--count", "3", "--note", "spring", "--json").json
    assert len({row["code"] for row in made}) == 3
    said = shop("credit", "redeem", "sms-ab-1", made[0]["code"].lower(), "--json").json
    assert said == {"account": "sms-ab-1", "credits": 7.5}
    assert shop("credit", "redeem", "sms-ab-1", made[0]["code"]).err == "depesza: this code is not valid\n"
    ids = [str(row["id"]) for row in made[:2]]
    assert shop("credit", "code", "revoke", *ids, "--json").json["revoked"] == [made[1]["id"]]
    rows = {row["id"]: (row["state"], row["account"]) for row in shop("credit", "code", "list", "--json").json}
    assert [rows[row["id"]] for row in made] == [("used", "sms-ab-1"), ("revoked", None), ("open", None)]
    assert all(row["code"] not in shop("credit", "code", "list", "--json").out for row in made)
    assert shop("credit", "show", "sms-ab-1", "--json").json["balance"] == 17.5
    assert shop("audit").status == 0


WRONG = [
    (("pack", "create", "0", "1"), 1, "packs[0].quantity: Expected `int` >= 1"),
    (("pack", "create", "100", "cheap"), 1, "pack: price: 'cheap' is no number"),
    (("pack", "create", "100", "1", "--vat", "101"), 1, "pack: vat: 101 is not between 0 and 100"),
    (("pack", "create", "100", "1", "--country", "pl"), 1, "packs[0].country: Expected `str` matching regex"),
    (("pack", "delete", "7"), 1, "pack: there is no pack 7"),
    (("pack", "show", "7"), 1, "there is no pack 7"),
    (("order", "approve", "7"), 1, "no order 7 waits"),
    (("order", "refuse", "7"), 1, "no order 7 waits"),
    (("credit", "code", "create", "--credits", "-1"), 2, "-1 is below zero"),
    (("credit", "code", "create", "--credits", "1", "--count", "0"), 2, "--count: between 1 and 10000"),
    (("credit", "code", "create", "--credits", "1", "--expires", "soon"), 2, "--expires: 'soon' is no day"),
    (("credit", "code", "create", "--credits", "1", "--expires", "2020-01-01"), 2, "--expires: 2020-01-01 is over"),
    (("credit", "code", "revoke", "7"), 1, "there is no code 7"),
    (("credit", "redeem", "sms-ab-1", "AAAAA"), 1, "this code is not valid"),
    (("credit", "redeem", "nobody", "AAAAA"), 1, "there is no account nobody"),
]


@pytest.mark.parametrize("both_url", ["sqlite"], indirect=True)
def test_what_is_wrong_is_one_line_and_changes_nothing(shop: Cli) -> None:
    for words, status, said in WRONG:
        answer = shop(*words)
        assert (answer.status, answer.err.count("\n")) == (status, 1), (words, answer.err)
        assert answer.err.startswith(f"depesza: {said}"), words
    assert shop("credit", "show", "sms-ab-1", "--json").json["balance"] == 10
    assert shop("credit", "code", "list", "--json").json == []
