"""`depesza login`: names and passwords of programs, and the addresses that they are used from."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.accounts import AccountName, AnyAccount, Password, find_account, of_account, secret
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.core.facts import Facts, Login
    from depesza.services.draft import Draft

login = App(name="login", help="Names and passwords that programs of an account send.")

Networks = Annotated[
    tuple[str, ...] | None, Parameter(name="--ip", negative="", help="A network it may call from; again for more.")
]
Anywhere = Annotated[bool, Parameter(negative="", help="It may call from anywhere again.")]
Address = Annotated[str, Parameter(help="The address.")]


@login.command(name="create")
def create_login(
    account: AccountName, name: str, /, *, password: Password, ip: Networks = None, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Make a login."""
    wish = wished.given(account=account, name=name, password=secret(password), ips=ip)
    wished.fulfil(config, "logins", wish, json=json, new=lambda desk: name in desk.facts.login_named, missing="create")


@login.command(name="change")
def change_login(
    name: str, /, *, password: Password = None, ip: Networks = None, anywhere: Anywhere = False,
    enabled: Annotated[bool | None, Parameter(help="It may call.", show_default=False)] = None,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Change a login's password, addresses, or whether it may call: what is not given stays."""
    ips = () if anywhere else ip
    fields = wished.given(name=name, password=secret(password), ips=ips, enabled=enabled)

    async def work(desk: Desk) -> Any:
        from depesza.services import wishes

        facts = desk.facts
        wish = wishes.wish({"logins": [fields | {"account": facts.account[_find(facts, name).account].name}]})
        return await wished.carry_out(desk, wish, who="cli")

    wished.tell(at_desk(config, work), json=json)


def _find(facts: "Facts", name: str) -> "Login":
    found = facts.login_named.get(name)
    if found is None:
        raise Failed(f"there is no login {name}")
    return found


@login.command(name="list")
def list_logins(account: AnyAccount = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List logins."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        facts = desk.facts
        return [
            {
                "account": facts.account[row.account].name,
                "name": row.name,
                "enabled": row.enabled,
                "ips": list(row.ips),
                "created": show.moment(row.created),
            }
            for row in of_account(facts, account, facts.logins)
        ]

    show.listing(at_desk(config, work), json=json, columns=("account", "name", "enabled", "ips", "created"))


@login.command(name="delete")
def delete_login(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a login: its programs are refused from now on."""

    async def change(draft: "Draft") -> None:
        from depesza.services import logins

        logins.remove_login(draft, name)

    wished.drafted(config, change, json=json)


# addresses


@login.command(name="addresses")
def list_addresses(account: AnyAccount = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List the addresses that logins were used from, where their account's limits ask; those that wait come first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import addresses

        facts = desk.facts
        id = find_account(facts, account).id if account else 0
        return [
            {
                "account": facts.account[row.account].name if row.account in facts.account else str(row.account),
                "login": row.login,
                "address": row.address,
                "state": "known" if row.confirmed else "waits",
                "first": show.moment(row.at),
            }
            for row in await desk.store.look(addresses.listed, id)
        ]

    show.listing(at_desk(config, work), json=json)


@login.command(name="confirm")
def confirm_address(name: str, address: Address, /, *, config: Config = None, json: AsJson = False) -> None:
    """Let a login submit from an address; for an API key, the name is its account's."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import addresses

        await desk.store.run(addresses.confirm, _account(desk.facts, name), name, address, desk.now())
        return {"login": name, "address": address, "state": "known"}

    show.details(at_desk(config, work), json=json)


@login.command(name="forget")
def forget_address(name: str, address: Address, /, *, config: Config = None, json: AsJson = False) -> None:
    """Forget an address of a login: it waits again when it is used."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import accounts, addresses

        try:
            await desk.store.run(addresses.forget, _account(desk.facts, name), name, address)
        except accounts.Unknown as error:
            raise Failed(f"there is no {error}") from error
        return {"login": name, "address": address, "state": "forgotten"}

    show.details(at_desk(config, work), json=json)


def _account(facts: "Facts", name: str) -> int:
    known = facts.login_named.get(name)
    return known.account if known is not None else find_account(facts, name).id
