"""`depesza send` and `depesza message`: a text on its way, and what became of one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from depesza.cli import show
from depesza.cli.accounts import AccountName, find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.core.facts import Account, Facts
    from depesza.core.model import Accepted, Submission
    from depesza.services.timeline import Timeline

LEASE = 12_000_000
"""Microseconds for which a number of a node is taken; it is given back at once."""

Class = Literal["urgent", "high", "normal", "bulk"]


def send(
    account: AccountName,
    to: Annotated[str, Parameter(help="Receivers, with commas between them.")],
    text: Annotated[str, Parameter(help="The text; `-` reads standard input.", allow_leading_hyphen=True)],
    /,
    *,
    sender: Annotated[str, Parameter(help="One of the account's senders; its first one unless given.")] = "",
    answerable: Annotated[bool, Parameter(negative="", help="From a short number that takes replies.")] = False,
    advertising: Annotated[bool, Parameter(negative="", help="With a STOP clause, in open hours.")] = False,
    user: Annotated[str, Parameter(help="Login of the user who sends.")] = "",
    tag: Annotated[str, Parameter(help="Comes back with news.")] = "",
    priority: Annotated[Class, Parameter(help="Class of traffic.")] = "high",
    flash: Annotated[int, Parameter(help="GSM message class 0-3; -1 for none.", allow_leading_hyphen=True)] = -1,
    delay: Annotated[int, Parameter(help="Minutes to wait.")] = 0,
    validity: Annotated[int, Parameter(help="Minutes until it is dropped.")] = 2880,
    dialect: Annotated[str, Parameter(help="In whose words its callbacks are made.")] = "ovh",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Send a text; a running server takes it up within seconds. Prints ids and the price."""
    if flash not in range(-1, 4) or delay < 0 or validity < 1:
        raise Failed("--flash is from -1 to 3, --delay not below 0, --validity above 0", 2)

    async def work(desk: Desk) -> "Accepted":
        from depesza.core.model import Priority, Submission
        from depesza.dialects import TELL

        if dialect not in TELL:
            raise Failed(f"--dialect: no callbacks are made in the words of {dialect}, but of {', '.join(TELL)}", 2)
        row = find_account(desk.facts, account)
        submission = Submission(
            dialect=dialect,
            sender="" if answerable else sender or _first_sender(desk.facts, row),
            receivers=tuple(each.strip() for each in to.split(",") if each.strip()),
            text=_read(text),
            user=_user(desk.facts, row, user),
            tag=tag,
            flash=flash,
            priority=Priority[priority.upper()],
            deferred=delay,
            validity=validity,
            answerable=answerable,
            advertising=advertising,
        )
        return await _submit(desk, row, submission)

    accepted = at_desk(config, work)
    _tell(accepted, json=json)
    if not accepted.valid:
        raise Failed("no receiver is a phone number")


async def _submit(desk: Desk, account: "Account", submission: "Submission") -> "Accepted":
    """Take it as a node of our own: a server adopts what we leave behind."""
    from depesza.core.fairness import Lanes
    from depesza.services.submit import submit

    if not account.enabled:
        raise Failed(f"account {account.name} is disabled")
    _check_sender(desk.facts, account, submission)
    await desk.store.join(LEASE)
    return await desk.store.run(submit, account, submission, Lanes(), desk.settings.policy(), desk.now())


def _read(text: str) -> str:
    import sys

    found = sys.stdin.read().rstrip("\n") if text == "-" else text
    if not found:
        raise Failed("the text is empty", 2)
    return found


def _first_sender(facts: "Facts", account: "Account") -> str:
    for row in facts.senders:
        if row.account == account.id and row.status == "enable":
            return row.name
    raise Failed(f"account {account.name} has no sender: make one, or use --answerable")


def _check_sender(facts: "Facts", account: "Account", submission: "Submission") -> None:
    if submission.answerable:
        return
    row = facts.sender.get((account.id, submission.sender))
    if row is None or row.status != "enable":
        raise Failed(f"{submission.sender} is not an enabled sender of {account.name}")


def _user(facts: "Facts", account: "Account", login: str) -> int:
    if not login:
        return 0
    row = facts.user_named.get((account.id, login))
    if row is None:
        raise Failed(f"there is no user {account.name}/{login}")
    return row.id


def _tell(accepted: "Accepted", *, json: bool) -> None:
    from depesza.core import ledger

    found: dict[str, Any] = {
        "submission": accepted.id,
        "messages": dict(zip(accepted.valid, accepted.ids, strict=True)),
        "refused": list(accepted.refused),
        "price": ledger.credits(accepted.price),
        "balance": ledger.credits(accepted.balance),
    }
    if json:
        show.as_json(found)
        return
    taken = [{"receiver": number, "message": id} for number, id in found["messages"].items()]
    show.listing(taken, json=False, empty="no message")
    for each in accepted.refused:
        print(f"refused: {show.word(each)}")
    print(f"price {found['price']}, {found['balance']} credits left")


def message(
    id: str,
    /,
    *,
    account: Annotated[str, Parameter(help="The id is one by which this account's programs call it.")] = "",
    files: Annotated[Path | None, Parameter(help="Folder into which the files that go with it are written.")] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Show the life of a message: states, what went over the wire, credits, receipts, callbacks."""
    if account:
        called = _called(config, account, id)
        if len(called) > 1:
            show.listing([{"receiver": to, "message": number} for number, to in called], json=json, empty="")
            return
        id = str(called[0][0])
    if not id.isdecimal():
        raise Failed(f"{id} is no number: of which --account is it the id?", 2)
    found, facts = _look(config, int(id))
    from depesza.cli import lifeline

    if files is not None:
        _write_files(found, files, config, json=json)
        return
    plain = lifeline.plain(found, facts)
    if json:
        show.as_json(plain)
    else:
        lifeline.tell(plain)


def _write_files(found: "Timeline", folder: Path, config: Path | None, *, json: bool) -> None:
    extras = found.content.extras
    if extras is None or not extras.files:
        raise Failed(f"no files go with message {found.message.id}")

    async def work(desk: Desk) -> list[Path]:
        from depesza.cli.files import write_out

        return await write_out(desk.store, extras.files, folder, desk.now())

    written = [str(path) for path in at_desk(config, work)]
    if json:
        show.as_json(written)
    else:
        print("\n".join(written))


def _called(config: Path | None, account: str, ref: str) -> "list[tuple[int, str]]":
    """Find what an account's programs call so: its newest messages with their receivers."""

    async def work(desk: Desk) -> "list[tuple[int, str]]":
        from depesza.services import refs

        return await desk.store.look(refs.called, find_account(desk.facts, account).id, ref)

    found = at_desk(config, work)
    if not found:
        raise Failed(f"{account} has no message {ref}")
    return found


def _look(config: Path | None, id: int) -> "tuple[Timeline, Facts]":
    async def work(desk: Desk) -> "tuple[Any, Facts]":
        from depesza.services import timeline

        return await desk.store.look(timeline.read, id), desk.facts

    found, facts = at_desk(config, work)
    if found is None:
        raise Failed(f"there is no message {id}")
    return found, facts
