"""`depesza number` and `depesza call-in`: numbers that accounts may rent or be called on, and calls that came."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

number = App(name="number", help="Numbers that accounts may rent, or be called on.")

Number = Annotated[str, Parameter(help="Like +79037676877.")]


def read_number(written: str) -> str:
    """Read a number as E.164; raises `Failed`."""
    from depesza.core import phone

    found = phone.parse(written)
    if found is None or not written.startswith("+"):
        raise Failed(f"{written}: a number is written like +79037676877", 2)
    return found.e164


@number.command(name="create")
def offer(
    number: Number, /, *,
    price: Annotated[str, Parameter(help="Of a month, in units of the currency.")] = "0",
    currency: Annotated[str, Parameter(help="RUR, UAH, KZT, USD or EUR; empty for credits.")] = "",
    shared: Annotated[bool, Parameter(negative="", help="Nobody rents it; it takes everybody's calls.")] = False,
    config: Config = None,
) -> None:  # fmt: skip
    """Offer a number."""
    from depesza.core import ledger
    from depesza.services import rentals

    if currency not in ledger.CURRENCIES:
        raise Failed(f"{currency} is no currency; there are {', '.join(ledger.CURRENCIES[1:])}", 2)
    try:
        micro = ledger.micro(price)
    except ValueError as error:
        raise Failed(str(error), 2) from error
    if not 0 <= micro < 2**53:
        raise Failed(f"{price} is no price", 2)
    offered = rentals.Offered(read_number(number), currency, micro, shared)

    async def work(desk: Desk) -> None:
        await desk.store.run(rentals.offer, offered)

    at_desk(config, work)


@number.command(name="list")
def list_numbers(*, config: Config = None, json: AsJson = False) -> None:
    """List the numbers, and who rents them until when."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.core import ledger
        from depesza.services import rentals

        accounts = desk.facts.account
        return [
            {
                "number": row.number,
                "price": ledger.credits(row.price),
                "currency": row.currency,
                "shared": row.shared,
                "account": accounts[row.account].name if row.account in accounts else "",
                "until": show.moment(row.until),
                "prolong": row.prolong,
            }
            for row in await desk.store.look(rentals.listing)
        ]

    show.listing(at_desk(config, work), json=json, empty="no numbers")


@number.command(name="delete")
def withdraw(number: Number, /, *, config: Config = None) -> None:
    """Offer a number no more; one that is rented stays."""
    from depesza.services import rentals
    from depesza.services.accounts import Unknown

    async def work(desk: Desk) -> None:
        try:
            await desk.store.run(rentals.withdraw, read_number(number))
        except Unknown as error:
            raise Failed(f"there is no {error}") from error

    at_desk(config, work)


def call_in(
    caller: Annotated[str, Parameter(help="Who called.")],
    number: Annotated[str, Parameter(help="Which of our numbers.")],
    /,
    *,
    config: Config = None,
) -> None:
    """Tell that somebody called one of our numbers; who waited for that is called back."""
    from depesza.services import calls

    async def work(desk: Desk) -> bool:
        return await desk.store.run(calls.came, read_number(caller), read_number(number), desk.now())

    if not at_desk(config, work):
        raise Failed("nobody waits for this call")
