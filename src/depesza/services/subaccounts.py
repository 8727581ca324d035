"""Accounts below an account, which a program of the one above makes, changes and pays. spec: smsc/3.9

Whoever is above sees and changes only what is below it; what is another's is unknown to it. A sub-client has a login
of its own, by which it is named, and its account bears the same name.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from depesza.core import ledger
from depesza.core.facts import Account, Facts, Login, Sender
from depesza.services import details, logins, relations
from depesza.services.accounts import Unknown
from depesza.services.relations import Tangled
from depesza.store.contract import Conflict
from depesza.store.tx import Tx

PLAN = "plan"
"""Detail that names the price plan of a sub-client with prices of its own."""


class Terms(Struct, frozen=True):
    """What of a sub-client is its own; the rest is that of the account above."""

    own_prices: bool
    own_wallet: bool


class Changes(Struct, frozen=True, kw_only=True):
    """What shall be set; what is empty or None stays as it is."""

    login: str = ""
    """Another name."""
    password: str = ""
    """Hashed by `logins.hash_password`."""
    terms: Terms | None = None
    account: Mapping[str, Any] = {}
    """Fields of `Account`."""
    limits: Mapping[str, Any] = {}
    """Fields of `Limits`."""
    details: Mapping[str, str] = {}


# found


def below(facts: Facts, above: int, *, deep: bool = False) -> list[Account]:
    """List the accounts below one, with `deep` those below them too, the oldest first."""
    found = [row for row in facts.accounts if row.parent == above]
    if deep:
        found += [each for row in tuple(found) for each in below(facts, row.id, deep=True)]
    return sorted(found, key=lambda row: row.id)


def find(facts: Facts, above: int, name: str, *, deep: bool = False) -> Account:
    """Find a sub-client by its login; raises `Unknown`."""
    login = facts.login_named.get(name)
    if login is None:
        raise Unknown(f"sub-client {name}")
    return find_id(facts, above, login.account, deep=deep)


def find_id(facts: Facts, above: int, id: int, *, deep: bool = False) -> Account:
    """Find a sub-client by its id; raises `Unknown`."""
    row = facts.account.get(id)
    parent = row.parent if row is not None else 0
    while deep and parent and parent != above:
        parent = facts.account[parent].parent if parent in facts.account else 0
    if row is None or parent != above:
        raise Unknown(f"sub-client {id}")
    return row


def login_of(facts: Facts, account: int) -> Login | None:
    """Give the oldest login of an account: the one that names a sub-client."""
    return min((row for row in facts.logins if row.account == account), key=lambda row: row.id, default=None)


def terms_of(facts: Facts, account: Account) -> Terms:
    """Tell what of a sub-client is its own."""
    return Terms(account.priced_as != _model(facts, account.parent), not account.payer)


def _model(facts: Facts, above: int) -> int:
    """Tell whose prices hold for an account, and so for those below that have none of their own."""
    row = facts.account.get(above)
    return row.priced_as or row.id if row is not None else above


# made and changed


async def create(tx: Tx, above: int, name: str, changes: Changes, now: int) -> int:
    """Make a sub-client with its login; gives its id. Raises `Conflict`, `Unknown`, `ValueError`."""
    parent = _account(tx, above)
    _must_be_free(tx.facts, name)
    account = Account(
        id=tx.new_id(), owner=parent.owner, name=name, parent=above, currency=parent.currency,
        timezone=parent.timezone, home=parent.home,
    )  # fmt: skip
    blank = Login(id=tx.new_id(), account=account.id, name=name, md5="", sha1="", created=now)
    tx.put("logins", logins.with_password(blank, changes.password))
    await _set(tx, None, account, changes, now)
    return account.id


async def change(tx: Tx, above: int, id: int, changes: Changes, now: int, *, deep: bool = False) -> None:
    """Change a sub-client; raises `Conflict`, `Unknown`, `ValueError`, and then nothing was written."""
    old = find_id(tx.facts, above, id, deep=deep)
    new = _renamed(tx, old, changes) if changes.login or changes.password else old
    await _set(tx, old, new, changes, now)


def _renamed(tx: Tx, account: Account, changes: Changes) -> Account:
    """Give a sub-client's login another name or password; the account's name goes along."""
    login = login_of(tx.facts, account.id)
    if login is None:
        raise Unknown(f"login of {account.name}")
    name = changes.login or login.name
    if name != login.name:
        _must_be_free(tx.facts, name)
    new = replace(login, name=name)
    tx.put("logins", logins.with_password(new, changes.password) if changes.password else new)
    return replace(account, name=name) if account.name == login.name else account


async def _set(tx: Tx, old: Account | None, account: Account, changes: Changes, now: int) -> None:
    """Write an account with its limits and details."""
    new = replace(account, **changes.account)
    if old is None or changes.terms is not None or PLAN in changes.details:
        known = (await details.read(tx, account.id) if old is not None else {}) | dict(changes.details)
        terms = changes.terms or (terms_of(tx.facts, old) if old is not None else Terms(True, True))
        new = _on_terms(tx.facts, new, terms, known.get(PLAN, ""))
    await _check(tx, old, new)
    if old is not None and new.payer != old.payer:
        await _settle(tx, old, new, now)
    tx.put("accounts", new)
    details.write(tx, new.id, changes.details)
    if changes.limits:
        tx.put("limits", replace(tx.facts.limits_of(new.id), **changes.limits))
    _allow_sender(tx, new)
    if old is not None:
        _follow(tx, old, new)


def _on_terms(facts: Facts, account: Account, terms: Terms, plan: str) -> Account:
    """Let an account pay and be priced as its terms say."""
    parent = facts.account[account.parent]
    priced_as = plan_of(facts, plan) if terms.own_prices else _model(facts, account.parent)
    return replace(account, payer=0 if terms.own_wallet else parent.wallet, priced_as=priced_as)


def plan_of(facts: Facts, number: str) -> int:
    """Find a price plan: the account `tariff-N`, whose prices hold; 0 for none. Raises `Conflict`."""
    if number in ("", "0"):
        return 0
    found = facts.account_named.get(f"tariff-{number}")
    if found is None or found.priced_as:
        raise Conflict(f"there is no price plan {number}")
    return found.id


async def _check(tx: Tx, old: Account | None, new: Account) -> None:
    others = [row for row in tx.facts.accounts if row.id != new.id]
    if old is not None:
        others = [_followed(tx.facts, row, old, new) for row in others]
    try:
        relations.check(new, others)
        if old is not None and old.currency != new.currency:
            await relations.check_currency(tx, new)
    except Tangled as error:
        raise Conflict(str(error)) from error


async def _settle(tx: Tx, old: Account, new: Account, now: int) -> None:
    """Bring what is left on a wallet that pays no longer to the one that does."""
    left = (await tx.wallet(old.id)).balance if not old.payer else 0
    if left < 0:
        raise Conflict(f"account {old.name} owes money")
    if left and new.payer:
        await tx.book(ledger.transfer(old.id, new.payer, left, 0, now, tx.new_id(), "settled"))


def _follow(tx: Tx, old: Account, new: Account) -> None:
    """Let those below pay and be priced as those above them do now."""
    for row in below(tx.facts, new.id, deep=True):
        followed = _followed(tx.facts, row, old, new)
        if followed != row:
            tx.put("accounts", followed)


def _followed(facts: Facts, row: Account, old: Account, new: Account) -> Account:
    if not _is_below(facts, row, old.id):
        return row
    priced_as, model = row.priced_as, old.priced_as or old.id
    return replace(
        row,
        payer=new.wallet if row.payer and row.payer == old.wallet else row.payer,
        priced_as=(new.priced_as or new.id) if priced_as and priced_as == model else priced_as,
    )


def _is_below(facts: Facts, row: Account, above: int) -> bool:
    while row.parent and row.parent in facts.account:
        if row.parent == above:
            return True
        row = facts.account[row.parent]
    return False


def _allow_sender(tx: Tx, account: Account) -> None:
    """Let a sub-client send from its usual sender, if the account above may; raises `Conflict`."""
    name, facts = account.sender, tx.facts
    if not name or (account.id, name) in facts.sender:
        return
    model = facts.sender.get((facts.owner_of(account.parent, "senders"), name))
    if model is None or model.status != "enable":
        raise Conflict(f"the account above may not send from {name}")
    if "senders" not in account.shares:
        tx.put("senders", Sender(account=account.id, name=name, kind=model.kind, created=model.created))


def _must_be_free(facts: Facts, name: str) -> None:
    if name in facts.login_named or name in facts.account_named:
        raise Conflict(f"{name} is taken")


def _account(tx: Tx, id: int) -> Account:
    found = tx.facts.account.get(id)
    if found is None:
        raise Unknown(f"account {id}")
    return found


# further logins of the same account


async def add_login(tx: Tx, account: int, name: str, password: str, now: int) -> int:
    """Give an account one more login; gives its id. Raises `Conflict`."""
    _must_be_free(tx.facts, name)
    blank = Login(id=tx.new_id(), account=_account(tx, account).id, name=name, md5="", sha1="", created=now)
    tx.put("logins", logins.with_password(blank, password))
    return blank.id


def extra_login(facts: Facts, account: int, name: str) -> Login | None:
    """Find a further login of an account; None for the one that names it, and for others'."""
    found = facts.login_named.get(name)
    first = login_of(facts, account)
    return found if found is not None and found.account == account and found != first else None


