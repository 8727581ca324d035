"""`depesza credit`: give, correct, move and show credits, and codes worth some."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.accounts import AccountName, find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Draft

credit = App(name="credit", help="Credits of an account.")

Amount = Annotated[
    str, Parameter(help="Credits, or units of the account's currency, like 100 or 0.5.", allow_leading_hyphen=True)
]
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
        from depesza.core import ledger
        from depesza.services import credits

        found = find_account(desk.facts, account)
        wallet = found.id
        return [
            {
                "id": row.id,
                "at": show.moment(row.at),
                "kind": row.kind,
                "credits": ledger.credits(-row.amount if row.source == wallet else row.amount),
                "currency": found.currency or "credits",
                "ref": row.ref or None,
                "note": row.note,
            }
            for row in await desk.store.look(credits.entries, wallet, limit)
        ]

    show.listing(at_desk(config, work), json=json)


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
            "currency": row.currency or "credits",
            "credit_limit": ledger.credits(row.credit_limit),
            "users": {each.login: ledger.credits(await desk.store.run(credits.balance, each.id)) for each in users},
        }

    show.details(at_desk(config, work), json=json)


# codes

code = App(name="code", help="Codes worth credits, each redeemed once.")
credit.command(code)


@code.command(name="create")
def create_codes(
    *,
    credits: Annotated[str, Parameter(help="Credits that a code is worth.")],
    count: Annotated[int, Parameter(help="How many codes.")] = 1,
    expires: Annotated[str, Parameter(help="Last day on which they are taken, like 2027-12-31 (UTC).")] = "",
    note: Note = "",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Make codes; they are printed here and never again."""
    amount = _above_zero(credits)

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import vouchers

        if not 1 <= count <= vouchers.MOST:
            raise Failed(f"--count: between 1 and {vouchers.MOST}", 2)
        now = desk.now()
        until = _end_of_day(expires) if expires else 0
        if until and until <= now:
            raise Failed(f"--expires: {expires} is over", 2)
        made = await desk.store.run(vouchers.create, desk.vault, amount, count, until, note, "cli", now)
        return [{"id": row.id, "code": code, "credits": credits, "expires": show.moment(until)} for row, code in made]

    show.listing(at_desk(config, work), json=json)


def _end_of_day(day: str) -> int:
    from datetime import UTC, date, datetime, time, timedelta

    try:
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError) as error:
        raise Failed(f"--expires: {day!r} is no day like 2027-12-31", 2) from error
    return int(end.timestamp()) * 1_000_000


@code.command(name="list")
def list_codes(
    *, limit: Annotated[int, Parameter(help="The newest so many.")] = 100, config: Config = None, json: AsJson = False
) -> None:
    """List codes by how they begin, and what became of them."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.core import ledger
        from depesza.services import vouchers

        accounts, now = desk.facts.account, desk.now()
        return [
            {
                "id": row.id,
                "begins": row.hint,
                "credits": ledger.credits(row.amount),
                "state": row.state(now),
                "expires": show.moment(row.expires),
                "used": show.moment(row.used),
                "account": accounts[row.account].name if row.account in accounts else None,
                "note": row.note,
            }
            for row in await desk.store.look(vouchers.listed, limit)
        ]

    show.listing(at_desk(config, work), json=json)


@code.command(name="revoke")
def revoke_codes(ids: list[int], /, *, config: Config = None, json: AsJson = False) -> None:
    """End codes that nobody has used."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import accounts, vouchers

        try:
            ended = await desk.store.run(vouchers.revoke, ids, "cli", desk.now())
        except accounts.Unknown as error:
            raise Failed(f"there is no {error}") from error
        return {"revoked": ended, "used or revoked before": [id for id in ids if id not in ended]}

    show.details(at_desk(config, work), json=json)


@credit.command(name="redeem")
def redeem(
    account: AccountName,
    code: Annotated[str, Parameter(help="The code; case and dashes do not matter.")],
    /,
    *,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Give an account the credits of a code."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.core import ledger
        from depesza.services import vouchers

        row = find_account(desk.facts, account)
        try:
            amount = await desk.store.run(vouchers.redeem, desk.vault.digest(vouchers.read(code)), row.id, desk.now())
        except vouchers.BadCode as error:
            raise Failed(str(error)) from error
        return {"account": row.name, "credits": ledger.credits(amount)}

    show.details(at_desk(config, work), json=json)
