"""Is every message and every credit accounted for? Asked of one snapshot, beside whatever runs.

    accepted = delivered + failed + expired + rejected + cancelled + waiting     for each account
    balance  = what came in - what went out                                      for each wallet
    issued   = spent + held                                                      for each currency
    charge   = the prices of a submission's messages; a refund gives back one message's price, once

Each check is one query that gives what is wrong, so that a clean store costs a few scans. spec: design 8
"""

from collections.abc import Sequence

from msgspec import Struct

from depesza.core import ledger
from depesza.core.facts import Facts
from depesza.core.model import ARRIVED, FINAL, State, Way
from depesza.store.tx import SYSTEM_WALLETS, Cell, Tx

MOST = 20
"""Rows shown of one kind of problem."""

WAITING = tuple(state for state in State if state not in FINAL)


class AccountSum(Struct, frozen=True):
    """One account's messages."""

    account: int
    name: str
    accepted: int
    states: dict[str, int]
    """Number by name of the state."""
    price: int
    """Of all messages, in micro-credits."""

    @property
    def waiting(self) -> int:
        """Those that have no final state."""
        return sum(self.states.get(state.name, 0) for state in WAITING)

    @property
    def adds_up(self) -> bool:
        """True when every accepted message has exactly one known state."""
        return self.accepted == sum(self.states.values())


class Problem(Struct, frozen=True):
    """One thing that is wrong."""

    check: str
    count: int
    """How many rows; 1 where it is one thing."""
    examples: tuple[str, ...]


class Book(Struct, frozen=True):
    """The sums of one currency, in micro-units."""

    currency: str
    """Empty for credits."""
    issued: int
    """Sold and corrected, all in all."""
    spent: int
    """By clients, refunds taken off."""
    held: int
    """On wallets."""

    @property
    def even(self) -> bool:
        """True when nothing came from another currency, or went into one."""
        return self.issued == self.spent + self.held


