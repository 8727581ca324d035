"""`depesza apply FILE`: make the store hold what a file says. See docs/guides/apply.md."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from depesza.cli import wished
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Change


def apply(
    file: Annotated[
        Path, Parameter(help="TOML: owners, accounts, users, senders, keys, connectors, routes, prices, packs.")
    ],
    /,
    *,
    check: Annotated[bool, Parameter(negative="", help="Only show what would be done.")] = False,
    prune: Annotated[
        bool, Parameter(negative="", help="Delete what is in the store and not in the lists of the file.")
    ] = False,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Make the store hold what a file says: all of it, or nothing where it has a mistake."""
    from depesza.services import wishes

    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Failed(f"{file}: not UTF-8: {error.reason}") from error
    try:
        wish = wishes.read(text, os.environ)
    except wishes.WishError as error:
        raise Failed(f"{file}: {error}") from error

    async def work(desk: Desk) -> "list[Change]":
        return await wished.carry_out(desk, wish, who="apply", prune=prune, look=check)

    try:
        changes = at_desk(config, work)
    except wishes.WishError as error:
        raise Failed(f"{file}: {error}") from error
    if check:
        changes = [_without_secrets(change) for change in changes]
    wished.tell(changes, json=json)


def _without_secrets(change: "Change") -> "Change":
    """Those made while looking are worth nothing."""
    import msgspec

    return msgspec.structs.replace(change, secrets=())
