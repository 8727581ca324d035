"""What an account told and uploaded for who approves and registers what it sends.

`depesza sender form`, `depesza sender papers`, `depesza template operators`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from depesza.cli import show
from depesza.cli.accounts import AccountName, AnyAccount, find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.documents import Document


def papers(
    account: AccountName,
    name: str,
    /,
    *,
    save: Annotated[Path | None, Parameter(help="Folder to write the files to.")] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """List the documents that support a sender, and save them to a folder."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import documents, senders

        row = find_account(desk.facts, account)
        if (row.id, name) not in desk.facts.sender:
            raise Failed(f"there is no sender {account}/{name}")
        found = await desk.store.look(documents.list_topic, row.id, senders.papers_of(name), desk.now())
        return [await _told(desk, document, save) for document in found]

    show.listing(at_desk(config, work), json=json)


async def _told(desk: Desk, document: "Document", save: Path | None) -> dict[str, Any]:
    from depesza.core.ids import uuid_of

    told = {
        "id": uuid_of(document.id),
        "name": document.name,
        "description": document.description,
        "size": document.size,
        "created": show.moment(document.created),
    }
    if save is not None and document.ready:
        told["file"] = str(await _save(desk, document, save))
    return told


async def _save(desk: Desk, document: "Document", folder: Path) -> Path:
    """Write a file page by page; its name is ours, for the client's may lead anywhere."""
    from depesza.core.ids import uuid_of
    from depesza.services import documents

    ending = Path(document.name).suffix
    path = folder / (uuid_of(document.id) + (ending if ending[1:].isalnum() else ""))
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for n in range(document.pages):
            file.write(await desk.store.look(documents.read_page, document.content, n))
    return path


def form(account: AccountName, name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show what an account told of a sender, and with which operators it wants it registered."""

    async def work(desk: Desk) -> dict[str, str]:
        from depesza.services import sender_forms

        row = find_account(desk.facts, account)
        if (row.id, name) not in desk.facts.sender:
            raise Failed(f"there is no sender {account}/{name}")
        found = (await desk.store.look(sender_forms.show, row.id)).get(name)
        return {"sender": name, **(found.fields if found is not None else {})}

    show.details(at_desk(config, work), json=json)


def operators(account: AnyAccount = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List the texts that accounts want mobile operators to know, and as what."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import operator_templates

        whose = find_account(desk.facts, account).id if account else 0
        return [
            {
                "account": desk.facts.account[row.account].name,
                "sender": row.sender,
                "text": row.text,
                "operators": " ".join(row.flags),
                "created": show.moment(row.created),
            }
            for row in await desk.store.look(operator_templates.listing, whose)
            if row.account in desk.facts.account
        ]

    show.listing(at_desk(config, work), json=json)