class Report(Struct, frozen=True):
    """What the audit found."""

    accounts: tuple[AccountSum, ...]
    messages: int
    entries: int
    wallets: int
    books: tuple[Book, ...]
    """Of each currency that is used; credits come first, used or not."""
    problems: tuple[Problem, ...]

    @property
    def clean(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems


class Check(Struct, frozen=True):
    """One kind of problem."""

    name: str
    example: str
    """How a row is shown: its columns by number."""
    sql: str
    """Gives a row for each thing that is wrong; ?1 is the oldest id that must be whole."""


_ARRIVED = ", ".join(str(int(state)) for state in sorted(ARRIVED))
_FINAL = ", ".join(str(int(state)) for state in sorted(FINAL))
_KNOWN = ", ".join(str(int(state)) for state in State)

CHECKS: tuple[Check, ...] = (
    Check(
        "message in a state that there is not",
        "message {0}: state {1}",
        f"SELECT id, state FROM messages WHERE state NOT IN ({_KNOWN})",
    ),
    Check(
        "final message without its time, or with a time and not final",
        "message {0}: state {1}, done {2}",
        f"SELECT id, state, done FROM messages WHERE (state IN ({_FINAL})) <> (done > 0)"
        # refused at acceptance: nothing happened later
        f" AND NOT (state = {int(State.REJECTED)} AND done = 0)",
    ),
    Check(
        "message without its submission, or of another account's",
        "message {0}: submission {1}",
        "SELECT m.id, m.submission FROM messages m LEFT JOIN submissions s ON s.id = m.submission"
        " WHERE s.id IS NULL OR s.account <> m.account OR s.user_id <> m.user_id",
    ),
    Check(
        "carrier's id without a message",
        "connector {0}: {1}",
        "SELECT r.connector, r.remote FROM remotes r LEFT JOIN messages m ON m.id = r.message"
        " WHERE m.id IS NULL AND r.message >= ?1",
    ),
    Check(
        "taken by a carrier, and no carrier's id",
        "message {0}: state {1}",
        f"SELECT m.id, m.state FROM messages m WHERE m.state IN ({int(State.SENT)}, {int(State.PENDING)})"
        " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.message = m.id AND e.kind = 'taken')"
        " AND NOT EXISTS (SELECT 1 FROM device_attempts a WHERE a.message = m.id AND a.sent > 0)",
    ),
    Check(
        "entry that moves nothing, or from a wallet to itself",
        "entry {0}: {1} from {2} to {3}",
        "SELECT id, amount, source, target FROM entries WHERE amount <= 0 OR source = target",
    ),
    Check(
        "charge that differs from the prices of its messages",
        "submission {0}: charged {1}, its messages cost {2}",
        # replies and numbers are charged too, and a client may delete its replies
        "SELECT id, SUM(charged), SUM(price) FROM (SELECT ref AS id, amount AS charged, 0 AS price FROM entries"
        " WHERE kind = 'charge' AND note NOT IN ('reply', 'number') AND ref >= ?1"
        " UNION ALL SELECT submission, 0, price FROM messages WHERE submission >= ?1"
        " UNION ALL SELECT request, 0, price FROM lookups WHERE request >= ?1) both_sides"
        " GROUP BY id HAVING SUM(charged) <> SUM(price)",
    ),
    Check(
        "refund that is not one message's price, once",
        "message {0}: {1} refunds, {2} given back, its price {3}",
        "SELECT r.ref, r.number, r.amount, COALESCE(m.price, -1) FROM (SELECT ref, COUNT(*) AS number,"
        " SUM(amount) AS amount FROM entries WHERE kind = 'refund' AND note <> 'lookup' AND ref >= ?1 GROUP BY ref) r"
        " LEFT JOIN messages m ON m.id = r.ref LEFT JOIN submissions s ON s.id = m.submission"
        " WHERE m.id IS NULL OR r.number <> 1 OR r.amount <> m.price"
        # what an own phone delivers is given back where a carrier was paid for in advance
        f" OR m.state NOT IN ({_FINAL}) OR (m.state IN ({_ARRIVED}) AND s.way <> '{Way.PHONES_FIRST.value}')",
    ),
    Check(
        "cancelled or rejected, and not given back",
        "message {0}: price {1}",
        f"SELECT m.id, m.price FROM messages m WHERE m.state IN ({int(State.REJECTED)}, {int(State.CANCELLED)})"
        " AND m.price > 0 AND NOT EXISTS"
        " (SELECT 1 FROM (SELECT ref FROM entries WHERE kind = 'refund' AND ref >= ?1) r WHERE r.ref = m.id)",
    ),
    Check(
        "look-up that failed and was not given back once, or that was and did not fail",
        "look-up {0}: {1}, price {2}, given back {3}",
        "SELECT l.id, l.status, l.price, COALESCE(r.amount, 0) FROM lookups l LEFT JOIN"
        " (SELECT ref, SUM(amount) AS amount FROM entries WHERE kind = 'refund' AND note = 'lookup' AND ref >= ?1"
        " GROUP BY ref) r ON r.ref = l.id WHERE l.id >= ?1"
        " AND COALESCE(r.amount, 0) <> CASE WHEN l.status = 'error' THEN l.price ELSE 0 END",
    ),
    Check(
        "wallet that is not the sum of its entries",
        "wallet {0}: balance {1}, its entries make {2}",
        "SELECT id, SUM(balance), SUM(moved) FROM (SELECT id, balance, 0 AS moved FROM wallets"
        f" UNION ALL SELECT target, 0, amount FROM entries WHERE target > {SYSTEM_WALLETS}"
        f" UNION ALL SELECT source, 0, -amount FROM entries WHERE source > {SYSTEM_WALLETS}) both_sides"
        " GROUP BY id HAVING SUM(balance) <> SUM(moved)",
    ),
    Check(
        "order that is done and not credited, or credited and not done",
        "order {0}: {1} micro-credits ordered, {2} given",
        "SELECT id, SUM(wanted), SUM(given) FROM (SELECT id, quantity * 1000000 AS wanted, 0 AS given FROM orders"
        " WHERE status = 'done' UNION ALL SELECT ref, 0, amount FROM entries WHERE kind = 'topup' AND ref > 0"
        " AND note <> 'voucher') both_sides GROUP BY id HAVING SUM(wanted) <> SUM(given)",
    ),
    Check(
        "opt-outs that the account's mark hides",
        "account {0}: {1} opt-outs",
        "SELECT o.account, COUNT(*) FROM optouts o LEFT JOIN wallets w ON w.id = o.account"
        " WHERE COALESCE(w.optouts, 0) = 0 GROUP BY o.account",
    ),
    Check(
        "callback in a state that there is not",
        "notice {0}: state {1}",
        "SELECT id, state FROM notices WHERE state NOT IN (0, 1, 2, 3)",
    ),
)


async def audit(tx: Tx, oldest: int) -> Report:
    """Look at everything; `oldest` is the smallest id that retention has certainly not touched yet."""
    accounts = await _accounts(tx)
    problems = [_found(account) for account in accounts if not account.adds_up]
    for check in CHECKS:
        problems += await _run(tx, check, oldest)
    problems += await _limits(tx)
    books = await _books(tx)
    if not all(book.even for book in books):
        problems.append(await _mixed(tx, books))
    return Report(
        tuple(accounts),
        sum(account.accepted for account in accounts),
        (await tx.query("SELECT COUNT(*) FROM entries"))[0][0],
        (await tx.query("SELECT COUNT(*) FROM wallets"))[0][0],
        tuple(books),
        tuple(problems),
    )


async def _accounts(tx: Tx) -> list[AccountSum]:
    totals = await tx.query("SELECT account, COUNT(*) FROM messages GROUP BY account")
    rows = await tx.query(
        "SELECT account, state, COUNT(*), CAST(SUM(price) AS BIGINT) FROM messages GROUP BY account, state"
    )
    names = {int(state): state.name for state in State}
    found = []
    for account, accepted in sorted((row[0], row[1]) for row in totals):
        mine = [row for row in rows if row[0] == account]
        known = tx.facts.account.get(account)
        states = {names[row[1]]: row[2] for row in mine if row[1] in names}
        name = known.name if known is not None else str(account)
        found.append(AccountSum(account, name, accepted, states, sum(row[3] for row in mine)))
    return found


def _found(account: AccountSum) -> Problem:
    states = ", ".join(f"{name} {count}" for name, count in account.states.items())
    said = f"account {account.name}: {account.accepted} accepted, {states}"
    return Problem("accepted messages are not the sum of their states", 1, (said,))


async def _run(tx: Tx, check: Check, oldest: int) -> list[Problem]:
    params: tuple[Cell, ...] = (oldest,) if "?1" in check.sql else ()
    rows = await tx.query(f"{check.sql} LIMIT {MOST}", *params)
    if not rows:
        return []
    count = len(rows)
    if count == MOST:
        count = (await tx.query(f"SELECT COUNT(*) FROM ({check.sql}) found", *params))[0][0]
    return [Problem(check.name, count, tuple(check.example.format(*row) for row in rows))]


async def _limits(tx: Tx) -> list[Problem]:
    """Find wallets that went below what they may, and those of nobody that hold something."""
    facts = tx.facts
    low: list[str] = []
    lost: list[str] = []
    for id, balance in await tx.query("SELECT id, balance FROM wallets WHERE balance <> 0"):
        account, user = facts.account.get(id), facts.user.get(id)
        said = f"wallet {id}: {ledger.two_decimals(balance)} credits"
        if account is None and user is None:
            lost.append(said)
        elif balance < -(account.credit_limit if account is not None else 0):
            low.append(said)
        elif user is not None and not user.quota:
            lost.append(f"{said} of a user without a quota")
    found = [("wallet below its limit", low), ("credits that belong to nobody", lost)]
    return [Problem(name, len(said), tuple(said[:MOST])) for name, said in found if said]


async def _books(tx: Tx) -> list[Book]:
    """Sum each currency: what the house made and took, and what is on the wallets of accounts kept in it."""
    moved = await _moved(tx)
    held = dict.fromkeys(ledger.CURRENCIES, 0)
    for id, balance in await tx.query("SELECT id, balance FROM wallets WHERE balance <> 0"):
        held[_currency(tx.facts, id)] += balance
    books = [
        Book(currency, -moved.get(issue, 0), moved.get(income, 0), held[currency])
        for currency, (income, issue) in ledger.HOUSE.items()
    ]
    return [book for book in books if not book.currency or book.issued or book.spent or book.held]


def _currency(facts: Facts, wallet: int) -> str:
    """Tell what an account or user is kept in, or which currency a wallet of the house is for."""
    for currency, pair in ledger.HOUSE.items():
        if wallet in pair:
            return currency
    user = facts.user.get(wallet)
    account = facts.account.get(user.account if user is not None else wallet)
    return account.currency if account is not None else ""


async def _mixed(tx: Tx, books: Sequence[Book]) -> Problem:
    """Tell which currencies don't add up, and entries that moved one into another: pairs of wallets, summed."""
    said = [
        f"{book.currency or 'credits'}: {ledger.two_decimals(book.issued)} issued,"
        f" {ledger.two_decimals(book.spent)} spent + {ledger.two_decimals(book.held)} held"
        for book in books
        if not book.even
    ]
    pairs = await tx.query("SELECT source, target, MIN(id), COUNT(*) FROM entries GROUP BY source, target")
    for source, target, first, count in pairs:
        if _currency(tx.facts, source) != _currency(tx.facts, target):
            said.append(f"{count} entries from wallet {source} to {target}, the first is {first}")
    return Problem("currency whose books are not even", len(said), tuple(said[:MOST]))


async def _moved(tx: Tx) -> dict[int, int]:
    """Sum the entries of the platform's own wallets."""
    rows: Sequence[Sequence[int]] = await tx.query(
        "SELECT id, CAST(SUM(amount) AS BIGINT) FROM (SELECT target AS id, amount FROM entries"
        f" WHERE target <= {SYSTEM_WALLETS} UNION ALL SELECT source, -amount FROM entries"
        f" WHERE source <= {SYSTEM_WALLETS}) moved GROUP BY id"
    )
    return {row[0]: row[1] for row in rows}
