"""Orders of credits and of new accounts. spec: ovh/4.11.2"""

from collections.abc import Mapping, Sequence

from depesza.core.facts import Facts
from depesza.dialects.ovh import codec, errors, tariff
from depesza.dialects.ovh.auth import public_base
from depesza.dialects.ovh.call import Call
from depesza.services import orders
from depesza.services.orders import Line, Order
from depesza.services.vault import Vault

CHANNELS = {"both": "both", "marketing": "marketing", "transactional": "transactional"}
NEW = "*"
"""Stands for the account that an order will make."""


async def list_orderable(call: Call) -> list[str]:
    """GET /order/sms"""
    return [account.name for account in call.accounts()]


async def list_options(call: Call) -> list[str]:
    """GET /order/sms/{serviceName}"""
    return ["credits"]


async def price_credits(call: Call) -> dict[str, object]:
    """GET /order/sms/{serviceName}/credits: the price only"""
    return write_order(call, priced_credits(call, dict(call.query)))


async def order_credits(call: Call) -> dict[str, object]:
    """POST /order/sms/{serviceName}/credits"""
    return write_order(call, await place(call, priced_credits(call, call.json)))


def priced_credits(call: Call, given: Mapping[str, object]) -> Order:
    """Price the pack that is asked for; raises 400."""
    return _priced(call, tariff.read_quantity(given), call.account.id)


async def price_account(call: Call) -> dict[str, object]:
    """GET /order/sms/new: the price only"""
    return write_order(call, priced_account(call, dict(call.query)))


async def order_account(call: Call) -> dict[str, object]:
    """POST /order/sms/new"""
    return write_order(call, await place(call, priced_account(call, call.json)))


def priced_account(call: Call, given: Mapping[str, object]) -> Order:
    """Price a new account with its first credits; raises 400. spec: ovh/3 ChannelEnum"""
    quantity = tariff.read_quantity(given)
    smpp = codec.flag(given, "smpp") or False
    channel = codec.one_of(CHANNELS, "channel", codec.text(given, "channel") or "both")
    if smpp and channel == "both":
        raise errors.bad_request("An SMPP account needs the channel marketing or transactional")
    return _priced(call, quantity, 0, channel, smpp)


def _priced(call: Call, quantity: int, account: int, channel: str = "both", smpp: bool = False) -> Order:
    try:
        return orders.priced(call.context.store.facts, call.caller.owner, quantity, account, channel, smpp)
    except orders.NotSold as error:
        raise codec.invalid("quantity") from error


async def place(call: Call, draft: Order) -> Order:
    """Write an order; it waits for the operator, or not, as the settings say."""
    return await call.run(orders.place, draft, call.now, wait=call.context.orders_wait)


# the bill


def write_order(call: Call, order: Order, items: Sequence[int] = ()) -> dict[str, object]:
    """Write order.Order; `items` are the cart's, one a line."""
    facts, currency = call.context.store.facts, order.currency
    known: Sequence[int | None] = items or [None] * len(order.lines)
    return {
        "contracts": [{"name": "Terms of sale", "url": terms, "content": ""} for terms in call.context.terms],
        "details": [write_line(facts, order, line, item) for line, item in zip(order.lines, known, strict=True)],
        "orderId": order.id or None,
        "prices": {
            "originalWithoutTax": None,
            "reduction": None,
            "tax": tariff.price(order.tax, currency),
            "withTax": tariff.price(order.gross, currency),
            "withoutTax": tariff.price(order.net, currency),
        },
        "url": address(public_base(call.request, call.context.bases), call.context.vault, order.id)
        if order.id
        else None,
    }


def write_line(facts: Facts, order: Order, line: Line, item: int | None) -> dict[str, object]:
    """Write order.OrderDetail."""
    currency = order.currency
    return {
        "cartItemID": item,
        "description": described(line),
        "detailType": "CREATION" if line.new else "CONSUMPTION",
        "domain": account_name(facts, line.account),
        "originalTotalPrice": tariff.price(line.net, currency),
        "quantity": line.quantity,
        "reductionTotalPrice": tariff.price(0, currency),
        "reductions": [],
        "totalPrice": tariff.price(line.net, currency),
        "unitPrice": tariff.price(line.price, currency),
    }


def described(line: Line) -> str:
    """Tell what a line is."""
    if not line.new:
        return f"{line.quantity} SMS credits"
    channel = "" if line.channel == "both" else f" for {line.channel} messages"
    return f"SMS account{channel}{' over SMPP' if line.smpp else ''} with {line.quantity} credits"


def account_name(facts: Facts, account: int) -> str:
    """Name the account of a line."""
    row = facts.account.get(account)
    return row.name if row is not None else NEW


def address(base: str, vault: Vault, order: int) -> str:
    """Write the address of an order's page; who knows it may see the order."""
    return f"{base}/order/{order}/{secret(vault, order)}"


def secret(vault: Vault, order: int) -> str:
    """Make what nobody can guess about an order."""
    return vault.sign(f"order {order}")[:32]
