"""Orders of credits and of accounts: priced, placed, approved or refused, and the automatic ones. spec: ovh/4.11

An order waits for the operator, or is carried out at once where the settings say so. Carried out, each of its lines
is an entry of the ledger that names the order.
"""

from itertools import count

import msgspec
from msgspec import Struct

from depesza.core import ledger, tariffs
from depesza.core.facts import Account, Facts
from depesza.core.model import MICRO
from depesza.services.accounts import Unknown
from depesza.store.tx import Row, Tx


class NotSold(Exception):
    """Nobody sells so many credits in the buyer's country, or to this account."""


class Line(Struct, frozen=True):
    """One thing that is ordered."""

    account: int
    """Whose credits; 0 for an account that is yet to be made."""
    quantity: int
    """Credits."""
    price: int
    """Of one credit without tax, in micro-units of the order's currency."""
    new: bool = False
    """The account is made by this order."""
    channel: str = "both"
    smpp: bool = False
    """These two are for a new account."""

    @property
    def net(self) -> int:
        """Price of the line without tax, in whole cents."""
        return tariffs.to_cents(self.quantity * self.price)


class Order(Struct, frozen=True, kw_only=True):
    """What somebody buys, with the prices of that day."""

    id: int
    """0 while it is only priced."""
    owner: int
    kind: str
    """`manual` (credits), `new` (an account), `cart` or `automatic`."""
    currency: str
    vat: int
    """Hundredths of a percent."""
    lines: tuple[Line, ...]
    at: int = 0
    status: str = "waiting"
    """`waiting`, `done` or `refused`."""
    asked: str = ""
    """What the buyer ticked: `pay` (automatically), `waive` (the right to withdraw)."""
    decided: int = 0

    @property
    def quantity(self) -> int:
        """Credits, all lines together."""
        return sum(line.quantity for line in self.lines)

    @property
    def net(self) -> int:
        """Price without tax, in micro-units of the currency."""
        return sum(line.net for line in self.lines)

    @property
    def tax(self) -> int:
        """Value added tax on it."""
        return tariffs.tax(self.net, self.vat)

    @property
    def gross(self) -> int:
        """What is to be paid."""
        return self.net + self.tax


def country_of(facts: Facts, owner: int) -> str:
    """Tell in which country an owner buys."""
    row = facts.owner.get(owner)
    return row.country if row is not None else ""


def priced(facts: Facts, owner: int, quantity: int, account: int, channel: str = "both", smpp: bool = False) -> Order:
    """Price one pack, for an account or (0) a new one; raises `NotSold`."""
    must_hold_credits(facts, account)
    pack = facts.tariffs.pack(country_of(facts, owner), quantity)
    if pack is None:
        raise NotSold(f"{quantity} credits are not sold here")
    line = Line(account, quantity, pack.price, not account, channel, smpp)
    kind = "manual" if account else "new"
    return Order(id=0, owner=owner, kind=kind, currency=pack.currency, vat=pack.vat, lines=(line,))


async def place(tx: Tx, draft: Order, now: int, *, wait: bool) -> Order:
    """Write an order; without `wait` it is carried out at once. Raises `Unknown` for an account that is gone."""
    order = msgspec.structs.replace(draft, id=tx.new_id(), at=now)
    for line in order.lines:
        _must_exist(tx, line.account)
        must_hold_credits(tx.facts, line.account)
    if not wait:
        order = await _carry_out(tx, order, now)
    _write(tx, order)
    return order


def _write(tx: Tx, order: Order) -> None:
    account = order.lines[0].account
    tx.insert(
        "orders",
        (
            order.id, account, order.at, order.quantity, order.kind, order.status, order.owner, order.currency,
            order.vat, order.asked, order.decided,
        ),
    )  # fmt: skip
    for n, line in enumerate(order.lines):
        row = (order.id, n, line.account, line.quantity, line.price, int(line.new), line.channel, int(line.smpp))
        tx.insert("order_lines", row)


async def approve(tx: Tx, id: int, now: int, who: str) -> Order:
    """Carry an order out; raises `Unknown` when no such order waits, or an account of it is gone."""
    order = await _waiting(tx, id)
    for line in order.lines:
        _must_exist(tx, line.account)
        must_hold_credits(tx.facts, line.account)
    done = await _carry_out(tx, order, now)
    for n, line in enumerate(done.lines):
        tx.write("UPDATE order_lines SET account = ?1 WHERE order_id = ?2 AND n = ?3", line.account, id, n)
    _decide(tx, done, who)
    return done


async def refuse(tx: Tx, id: int, now: int, who: str) -> Order:
    """Turn an order down; raises `Unknown` when no such order waits."""
    refused = msgspec.structs.replace(await _waiting(tx, id), status="refused", decided=now)
    _decide(tx, refused, who)
    return refused


