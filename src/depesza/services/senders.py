"""Names and numbers that accounts send from: asked for, approved, switched off. spec: ovh/4.7"""

from collections.abc import Mapping

import msgspec

from depesza.core.facts import Sender
from depesza.services import documents, rentals
from depesza.services.accounts import Unknown
from depesza.store.contract import Conflict
from depesza.store.tx import Tx

STATUSES = ("enable", "disable", "refused", "waitingValidation")


async def create(tx: Tx, sender: Sender) -> Sender:
    """Add a sender; raises `Unknown` for the account, `Conflict` when it has the sender."""
    if sender.account not in tx.facts.account:
        raise Unknown(f"account {sender.account}")
    if (sender.account, sender.name) in tx.facts.sender:
        raise Conflict(f"a sender {sender.name} exists already")
    tx.put("senders", sender)
    return sender


async def change(tx: Tx, account: int, name: str, changes: Mapping[str, object]) -> Sender:
    """Change fields of a sender by name (`status` approves or refuses it); raises `Unknown`, `ValueError`."""
    old = tx.facts.sender.get((account, name))
    if old is None:
        raise Unknown(f"sender {name}")
    fixed = {"account", "name"} & changes.keys()
    strange = changes.keys() - set(old.__struct_fields__)
    if fixed or strange or changes.get("status", "enable") not in STATUSES:
        raise ValueError(f"can't be changed: {', '.join(sorted(changes))}")
    sender = msgspec.convert(msgspec.structs.asdict(old) | dict(changes), Sender)
    if sender != old:
        tx.put("senders", sender)
    return sender


async def delete(tx: Tx, account: int, name: str) -> None:
    """Remove a sender; raises `Unknown`, and `Conflict` while it is a number that the account rents."""
    if (account, name) not in tx.facts.sender:
        raise Unknown(f"sender {name}")
    offered = await rentals.find(tx, name)
    if offered is not None and offered.account == account:
        raise Conflict(f"{name} is rented")
    tx.drop("senders", account=account, name=name)
    tx.write("DELETE FROM sender_forms WHERE account = ?1 AND name = ?2", account, name)
    await documents.delete_topic(tx, account, papers_of(name))


def papers_of(name: str) -> str:
    """Name the topic of the documents that support a sender."""
    return f"sender {name}"
