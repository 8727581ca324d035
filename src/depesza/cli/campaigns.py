"""`depesza campaign`: watch, pause, resume and cancel sends to lists; a running server notices within seconds."""

from asyncio import sleep as wait
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.accounts import find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.campaigns import Campaign
    from depesza.store.tx import Tx

campaign = App(name="campaign", help="Sends to lists of receivers.")

Id = Annotated[str, Parameter(help="The campaign's number, or its id as clients see it.")]
EVERY = 2.0
"""Seconds between two looks of `--watch`."""


@campaign.command(name="list")
def listing(
    account: Annotated[str, Parameter(help="Only this account's.")] = "", /, *, config: Config = None,
    json: AsJson = False,
) -> None:  # fmt: skip
    """List campaigns, the newest first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import campaigns

        id = find_account(desk.facts, account).id if account else 0
        return [_row(desk, row) for row in await desk.store.look(campaigns.all_of, id)]

    columns = ("id", "account", "name", "status", "processed", "total", "created")
    show.listing(at_desk(config, work), json=json, columns=columns, empty="no campaign")


@campaign.command(name="show")
def details(
    id: Id, /, *,
    watch: Annotated[bool, Parameter(negative="", help="Print its progress until it has ended.")] = False,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Show a campaign: how far it is, and what became of its messages."""

    async def work(desk: Desk) -> dict[str, Any]:
        last = ""
        while True:
            found = await _find(desk, id)
            plain = await _figures(desk, found)
            if not watch or plain["finished"]:
                return plain
            last = _progress(plain, last)
            await wait(EVERY)

    show.details(at_desk(config, work), json=json)


def _progress(plain: dict[str, Any], last: str) -> str:
    """Print a line when it tells something new."""
    import sys

    line = (
        f"{plain['status']}: {plain['processed']} of {plain['total']} rows,"
        f" {plain['pending']} waiting, {plain['sent']} sent, {plain['delivered']} delivered, {plain['failed']} failed"
    )
    if line != last:
        print(line, file=sys.stderr, flush=True)
    return line


@campaign.command(name="pause")
def pause(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """Plan no more of a campaign for now, and hold back what waits."""
    from depesza.services import campaigns

    _turn(id, campaigns.pause, "there is nothing to pause", config, json=json)


@campaign.command(name="resume")
def resume(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """Let a campaign that was paused go on."""
    from depesza.services import campaigns

    _turn(id, campaigns.resume, "it is not paused", config, json=json)


@campaign.command(name="cancel")
def cancel(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """Plan no more of a campaign and take back what waits; what was sent stays so."""
    from depesza.services import campaigns

    _turn(id, campaigns.cancel, "it has ended, or is being cancelled", config, json=json)


def _turn(
    id: str,
    service: "Callable[[Tx, int, int], Awaitable[Campaign | None]]",
    why_not: str,
    config: Config,
    *,
    json: bool,
) -> None:
    async def work(desk: Desk) -> dict[str, Any]:
        found = await _find(desk, id)
        changed = await desk.store.run(service, found.id, desk.now())
        if changed is None:
            raise Failed(f"campaign {id}: {why_not}")
        return _row(desk, changed)

    show.details(at_desk(config, work), json=json)


async def _find(desk: Desk, id: str) -> "Campaign":
    from depesza.core.ids import of_uuid
    from depesza.services import campaigns

    number = int(id) if id.isascii() and id.isdigit() and len(id) < 17 else of_uuid(id)
    found = await desk.store.look(campaigns.find, number)
    if found is None:
        raise Failed(f"there is no campaign {id}")
    return found


def _row(desk: Desk, campaign: "Campaign") -> dict[str, Any]:
    from depesza.core import ledger
    from depesza.services.campaigns import FREE, PAUSED

    account = desk.facts.account.get(campaign.account)
    held = "" if campaign.paused == FREE else " (paused)" if campaign.paused == PAUSED else " (turning)"
    return {
        "id": campaign.id,
        "uuid": campaign.uuid,
        "account": account.name if account else str(campaign.account),
        "name": campaign.name,
        "status": campaign.status + (held if not campaign.finished else ""),
        "processed": campaign.processed,
        "total": campaign.total,
        "left_out": campaign.errors,
        "estimated": ledger.credits(campaign.estimated),
        "tag": campaign.submission.tag,
        "created": show.moment(campaign.created),
        "due": show.moment(campaign.submission.due),
        "started": show.moment(campaign.started),
        "finished": show.moment(campaign.finished),
    }


async def _figures(desk: Desk, campaign: "Campaign") -> dict[str, Any]:
    from depesza.core import ledger
    from depesza.services import campaigns

    figures = await desk.store.look(campaigns.figures, campaign)
    return _row(desk, campaign) | {
        "credits": ledger.credits(figures.price),
        "pending": figures.pending,
        "sent": figures.sent,
        "delivered": figures.delivered,
        "failed": figures.failed,
        "stopped": figures.stopped,
    }
