"""`depesza owner | account | user`: create, list, show, change, delete."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed
from depesza.cli.relations import RelationFields

if TYPE_CHECKING:
    from depesza.core.facts import Account, Facts
    from depesza.services.draft import Draft
    from depesza.store.tx import Tx

owner = App(name="owner", help="Those who hold accounts and keys.")
account = App(name="account", help="Balances with their senders and users.")
user = App(name="user", help="Logins below an account.")

Text = Annotated[str | None, Parameter(show_default=False)]
Password = Annotated[
    str | None,
    Parameter(help="The password; `-` reads a line of standard input.", show_default=False, allow_leading_hyphen=True),
]


def secret(value: str | None) -> str | None:
    """Read a secret from standard input where `-` stands for it: it is then in no list of processes."""
    if value != "-":
        return value
    return input()


# owners


@owner.command(name="create")
def create_owner(
    name: str, /, *, password: Password = None, email: Text = None, firstname: Text = None, lastname: Text = None,
    organisation: Text = None, country: Text = None, language: Text = None, currency: Text = None,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Make an owner."""
    wish = wished.given(
        name=name, password=secret(password), email=email, firstname=firstname, lastname=lastname,
        organisation=organisation, country=country, language=language, currency=currency,
    )  # fmt: skip
    wished.fulfil(config, "owners", wish, json=json, new=_owner_there(name), missing="create")


