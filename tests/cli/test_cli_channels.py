"""More than texts, as an operator sees it: routes and prices of a channel, what stands beside a text, its files."""

import asyncio
import time
from pathlib import Path

import pytest
from tests.cli.called import Cli

from depesza.cli.files import safe
from depesza.core.fairness import Lanes
from depesza.core.model import Channel, Extras, Submission
from depesza.core.planning import Policy
from depesza.services import attachments
from depesza.services.attachments import File
from depesza.services.refs import UNGUARDED
from depesza.store.opening import open_store

NOW = time.time_ns() // 1000
"""Commands go by the clock on the wall, by which files are kept for some time."""
FILES = (File("../logo 1.png", "image/png", bytes(range(256)) * 2_000), File(".htaccess", "text/plain", b"deny"))


@pytest.fixture
def shop(cli: Cli) -> Cli:
    """An account that may send mail and call."""
    for words in (
        ("owner", "create", "ab-ovh"),
        ("account", "create", "sms-ab-1", "--owner", "ab-ovh"),
        ("credit", "create", "sms-ab-1", "100"),
        ("connector", "create", "sim", "--kind", "virtual"),
        ("connector", "create", "carrier", "--kind", "smpp", "--set", "host=127.0.0.1"),
        ("route", "create", "--connector", "carrier"),
        ("route", "create", "--channel", "mail", "--connector", "sim"),
        ("price", "create", "0.5", "--channel", "mail"),
    ):
        said = cli(*words)
        assert said.status == 0, said.err
    return cli


def test_routes_and_prices_are_known_by_their_channel_too(shop: Cli) -> None:
    assert shop("route", "create", "--channel", "mail", "--connector", "sim", "--position", "7").status == 0
    routes = shop("route", "list", "--json").json
    assert [(row["channel"], row["position"], row["connectors"]) for row in routes] == [
        ("mail", 7, ["sim"]),
        ("sms", 100, ["carrier"]),
    ]
    assert shop("route", "change", str(routes[0]["id"]), "--position", "8").status == 0
    assert [row["position"] for row in shop("route", "list", "--json").json] == [8, 100]
    shop("price", "create", "0.7", "--channel", "mail")
    shop("price", "create", "0.3", "--channel", "hlr", "--operator", "25001", "--currency", "RUB")
    prices = shop("price", "list", "--json").json
    assert [(row["channel"], row["operator"], row["currency"], row["credits"]) for row in prices] == [
        ("mail", "", "", 0.7),
        ("hlr", "25001", "RUB", 0.3),
    ]
    assert shop("price", "change", str(prices[1]["id"]), "0.2").status == 0
    assert [row["credits"] for row in shop("price", "list", "--json").json] == [0.7, 0.2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("route", "create", "--channel", "mail", "--connector", "carrier"), "carrier (smpp) carries no mail"),
        (("route", "create", "--channel", "hlr", "--connector", "carrier"), "carrier (smpp) carries no hlr"),
        (("route", "create", "--channel", "ping", "--connector", "sim"), "ping"),
        (("price", "create", "1", "--operator", "MTS"), "operator"),
    ],
)
def test_a_route_leads_only_to_who_knows_its_channel(shop: Cli, words: tuple[str, ...], said: str) -> None:
    before = shop("route", "list", "--json").out
    refused = shop(*words)
    assert refused.status != 0
    assert said in refused.err
    assert shop("route", "list", "--json").out == before


def test_kinds_tell_what_they_carry(cli: Cli) -> None:
    carried = {row["kind"]: row["carries"] for row in cli("connector", "kinds", "--json").json}
    assert carried["smpp"] == carried["phones"] == "sms"
    assert carried["virtual"] == "call, hlr, mail, mms, sms, social, telegram, viber, whatsapp"


async def _send(url: str, extras: Extras, files: tuple[File, ...]) -> int:
    """Accept a mail; gives the message's id."""
    store = await open_store(url, lambda: NOW)
    try:
        await store.join(12_000_000)
        wish = Submission(
            dialect="smsc", sender="me@example.org", receivers=("alice@example.org",), text="Hello <file 1>",
            channel=Channel.MAIL, verbatim=True, extras=extras, validity=5_000_000,
        )  # fmt: skip
        account = store.facts.account_named["sms-ab-1"]
        sent = await store.run(
            attachments.send, account, wish, files, "", ("for Bob",), UNGUARDED, Lanes(), Policy(), NOW
        )
        return sent.rows[0].message
    finally:
        await store.close()


def test_what_goes_with_a_message_is_shown_and_its_files_are_written_out(
    shop: Cli, sqlite_url: str, tmp_path: Path
) -> None:
    extras = Extras(
        subject="News", voice="w,en", ring=(25, 0, 8), bot="@b_bot", udh=b"\x05\x00", dcs=4, confirm=30, partner=9
    )
    id = asyncio.run(_send(sqlite_url, extras, FILES))
    told = shop("message", str(id), "--json").json
    assert (told["channel"], told["comment"], told["text"]) == ("mail", "for Bob", "Hello <file 1>")
    beside = told["extras"]
    assert {name: beside[name] for name in ("subject", "voice", "bot", "dcs", "confirm", "partner", "udh")} == {
        "subject": "News", "voice": "w,en", "bot": "@b_bot", "dcs": 4, "confirm": 30, "partner": 9, "udh": "05 00",
    }  # fmt: skip
    assert [(file["name"], file["size"]) for file in beside["files"]] == [("../logo 1.png", 512_000), (".htaccess", 4)]
    people = shop("message", str(id)).out
    for word in ("mail", "for Bob", "News", "w,en", "@b_bot", "05 00", "../logo 1.png", "image/png"):
        assert word in people, word
    folder = tmp_path / "out"
    assert shop("message", str(id), "--files", str(folder), "--json").json == [
        str(folder / "1-logo_1.png"),
        str(folder / "2-htaccess"),
    ]
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [file.octets for file in FILES]
    again = shop("message", str(id), "--files", str(folder))
    assert (again.status, "is there already" in again.err) == (1, True)


def test_a_message_without_files_says_so(shop: Cli, sqlite_url: str, tmp_path: Path) -> None:
    id = asyncio.run(_send(sqlite_url, Extras(subject="News"), ()))
    refused = shop("message", str(id), "--files", str(tmp_path / "out"))
    assert (refused.status, "no files go with" in refused.err) == (1, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [("a.png", "a.png"), ("/etc/passwd", "passwd"), ("..\\..\\x.exe", "x.exe"), ("...", "file"), ("", "file")],
)
def test_a_clients_name_of_a_file_names_no_other_folder(name: str, kept: str) -> None:
    assert safe(name) == kept


def test_how_old_the_packaged_data_is(cli: Cli) -> None:
    told = cli("lookup", "--data", "--json").json
    assert told["ranges"].startswith("phonenumbers ")
    assert told["operators_with_code"] > 200
    assert cli("lookup").status == cli("lookup", "+33601020304", "--data").status == 2
