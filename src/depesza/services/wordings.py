"""Templates for moderation: asked for by their account, approved or refused by the operator. spec: ovh/4.13"""

from collections.abc import Mapping

import msgspec

from depesza.core.facts import Wording
from depesza.services.accounts import Unknown
from depesza.store.contract import Conflict
from depesza.store.tx import Tx

WAITS = "waitingValidation"


class NotAllowed(Exception):
    """The template's status does not allow it; the text says why."""


async def create(tx: Tx, wording: Wording) -> None:
    """Add a template that waits for the operator; raises `Conflict` when the account has one of this name."""
    if (wording.account, wording.name) in tx.facts.wording:
        raise Conflict(f"a template {wording.name} exists already")
    tx.put("wordings", wording)


async def change(tx: Tx, account: int, name: str, changes: Mapping[str, object]) -> Wording:
    """Change fields of a template; a new text has to be approved anew. Raises `Unknown`, `NotAllowed`."""
    old = _find(tx, account, name)
    status = changes.get("status", old.status)
    if status != old.status and {status, old.status} != {"enable", "disable"}:
        raise NotAllowed(f"a template can't be changed from {old.status} to {status} by its owner")
    new = msgspec.structs.replace(old, **changes)
    if new.text != old.text:
        new = msgspec.structs.replace(new, status=WAITS)
    if new != old:
        tx.put("wordings", new)
    return new


async def relaunch(tx: Tx, account: int, name: str, text: str, description: str) -> None:
    """Ask again after a refusal; raises `Unknown`, `NotAllowed`."""
    old = _find(tx, account, name)
    if old.status != "refused":
        raise NotAllowed("only a template that was refused can be validated again")
    tx.put("wordings", msgspec.structs.replace(old, text=text, description=description, status=WAITS, comment=""))


async def judge(tx: Tx, account: int, name: str, status: str, comment: str, now: int, who: str) -> Wording:
    """Approve (`enable`) or refuse (`refused`) a template as the operator; raises `Unknown`."""
    new = msgspec.structs.replace(_find(tx, account, name), status=status, comment=comment)
    tx.put("wordings", new)
    tx.insert("acts", (tx.new_id(), now, who, f"template.{status}", f"{account} {name}"))
    return new


async def delete(tx: Tx, account: int, name: str) -> None:
    """Remove a template; raises `Unknown`."""
    _find(tx, account, name)
    tx.drop("wordings", account=account, name=name)


def _find(tx: Tx, account: int, name: str) -> Wording:
    found = tx.facts.wording.get((account, name))
    if found is None:
        raise Unknown(f"template {name}")
    return found
