"""`depesza credit`: give, correct, move and show credits, and fulfil orders."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.accounts import AccountName, find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Draft
    from depesza.store.tx import Tx

credit = App(name="credit", help="Credits of an account.")

Amount = Annotated[str, Parameter(help="Credits, like 100 or 0.5.", allow_leading_hyphen=True)]
Note = Annotated[str, Parameter(help="Stands beside the entry.")]


def micro(amount: str) -> int:
    """Read an amount of credits; raises `Failed` for what is none, or nothing."""
    from depesza.core import ledger

    try:
        found = ledger.micro(amount)
    except ValueError as error:
        raise Failed(str(error), 2) from error
    if not found:
        raise Failed("an amount of 0 moves nothing", 2)
    if abs(found) >= 2**53:
        raise Failed("more than 9 billion credits", 2)
    return found


def _above_zero(amount: str) -> int:
    found = micro(amount)
    if found < 0:
        raise Failed(f"{amount} is below zero", 2)
    return found


@credit.command(name="create")
def give(
    account: AccountName, amount: Amount, /, *, note: Note = "", config: Config = None, json: AsJson = False
) -> None:
    """Give an account credits that it bought."""
    value = _above_zero(amount)

    async def change(draft: "Draft") -> None:
        from depesza.services import directory

        await directory.top_up(draft, draft.account(account, "credit"), value, note)

    wished.drafted(config, change, json=json)


@credit.command(name="change")
def correct(
    account: AccountName, amount: Amount, /, *, note: Note, config: Config = None, json: AsJson = False
) -> None:
    """Correct a balance by hand: 5 adds, -5 takes away."""
    value = micro(amount)

    async def change(draft: "Draft") -> None:
        from depesza.services import directory

        await directory.correct(draft, draft.account(account, "credit"), value, note)

    wished.drafted(config, change, json=json)


@credit.command(name="transfer")
def transfer(
    source: Annotated[str, Parameter(help="Account, or account/login of a user with credits of its own.")],
    target: Annotated[str, Parameter(help="The same.")],
    amount: Amount,
    /,
    *,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Move credits between accounts, or between an account and its user."""
    value = _above_zero(amount)

    async def change(draft: "Draft") -> None:
        from depesza.services import directory

        wallets = _wallet(draft, source), _wallet(draft, target)
        if wallets[0] == wallets[1]:
            raise Failed("a transfer to itself moves nothing")
        await directory.transfer(draft, *wallets, value, f"{source} -> {target}")

    wished.drafted(config, change, json=json)


def _wallet(draft: "Draft", name: str) -> int:
    account, _, login = name.partition("/")
    row = draft.account(account, "credit")
    if not login:
        return row.id
    user = draft.users.get((row.id, login))
    if user is None:
        raise Failed(f"there is no user {name}")
    if not user.quota:
        raise Failed(f"user {name} spends the account's credits")
    return user.id


@credit.command(name="list")
def entries(
    account: AccountName, /, *, limit: Annotated[int, Parameter(help="The newest so many.")] = 50,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """List the entries of an account, the newest first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return await desk.store.look(_entries, find_account(desk.facts, account).id, limit)

    show.listing(at_desk(config, work), json=json)


async def _entries(tx: "Tx", wallet: int, limit: int) -> list[dict[str, Any]]:
    from depesza.core import ledger

    rows = await tx.query(
        "SELECT at, kind, source, amount, ref, note, id FROM entries WHERE source = ?1 OR target = ?1"
        " ORDER BY id DESC LIMIT ?2",
        wallet,
        limit,
    )
    return [
        {
            "id": id,
            "at": show.moment(at),
            "kind": kind,
            "credits": ledger.credits(-amount if source == wallet else amount),
            "ref": ref or None,
            "note": note,
        }
        for at, kind, source, amount, ref, note, id in rows
    ]


@credit.command(name="show")
def balance(account: AccountName, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show the balance of an account and of its users with credits of their own."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.core import ledger
        from depesza.services import credits

        row = find_account(desk.facts, account)
        users = [each for each in desk.facts.users if each.account == row.id and each.quota]
        return {
            "account": row.name,
            "balance": ledger.credits(await desk.store.run(credits.balance, row.id)),
            "credit_limit": ledger.credits(row.credit_limit),
            "users": {each.login: ledger.credits(await desk.store.run(credits.balance, each.id)) for each in users},
        }

    show.details(at_desk(config, work), json=json)


@credit.command(name="orders")
def orders(*, config: Config = None, json: AsJson = False) -> None:
    """List the orders that wait to be fulfilled."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import credits

        accounts = desk.facts.account
        return [
            {
                "id": row.id,
                "account": accounts[row.account].name if row.account in accounts else str(row.account),
                "at": show.moment(row.at),
                "credits": row.quantity,
            }
            for row in await desk.store.look(credits.orders)
        ]

    show.listing(at_desk(config, work), json=json)


@credit.command(name="fulfil")
def fulfil(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Give an account the credits of an order."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import accounts, credits

        try:
            made = await desk.store.run(credits.fulfil, id, desk.now())
        except accounts.Unknown as error:
            raise Failed(f"no order {id} waits") from error
        account = desk.facts.account[made.account].name
        return {"id": made.id, "account": account, "credits": made.quantity, "status": made.status}

    show.details(at_desk(config, work), json=json)
