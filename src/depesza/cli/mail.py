"""`depesza mail`: mails that come back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.desk import AsJson, Config, Desk, at_desk

if TYPE_CHECKING:
    from depesza.connectors.mail.bounces import News

mail = App(name="mail", help="Mails that come back.")


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