async def change_login(tx: Tx, account: int, name: str, renamed: str, password: str, enabled: bool | None) -> None:
    """Change a further login of an account; raises `Unknown`, `Conflict`."""
    login = extra_login(tx.facts, account, name)
    if login is None:
        raise Unknown(f"login {name}")
    if renamed and renamed != name:
        _must_be_free(tx.facts, renamed)
        login = replace(login, name=renamed)
    if password:
        login = logins.with_password(login, password)
    tx.put("logins", login if enabled is None else replace(login, enabled=enabled))


# paid


async def pay(tx: Tx, above: int, id: int, amount: int, now: int, *, deep: bool = False) -> None:
    """Move money from the account above to a sub-client, back where the amount is below zero.

    Nobody gives what he has not: credit limits are for sending. Raises `Unknown`, `ledger.NotEnoughCredits`,
    and `Conflict` where the two can't: other currencies, or one wallet for both.
    """
    row, parent = find_id(tx.facts, above, id, deep=deep), _account(tx, above)
    source, target = parent.wallet, row.wallet
    if row.payer or source == target or row.currency != parent.currency or not amount:
        raise Conflict(f"nothing can be moved to account {row.name}")
    if amount < 0:
        source, target = target, source
    await tx.book(ledger.transfer(source, target, abs(amount), row.id, now, tx.new_id(), "sub-client"), 0)
