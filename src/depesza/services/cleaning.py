"""Cleaning a list of receivers as a task: numbers of the plan only, and on wish only those that a network knows.

Page after page: without look-ups the numbering plan decides; with them each page is asked about (and charged) as one
request, and the task waits for its answers. The file stays as it was loaded. spec: ovh/4.8
"""

from msgspec import Struct

from depesza.core import ledger, phone, quota
from depesza.core.facts import Account, Owner, User
from depesza.core.model import MICRO
from depesza.services import audiences, lookups, notices
from depesza.services.audiences import Audience, Line
from depesza.services.errands import OVER, Step
from depesza.store.tx import Row, Tx
from depesza.wire.mail import Mail

PAGE = 500
"""Rows of one step."""
POLL = MICRO
"""Time between two looks at what was asked."""

STARTING, CHECKING, ASKING, WAITING = "starting", "checkOrder", "createHlrs", "waitForHlrs"
REPORTING, FINISHING = "sendMailReport", "finishing"

_COLUMNS = "id, account, user_id, kind, status, step, audience, mark, request, removed, price, detail, created, changed"


class Task(Struct, frozen=True):
    """Work on an account's list."""

    id: int
    account: int
    user: int
    """Who pays; 0 for the account."""
    kind: str
    status: str
    """`todo`, `doing`, `done` or `error`."""
    step: str
    audience: int
    mark: int
    """The last row that is done."""
    request: int
    """The look-ups that it waits for."""
    removed: int
    price: int
    """Of one contact, in micro-credits."""
    detail: str
    """Why it failed."""
    created: int
    changed: int


async def begin(tx: Tx, account: Account, user: User | None, audience: Audience, price: int, now: int) -> Task:
    """Write down a cleaning; with a price a contact is looked up too. Raises `ledger.NotEnoughCredits`."""
    total = price * audience.records
    wallet = await tx.wallet(quota.payer(account, user))
    if not ledger.affordable(wallet.balance, quota.limit(account, user, tx.facts), total):
        raise ledger.NotEnoughCredits(wallet.balance, total)
    task = Task(
        tx.new_id(), account.id, user.id if user else 0, "clean", "todo", STARTING, audience.id, 0, 0, 0, price, "",
        now, now,
    )  # fmt: skip
    tx.write(
        f"INSERT INTO tasks ({_COLUMNS}, node)"
        " VALUES (?1, ?2, ?3, 'clean', 'todo', 'starting', ?4, 0, 0, 0, ?5, '', ?6, ?6, ?7)",
        task.id, task.account, task.user, task.audience, price, now, tx.node,
    )  # fmt: skip
    tx.work.errands = True
    return task


async def listing(tx: Tx, account: int, status: str = "") -> list[int]:
    """List the tasks of an account, the newest first; with a status, only those."""
    rows = await tx.query(
        "SELECT id FROM tasks WHERE account = ?1 AND (?2 = '' OR status = ?2) ORDER BY id DESC", account, status
    )
    return [row[0] for row in rows]


async def find(tx: Tx, account: int, id: int) -> Task | None:
    """Read a task of an account."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM tasks WHERE id = ?1 AND account = ?2", id, account)
    return Task(*rows[0]) if rows else None


async def step(tx: Tx, id: int, now: int) -> Step:
    """Do the next page of a task."""
    rows: list[Row] = await tx.query(
        f"SELECT {_COLUMNS} FROM tasks WHERE id = ?1 AND node = ?2 AND status IN ('todo', 'doing')", id, tx.node
    )
    if not rows:
        return OVER
    task = Task(*rows[0])
    if task.step == WAITING:
        return await _judge(tx, task, now)
    lines = await audiences.page(tx, task.audience, task.mark, PAGE)
    if not lines:
        return await _end(tx, task, now)
    if task.price:
        return await _ask(tx, task, lines, now)
    await _remove(tx, task, lines, [line for line in lines if not _assigned(line.number)], now)
    return Step(len(lines))


def _assigned(number: str) -> bool:
    parsed = phone.parse(number)
    return parsed is not None and parsed.valid


async def _ask(tx: Tx, task: Task, lines: list[Line], now: int) -> Step:
    account = tx.facts.account.get(task.account)
    if account is None:
        return await _fail(tx, task, "the account is gone", now)
    user = tx.facts.user.get(task.user)
    try:
        asked = await lookups.ask(tx, account, [line.number for line in lines], task.price, now, user)
    except ledger.NotEnoughCredits as error:
        return await _fail(tx, task, str(error), now)
    tx.write(
        "UPDATE tasks SET status = 'doing', step = ?2, request = ?3, changed = ?4 WHERE id = ?1",
        task.id, WAITING, asked.request, now,
    )  # fmt: skip
    return Step(wait=POLL)


async def _judge(tx: Tx, task: Task, now: int) -> Step:
    """Take out what the networks don't know, once all of the page's answers are there; failed look-ups judge nobody."""
    if (await lookups.progress(tx, task.request)).open:
        return Step(wait=POLL)
    found = await lookups.page(tx, task.request, 0, PAGE)
    bad = {lookup.number for lookup in found if lookup.finding is not None and not lookup.finding.valid}
    lines = await audiences.page(tx, task.audience, task.mark, PAGE)
    await _remove(tx, task, lines, [line for line in lines if line.number in bad], now)
    return Step(len(lines))


async def _remove(tx: Tx, task: Task, lines: list[Line], bad: list[Line], now: int) -> None:
    await audiences.remove(tx, task.audience, bad)
    tx.write(
        "UPDATE tasks SET status = 'doing', step = ?2, mark = ?3, removed = removed + ?4, changed = ?5 WHERE id = ?1",
        task.id, ASKING if task.price else FINISHING, lines[-1].n if lines else task.mark, len(bad), now,
    )  # fmt: skip


async def _end(tx: Tx, task: Task, now: int) -> Step:
    _report(tx, task, f"{task.removed} receivers were taken out of the list.", now)
    return await _close(tx, task, "done", "", now)


async def _fail(tx: Tx, task: Task, why: str, now: int) -> Step:
    _report(tx, task, f"The list was cleaned only in part: {why}.", now)
    return await _close(tx, task, "error", why, now)


async def _close(tx: Tx, task: Task, status: str, why: str, now: int) -> Step:
    tx.write(
        "UPDATE tasks SET status = ?2, step = ?3, detail = ?4, changed = ?5 WHERE id = ?1",
        task.id, status, FINISHING if status == "done" else task.step, why, now,
    )  # fmt: skip
    await audiences.release(tx, task.audience)
    return OVER


def _report(tx: Tx, task: Task, text: str, now: int) -> None:
    """Tell the owner by mail, where we know an address."""
    account = tx.facts.account.get(task.account)
    owner: Owner | None = tx.facts.owner.get(account.owner) if account is not None else None
    if account is not None and owner is not None and owner.email:
        notices.owe_mail(tx, account, Mail(owner.email, f"{account.name}: list cleaned", text), now)
