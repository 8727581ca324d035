"""Carts: filled with packs, assigned to whoever made them, ordered as a whole before they expire. spec: ovh/4.11.3"""

from msgspec import Struct

from depesza.core.facts import Facts
from depesza.core.tariffs import Pack
from depesza.services import orders
from depesza.services.accounts import Unknown
from depesza.services.orders import Line, NotSold, Order
from depesza.store.tx import Row, Tx

MOST_CARTS = 100
"""Open carts of one owner."""
MOST_ITEMS = 50
MOST_PACKS = 100
"""Packs of one item."""


class TooMany(Exception):
    """The owner has as many carts, or the cart as many items, as are kept."""


class NotReady(Exception):
    """The cart cannot be ordered as it is."""


class Cart(Struct, frozen=True):
    """A cart that is still open."""

    id: int
    owner: int
    country: str
    """Whose prices hold in it."""
    description: str
    expires: int
    assigned: bool
    """Its maker took it over, as the vendor's clients do before they order."""
    ordered: int = 0
    """Order made of it; 0 while it is open."""


class Item(Struct, frozen=True):
    """Some packs in a cart."""

    id: int
    account: int
    """Whose credits; 0 for a new account."""
    pack: int
    """Credits of one pack."""
    count: int


async def create(tx: Tx, owner: int, country: str, description: str, expires: int, now: int) -> Cart:
    """Make a cart; raises `TooMany`."""
    rows = await tx.query("SELECT COUNT(*) FROM carts WHERE owner = ?1 AND expires > ?2", owner, now)
    if rows[0][0] >= MOST_CARTS:
        raise TooMany(f"{MOST_CARTS} carts are open")
    cart = Cart(tx.new_id(), owner, country, description, expires, False)
    tx.write(
        "INSERT INTO carts (id, owner, country, description, created, expires, assigned, ordered)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0)",
        cart.id,
        owner,
        country,
        description,
        now,
        expires,
    )
    return cart


async def find(tx: Tx, id: int, owner: int, now: int) -> Cart:
    """Find an owner's cart that is open, for change; raises `Unknown`."""
    rows = await tx.rows("cart_open", id, owner, now)
    if not rows:
        raise Unknown(f"cart {id}")
    return _read(rows[0])


async def show(tx: Tx, id: int, owner: int, now: int) -> Cart:
    """Read an owner's cart that is open; raises `Unknown`."""
    rows = await tx.query(
        "SELECT id, owner, country, description, expires, assigned, ordered FROM carts"
        " WHERE id = ?1 AND owner = ?2 AND expires > ?3 AND ordered = 0",
        id,
        owner,
        now,
    )
    if not rows:
        raise Unknown(f"cart {id}")
    return _read(rows[0])


def _read(row: Row) -> Cart:
    id, owner, country, description, expires, assigned, ordered = row
    return Cart(id, owner, country, description, expires, bool(assigned), ordered)


async def assign(tx: Tx, id: int, owner: int, now: int) -> None:
    """Take a cart over; raises `Unknown`, and `NotReady` for one with another country's prices."""
    cart = await find(tx, id, owner, now)
    country = orders.country_of(tx.facts, owner)
    if cart.country != country:
        raise NotReady(f"This cart is for buyers in {cart.country}, its owner is in {country}")
    tx.write("UPDATE carts SET assigned = 1 WHERE id = ?1", id)


async def add(tx: Tx, id: int, owner: int, account: int, pack: int, count: int, now: int) -> tuple[Item, Pack]:
    """Put packs into a cart; gives what they are. Raises `Unknown`, `orders.NotSold`, `TooMany`."""
    orders.must_hold_credits(tx.facts, account)
    cart = await find(tx, id, owner, now)
    sold = tx.facts.tariffs.pack(cart.country, pack)
    if sold is None:
        raise NotSold(f"{pack} credits are not sold here")
    if len(await items(tx, id)) >= MOST_ITEMS:
        raise TooMany(f"{MOST_ITEMS} items are in the cart")
    item = Item(tx.new_id(), account, pack, count)
    tx.write(
        "INSERT INTO cart_items (cart, id, account, pack, count) VALUES (?1, ?2, ?3, ?4, ?5)",
        id,
        item.id,
        account,
        pack,
        count,
    )
    return item, sold


async def items(tx: Tx, id: int) -> list[Item]:
    """List what is in a cart, in the order in which it was put there."""
    rows = await tx.query("SELECT id, account, pack, count FROM cart_items WHERE cart = ?1 ORDER BY id", id)
    return [Item(*row) for row in rows]


async def price(tx: Tx, id: int, owner: int, now: int) -> tuple[Order, list[Item]]:
    """Price a cart with the prices of today; raises `Unknown`, `NotReady`."""
    cart = await show(tx, id, owner, now)
    inside = await items(tx, id)
    return _priced(tx.facts, cart, inside), inside


async def check_out(
    tx: Tx, id: int, owner: int, asked: str, now: int, *, wait: bool
) -> tuple[Order, list[Item]]:  # fmt: skip
    """Order what is in a cart, once; raises `Unknown`, `NotReady`."""
    cart = await find(tx, id, owner, now)
    if not cart.assigned:
        raise NotReady("This cart must be assigned first")
    inside = await items(tx, id)
    draft = _priced(tx.facts, cart, inside, asked)
    order = await orders.place(tx, draft, now, wait=wait)
    tx.write("UPDATE carts SET ordered = ?1 WHERE id = ?2", order.id, id)
    return order, inside


def _priced(facts: Facts, cart: Cart, inside: list[Item], asked: str = "") -> Order:
    if not inside:
        raise NotReady("This cart is empty")
    sold = {pack.quantity: pack for pack in facts.tariffs.sold(cart.country)}
    gone = [item.pack for item in inside if item.pack not in sold]
    if gone:
        raise NotReady(f"{gone[0]} credits are not sold any more")
    lines = tuple(
        [Line(item.account, item.pack * item.count, sold[item.pack].price, not item.account) for item in inside]
    )
    first = sold[inside[0].pack]  # all packs of a country have one currency and one tax
    return Order(
        id=0, owner=cart.owner, kind="cart", currency=first.currency, vat=first.vat, lines=lines, asked=asked
    )  # fmt: skip
