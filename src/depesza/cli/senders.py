"""`depesza sender`: names and numbers that accounts may send from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.accounts import AccountName, AnyAccount, Text, find_account, of_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Draft

sender = App(name="sender", help="Names and numbers an account may send from.")

SenderKind = Annotated[
    Literal["alpha", "numeric", "shortcode", "virtual", "time2chat", "mail"] | None,
    Parameter(
        help="`virtual` and `time2chat`: a number that only this account has; `mail`: an address, or @domain.",
        show_default=False,
    ),
]
SenderStatus = Annotated[
    Literal["enable", "disable", "refused", "waitingValidation"] | None, Parameter(show_default=False)
]


@sender.command(name="create")
def create_sender(
    account: AccountName, name: str, /, *, kind: SenderKind = None, status: SenderStatus = None,
    description: Text = None, reason: Text = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Allow a sender."""
    wish = wished.given(account=account, name=name, kind=kind, status=status, description=description, reason=reason)
    wished.fulfil(config, "senders", wish, json=json, new=_sender_there(account, name), missing="create")


@sender.command(name="change")
def change_sender(
    account: AccountName, name: str, /, *, kind: SenderKind = None, status: SenderStatus = None,
    description: Text = None, reason: Text = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Change a sender, such as one that waits to be allowed: --status enable."""
    wish = wished.given(account=account, name=name, kind=kind, status=status, description=description, reason=reason)
    wished.fulfil(config, "senders", wish, json=json, new=_sender_there(account, name), missing="change")


def _sender_there(account: str, name: str) -> Any:
    return lambda desk: (find_account(desk.facts, account).id, name) in desk.facts.sender


@sender.command(name="list")
def list_senders(account: AnyAccount = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List senders."""
    columns = ("account", "name", "kind", "status", "description")
    show.listing(_sender_rows(config, account), json=json, columns=columns)


@sender.command(name="show")
def show_sender(account: AccountName, name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a sender."""
    found = [row for row in _sender_rows(config, account) if row["name"] == name]
    if not found:
        raise Failed(f"there is no sender {account}/{name}")
    show.details(found[0], json=json)


def _sender_rows(config: Path | None, account: str | None) -> list[dict[str, Any]]:
    async def work(desk: Desk) -> list[dict[str, Any]]:
        facts = desk.facts
        return [
            {field: getattr(row, field) for field in row.__struct_fields__}
            | {"account": facts.account[row.account].name, "created": show.moment(row.created)}
            for row in of_account(facts, account, facts.senders)
        ]

    return at_desk(config, work)


for _name, _help in (
    ("approve", "Let an account send from a name that waits."),
    ("refuse", "Refuse a name, and say why."),
):
    sender.command(f"depesza.cli.moderation:{_name}_sender", name=_name, help=_help)
sender.command("depesza.cli.papers:papers", name="papers", help="List the documents that support a sender.")
sender.command("depesza.cli.papers:form", name="form", help="Show what an account told of a sender.")


@sender.command(name="delete")
def delete_sender(account: AccountName, name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Forbid a sender."""

    async def change(draft: "Draft") -> None:
        from depesza.services import directory

        directory.remove_sender(draft, draft.account(account, "sender"), name)

    wished.drafted(config, change, json=json)
