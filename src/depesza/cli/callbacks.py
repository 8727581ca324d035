"""`depesza callback`: the log of what clients were told, and telling it again."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.accounts import find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed
from depesza.cli.messages import LEASE

if TYPE_CHECKING:
    from depesza.services.callbacks import Callback, Try, Wanted

callback = App(name="callback", help="What clients were told, each try, and telling it again.")

STATES = ("waiting", "done", "given-up", "to-collect")
COLUMNS = ("id", "account", "kind", "message", "url", "state", "tries", "last", "answer", "ms", "next_try")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
PAGE = 1_000

Account = Annotated[str, Parameter(help="Of this account only.")]
Since = Annotated[str, Parameter(help="Owed since then: like 30m, 2h, 3d, or a date and time (UTC).")]
Host = Annotated[str, Parameter(help="To this host only; with `:port` or without.")]


@callback.command(name="list")
def list_callbacks(
    *,
    account: Account = "",
    state: Annotated[
        Literal["waiting", "done", "given-up", "to-collect"] | None,
        Parameter(help="How it stands.", show_default=False),
    ] = None,
    since: Since = "",
    host: Host = "",
    limit: Annotated[int, Parameter(help="How many, the newest first.")] = 50,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Show callbacks: what was called, the last answer, how many tries, the next one."""
    if limit < 1:
        raise Failed("--limit is at least 1", 2)

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import callbacks

        wanted = _wanted(desk, account, (STATES.index(state),) if state else (), since, host)
        return [_row(desk, found) for found in await desk.store.look(callbacks.listed, wanted, limit)]

    show.listing(at_desk(config, work), json=json, columns=COLUMNS, empty="no callbacks")


@callback.command(name="show")
def show_callback(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a callback: the call as it leaves, and every try."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import callbacks

        found = await desk.store.look(callbacks.show, id)
        if found is None:
            raise Failed(f"there is no callback {id}")
        return _row(desk, found) | {"call": _call(desk, found), "log": [_try(each) for each in found.tries]}

    found = at_desk(config, work)
    if json:
        show.as_json(found)
        return
    log, call = found.pop("log"), found.pop("call")
    show.details(found | {"call": f"{call['method']} {call['url']}", "body": call["body"]}, json=False)
    print()
    show.listing(log, json=False, empty="no try yet")


@callback.command(name="replay")
def replay(
    *ids: int,
    given_up: Annotated[bool, Parameter(negative="", help="All that were given up.")] = False,
    since: Since = "",
    account: Account = "",
    host: Host = "",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Tell callbacks again, from the first try on: by number, given up, or all that are over since some time.

    A running server takes them up within seconds, else the next one that starts.
    """
    if bool(ids) == bool(given_up or since):
        raise Failed("name callbacks by their numbers, or choose them by --given-up or --since", 2)
    if ids and (account or host):
        raise Failed("--account and --host go with --given-up or --since", 2)

    async def work(desk: Desk) -> list[int]:
        from depesza.services import callbacks

        chosen = list(ids)
        if not ids:
            states = (callbacks.GIVEN_UP,) if given_up else (callbacks.DONE, callbacks.GIVEN_UP)
            chosen = await desk.store.look(callbacks.chosen, _wanted(desk, account, states, since, host))
        return await _put_back(desk, chosen)

    done = at_desk(config, work)
    missing = sorted(set(ids) - set(done))
    if json:
        show.as_json({"replayed": done, "missing": missing})
    else:
        print(f"{len(done)} to be told again")
    if missing:
        raise Failed(f"there is no callback {', '.join(map(str, missing))}")


async def _put_back(desk: Desk, ids: list[int]) -> list[int]:
    """Put them back as a node of our own: a server adopts what we leave behind."""
    from depesza.services import callbacks

    done: list[int] = []
    if ids:
        await desk.store.join(LEASE)
    for start in range(0, len(ids), PAGE):
        done += await desk.store.run(callbacks.replay, ids[start : start + PAGE], desk.now())
    return done


def _wanted(desk: Desk, account: str, states: tuple[int, ...], since: str, host: str) -> "Wanted":
    from depesza.services.callbacks import Wanted

    row = find_account(desk.facts, account).id if account else 0
    return Wanted(row, states, read_since(since, desk.now()) if since else 0, host)


def read_since(text: str, now: int) -> int:
    """Read how long ago (`2h`) or when (ISO 8601, UTC unless it says otherwise); raises `Failed`."""
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if ago:
        return now - int(ago[1]) * UNITS[ago[2]] * 1_000_000
    try:
        at = datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise Failed(f"--since {text}: like 2h, 3d or 2026-01-31T08:00", 2) from error


# written for people and programs


def _row(desk: Desk, found: "Callback") -> dict[str, Any]:
    notice, last = found.notice, found.tries[-1] if found.tries else None
    account = desk.facts.account.get(notice.account)
    return {
        "id": notice.id,
        "account": account.name if account is not None else str(notice.account),
        "dialect": notice.dialect,
        "kind": notice.kind,
        "message": notice.message or None,
        "url": notice.url,
        "state": STATES[found.state],
        "tries": notice.tries,
        "owed": show.moment(notice.created),
        "last": show.moment(last.at) if last else None,
        "answer": last.word if last else None,
        "ms": last.took if last else None,
        "next_try": show.moment(notice.due) if STATES[found.state] == "waiting" else None,
    }


def _try(each: "Try") -> dict[str, Any]:
    return {"ended": show.moment(each.at), "answer": each.word, "ms": each.took, "url": each.url}


def _call(desk: Desk, found: "Callback") -> dict[str, str]:
    """Write the call as its dialect does when it leaves; of a mail, what it says."""
    from depesza.dialects import TELL

    notice = found.notice
    if notice.dialect not in TELL or notice.kind == "mail":
        return {"method": notice.kind, "url": notice.url, "body": notice.fact.decode("utf-8", "replace")}
    call = TELL[notice.dialect](notice, desk.facts)
    return {"method": call.method, "url": call.url, "body": call.body.decode("utf-8", "replace")}
