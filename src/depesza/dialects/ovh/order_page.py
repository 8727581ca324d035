"""The page of an order: what, how much, where it stands; and a place for a voucher's code. spec: ovh/4.11.2

Who knows the address may see the order and give its account the credits of a code: nobody logs in. The address is a
secret, so no other site can send the form.
"""

from collections.abc import Sequence
from hmac import compare_digest
from urllib.parse import parse_qsl

import structlog

from depesza.core import ledger
from depesza.core.facts import Account
from depesza.core.tariffs import PERCENT
from depesza.dialects.contract import Context
from depesza.dialects.ovh import dates, errors, html, tariff
from depesza.dialects.ovh.orders import account_name, described, secret
from depesza.services import orders, vouchers
from depesza.services.locks import Locks
from depesza.services.orders import Order
from depesza.wire.http import HttpReply, HttpRequest

log = structlog.get_logger()

STATES = {
    "waiting": "Waits for the operator's approval",
    "done": "Done: the credits were given",
    "refused": "Refused",
}
LONGEST_CODE = 100


class OrderPage:
    """Shows orders; remembers who tried wrong codes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._locks = Locks()

    async def answer(self, request: HttpRequest, path: Sequence[str], now: int) -> HttpReply:
        """Answer a request for `/order/{id}/{secret}`; raises `OvhError`."""
        if request.method not in ("GET", "POST"):
            raise errors.wrong_method(request.method)
        order = await self._order(path)
        if request.method == "GET":
            return self._show(order)
        return await self._redeem(request, order, now)

    async def _order(self, path: Sequence[str]) -> Order:
        if len(path) != 2 or not path[0].isascii() or not path[0].isdigit() or len(path[0]) > 18:
            raise errors.no_route()
        id = int(path[0])
        if not compare_digest(path[1].encode(), secret(self._context.vault, id).encode()):
            raise errors.no_route()
        order = await self._context.store.look(orders.show, id)
        if order is None:
            raise errors.no_route()
        return order

    async def _redeem(self, request: HttpRequest, order: Order, now: int) -> HttpReply:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        account = next((row for row in self._accounts(order) if row.name == form.get("account")), None)
        code = form.get("code", "")
        if account is None or not code or len(code) > LONGEST_CODE:
            return self._show(order, "Please enter a code.")
        if self._locks.locked("voucher", request.client, now):
            return self._show(order, "Too many wrong codes: please wait.")
        digest = self._context.vault.digest(vouchers.read(code))
        try:
            amount = await self._context.store.run(vouchers.redeem, digest, account.id, now)
        except vouchers.BadCode:
            self._locks.wrong("voucher", request.client, now)
            log.warning("ovh.code_refused", account=account.name, client=request.client)
            return self._show(order, "This code is not valid.")
        self._locks.right("voucher", request.client)
        return self._show(order, said=f"{ledger.two_decimals(amount)} credits were added to {account.name}.")

    def _accounts(self, order: Order) -> list[Account]:
        known = self._context.store.facts.account
        return [known[id] for id in dict.fromkeys(line.account for line in order.lines) if id in known]

    def _show(self, order: Order, bad: str = "", said: str = "") -> HttpReply:
        body = html.told(bad, bad=True) if bad else ""
        body += html.told(said) if said else ""
        body += html.pairs(self._rows(order)) + self._code_form(order)
        return html.page(f"Order {order.id}", body, brand=self._context.brand, status=400 if bad else 200)

    def _rows(self, order: Order) -> list[tuple[str, str]]:
        facts, currency = self._context.store.facts, order.currency
        rows = [("State", STATES[order.status]), ("Ordered", _moment(order.at))]
        if order.decided:
            rows.append(("Decided", _moment(order.decided)))
        for line in order.lines:
            what = f"{described(line)}, {account_name(facts, line.account)}"
            rows.append((what, f"{_money(line.net, currency)} ({_money(line.price, currency)} each)"))
        return [
            *rows,
            ("Without tax", _money(order.net, currency)),
            (f"Tax, {order.vat / PERCENT:g} %", _money(order.tax, currency)),
            ("To pay", _money(order.gross, currency)),
            *(("Terms of sale", terms) for terms in self._context.terms),
        ]

    def _code_form(self, order: Order) -> str:
        names = [(row.name, row.name) for row in self._accounts(order)]
        if not names:
            return ""
        inputs = [html.field("A code worth credits", "code"), html.choice("For", "account", names, names[0][0])]
        return html.form(inputs, [("redeem", "Redeem")], {})


def _money(amount: int, currency: str) -> str:
    return str(tariff.price(amount, currency)["text"])


def _moment(at: int) -> str:
    return dates.write_plain(at, dates.zone("UTC")) + " UTC"
