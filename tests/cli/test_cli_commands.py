"""Every command that creates, lists, shows, changes and deletes; what may be wrong is one line and changes nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.called import Cli

from depesza.cli import COMMANDS, build, main
from depesza.store.opening import newest_revision


@pytest.fixture
def shop(both: Cli) -> Cli:
    """An owner with an account, a sender, a way out."""
    for words in (
        ("owner", "create", "ab-ovh", "--email", "ops@example.org"),
        ("account", "create", "sms-ab-1", "--owner", "ab-ovh", "--credit", "10"),
        ("sender", "create", "sms-ab-1", "Example"),
        ("connector", "create", "sim", "--kind", "virtual", "--set", "capacity=5"),
        ("route", "create", "--connector", "sim"),
    ):
        said = both(*words)
        assert said.status == 0, said.err
    return both


def test_the_secret_of_an_account_s_callbacks_is_printed_and_is_its_own(shop: Cli) -> None:
    shop("account", "create", "sms-ab-2", "--owner", "ab-ovh")
    first, second = (shop("account", "secret", name) for name in ("sms-ab-1", "sms-ab-2"))
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", first.out)
    assert first.out != second.out
    assert shop("account", "secret", "sms-ab-1", "--json").json == {"secret": first.out.strip()}
    assert shop("account", "secret", "nobody").status == 1


def test_what_is_created_is_listed_shown_changed_and_deleted(shop: Cli) -> None:
    shop("user", "create", "sms-ab-1", "till", "--password", "secret", "--ip", "192.0.2.0/24")
    shop("price", "create", "0.5", "--prefix", "48")
    route = shop("route", "list", "--json").json[0]
    price = shop("price", "list", "--json").json[0]
    assert (route["connectors"], price["credits"]) == (["sim"], 0.5)
    changes = [
        (("owner", "change", "ab-ovh", "--email", "new@example.org"), ("owner", "show", "ab-ovh"), "email"),
        (("account", "change", "sms-ab-1", "--weight", "7"), ("account", "show", "sms-ab-1"), "weight"),
        (("user", "change", "sms-ab-1", "till", "--callback", "http://x.example/"),
         ("user", "show", "sms-ab-1", "till"), "callback"),
        (("sender", "change", "sms-ab-1", "Example", "--status", "disable"),
         ("sender", "show", "sms-ab-1", "Example"), "status"),
        (("connector", "change", "sim", "--no-enabled"), ("connector", "show", "sim"), "enabled"),
        (("route", "change", str(route["id"]), "--position", "3"), ("route", "show", str(route["id"])), "position"),
        (("price", "change", str(price["id"]), "0.7"), ("price", "show", str(price["id"])), "credits"),
    ]  # fmt: skip
    for change, show, field in changes:
        before = shop(*show, "--json").json[field]
        said = shop(*change)
        assert (said.status, said.err) == (0, ""), change
        assert said.out.startswith("changed ")
        assert shop(*show, "--json").json[field] != before
    shop("credit", "change", "sms-ab-1", "-10", "--note", "closed")
    for words in (
        ("price", "delete", str(price["id"])),
        ("route", "delete", str(route["id"])),
        ("connector", "delete", "sim"),
        ("account", "delete", "sms-ab-1"),
        ("owner", "delete", "ab-ovh"),
    ):
        said = shop(*words)
        assert (said.status, said.err) == (0, ""), words
    for kind in ("owner", "account", "user", "sender", "connector", "route", "price"):
        assert shop(kind, "list", "--json").json == []


def test_settings_of_a_connector_that_are_not_named_stay(cli: Cli) -> None:
    cli("connector", "create", "c", "--kind", "smpp", "--set", "host=h", "--set", "password=1234", "--set", "window=3")
    cli("connector", "change", "c", "--set", "window=7")
    assert cli("connector", "show", "c", "--json").json["settings"] == {"host": "h", "password": "…", "window": 7}
    cli("connector", "change", "c", "--unset", "window")
    assert cli("connector", "show", "c", "--json").json["settings"] == {"host": "h", "password": "…"}


def test_credits_move_and_the_books_balance(shop: Cli) -> None:
    shop("account", "create", "sms-ab-2", "--owner", "ab-ovh")
    shop("user", "create", "sms-ab-1", "till", "--password", "secret", "--quota")
    shop("credit", "create", "sms-ab-1", "0.5", "--note", "invoice 7")
    shop("credit", "transfer", "sms-ab-1", "sms-ab-2", "4")
    shop("credit", "transfer", "sms-ab-1", "sms-ab-1/till", "2.25")
    assert shop("credit", "show", "sms-ab-1", "--json").json == {
        "account": "sms-ab-1", "balance": 4.25, "currency": "credits", "credit_limit": 0, "users": {"till": 2.25},
    }  # fmt: skip
    moved = [(row["kind"], row["credits"]) for row in shop("credit", "list", "sms-ab-1", "--json").json]
    assert moved == [("transfer", -2.25), ("transfer", -4), ("topup", 0.5), ("topup", 10)]
    assert shop("credit", "transfer", "sms-ab-1", "sms-ab-2", "5").err == ("depesza: 4.25 credits left, 5.00 needed\n")
    shop("user", "delete", "sms-ab-1", "till")
    assert shop("credit", "show", "sms-ab-1", "--json").json["balance"] == 6.5
    audit = shop("audit", "--json")
    assert audit.status == 0
    (book,) = audit.json["books"]
    assert (book["currency"], book["held_micro"], book["issued_micro"]) == ("credits", 10_500_000, 10_500_000)


def test_a_key_is_made_used_up_and_revoked(shop: Cli) -> None:
    made = shop("key", "application", "ab-ovh", "shop", "--json").json
    assert set(made) == {"application_key", "application_secret"}
    key = shop("key", "create", made["application_key"], "--rule", "GET /sms/*", "--rule", "POST /sms/*", "--json").json
    listed = shop("key", "list", "--json").json
    assert [(row["id"], row["status"], row["rules"]) for row in listed] == [
        (key["id"], "validated", ["GET /sms/*", "POST /sms/*"])
    ]
    assert key["consumer_key"] not in shop("key", "list", "--json").out
    assert shop("key", "revoke", str(key["id"]), "--json").json["status"] == "revoked"
    assert shop("key", "show", str(key["id"])).err == f"depesza: there is no key {key['id']}\n"
    assert shop("key", "change", made["application_key"], "--no-enabled").out.startswith("changed ")
    assert shop("key", "list", "--json").json[0]["status"] == "disabled"
    assert shop("key", "delete", made["application_key"]).status == 0
    assert shop("key", "list", "--json").json == []


@pytest.mark.parametrize(("word", "status"), [("approve", "validated"), ("refuse", "refused")])
def test_a_key_that_waits_is_decided(cli: Cli, sqlite_url: str, word: str, status: str) -> None:
    cli("owner", "create", "ab-ovh")
    made = cli("key", "application", "ab-ovh", "shop", "--json").json
    id = _ask_for_a_key(sqlite_url, made["application_key"])
    assert cli("key", word, str(id), "--json").json["status"] == status
    again = cli("key", word, str(id))
    assert again.status == 1
    assert again.err == "depesza: this request is unknown, was decided already or is too old\n"


def _ask_for_a_key(url: str, application: str) -> int:
    """Ask as a client does."""
    import asyncio
    import os

    from depesza.net.clock import wall_clock
    from depesza.services import keys
    from depesza.services.vault import Vault
    from depesza.store.opening import open_store

    async def ask() -> int:
        store = await open_store(url, wall_clock)
        row = store.facts.application_keyed[application]
        vault = Vault(b"a key of the tests, long enough", os.urandom)
        made = await store.run(keys.request_key, vault, row.id, [("GET", "/sms")], wall_clock())
        await store.close()
        return made.row.id

    return asyncio.run(ask())


def test_an_oauth2_client_gets_an_id_and_a_secret(cli: Cli) -> None:
    cli("owner", "create", "ab-ovh")
    assert set(cli("key", "oauth2", "ab-ovh", "batch", "--rule", "GET /sms", "--json").json) == {
        "client_id", "client_secret",
    }  # fmt: skip
    assert cli("key", "list", "--json").json[0]["kind"] == "oauth2"


def test_a_password_may_come_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda: "secret")
    assert cli("owner", "create", "ab-ovh", "--password", "-").status == 0
    assert cli("owner", "show", "ab-ovh", "--json").json["password"] is True


WRONG = [
    (("owner", "create", "ab-ovh"), 1, "owner ab-ovh exists already"),
    (("owner", "change", "nobody", "--email", "x"), 1, "there is no owner nobody"),
    (("owner", "show", "nobody"), 1, "there is no owner nobody"),
    (("owner", "create", "a b"), 1, "owners[0].name: Expected `str` matching regex"),
    (("owner", "delete", "ab-ovh"), 1, "owner ab-ovh: it holds account sms-ab-1"),
    (("account", "create", "sms-ab-1", "--owner", "ab-ovh"), 1, "account sms-ab-1 exists already"),
    (("account", "create", "sms-ab-9", "--owner", "nobody"), 1, "account sms-ab-9: there is no owner 'nobody'"),
    (("account", "create", "sms-ab-9"), 2, 'Command "account create" parameter --owner requires an argument.'),
    (("account", "change", "sms-ab-1", "--weight", "x"), 2, 'Invalid value for --weight: unable to convert "x"'),
    (("account", "change", "sms-ab-1", "--weight", "0"), 1, "accounts[0].weight: Expected `int` >= 1"),
    (("account", "change", "sms-ab-1", "--timezone", "x"), 1, "account sms-ab-1: timezone: 'x' is not"),
    (("account", "delete", "sms-ab-1"), 1, "account sms-ab-1: it has a balance"),
    (("user", "create", "sms-ab-1", "u", "--password", "p", "--ip", "x"), 1, "user sms-ab-1/u: not an address"),
    (("user", "list", "sms-ab-9"), 1, "there is no account sms-ab-9"),
    (("user", "delete", "sms-ab-1", "nobody"), 1, "user: there is no user sms-ab-1/nobody"),
    (("sender", "create", "sms-ab-1", "Example"), 1, "sender Example exists already"),
    (("sender", "create", "sms-ab-1", "TooLongAName"), 1, "sender sms-ab-1/TooLongAName: a name has 11"),
    (("sender", "delete", "sms-ab-1", "Nobody"), 1, "sender: there is no sender sms-ab-1/Nobody"),
    (
        ("connector", "create", "c", "--kind", "pigeon"),
        1,
        "there is no kind pigeon; there are gammu, mail, modem, phones, smpp, virtual",
    ),
    (("connector", "create", "c", "--kind", "smpp"), 1, "connector c: Object missing required field `host`"),
    (("connector", "create", "c", "--kind", "smpp", "--set", "host"), 2, "--set host: it is written name=value"),
    (("connector", "change", "sim", "--set", "nosuch=1"), 1, "connector sim: Object contains unknown field `nosuch`"),
    (("connector", "delete", "sim"), 1, "connector sim: a route names it (everything)"),
    (("connector", "show", "nobody"), 1, "there is no connector nobody"),
    (("route", "create", "--connector", "nobody"), 1, "route: there is no connector 'nobody'"),
    (("route", "delete", "7"), 1, "route: there is no route 7"),
    (("price", "create", "cheap"), 1, "price: credits: not an amount of credits: 'cheap'"),
    (("price", "delete", "7"), 1, "price: there is no price 7"),
    (("credit", "create", "sms-ab-1", "much"), 2, "not an amount of credits: 'much'"),
    (("credit", "create", "sms-ab-1", "-5"), 2, "-5 is below zero"),
    (("credit", "create", "sms-ab-1", "0"), 2, "an amount of 0 moves nothing"),
    (("credit", "create", "sms-ab-1", "1e300"), 2, "more than 9 billion credits"),
    (("credit", "transfer", "sms-ab-1", "sms-ab-1", "5"), 1, "a transfer to itself moves nothing"),
    (("key", "create", "nosuchkey"), 1, "there is no application with the key nosuchkey"),
    (("key", "application", "nobody", "x"), 1, "there is no owner nobody"),
    (("send", "sms-ab-1", "+33600000001", "Hi", "--sender", "Other"), 1, "Other is not an enabled sender of sms-ab-1"),
    (("send", "sms-ab-1", "bogus", "Hi"), 1, "no receiver is a phone number"),
    (("send", "sms-ab-1", "+33600000001", "Hi", "--flash", "9"), 2, "--flash is from -1 to 3"),
    (("send", "sms-ab-1", "+33600000001", "Hi", "--dialect", "http2sms"), 2, "--dialect: no callbacks are made"),
    (("send", "sms-ab-1", "+33600000001", "x" * 2000), 1, "too_long: 14 parts, 6 are allowed"),
    (
        ("send", "sms-ab-1", ",".join(f"+336000000{n:02}" for n in range(11)), "x"),
        1,
        "10.00 credits left, 11.00 needed",
    ),
    (("message", "7"), 1, "there is no message 7"),
    (("message", "x"), 2, "x is no number: of which --account is it the id?"),
    (("message", "7", "--account", "sms-ab-1"), 1, "sms-ab-1 has no message 7"),
    (("message", "7", "--account", "nobody"), 1, "there is no account nobody"),
    (("nonsense",), 2, 'Unknown command "nonsense".'),
    (("serve", "--nonsense"), 2, "Unknown option: --nonsense"),
    (("migrate", "--config", "no.toml"), 2, "no.toml: No such file or directory"),
]


@pytest.mark.parametrize("both_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("words", "status", "said"), WRONG, ids=[" ".join(row[0])[:60] for row in WRONG])
def test_what_is_wrong_is_one_line_and_a_status(shop: Cli, words: tuple[str, ...], status: int, said: str) -> None:
    before = shop("account", "list", "--json").out + shop("connector", "list", "--json").out
    answer = shop(*words)
    assert (answer.status, answer.err.count("\n")) == (status, 1), answer.err
    assert answer.err.startswith(f"depesza: {said}")
    assert shop("account", "list", "--json").out + shop("connector", "list", "--json").out == before


def test_a_store_that_is_not_migrated_is_told(run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPESZA_STORE_URL", str(tmp_path / "new.db"))
    said = run("account", "list")
    assert said.err == f"depesza: {tmp_path}/new.db holds no store yet: run depesza migrate\n"
    newest = newest_revision()
    assert run("migrate").out.endswith(f"new.db: schema none -> {newest}\n")
    assert run("migrate").out.endswith(f"new.db: schema {newest} already\n")
    assert run("account", "list").out == "none\n"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("0000", f"has schema 0000, {newest_revision()} is needed: run depesza migrate"),
        ("9999", "a newer one wrote it"),
    ],
)
def test_a_schema_of_another_version_is_told(cli: Cli, sqlite_url: str, found: str, said: str) -> None:
    import sqlite3

    with sqlite3.connect(sqlite_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (found,))
    for words in (("account", "list"), ("serve",)):
        answer = cli(*words)
        assert (answer.status, said in answer.err, answer.err.count("\n")) == (1, True, 1)


def test_a_file_that_is_no_database_and_a_server_that_is_not_there_are_told(
    run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to have a header" * 10)
    monkeypatch.setenv("DEPESZA_STORE_URL", str(tmp_path / "text.db"))
    assert run("account", "list").err == f"depesza: {tmp_path}/text.db: file is not a database\n"
    monkeypatch.setenv("DEPESZA_STORE_URL", "postgresql://me:hush@127.0.0.1:9/x")
    said = run("account", "list")
    assert said.status == 1
    assert said.err.startswith("depesza: postgresql://me:…@127.0.0.1:9/x: ")
    assert "hush" not in said.err


def test_settings_are_sampled_listed_and_checked(run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = run("settings", "sample").out
    plain = re.sub(r"^# (\w+ = )", r"\1", sample, flags=re.MULTILINE)
    (tmp_path / "depesza.toml").write_text(plain)
    said = run("settings", "check")
    assert said.err == "depesza: security.key: at least 16 characters are needed to serve\n"
    monkeypatch.setenv("DEPESZA_SECURITY_KEY", "sixteen characters")
    assert run("settings", "check").out == "these settings can be used\n"
    assert "DEPESZA_HTTP_PORT" in run("settings", "env").out
    (tmp_path / "other.toml").write_text("[log]\nlevel = 'loud'\n")
    assert run("settings", "check", "--config", "other.toml").err.startswith("depesza: log.level: 'loud' is not one")


def test_completion_is_something_that_bash_accepts(run: Cli) -> None:
    script = run("completion", "bash").out
    assert "connector" in script
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, timeout=20, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "depesza" in run("completion", "zsh").out
    assert "depesza" in run("completion", "fish").out


def test_every_command_has_help_and_its_module_is_there(run: Cli) -> None:
    app = build()
    for name in COMMANDS:
        assert app[name].help
        assert "Usage: depesza " + name in run(name, "--help").out


def test_help_reads_none_of_the_heavy_modules() -> None:
    code = "import sys; from depesza.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    heavy = {"sqlalchemy", "alembic", "asyncpg", "aiohttp", "uvicorn", "structlog", "cryptography", "depesza.app"}
    assert not {name for name in heavy if f"'{name}'" in ran.stderr}


def test_a_defect_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("depesza.cli.config.sample_file", broken)
    assert main(["settings", "sample"]) == 1
    assert capsys.readouterr().err.startswith("depesza: our fault: ZeroDivisionError: by zero")
    monkeypatch.setenv("DEPESZA_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main(["settings", "sample"])
