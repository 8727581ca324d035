"""`depesza apply`: a file makes the store, twice changes nothing, a mistake changes nothing."""

import re
from pathlib import Path

import pytest
from tests.cli.called import Cli

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "apply.toml"

FILE = """
[[owners]]
name = "shop-ovh"
password = "let me in"
email = "ops@shop.example"

[[accounts]]
name = "sms-shop-1"
owner = "shop-ovh"
weight = 200
credit_limit = 2.5
credit = { initial = 100, at_least = 50 }

[[users]]
account = "sms-shop-1"
login = "till"
password = "secret"
ip_restrictions = ["192.0.2.0/24"]

[[senders]]
account = "sms-shop-1"
name = "Shop"

[[applications]]
owner = "shop-ovh"
name = "backend"
keys = [{ rules = ["GET /sms/*", "POST /sms/*"] }]

[[connectors]]
name = "sim"
kind = "virtual"
settings = { capacity = 10 }

[[routes]]
connectors = ["sim"]

[[routes]]
prefix = "48"
connectors = ["sim"]

[[prices]]
credits = "0.85"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "apply.toml"
    path.write_text(FILE)
    return path


def whats(cli: Cli, *words: str) -> list[str]:
    said = cli("apply", *words, "--json")
    assert said.status == 0, said.err
    return [row["what"] for row in said.json]


def everything(cli: Cli) -> list[str]:
    kinds = ("owner", "account", "user", "sender", "key", "connector", "route", "price")
    return [cli(kind, "list", "--json").out for kind in kinds]


def test_a_second_time_changes_nothing_and_tells_so(both: Cli, file: Path) -> None:
    assert set(whats(both, str(file))) == {"created"}
    before = everything(both)
    assert set(whats(both, str(file))) == {"unchanged"}
    assert everything(both) == before


def test_one_line_that_differs_changes_one_row(both: Cli, file: Path) -> None:
    whats(both, str(file))
    file.write_text(FILE.replace("weight = 200", "weight = 50"))
    said = both("apply", str(file))
    changed = [line for line in said.out.splitlines() if not line.startswith("unchanged")]
    assert changed == ["changed   account sms-shop-1 (weight 200 -> 50)"]


def test_looking_shows_what_would_be_done_and_does_nothing(both: Cli, file: Path) -> None:
    empty = everything(both)
    said = both("apply", str(file), "--check")
    assert said.out.count("created") == 11
    assert "secret" not in said.out and "consumer key" not in said.out
    assert everything(both) == empty


def test_secrets_are_printed_once(cli: Cli, file: Path) -> None:
    first, second = cli("apply", str(file)), cli("apply", str(file))
    assert re.search(r"application secret: \w{32}", first.out)
    assert re.search(r"consumer key: \w{32}", first.out)
    assert ": " not in second.out


def test_given_secrets_are_kept_and_told_to_nobody(cli: Cli, file: Path) -> None:
    given = FILE.replace(
        'name = "backend"\nkeys = [{ ',
        'name = "backend"\nkey = "app-key-1"\nsecret = "a given secret, long"\n'
        'keys = [{ consumer_key = "a given key, long enough", ',
    )
    file.write_text(given)
    assert "given" not in cli("apply", str(file)).out
    assert set(whats(cli, str(file))) == {"unchanged"}
    file.write_text(given.replace("a given secret, long", "another given secret"))
    said = cli("apply", str(file))
    assert "changed   application shop-ovh/backend (secret)" in said.out
    assert [row["application_key"] for row in cli("key", "list", "--json").json] == ["app-key-1"]


def test_a_secret_may_come_from_the_environment(cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(FILE.replace('"let me in"', '"env:OWNER_PASSWORD"'))
    said = cli("apply", str(file))
    assert said.err == f"depesza: {file}: owners[0].password: the environment has no OWNER_PASSWORD\n"
    monkeypatch.setenv("OWNER_PASSWORD", "let me in")
    assert "created   owner shop-ovh" in cli("apply", str(file)).out
    file.write_text(FILE)
    assert set(whats(cli, str(file))) == {"unchanged"}


def test_the_initial_credit_is_given_once(both: Cli, file: Path) -> None:
    whats(both, str(file))
    both("credit", "change", "sms-shop-1", "-30", "--note", "spent")
    whats(both, str(file))
    assert both("credit", "show", "sms-shop-1", "--json").json["balance"] == 70


def test_a_balance_is_filled_up_to_what_it_shall_be_at_least(both: Cli, file: Path) -> None:
    whats(both, str(file))
    both("credit", "change", "sms-shop-1", "-80", "--note", "spent")
    assert "credit sms-shop-1 (30.00 credits (filled up))" in both("apply", str(file)).out
    assert both("credit", "show", "sms-shop-1", "--json").json["balance"] == 50
    assert both("audit").status == 0


def test_nothing_is_deleted_unless_asked(both: Cli, file: Path) -> None:
    whats(both, str(file))
    file.write_text(FILE.replace('[[routes]]\nprefix = "48"\nconnectors = ["sim"]\n', ""))
    assert set(whats(both, str(file))) == {"unchanged"}
    said = both("apply", str(file), "--prune")
    assert [line for line in said.out.splitlines() if "deleted" in line] == ["deleted   route +48"]
    assert len(both("route", "list", "--json").json) == 1


def test_a_list_that_is_not_in_the_file_is_not_pruned(cli: Cli, file: Path) -> None:
    whats(cli, str(file))
    file.write_text("prices = []\n")
    assert whats(cli, str(file), "--prune") == ["deleted"]
    assert len(cli("route", "list", "--json").json) == 2


def test_pruning_everything_refuses_credits_that_would_be_lost(cli: Cli, file: Path) -> None:
    whats(cli, str(file))
    before = everything(cli)
    lists = ("owners", "accounts", "users", "senders", "applications", "connectors", "routes", "prices")
    file.write_text("".join(f"{name} = []\n" for name in lists))
    said = cli("apply", str(file), "--prune")
    assert said.err.endswith("account sms-shop-1: it has a balance; correct it to zero first\n")
    assert everything(cli) == before
    cli("credit", "change", "sms-shop-1", "-100", "--note", "closed")
    assert set(whats(cli, str(file), "--prune")) == {"deleted"}
    assert everything(cli) == ["[]\n"] * len(lists)


MISTAKES = [
    ("weight = 200", "wait = 200", "accounts[0]: Object contains unknown field `wait`"),
    ("weight = 200", 'weight = "much"', "accounts[0].weight: Expected `int`, got `str`"),
    ("weight = 200", "weight = 0", "accounts[0].weight: Expected `int` >= 1"),
    ("weight = 200", 'timezone = "Mars/North"', "account sms-shop-1: timezone: 'Mars/North' is not a time zone"),
    ("weight = 200", 'callback = "ftp://x"', "account sms-shop-1: callback: 'ftp://x' is not a web address"),
    ("weight = 200", 'notices = "some"', "accounts[0].notices: Invalid enum value 'some'"),
    ("credit_limit = 2.5", "credit_limit = -1", "account sms-shop-1: credit_limit: -1 is not between 0"),
    ("credit_limit = 2.5", "credit_limit = nan", "account sms-shop-1: credit_limit: not an amount of credits: nan"),
    ("initial = 100", 'initial = "ten"', "account sms-shop-1: credit.initial: not an amount of credits: 'ten'"),
    ('name = "sms-shop-1"\nowner = "shop-ovh"', 'name = "sms-shop-1"', "account sms-shop-1: owner is needed"),
    ('owner = "shop-ovh"\nweight', 'owner = "nobody"\nweight', "account sms-shop-1: there is no owner 'nobody'"),
    ('login = "till"\npassword = "secret"', 'login = "till"', "user sms-shop-1/till: password is needed"),
    ("192.0.2.0/24", "192.0.2.0/99", "user sms-shop-1/till: not an address or network: '192.0.2.0/99'"),
    ('name = "Shop"', 'name = "A much longer shop"', "sender sms-shop-1/A much longer shop: a name has 11"),
    ("GET /sms/*", "LOOK /sms", "key of backend: an access rule has the method 'LOOK'"),
    ("GET /sms/*", "sms", "key of backend: 'sms' is not like `GET /sms/*`"),
    ('kind = "virtual"', 'kind = "pigeon"', "connector sim: kind: no connector is called 'pigeon'"),
    ("capacity = 10", "capacity = 0", "connector sim: capacity: Expected `int` >= 1"),
    ("capacity = 10", "speed = 10", "connector sim: Object contains unknown field `speed`"),
    ('prefix = "48"', 'prefix = "+48"', "routes[1].prefix: Expected `str` matching regex"),
    ('prefix = "48"', 'country = "Poland"', "routes[1].country: Expected `str` matching regex"),
    ('prefix = "48"', "", "route everything: it is named twice"),
    (
        'prefix = "48"\nconnectors = ["sim"]',
        'prefix = "48"\nconnectors = ["sun"]',
        "route: there is no connector 'sun'",
    ),
    ('prefix = "48"\nconnectors = ["sim"]', 'prefix = "48"\nconnectors = ["sim", "sim"]', "route: a route names each"),
    ('prefix = "48"', 'prefix = "48"\nweights = [1, 2]', "route: more weights than connectors"),
    ('credits = "0.85"', 'credits = "cheap"', "price: credits: not an amount of credits: 'cheap'"),
    ('credits = "0.85"', "", "prices[0]: Object missing required field `credits`"),
    ("[[prices]]", "[[price]]", "Object contains unknown field `price`"),
    ("[[prices]]", "[[prices", "not TOML"),
]


@pytest.mark.parametrize(("good", "bad", "said"), MISTAKES, ids=[row[2][:60] for row in MISTAKES])
def test_a_mistake_is_one_line_that_names_its_place_and_nothing_changes(
    cli: Cli, file: Path, good: str, bad: str, said: str
) -> None:
    empty = everything(cli)
    assert FILE.count(good) >= 1
    file.write_text(FILE.replace(good, bad, 1))
    answer = cli("apply", str(file))
    assert answer.status == 1
    assert answer.err.startswith(f"depesza: {file}: {said}")
    assert answer.err.count("\n") == 1
    assert answer.out == ""
    assert everything(cli) == empty


def test_a_file_that_is_not_there_or_no_text_is_told(cli: Cli, tmp_path: Path) -> None:
    missing, binary = tmp_path / "no.toml", tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    assert cli("apply", str(missing)).err == f"depesza: {missing}: No such file or directory\n"
    assert cli("apply", str(binary)).err == f"depesza: {binary}: not UTF-8: invalid start byte\n"


def test_without_a_key_secrets_are_refused_and_the_rest_is_not(
    cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEPESZA_SECURITY_KEY")
    said = cli("apply", str(file))
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("depesza: security.key: at least 16 characters are needed")
    file.write_text('[[owners]]\nname = "x"\n')
    assert cli("apply", str(file)).status == 0


def test_the_documented_example_works_twice(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r'"env:(\w+)"', EXAMPLE.read_text()):
        monkeypatch.setenv(name, "a secret of sixteen and more")
    assert set(whats(cli, str(EXAMPLE))) == {"created"}
    assert set(whats(cli, str(EXAMPLE))) == {"unchanged"}


def test_the_guide_shows_the_example() -> None:
    guide = (ROOT / "docs" / "guides" / "apply.md").read_text()
    assert EXAMPLE.read_text() in guide


def test_what_was_done_stands_in_the_audit_log(cli: Cli, file: Path, sqlite_url: str) -> None:
    import sqlite3

    whats(cli, str(file))
    rows = sqlite3.connect(sqlite_url).execute("SELECT who, what, detail FROM acts ORDER BY id").fetchall()
    assert ("apply", "account.created", "sms-shop-1") in rows
    assert not any("secret" in row[2] or "let me in" in row[2] for row in rows)