def _decide(tx: Tx, order: Order, who: str) -> None:
    tx.write(
        "UPDATE orders SET status = ?1, decided = ?2, account = ?3 WHERE id = ?4",
        order.status,
        order.decided,
        order.lines[0].account,
        order.id,
    )
    tx.insert("acts", (tx.new_id(), order.decided, who, f"order.{order.status}", str(order.id)))


async def _carry_out(tx: Tx, order: Order, now: int) -> Order:
    """Make the accounts, give the credits."""
    made = iter(await _new_accounts(tx, order))
    lines = tuple([msgspec.structs.replace(line, account=line.account or next(made)) for line in order.lines])
    for line in lines:
        await tx.book(ledger.topup(line.account, line.quantity * MICRO, order.id, now, tx.new_id(), "order"))
    return msgspec.structs.replace(order, lines=lines, status="done", decided=now)


async def _new_accounts(tx: Tx, order: Order) -> list[int]:
    """Make the accounts that an order asks for, under the owner's next free names; gives their ids."""
    wanted = [line for line in order.lines if not line.account]
    if not wanted:
        return []
    owner = tx.facts.owner.get(order.owner)
    if owner is None:
        raise Unknown(f"owner {order.owner}")
    # not from the facts: an order of the same commit may just have made one
    taken = {str(name) for (name,) in await tx.query("SELECT name FROM accounts")}
    stem = f"sms-{owner.name.removesuffix('-ovh')}"
    names = (f"{stem}-{n}" for n in count(1) if f"{stem}-{n}" not in taken)
    made = []
    for line, name in zip(wanted, names, strict=False):
        id = tx.new_id()
        tx.put("accounts", Account(id=id, owner=owner.id, name=name, channel=line.channel, smpp=line.smpp))
        made.append(id)
    return made


async def recredit(tx: Tx, account: Account, now: int) -> None:
    """Make the automatic order of an account whose balance is at its threshold or below. spec: ovh/4.1

    The wallet is locked until the commit, so two payments that cross the threshold together make one order.
    """
    account = tx.facts.account.get(account.payer, account)
    if not account.recredit_amount or (await tx.wallet(account.id)).balance > account.recredit_threshold:
        return
    pack = tx.facts.tariffs.at(country_of(tx.facts, account.owner), account.recredit_amount)
    line = Line(account.id, account.recredit_amount, pack.price)
    order = Order(id=0, owner=account.owner, kind="automatic", currency=pack.currency, vat=pack.vat, lines=(line,))
    await place(tx, order, now, wait=False)


async def recredit_now(tx: Tx, account: int, now: int) -> None:
    """Make the automatic order of an account whose threshold was just set above its balance."""
    row = tx.facts.account.get(account)
    if row is not None:
        await recredit(tx, row, now)


# read

_COLUMNS = "id, owner, kind, currency, vat, at, status, asked, decided"


async def show(tx: Tx, id: int) -> Order | None:
    """Read an order; None when there is none."""
    rows = await tx.query(f"SELECT {_COLUMNS} FROM orders WHERE id = ?1", id)
    return await _read(tx, rows[0]) if rows else None


async def listed(tx: Tx, status: str = "", limit: int = 100) -> list[Order]:
    """List the newest orders, of one status where named, the newest first."""
    where = "WHERE status = 'waiting'" if status == "waiting" else "WHERE status = ?2" if status else ""
    params = (limit, status) if status and status != "waiting" else (limit,)
    rows = await tx.query(f"SELECT {_COLUMNS} FROM orders {where} ORDER BY id DESC LIMIT ?1", *params)
    return [await _read(tx, row) for row in rows]


async def _waiting(tx: Tx, id: int) -> Order:
    rows = await tx.rows("order_waiting", id)
    if not rows:
        raise Unknown(f"order {id}")
    return await _read(tx, rows[0])


async def _read(tx: Tx, row: Row) -> Order:
    id, owner, kind, currency, vat, at, status, asked, decided = row
    lines = await tx.query(
        "SELECT account, quantity, price, new, channel, smpp FROM order_lines WHERE order_id = ?1 ORDER BY n", id
    )
    if not lines:  # made before orders had lines
        lines = await tx.query("SELECT account, quantity, 0, 0, 'both', 0 FROM orders WHERE id = ?1", id)
    return Order(
        id=id, owner=owner, kind=kind, currency=currency, vat=vat, at=at, status=status, asked=asked,
        decided=decided, lines=tuple([_line(each) for each in lines]),
    )  # fmt: skip


def _line(row: Row) -> Line:
    account, quantity, price, new, channel, smpp = row
    return Line(account, quantity, price, bool(new), channel, bool(smpp))


def _must_exist(tx: Tx, account: int) -> None:
    if account and account not in tx.facts.account:
        raise Unknown(f"account {account}")


def must_hold_credits(facts: Facts, account: int) -> None:
    """Refuse to sell credits to an account that is kept in a currency; raises `NotSold`."""
    row = facts.account.get(account)
    if row is not None and row.currency:
        raise NotSold(f"account {row.name} is kept in {row.currency}, not in credits")
