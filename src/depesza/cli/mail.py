"""`depesza mail`: mails that come back, and mail that becomes texts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.accounts import AccountName, find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from depesza.connectors.mail.bounces import News
    from depesza.store.tx import Tx

mail = App(name="mail", help="Mail that comes in.")


@mail.command
def bounce(
    file: Annotated[Path | None, Parameter(help="The mail as it came; standard input unless given.")] = None,
    /,
    *,
    to: Annotated[str, Parameter(help="Address that it came to, where the mail itself does not say.")] = "",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Take a notification or a bounce: the state of the message that it is about follows, and callbacks leave.

    A mail server's alias or pipe may call this for each mail to the address `bounces` of a connector. Mail that tells
    nothing of a message of ours changes nothing, and is no failure.
    """
    octets = file.read_bytes() if file is not None else sys.stdin.buffer.read()

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.engine import bounces
        from depesza.wire import Malformed, tickets

        secret = desk.vault.secret_for(tickets.PURPOSE)
        try:
            return _plain(await bounces.take(desk.store, octets, (to,), secret, desk.now()))
        except Malformed as error:
            return {"message": 0, "told": [], "why": str(error)}

    found = at_desk(config, work)
    if json:
        show.as_json(found)
        return
    print(f"message {found['message']}" if found["message"] else f"nothing to take: {found['why']}")
    for told in found["told"]:
        print(" ".join(show.word(word) for word in (told["state"], told["refusal"], told["said"]) if word))


def _plain(news: "News") -> dict[str, Any]:
    told = [
        {"state": receipt.state.name.lower(), "refusal": receipt.refusal, "said": receipt.detail}
        for receipt in news.receipts
    ]
    return {"message": news.message, "told": told, "why": ""}


# mail that becomes texts


@mail.command
def address(
    account: AccountName,
    /,
    *,
    renew: Annotated[bool, Parameter(negative="", help="Give it another one; the one before is nobody's.")] = False,
    close: Annotated[bool, Parameter(negative="", help="Take it away.")] = False,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Show an account's private address, whose mail becomes texts."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.dialects.smsc.mail_door import write_address
        from depesza.services import mail_addresses, subaccounts

        found = find_account(desk.facts, account)
        if not desk.settings.smtp.domain:
            raise Failed("smtp.domain: no domain is set", 2)
        if close:
            await desk.store.run(mail_addresses.close, found.id)
        if renew:
            await desk.store.run(mail_addresses.renew, found.id)
        serial = await desk.store.look(mail_addresses.serial, found.id)
        login = subaccounts.login_of(desk.facts, found.id)
        secret = mail_addresses.secret(found.id, serial, desk.vault.secret_for(mail_addresses.PURPOSE))
        name = login.name if login is not None else found.name
        shown = write_address(name, secret, desk.settings.smtp.domain) if serial else ""
        return {"account": found.name, "address": shown}

    if renew and close:
        raise Failed("--renew and --close are two things", 2)
    show.details(at_desk(config, work), json=json)


@mail.command
def texts(
    account: AccountName,
    /,
    *,
    sets: Annotated[
        tuple[str, ...],
        Parameter(name="--set", negative="", help="A setting of users.php, like mph=79990000001; again for more."),
    ] = (),
    answers: Annotated[
        bool | None, Parameter(help="Answer each line that is mailed, not only refusals.", show_default=False)
    ] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Show or set what becomes of mail to an account's private address, and whether lines by mail are answered."""
    given = _given(sets)

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.dialects.smsc import mail_texts
        from depesza.services import details, mail_addresses

        found = find_account(desk.facts, account)
        told = given if answers is None else given | {mail_addresses.ANSWERS: "1" if answers else ""}
        if told:
            await desk.store.run(_tell, found.id, told)
        known = await desk.store.look(details.read, found.id)
        settings = {name: known.get(name, "") for name in mail_texts.SETTINGS}
        return {"account": found.name, "answers": known.get(mail_addresses.ANSWERS) == "1"} | settings

    show.details(at_desk(config, work), json=json)


async def _tell(tx: "Tx", account: int, told: "Mapping[str, str]") -> None:
    from depesza.services import details

    details.write(tx, account, told)


def _given(words: tuple[str, ...]) -> dict[str, str]:
    """Read `mph=79990000001`; raises `Failed` for what is no setting or can't be."""
    from depesza.dialects.smsc import mail_texts
    from depesza.dialects.smsc.answers import Refused

    if not all("=" in word for word in words):
        raise Failed("--set: it is written name=value", 2)
    given = {name: value for name, _, value in (word.partition("=") for word in words)}
    for name, value in given.items():
        if name not in mail_texts.SETTINGS:
            raise Failed(f"--set {name}: there are {', '.join(mail_texts.SETTINGS)}", 2)
        try:
            mail_texts.read_rules({name: value})
        except Refused:
            raise Failed(f"--set {name}: {mail_texts.SETTINGS[name]}; {value!r} is none of it", 2) from None
    return given
