"""What accounts tell of their senders, so that the operator can register them with mobile networks. spec: smsc/3.10

A sender's form has a short id, by which a client may name the sender; its files are the sender's documents.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from depesza.core.facts import Sender
from depesza.services import documents, refs, senders
from depesza.services.accounts import Unknown
from depesza.services.attachments import File
from depesza.store.tx import Tx

_read = msgspec.json.Decoder(dict[str, str]).decode
_write = msgspec.json.Encoder().encode


class Form(Struct, frozen=True):
    """What was told of a sender."""

    id: int
    fields: Mapping[str, str]


async def show(tx: Tx, account: int) -> dict[str, Form]:
    """Read the forms of an account's senders, by the senders' names."""
    rows = await tx.query("SELECT name, id, fields FROM sender_forms WHERE account = ?1", account)
    return {row[0]: Form(row[1], _read(row[2])) for row in rows}


async def listing(tx: Tx, account: int) -> dict[str, Form]:
    """Read the forms of all senders of an account; those that the operator made get an empty one now."""
    await tx.wallet(account)
    forms = await show(tx, account)
    for sender in tx.facts.senders:
        if sender.account == account and sender.name not in forms:
            forms[sender.name] = await _write_form(tx, sender, {}, forms)
    return forms


async def name_of(tx: Tx, account: int, id: int) -> str:
    """Find a sender by the id of its form; raises `Unknown`."""
    for name, form in (await show(tx, account)).items():
        if form.id == id and (account, name) in tx.facts.sender:
            return name
    raise Unknown(f"sender {id}")


async def create(tx: Tx, sender: Sender, fields: Mapping[str, str], files: Sequence[File]) -> int:
    """Ask for a sender; gives its id. Raises `Unknown` for the account, `Conflict` when it has the sender."""
    await senders.create(tx, sender)
    form = await _write_form(tx, sender, fields, await show(tx, sender.account))
    await _keep(tx, sender, files, sender.created)
    return form.id


async def change(
    tx: Tx, account: int, name: str, description: str | None, fields: Mapping[str, str], files: Sequence[File], now: int
) -> None:
    """Tell more of a sender; one that was refused waits for the operator again. Raises `Unknown`."""
    old = tx.facts.sender.get((account, name))
    if old is None:
        raise Unknown(f"sender {name}")
    changes = {} if description is None else {"description": description}
    if old.status == "refused":
        changes["status"] = "waitingValidation"
    sender = await senders.change(tx, account, name, changes)
    forms = await show(tx, account)
    told = forms[name].fields if name in forms else {}
    await _write_form(tx, sender, {**told, **fields}, forms)
    await _keep(tx, sender, files, now)


async def _write_form(tx: Tx, sender: Sender, fields: Mapping[str, str], forms: Mapping[str, Form]) -> Form:
    known = forms.get(sender.name)
    form = Form(known.id if known is not None else int(await refs.next_ref(tx, sender.account)), dict(fields))
    tx.write(
        "INSERT INTO sender_forms (account, name, id, fields) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (account, name) DO UPDATE SET fields = excluded.fields",
        sender.account, sender.name, form.id, _write(form.fields).decode(),
    )  # fmt: skip
    return form


async def _keep(tx: Tx, sender: Sender, files: Sequence[File], now: int) -> None:
    owner, topic = tx.facts.account[sender.account].owner, senders.papers_of(sender.name)
    for file in files:
        await documents.create_whole(tx, owner, file.name, file.octets, now, account=sender.account, topic=topic)


async def forget_orphans(tx: Tx) -> None:
    """Delete the forms of senders that are gone."""
    tx.write(
        "DELETE FROM sender_forms WHERE NOT EXISTS (SELECT 1 FROM senders"
        " WHERE senders.account = sender_forms.account AND senders.name = sender_forms.name)"
    )