@owner.command(name="change")
def change_owner(
    name: str, /, *, password: Password = None, email: Text = None, firstname: Text = None, lastname: Text = None,
    organisation: Text = None, country: Text = None, language: Text = None, currency: Text = None,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Change an owner: what is not given stays."""
    wish = wished.given(
        name=name, password=secret(password), email=email, firstname=firstname, lastname=lastname,
        organisation=organisation, country=country, language=language, currency=currency,
    )  # fmt: skip
    wished.fulfil(config, "owners", wish, json=json, new=_owner_there(name), missing="change")


def _owner_there(name: str) -> Any:
    return lambda desk: any(row.name == name for row in desk.facts.owners)


@owner.command(name="list")
def list_owners(*, config: Config = None, json: AsJson = False) -> None:
    """List owners."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return [_owner_row(desk.facts, row.name) for row in desk.facts.owners]

    show.listing(at_desk(config, work), json=json, columns=("name", "email", "organisation", "accounts"))


@owner.command(name="show")
def show_owner(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show an owner."""

    async def work(desk: Desk) -> dict[str, Any]:
        return _owner_row(desk.facts, name)

    show.details(at_desk(config, work), json=json)


def _owner_row(facts: "Facts", name: str) -> dict[str, Any]:
    row = next((each for each in facts.owners if each.name == name), None)
    if row is None:
        raise Failed(f"there is no owner {name}")
    fields = {field: getattr(row, field) for field in row.__struct_fields__}
    fields["password"] = bool(row.password)
    return fields | {"accounts": [each.name for each in facts.accounts if each.owner == row.id]}


@owner.command(name="delete")
def delete_owner(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete an owner without accounts, with its applications."""

    async def change(draft: "Draft") -> None:
        from depesza.services import directory

        directory.remove_owner(draft, name)

    wished.drafted(config, change, json=json)


# accounts


Notices = Literal["all", "final"]
OnUnknown = Literal["resend", "hold"]
Response = Literal["none", "text", "cgi"]


@Parameter(name="*")
class AccountFields:
    """What can be set on an account."""

    def __init__(
        self,
        *,
        description: Text = None,
        enabled: Annotated[bool | None, Parameter(help="It may send.", show_default=False)] = None,
        timezone: Annotated[str | None, Parameter(help="Like Europe/Paris.", show_default=False)] = None,
        weight: Annotated[
            int | None, Parameter(help="Share of a busy connector, in percent.", show_default=False)
        ] = None,
        credit_limit: Annotated[str | None, Parameter(help="Credits it may go below zero.", show_default=False)] = None,
        on_unknown: Annotated[OnUnknown | None, Parameter(help="What may have been sent.", show_default=False)] = None,
        refund_failed: Annotated[
            bool | None, Parameter(help="Give back what was not delivered.", show_default=False)
        ] = None,
        notices: Annotated[Notices | None, Parameter(help="Which changes are called back.", show_default=False)] = None,
        callback: Annotated[str | None, Parameter(help="Address for receipts.", show_default=False)] = None,
        stop_callback: Annotated[str | None, Parameter(help="Address for opt-outs.", show_default=False)] = None,
        response_type: Annotated[Response | None, Parameter(help="What answers a reply.", show_default=False)] = None,
        response_text: Text = None,
        response_url: Text = None,
        recredit_amount: Annotated[
            int | None, Parameter(help="Credits of an automatic order.", show_default=False)
        ] = None,
        recredit_threshold: Annotated[
            str | None, Parameter(help="Credits at which it is made.", show_default=False)
        ] = None,
        max_parts: Annotated[int | None, Parameter(help="Longest text, in parts.", show_default=False)] = None,
        home: Annotated[
            Literal["ovh", "smsadvert", "smsgate", "smsc"] | None,
            Parameter(help="Dialect that tells of texts which answer none of ours.", show_default=False),
        ] = None,
        forward_sender: Annotated[
            str | None, Parameter(help="Sender of replies sent on, and of alerts.", show_default=False)
        ] = None,
        smpp: Annotated[bool | None, Parameter(help="It may bind over SMPP.", show_default=False)] = None,
        smpp_texts: Annotated[
            bool | None, Parameter(help="All that people send to it is collected over SMPP.", show_default=False)
        ] = None,
        smpp_ip: Annotated[
            tuple[str, ...] | None, Parameter(negative="", help="A network it may bind from; again for more.")
        ] = None,
        smpp_rate: Annotated[int | None, Parameter(help="Messages a second over SMPP.", show_default=False)] = None,
        smpp_window: Annotated[int | None, Parameter(help="Messages under way over SMPP.", show_default=False)] = None,
        smpp_binds: Annotated[int | None, Parameter(help="Binds at once over SMPP.", show_default=False)] = None,
    ) -> None:
        self.fields = wished.given(
            description=description, enabled=enabled, timezone=timezone, weight=weight, credit_limit=credit_limit,
            on_unknown=on_unknown, refund_failed=refund_failed, notices=notices, callback=callback,
            stop_callback=stop_callback, response_type=response_type, response_text=response_text,
            response_url=response_url, recredit_amount=recredit_amount, recredit_threshold=recredit_threshold,
            max_parts=max_parts, home=home, forward_sender=forward_sender, smpp=smpp, smpp_texts=smpp_texts,
            smpp_ips=smpp_ip,
            smpp_rate=smpp_rate, smpp_window=smpp_window, smpp_binds=smpp_binds,
        )  # fmt: skip


@account.command(name="create")
def create_account(
    name: str, /, *, owner: str, fields: AccountFields | None = None, relations: RelationFields | None = None,
    config: Config = None, json: AsJson = False,
    credit: Annotated[str | None, Parameter(help="Credits it begins with.", show_default=False)] = None,
) -> None:  # fmt: skip
    """Make an account."""
    wish = {"name": name, "owner": owner} | _fields(fields, relations)
    if credit is not None:
        wish["credit"] = {"initial": credit}
    wished.fulfil(config, "accounts", wish, json=json, new=_account_there(name), missing="create")


@account.command(name="change")
def change_account(
    name: str, /, *, owner: Text = None, fields: AccountFields | None = None,
    relations: RelationFields | None = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Change an account: what is not given stays."""
    wish = wished.given(name=name, owner=owner) | _fields(fields, relations)
    wished.fulfil(config, "accounts", wish, json=json, new=_account_there(name), missing="change")


def _fields(fields: AccountFields | None, relations: RelationFields | None) -> dict[str, Any]:
    return (fields.fields if fields else {}) | (relations.fields if relations else {})


def _account_there(name: str) -> Any:
    return lambda desk: name in desk.facts.account_named


@account.command(name="list")
def list_accounts(*, config: Config = None, json: AsJson = False) -> None:
    """List accounts with their balances."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        balances = await desk.store.look(_balances)
        return [account_row(desk.facts, row, balances) for row in desk.facts.accounts]

    columns = ("name", "owner", "balance", "currency", "enabled", "description")
    show.listing(at_desk(config, work), json=json, columns=columns)


@account.command(name="show")
def show_account(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show an account."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import details

        found = find_account(desk.facts, name)
        told = account_row(desk.facts, found, await desk.store.look(_balances))
        return told | {"details": await desk.store.look(details.read, found.id)}

    show.details(at_desk(config, work), json=json)


@account.command(name="secret")
def show_secret(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Print the secret that an account's callbacks are signed with, as Standard Webhooks writes it."""

    async def work(desk: Desk) -> dict[str, str]:
        return {"secret": desk.vault.webhook_secret_text(find_account(desk.facts, name).id)}

    found = at_desk(config, work)
    if json:
        show.as_json(found)
    else:
        print(found["secret"])


@account.command(name="smpp-password")
def renew_smpp_password(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Give an account a new password for SMPP and print it: it is kept as a hash and never shown again."""

    async def work(desk: Desk) -> Any:
        from depesza.services import directory, smpp_access
        from depesza.services.draft import Draft

        vault = desk.vault
        password = smpp_access.new_password(vault)
        hashed = vault.hash_password(password)

        async def service(tx: "Tx") -> Any:
            draft = Draft(tx, desk.now(), "cli")
            directory.renew_smpp_password(draft, name, password, hashed)
            return draft.changes

        return await desk.store.run(service)

    wished.tell(at_desk(config, work), json=json)


async def _balances(tx: "Tx") -> dict[int, int]:
    return {row[0]: row[1] for row in await tx.query("SELECT id, balance FROM wallets")}


def find_account(facts: "Facts", name: str) -> "Account":
    """Find an account by its name; raises `Failed`."""
    found = facts.account_named.get(name)
    if found is None:
        raise Failed(f"there is no account {name}")
    return found


class _Owned(Protocol):
    @property
    def account(self) -> int: ...


Owned = TypeVar("Owned", bound=_Owned)


def of_account(facts: "Facts", name: str | None, rows: Iterable[Owned]) -> list[Owned]:
    """Choose an account's rows, or all where no account is named; raises `Failed`."""
    if not name:
        return list(rows)
    id = find_account(facts, name).id
    return [row for row in rows if row.account == id]


def account_row(facts: "Facts", row: "Account", balances: dict[int, int]) -> dict[str, Any]:
    """Write an account for people and programs: credits instead of micro-credits, names instead of ids."""
    from depesza.core import ledger

    fields = {field: getattr(row, field) for field in row.__struct_fields__}
    owner = facts.owner.get(row.owner)
    return fields | {
        "owner": owner.name if owner is not None else str(row.owner),
        "balance": ledger.credits(balances.get(row.wallet, 0)),
        "currency": row.currency or "credits",
        **{
            field: facts.account[id].name if id in facts.account else ""
            for field, id in (("parent", row.parent), ("payer", row.payer), ("priced_as", row.priced_as))
        },
        "credit_limit": ledger.credits(row.credit_limit),
        "recredit_threshold": ledger.credits(row.recredit_threshold),
        "smpp_password": bool(row.smpp_password),
        "forwards": [f"{each.media} {each.target}" for each in row.forwards],
        "users": [each.login for each in facts.users if each.account == row.id],
        "senders": [each.name for each in facts.senders if each.account == row.id],
        "logins": [each.name for each in facts.logins if each.account == row.id],
    }


@account.command(name="delete")
def delete_account(name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete an account that never sent; others are disabled."""

    async def change(draft: "Draft") -> None:
        from depesza.services import directory

        await directory.remove_account(draft, name)

    wished.drafted(config, change, json=json)


# users

AccountName = Annotated[str, Parameter(help="Name of the account.")]
AnyAccount = Annotated[str | None, Parameter(help="Only those of this account.", show_default=False)]
Networks = Annotated[
    tuple[str, ...] | None, Parameter(name="--ip", negative="", help="A network it may call from; again for more.")
]


def _user_wish(
    account: str, login: str, password: str | None, callback: str | None, stop_callback: str | None,
    ip: tuple[str, ...] | None, quota: bool | None,
) -> dict[str, Any]:  # fmt: skip
    return wished.given(
        account=account, login=login, password=secret(password), callback=callback, stop_callback=stop_callback,
        ip_restrictions=ip, quota=quota,
    )  # fmt: skip


@user.command(name="create")
def create_user(
    account: AccountName, login: str, /, *, password: Password, callback: Text = None, stop_callback: Text = None,
    ip: Networks = None, quota: bool | None = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Make a user."""
    wish = _user_wish(account, login, password, callback, stop_callback, ip, quota)
    wished.fulfil(config, "users", wish, json=json, new=_user_there(account, login), missing="create")


@user.command(name="change")
def change_user(
    account: AccountName, login: str, /, *, password: Password = None, callback: Text = None,
    stop_callback: Text = None, ip: Networks = None, quota: bool | None = None, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Change a user: what is not given stays."""
    wish = _user_wish(account, login, password, callback, stop_callback, ip, quota)
    wished.fulfil(config, "users", wish, json=json, new=_user_there(account, login), missing="change")


def _user_there(account: str, login: str) -> Any:
    return lambda desk: (find_account(desk.facts, account).id, login) in desk.facts.user_named


@user.command(name="list")
def list_users(account: AnyAccount = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List users."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return await _user_rows(desk, account)

    columns = ("account", "login", "quota", "balance", "ip_restrictions", "callback")
    show.listing(at_desk(config, work), json=json, columns=columns)


@user.command(name="show")
def show_user(account: AccountName, login: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a user."""

    async def work(desk: Desk) -> dict[str, Any]:
        for row in await _user_rows(desk, account):
            if row["login"] == login:
                return row
        raise Failed(f"there is no user {account}/{login}")

    show.details(at_desk(config, work), json=json)


async def _user_rows(desk: Desk, account: str | None) -> list[dict[str, Any]]:
    from depesza.core import ledger

    facts = desk.facts
    users = of_account(facts, account, facts.users)
    balances = await desk.store.look(_balances)
    rows = []
    for row in users:
        fields = {field: getattr(row, field) for field in row.__struct_fields__ if field != "password"}
        fields["account"] = facts.account[row.account].name
        fields["balance"] = ledger.credits(balances.get(row.id, 0)) if row.quota else None
        rows.append(fields)
    return rows


@user.command(name="delete")
def delete_user(account: AccountName, login: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a user without credits of its own."""

    async def change(draft: "Draft") -> None:
        from depesza.services import directory

        await directory.remove_user(draft, draft.account(account, "user"), login)

    wished.drafted(config, change, json=json)
