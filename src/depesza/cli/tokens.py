"""`depesza token`: what programs of an account show as it is, such as the `Authorization` of SMSAdvert's API."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.accounts import AccountName, AnyAccount, find_account, of_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk

if TYPE_CHECKING:
    from depesza.services.draft import Draft

token = App(name="token", help="What programs of an account show as it is.")

Language = Annotated[
    Literal["", "fr", "en", "ro"] | None,
    Parameter(help="Of its errors; empty: what the request asks for, then the owner's.", show_default=False),
]
Country = Annotated[
    str | None, Parameter(help="ISO code of numbers in national form; empty refuses them.", show_default=False)
]
Legacy = Annotated[bool | None, Parameter(help="Errors have HTTP status 200, for an old program.", show_default=False)]


@token.command(name="create")
def create_token(
    account: AccountName,
    name: str,
    /,
    *,
    jwt: Annotated[bool, Parameter(negative="", help="Make it look like a JSON Web Token.")] = False,
    language: Language = None,
    country: Country = None,
    legacy_errors: Legacy = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Make a token and print it, this once."""
    wish = wished.given(
        account=account, name=name, jwt=jwt, language=language, country=country, legacy_errors=legacy_errors
    )
    wished.fulfil(config, "tokens", wish, json=json, new=_there(account, name), missing="create")


@token.command(name="change")
def change_token(
    account: AccountName,
    name: str,
    /,
    *,
    language: Language = None,
    country: Country = None,
    legacy_errors: Legacy = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Change how a program is answered: what is not given stays."""
    wish = wished.given(account=account, name=name, language=language, country=country, legacy_errors=legacy_errors)
    wished.fulfil(config, "tokens", wish, json=json, new=_there(account, name), missing="change")


def _there(account: str, name: str) -> Any:
    def there(desk: Desk) -> bool:
        id = find_account(desk.facts, account).id
        return any((row.account, row.name) == (id, name) for row in desk.facts.tokens)

    return there


@token.command(name="list")
def list_tokens(account: AnyAccount = None, /, *, config: Config = None, json: AsJson = False) -> None:
    """List tokens; the tokens themselves are not kept."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        facts = desk.facts
        return [
            {
                "account": facts.account[row.account].name,
                "name": row.name,
                "language": row.language,
                "country": row.country,
                "legacy_errors": row.legacy_errors,
                "created": show.moment(row.created),
            }
            for row in of_account(facts, account, facts.tokens)
        ]

    columns = ("account", "name", "language", "country", "legacy_errors", "created")
    show.listing(at_desk(config, work), json=json, columns=columns)


@token.command(name="revoke")
def revoke_token(account: AccountName, name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a token: whoever shows it is refused from now on."""

    async def change(draft: "Draft") -> None:
        from depesza.services import tokens

        tokens.remove_token(draft, draft.account(account, "token"), name)

    wished.drafted(config, change, json=json)
