"""`depesza alarm`: texts prepared for a client's watchman, who sends them by their number."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.accounts import AccountName, find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed
from depesza.cli.rented import read_number

alarm = App(name="alarm", help="Texts prepared for a client's watchman.")

MACROS = "{name}, {host} and {info} are filled by who rings"


@alarm.command(name="create")
def create_alarm(
    account: AccountName, name: str, /, *,
    to: Annotated[tuple[str, ...], Parameter(name="--to", negative="", help="A number; again for more.")],
    failure: Annotated[str, Parameter(help=f"What is sent when something fails; {MACROS}.")],
    recovery: Annotated[str, Parameter(help="What is sent when it is well again; empty: nothing.")] = "",
    sender: Annotated[str, Parameter(help="Who it is from; empty: the account's usual one.")] = "",
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Prepare an alarm; prints the number by which it is sent."""
    receivers = tuple(dict.fromkeys(map(read_number, to)))

    async def work(desk: Desk) -> int:
        from depesza.services import alarms

        row = find_account(desk.facts, account)
        if sender and (row.id, sender) not in desk.facts.sender:
            raise Failed(f"{account} has no sender {sender}")
        return await desk.store.run(alarms.create, row.id, name, receivers, sender, failure, recovery)

    show.details({"id": at_desk(config, work)}, json=json)


@alarm.command(name="list")
def list_alarms(*, config: Config = None, json: AsJson = False) -> None:
    """List the alarms of all accounts."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import alarms

        accounts = desk.facts.account
        return [
            {
                "account": accounts[row.account].name if row.account in accounts else "",
                "id": row.id,
                "name": row.name,
                "to": list(row.receivers),
                "sender": row.sender,
                "failure": row.failure,
                "recovery": row.recovery,
            }
            for row in await desk.store.look(alarms.listing)
        ]

    show.listing(at_desk(config, work), json=json, empty="no alarms")


@alarm.command(name="delete")
def delete_alarm(account: AccountName, id: int, /, *, config: Config = None) -> None:
    """Forget an alarm."""

    async def work(desk: Desk) -> None:
        from depesza.services import alarms
        from depesza.services.accounts import Unknown

        try:
            await desk.store.run(alarms.delete, find_account(desk.facts, account).id, id)
        except Unknown as error:
            raise Failed(f"there is no {error} of {account}") from error

    at_desk(config, work)
