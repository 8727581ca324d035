"""`depesza limits`: what protects accounts from their own programs, and others from them."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.accounts import AccountName, find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed
from depesza.cli.network import Set, read_sets

if TYPE_CHECKING:
    from depesza.services.draft import Draft

limits = App(name="limits", help="How often an account's programs may do what.")


@limits.command(name="fields")
def list_fields(*, json: AsJson = False) -> None:
    """List what can be limited, with the usual values."""
    from depesza.core.facts import Limits
    from depesza.services import wishes

    usual = Limits(account=0)
    meanings = {name.strip("`"): meaning for name, meaning in wishes.fields(wishes.LimitsWish)}
    rows = [
        {"field": name, "usual": getattr(usual, name), "meaning": meanings[name]}
        for name in usual.__struct_fields__
        if name != "account"
    ]
    show.listing(rows, json=json)


@limits.command(name="show")
def show_limits(account: AccountName, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show the limits of an account."""

    async def work(desk: Desk) -> dict[str, Any]:
        row = find_account(desk.facts, account)
        found = desk.facts.limits_of(row.id)
        return {name: getattr(found, name) for name in found.__struct_fields__} | {"account": row.name}

    show.details(at_desk(config, work), json=json)


@limits.command(name="change")
def change_limits(account: AccountName, /, *, set: Set = (), config: Config = None, json: AsJson = False) -> None:
    """Set limits of an account, like --set flood=10 --set codes='["7"]': what is not named stays."""
    if not set:
        raise Failed("--set is needed; `depesza limits fields` shows what there is", 2)
    wish = {"account": account} | read_sets(set, frozenset({"hours"}))
    wished.fulfil(config, "limits", wish, json=json, new=None, missing="")


@limits.command(name="reset")
def reset_limits(
    account: Annotated[str, Parameter(help="Name of the account.")], /, *, config: Config = None, json: AsJson = False
) -> None:
    """Give an account the usual limits back."""

    async def change(draft: "Draft") -> None:
        from depesza.services import limits

        limits.remove_limits(draft, draft.account(account, "limits").id)

    wished.drafted(config, change, json=json)
