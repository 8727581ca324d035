"""An account's private address and its settings, by commands."""

import pytest
from tests.cli.called import Cli


@pytest.fixture
def shop(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """An account with a login, and a domain."""
    monkeypatch.setenv("DEPESZA_SMTP_DOMAIN", "sms.example")
    for words in (
        ("owner", "create", "shop"),
        ("account", "create", "shop-1", "--owner", "shop"),
        ("login", "create", "shop-1", "shop@home", "--password", "let me in"),
    ):
        assert cli(*words).status == 0
    return cli


def test_an_address_is_made_renewed_and_closed(shop: Cli) -> None:
    assert shop("mail", "address", "shop-1", "--json").json == {"account": "shop-1", "address": ""}
    first = shop("mail", "address", "shop-1", "--renew", "--json").json["address"]
    assert first.startswith('"shop@home.') and first.endswith('"@mail2sms.sms.example')
    assert shop("mail", "address", "shop-1", "--json").json["address"] == first
    second = shop("mail", "address", "shop-1", "--renew", "--json").json["address"]
    assert second not in ("", first)
    assert shop("mail", "address", "shop-1", "--close", "--json").json["address"] == ""
    assert shop("mail", "address", "shop-1", "--renew", "--json").json["address"] not in ("", first, second)
    assert shop("mail", "address", "shop-1", "--renew", "--close").status == 2


def test_no_domain_no_address(cli: Cli, shop: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPESZA_SMTP_DOMAIN")
    said = cli("mail", "address", "shop-1")
    assert (said.status, said.err.strip()) == (2, "depesza: smtp.domain: no domain is set")


def test_settings_are_set_and_shown(shop: Cli) -> None:
    said = shop(
        "mail", "texts", "shop-1", "--set", "mph=79990000001,79990000002", "--set", "mfl[3]=1", "--answers", "--json"
    )
    assert said.json["answers"] is True
    assert (said.json["mph"], said.json["mfl[3]"], said.json["mlen"]) == ("79990000001,79990000002", "1", "")
    assert shop("mail", "texts", "shop-1", "--set", "mph=", "--no-answers", "--json").json["mph"] == ""


@pytest.mark.parametrize("word", ["mph=abc", "mh1=25", "mlen=x", "mfl[0]=2", "mfl[7]=1", "name=x", "mph"])
def test_settings_that_cannot_be(shop: Cli, word: str) -> None:
    assert shop("mail", "texts", "shop-1", "--set", word).status == 2
