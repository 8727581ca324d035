"""`depesza command`: phones whose texts to a service number are commands of an account."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.accounts import AccountName, AnyAccount, Password, find_account, secret
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

command = App(name="command", help="Phones that give commands by text.")

Number = Annotated[str, Parameter(help="The phone's number, with its country's code.")]


@command.command(name="allow")
def allow_phone(
    account: AccountName, number: Number, /, *, password: Password = None, config: Config = None, json: AsJson = False
) -> None:
    """Let a phone give commands to an account, with a password of its own; or change that password and unlock it."""
    word = secret(password)

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.core.commands import LONGEST_PASSWORD
        from depesza.services import commands
        from depesza.store.contract import Conflict

        if not word or word != "".join(word.split()) or len(word) > LONGEST_PASSWORD:
            raise Failed(f"a password without blanks is needed, of at most {LONGEST_PASSWORD} characters", 2)
        row = find_account(desk.facts, account)
        hashed = commands.hash_password(word, desk.vault.octets(commands.SALT))
        try:
            allowed = await desk.store.run(commands.allow, row.id, number, hashed, desk.now())
        except (ValueError, Conflict) as error:
            raise Failed(str(error)) from error
        return {"account": account, "number": allowed, "state": "allowed"}

    show.details(at_desk(config, work), json=json)


@command.command(name="forbid")
def forbid_phone(number: Number, /, *, config: Config = None, json: AsJson = False) -> None:
    """Let a phone give no more commands: its texts are like everybody's."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import accounts, commands

        try:
            await desk.store.run(commands.forbid, number)
        except accounts.Unknown as error:
            raise Failed(f"there is no {error}") from error
        return {"number": number, "state": "forbidden"}

    show.details(at_desk(config, work), json=json)


@command.command(name="list")
def list_phones(account: AnyAccount = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List the phones that give commands."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import commands

        facts = desk.facts
        id = find_account(facts, account).id if account else 0
        return [
            {
                "account": facts.account[row.account].name if row.account in facts.account else str(row.account),
                "number": row.number,
                "created": show.moment(row.created),
            }
            for row in await desk.store.look(commands.listed, id)
        ]

    show.listing(at_desk(config, work), json=json)
