"""`depesza template`, `depesza restriction`, `depesza sender approve`: what accounts may say and be called.

Restrictions are what operators are known not to take.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.accounts import AccountName, AnyAccount, find_account, of_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Draft

template = App(name="template", help="Texts that need approval before they are sent.")
restriction = App(name="restriction", help="What operators are known not to take.")

Comment = Annotated[str, Parameter(help="Shown to the account.")]


@template.command(name="list")
def list_templates(
    account: AnyAccount = None,
    /,
    *,
    waiting: Annotated[bool, Parameter(negative="", help="Only those that wait for approval.")] = False,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """List templates."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        facts = desk.facts
        return [
            {
                "account": facts.account[row.account].name,
                "name": row.name,
                "status": row.status,
                "activity": row.activity,
                "text": row.text,
                "reason": row.reason,
                "comment": row.comment,
            }
            for row in of_account(facts, account, facts.wordings)
            if not waiting or row.status == "waitingValidation"
        ]

    show.listing(at_desk(config, work), json=json)


@template.command(name="approve")
def approve(
    account: AccountName, name: str, /, *, comment: Comment = "", config: Config = None, json: AsJson = False
) -> None:
    """Let an account send what fits a template."""
    _judge(account, name, "enable", comment, config, json=json)


@template.command(name="refuse")
def refuse(
    account: AccountName, name: str, /, *, comment: Comment, config: Config = None, json: AsJson = False
) -> None:
    """Refuse a template, and say why."""
    _judge(account, name, "refused", comment, config, json=json)


def _judge(account: str, name: str, status: str, comment: str, config: Config, *, json: bool) -> None:
    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import accounts, wordings

        row = find_account(desk.facts, account)
        try:
            judged = await desk.store.run(wordings.judge, row.id, name, status, comment, desk.now(), "cli")
        except accounts.Unknown as error:
            raise Failed(f"there is no template {account}/{name}") from error
        return {"account": account, "name": name, "status": judged.status, "comment": judged.comment}

    show.details(at_desk(config, work), json=json)


template.command(
    "depesza.cli.papers:operators", name="operators", help="List the texts that accounts want mobile operators to know."
)


# senders


def approve_sender(
    account: AccountName, name: str, /, *, comment: Comment = "", config: Config = None, json: AsJson = False
) -> None:
    """Let an account send from a name that waits."""
    _change_sender(account, name, "enable", comment, config, json=json)


def refuse_sender(
    account: AccountName, name: str, /, *, comment: Comment, config: Config = None, json: AsJson = False
) -> None:
    """Refuse a name, and say why."""
    _change_sender(account, name, "refused", comment, config, json=json)


def _change_sender(account: str, name: str, status: str, comment: str, config: Config, *, json: bool) -> None:
    def there(desk: Desk) -> bool:
        return (find_account(desk.facts, account).id, name) in desk.facts.sender

    wish = {"account": account, "name": name, "status": status, "comment": comment}
    wished.fulfil(config, "senders", wish, json=json, new=there, missing="change")


# restrictions

Code = Literal["ALPHA", "BAD_DLR", "BLOCKED", "CODING", "DLR", "FLASHONLY", "MSISDN"]


@restriction.command(name="create")
def create_restriction(
    code: Annotated[Code, Parameter(help="BLOCKED refuses, ALPHA replaces names; the others are told to clients.")],
    /,
    *,
    country: Annotated[str, Parameter(help="ISO code of the receiver.")] = "",
    prefix: Annotated[str, Parameter(help="Digits the receiver begins with.")] = "",
    operator: Annotated[list[str] | None, Parameter(help="How the operator's name begins; may be repeated.")] = None,
    message: Annotated[list[str] | None, Parameter(help="Said to clients; may be repeated.")] = None,
    substitution: Annotated[str, Parameter(help="With ALPHA: number that names are replaced by.")] = "",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Note a restriction, or change the one with the same code and conditions."""
    wish = {
        "code": code,
        "country": country,
        "prefix": prefix,
        "operators": tuple(operator or ()),
        "messages": tuple(message or ()),
        "substitution": substitution,
    }
    wished.fulfil(config, "restrictions", wish, json=json, new=None, missing="")


@restriction.command(name="list")
def list_restrictions(*, config: Config = None, json: AsJson = False) -> None:
    """List restrictions."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return [{name: getattr(row, name) for name in row.__struct_fields__} for row in desk.facts.restrictions]

    show.listing(at_desk(config, work), json=json)


@restriction.command(name="delete")
def delete_restriction(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Forget a restriction."""

    async def change(draft: "Draft") -> None:
        from depesza.services import restrictions

        restrictions.remove(draft, id)

    wished.drafted(config, change, json=json)
