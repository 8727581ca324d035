"""What accounts tell and upload for approval, as the operator gets to see it."""

import asyncio
from pathlib import Path

from tests.cli.called import Cli

from depesza.core.facts import Sender
from depesza.services import documents, operator_templates, sender_forms, senders
from depesza.store.opening import open_store


def test_papers_of_a_sender_are_listed_and_saved(cli: Cli, sqlite_url: str, tmp_path: Path) -> None:
    cli("owner", "create", "ab-ovh")
    cli("account", "create", "sms-ab-1", "--owner", "ab-ovh")
    cli("sender", "create", "sms-ab-1", "Shop", "--status", "waitingValidation")

    async def upload() -> None:
        store = await open_store(sqlite_url, lambda: 1)
        account, topic = store.facts.account_named["sms-ab-1"].id, senders.papers_of("Shop")
        for name in ("../kbis.pdf", "later.txt"):
            made = await store.run(documents.create, 1, name, 1, account=account, topic=topic, description="proof")
        content = await store.run(documents.new_content)
        for n, page in enumerate((b"two ", b"pages")):
            await store.run(documents.add_page, content, n, page)
        await store.run(documents.show_content, made.id, content, 2, 9, 1)
        await store.close()

    asyncio.run(upload())
    full, empty = cli("sender", "papers", "sms-ab-1", "Shop", "--save", str(tmp_path / "new"), "--json").json
    assert (full["name"], full["description"], full["size"]) == ("later.txt", "proof", 9)
    assert (empty["name"], empty["size"], "file" in empty) == ("../kbis.pdf", 0, False)
    assert Path(full["file"]).read_bytes() == b"two pages"
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"{full['id']}.txt"]
    assert "later.txt" in cli("sender", "papers", "sms-ab-1", "Shop").out
    assert cli("sender", "papers", "sms-ab-1", "Nobody").status == 1


def test_what_was_told_of_a_sender_and_of_texts_is_shown(cli: Cli, sqlite_url: str) -> None:
    cli("owner", "create", "ab-ovh")
    cli("account", "create", "sms-ab-1", "--owner", "ab-ovh")
    cli("sender", "create", "sms-ab-1", "Plain")

    async def tell() -> None:
        store = await open_store(sqlite_url, lambda: 1)
        account = store.facts.account_named["sms-ab-1"].id
        sender = Sender(account=account, name="Shop", status="waitingValidation")
        await store.run(sender_forms.create, sender, {"fio": "Ivan", "mts": "1"}, [])
        await store.run(operator_templates.add, account, "Shop", "Code %w", ["mts_srv", "bee_trn"], 1)
        await store.close()

    asyncio.run(tell())
    assert cli("sender", "form", "sms-ab-1", "Shop", "--json").json == {"sender": "Shop", "fio": "Ivan", "mts": "1"}
    assert cli("sender", "form", "sms-ab-1", "Plain", "--json").json == {"sender": "Plain"}
    assert cli("sender", "form", "sms-ab-1", "Nobody").status == 1
    (row,) = cli("template", "operators", "--json").json
    assert (row["account"], row["text"], row["operators"]) == ("sms-ab-1", "Code %w", "mts_srv bee_trn")
    assert "Code %w" in cli("template", "operators", "sms-ab-1").out
