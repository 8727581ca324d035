"""Commands that create, change or delete rows: each is a small wish, carried out as `depesza apply` would."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depesza.cli import show
from depesza.cli.desk import Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Change, Draft
    from depesza.store.tx import Tx


def given(**fields: Any) -> dict[str, Any]:
    """Keep the fields that were written on the command line."""
    return {name: value for name, value in fields.items() if value is not None}


def fulfil(
    config: Path | None,
    kind: str,
    wish: dict[str, Any],
    *,
    json: bool,
    new: Callable[[Desk], bool] | None,
    missing: str,
) -> None:
    """Carry out a wish for one row of `kind`; `new(desk)` tells whether it exists, which `missing` demands or not.

    `missing` is "create" when the row must not be there yet, "change" when it must be.
    """
    from depesza.services import wishes

    whole = wishes.wish({kind: [wish]})

    async def work(desk: Desk) -> "list[Change]":
        there = new is not None and new(desk)
        name = wish.get("name") or wish.get("login")
        if missing == "create" and there:
            raise Failed(f"{kind.removesuffix('s')} {name} exists already")
        if missing == "change" and not there:
            raise Failed(f"there is no {kind.removesuffix('s')} {name}")
        return await carry_out(desk, whole, who="cli")

    tell(at_desk(config, work), json=json)


async def carry_out(desk: Desk, wish: Any, *, who: str, prune: bool = False, look: bool = False) -> "list[Change]":
    """Hash passwords, then write in one transaction."""
    import depesza.connectors
    from depesza.services import desired

    hashed = desired.with_hashes(wish, desk.facts, lambda: desk.vault)
    means = desired.Means(depesza.connectors.check, depesza.connectors.carries, lambda: desk.vault, who)
    try:
        return await desk.store.run(desired.apply, hashed, means, desk.now(), prune=prune, look=look)
    except desired.OnlyLooked as looked:
        return looked.changes


def drafted(config: Path | None, change: "Callable[[Draft], Awaitable[None]]", *, json: bool) -> None:
    """Run one change of facts in a transaction of its own and tell what became of it."""

    async def service(tx: "Tx", now: int) -> "list[Change]":
        from depesza.services.draft import Draft

        draft = Draft(tx, now, "cli")
        await change(draft)
        return draft.changes

    async def work(desk: Desk) -> "list[Change]":
        return await desk.store.run(service, desk.now())

    tell(at_desk(config, work), json=json)


def tell(changes: "Sequence[Change]", *, json: bool) -> None:
    """Print what became of each row; secrets are printed here and never again."""
    if json:
        show.as_json([line(change) for change in changes])
        return
    for change in changes:
        detail = f" ({show.word(change.detail)})" if change.detail else ""
        print(f"{change.what:9} {change.kind} {show.word(change.name)}{detail}")
        for label, secret in change.secrets:
            print(f"  {label}: {secret}")


def line(change: "Change") -> dict[str, Any]:
    """Write a change for a program."""
    return {
        "what": change.what,
        "kind": change.kind,
        "name": change.name,
        "detail": change.detail,
        "secrets": dict(change.secrets),
    }
