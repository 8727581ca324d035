"""Owners, accounts, users, senders, and the applications and keys that they call with: created, changed, deleted.

An operator's road, by names. What clients may change of these through a dialect is in `accounts`, `users`,
`senders` and `keys`.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, UnsetType

from depesza.core import ledger, phone
from depesza.core.facts import MAIL, Account, Application, Credential, Owner, Sender, User
from depesza.core.model import OnUnknown
from depesza.core.senders import is_mail
from depesza.services import keys, limits, logins, relations
from depesza.services.draft import Change, Draft, merged
from depesza.services.network import micro, remove_price, remove_route
from depesza.services.vault import Vault
from depesza.services.wishes import (
    AccountWish,
    Amount,
    ApplicationWish,
    CreditWish,
    KeyWish,
    OwnerWish,
    SenderWish,
    UserWish,
    WishError,
)
from depesza.wire.mail import is_address

LONGEST_SENDER = 21
"""Characters of a name or number."""

# owners


def put_owner(draft: Draft, wish: OwnerWish) -> Owner:
    """Create or change an owner; the wish's password is a hash by now."""
    old = draft.owners.get(wish.name)
    new = merged(Owner, old, wish, {"id": 0})
    if old is None:
        new = msgspec.structs.replace(new, id=draft.tx.new_id())
    draft.owners[wish.name] = new
    draft.put("owners", "owner", wish.name, old, new)
    return new


def remove_owner(draft: Draft, name: str) -> None:
    """Delete an owner without accounts, and its applications."""
    row = draft.owner(name, "owner")
    for account in draft.accounts.values():
        if account.owner == row.id:
            raise WishError(f"owner {name}: it holds account {account.name}")
    for application in [each for each in draft.applications.values() if each.owner == row.id]:
        remove_application(draft, application)
    del draft.owners[name]
    draft.drop("owners", "owner", name, id=row.id)


# accounts


async def put_account(draft: Draft, wish: AccountWish) -> Account:
    """Create or change an account, and see to its credit."""
    place = f"account {wish.name}"
    old = draft.accounts.get(wish.name)
    if old is None and wish.owner is UNSET:
        raise WishError(f"{place}: owner is needed")
    _check_zone(wish.timezone, place)
    for field in ("callback", "stop_callback", "response_url"):
        check_url(getattr(wish, field), f"{place}: {field}")
    owner = UNSET if wish.owner is UNSET else draft.owner(wish.owner, place).id
    new = merged(
        Account, old, wish, {"id": 0},
        owner=owner,
        credit_limit=_micro(wish.credit_limit, f"{place}: credit_limit"),
        recredit_threshold=_micro(wish.recredit_threshold, f"{place}: recredit_threshold"),
        on_unknown=UNSET if wish.on_unknown is UNSET else OnUnknown(wish.on_unknown),
        smpp_ips=UNSET if wish.smpp_ips is UNSET else _networks(wish.smpp_ips, f"{place}: smpp_ips"),
        **{field: _related(draft, getattr(wish, field), place) for field in ("parent", "payer", "priced_as")},
    )  # fmt: skip
    if old is None:
        new = msgspec.structs.replace(new, id=draft.tx.new_id())
    await _check_relations(draft, old, new, place)
    draft.accounts[wish.name] = new
    draft.put("accounts", "account", wish.name, old, new)
    if wish.credit is not UNSET:
        await _credit(draft, new, wish.credit)
    return new


def _related(draft: Draft, name: str | UnsetType, place: str) -> int | UnsetType:
    """Find the account that another one names; 0 for none."""
    if name is UNSET:
        return UNSET
    return draft.account(name, place).id if name else 0


async def _check_relations(draft: Draft, old: Account | None, new: Account, place: str) -> None:
    try:
        relations.check(new, draft.accounts.values())
        if old is not None and old.currency != new.currency:
            await relations.check_currency(draft.tx, new)
    except relations.Tangled as error:
        raise WishError(f"{place}: {error}") from error


def renew_smpp_password(draft: Draft, name: str, password: str, hashed: str) -> None:
    """Give an account a new password for SMPP; it is told once."""
    old = draft.account(name, "account")
    new = msgspec.structs.replace(old, smpp_password=hashed)
    draft.accounts[name] = new
    draft.put("accounts", "account", name, old, new, [("system id", name), ("password", password)])


def _micro(value: Amount | UnsetType, place: str) -> int | UnsetType:
    return UNSET if value is UNSET else micro(value, place)


def _check_zone(name: str | UnsetType, place: str) -> None:
    if name is UNSET:
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WishError(f"{place}: timezone: {name!r} is not a time zone") from error


def check_url(url: str | UnsetType, place: str) -> None:
    """Refuse what is not a web address; empty is allowed."""
    if url is UNSET or not url:
        return
    try:
        pieces = urlsplit(url)
        good = pieces.scheme in ("http", "https") and bool(pieces.hostname) and url.isprintable()
    except ValueError:
        good = False
    if not good or " " in url:
        raise WishError(f"{place}: {url!r} is not a web address")


async def _credit(draft: Draft, account: Account, wish: CreditWish) -> None:
    """Give the initial credits once, then fill up."""
    place = f"account {account.name}: credit"
    if wish.initial is not UNSET:
        amount = micro(wish.initial, f"{place}.initial")
        mark = f"{account.name} {wish.reference}"
        given = await draft.tx.query("SELECT 1 FROM acts WHERE what = 'account.initial' AND detail = ?1 LIMIT 1", mark)
        if amount and not given:
            draft.act("account.initial", mark)
            await top_up(draft, account, amount, wish.reference)
    if wish.at_least is not UNSET:
        missing = micro(wish.at_least, f"{place}.at_least") - (await draft.tx.wallet(account.id)).balance
        if missing > 0:
            await top_up(draft, account, missing, "filled up")


async def top_up(draft: Draft, account: Account, amount: int, note: str) -> None:
    """Give credits; `amount` is in micro-credits."""
    tx = draft.tx
    await tx.book(ledger.topup(account.id, amount, 0, draft.now, tx.new_id(), note, account.currency))
    said = ledger.told(amount, account.currency) + (f" ({note})" if note else "")
    draft.act("credit.created", f"{account.name} {said}")
    draft.changes.append(Change("created", "credit", account.name, said))


async def correct(draft: Draft, account: Account, amount: int, note: str) -> None:
    """Correct a balance by hand; `amount` is in micro-credits, perhaps below zero."""
    tx = draft.tx
    await tx.book(ledger.adjust(account.id, amount, 0, draft.now, tx.new_id(), note, account.currency))
    said = f"{ledger.told(amount, account.currency)} ({note})"
    draft.act("credit.corrected", f"{account.name} {said}")
    draft.changes.append(Change("changed", "credit", account.name, said))


async def transfer(draft: Draft, source: int, target: int, amount: int, name: str, limit: int = 0) -> None:
    """Move credits or money between two wallets; raises `NotEnoughCredits`, and `BadEntry` for two currencies."""
    tx = draft.tx
    currencies = {_currency(draft, wallet) for wallet in (source, target)}
    if len(currencies) > 1:
        raise ledger.BadEntry(f"{name}: the two are kept in different currencies")
    await tx.book(ledger.transfer(source, target, amount, 0, draft.now, tx.new_id()), limit)
    said = ledger.told(amount, currencies.pop())
    draft.act("credit.transferred", f"{name} {said}")
    draft.changes.append(Change("changed", "credit", name, said))


def _currency(draft: Draft, wallet: int) -> str:
    """Tell what a wallet holds, an account's or a user's."""
    user = next((row for row in draft.users.values() if row.id == wallet), None)
    account = user.account if user is not None else wallet
    return next((row.currency for row in draft.accounts.values() if row.id == account), "")


async def remove_account(draft: Draft, name: str) -> None:
    """Delete an account that never sent and has no credits, with all that belongs to it."""
    row = draft.account(name, "account")
    if await draft.tx.query("SELECT 1 FROM messages WHERE account = ?1 LIMIT 1", row.id):
        raise WishError(f"account {name}: it has messages; disable it instead")
    try:
        relations.check_unused(row, draft.accounts.values())
    except relations.Tangled as error:
        raise WishError(f"account {name}: {error}") from error
    for user in [each for each in draft.users.values() if each.account == row.id]:
        await remove_user(draft, row, user.login)
    if (await draft.tx.wallet(row.id)).balance:
        raise WishError(f"account {name}: it has a balance; correct it to zero first")
    for sender in [each for each in draft.senders.values() if each.account == row.id]:
        remove_sender(draft, row, sender.name)
    for token in [each for each in draft.tokens.values() if each.account == row.id]:
        draft.tokens.pop((row.id, token.name))
        draft.drop("tokens", "token", f"{name}/{token.name}", id=token.id)
    for wording in [each for each in draft.tx.facts.wordings if each.account == row.id]:
        draft.drop("wordings", "template", f"{name}/{wording.name}", account=row.id, name=wording.name)
    for route in [each for each in draft.routes.values() if each.account == row.id]:
        remove_route(draft, route.id)
    for price in [each for each in draft.prices.values() if each.account == row.id]:
        remove_price(draft, price.id)
    logins.remove_of(draft, row)
    limits.remove_limits(draft, row.id)
    for table in ("account_details", "invoices", "known_addresses"):
        draft.tx.write(f"DELETE FROM {table} WHERE account = ?1", row.id)
    del draft.accounts[name]
    draft.drop("accounts", "account", name, id=row.id)


# users and senders


async def put_user(draft: Draft, wish: UserWish) -> User:
    """Create or change a user; the wish's password is a hash by now."""
    account = draft.account(wish.account, f"user {wish.login}")
    name = f"{wish.account}/{wish.login}"
    old = draft.users.get((account.id, wish.login))
    if old is None and wish.password is UNSET:
        raise WishError(f"user {name}: password is needed")
    for field in ("callback", "stop_callback"):
        check_url(getattr(wish, field), f"user {name}: {field}")
    networks = UNSET if wish.ip_restrictions is UNSET else _networks(wish.ip_restrictions, f"user {name}")
    new = merged(User, old, wish, {"id": 0}, account=account.id, ip_restrictions=networks)
    _check_alert(new, f"user {name}")
    if old is None:
        new = msgspec.structs.replace(new, id=draft.tx.new_id())
    draft.users[account.id, wish.login] = new
    draft.put("users", "user", name, old, new)
    if not new.quota:
        await _give_back(draft, account, new)
    return new


def _check_alert(user: User, place: str) -> None:
    number = phone.parse(user.alert_number)
    if user.alert_number and (number is None or not number.possible):
        raise WishError(f"{place}: alert_number: {user.alert_number!r} is not written like +33600000001")
    if user.alert_email and not is_address(user.alert_email):
        raise WishError(f"{place}: alert_email: {user.alert_email!r} is not an address")


async def _give_back(draft: Draft, account: Account, user: User) -> None:
    """Return what a user's own wallet holds to its account."""
    held = (await draft.tx.wallet(user.id)).balance
    if held > 0:
        await transfer(draft, user.id, account.id, held, f"{account.name}/{user.login} -> {account.name}")


def _networks(networks: Sequence[str], place: str) -> tuple[str, ...]:
    try:
        return keys.read_networks(networks)
    except keys.KeyRefused as error:
        raise WishError(f"{place}: {error}") from error


async def remove_user(draft: Draft, account: Account, login: str) -> None:
    """Delete a user; credits of its own go back to the account."""
    row = draft.users.get((account.id, login))
    if row is None:
        raise WishError(f"user: there is no user {account.name}/{login}")
    await _give_back(draft, account, row)
    del draft.users[account.id, login]
    draft.drop("users", "user", f"{account.name}/{login}", id=row.id)


def put_sender(draft: Draft, wish: SenderWish) -> Sender:
    """Create or change a sender."""
    account = draft.account(wish.account, f"sender {wish.name}")
    name = f"{wish.account}/{wish.name}"
    old = draft.senders.get((account.id, wish.name))
    kind = wish.kind
    if old is None and kind is UNSET:
        kind = "numeric" if wish.name.lstrip("+").isdigit() else MAIL if is_mail(wish.name) else "alpha"
    referer: str | UnsetType = "virtual" if kind in ("virtual", "time2chat") else UNSET
    new = merged(Sender, old, wish, {"created": draft.now}, account=account.id, kind=kind, referer=referer)
    if new.kind == "alpha" and len(new.name) > 11:
        raise WishError(f"sender {name}: a name has 11 characters at most")
    if (new.kind == MAIL) != is_mail(new.name):
        raise WishError(f"sender {name}: mail is sent from an address in small letters, or from an @domain")
    if new.kind != MAIL and len(new.name) > LONGEST_SENDER:
        raise WishError(f"sender {name}: {LONGEST_SENDER} characters at most")
    if new.virtual:
        _check_number(draft, new, name)
    draft.senders[account.id, wish.name] = new
    draft.put("senders", "sender", name, old, new)
    return new


def _check_number(draft: Draft, number: Sender, place: str) -> None:
    """Refuse a virtual number that is none, or that another account holds. spec: ovh/4.12"""
    parsed = phone.parse(number.name)
    if parsed is None or not parsed.possible or parsed.e164 != number.name:
        raise WishError(f"sender {place}: a virtual number is written like +33700000001")
    for other in draft.senders.values():
        if other.name == number.name and other.virtual and other.account != number.account:
            raise WishError(f"sender {place}: account {draft.account_name(other.account)} has this number")


def remove_sender(draft: Draft, account: Account, name: str) -> None:
    """Delete a sender."""
    if draft.senders.pop((account.id, name), None) is None:
        raise WishError(f"sender: there is no sender {account.name}/{name}")
    draft.drop("senders", "sender", f"{account.name}/{name}", account=account.id, name=name)


# applications and keys


def put_application(draft: Draft, wish: ApplicationWish, vault: Vault) -> Application:
    """Create or change an application and its keys; what is made here is told once."""
    place = f"application {wish.name}"
    owner = draft.owner(wish.owner, place)
    old = _find_application(draft, wish, owner.id)
    if old is not None and old.owner != owner.id:
        raise WishError(f"{place}: its key belongs to another owner")
    key = wish.key if wish.key is not UNSET else old.key if old is not None else vault.token(16)
    told: list[tuple[str, str]] = []
    sealed: bytes | UnsetType = UNSET
    if wish.secret is not UNSET:
        if old is None or vault.unseal(old.secret) != wish.secret:
            sealed = vault.seal(wish.secret)
    elif old is None:
        made = vault.token(32)
        sealed = vault.seal(made)
        told = [("application key", key), ("application secret", made)]
    rules = UNSET if wish.rules is UNSET else read_rules(wish.rules, place)
    new = merged(Application, old, wish, {"id": 0}, owner=owner.id, key=key, secret=sealed, rules=rules)
    if new.kind == "oauth2" and not new.rules:
        raise WishError(f"{place}: an oauth2 application needs rules")
    if old is None:
        new = msgspec.structs.replace(new, id=draft.tx.new_id())
    draft.applications[new.id] = new
    draft.put("applications", "application", f"{wish.owner}/{wish.name}", old, new, told)
    used: set[int] = set()
    for each in wish.keys:
        used.add(_put_key(draft, new, each, vault, used).id)
    return new


def _find_application(draft: Draft, wish: ApplicationWish, owner: int) -> Application | None:
    rows = draft.applications.values()
    if wish.key is not UNSET:
        return next((row for row in rows if row.key == wish.key), None)
    found = [row for row in rows if row.owner == owner and row.name == wish.name]
    if len(found) > 1:
        raise WishError(f"application {wish.name}: there are {len(found)} of this name; give its key")
    return found[0] if found else None


def read_rules(rules: Sequence[str], place: str) -> tuple[tuple[str, str], ...]:
    """Read rules written like `GET /sms/*`; raises `WishError`."""
    found = []
    for rule in rules:
        method, _, path = rule.strip().partition(" ")
        if not path.strip().startswith("/"):
            raise WishError(f"{place}: {rule!r} is not like `GET /sms/*`")
        found.append((method, path.strip()))
    try:
        return keys.read_rules(found)
    except keys.KeyRefused as error:
        raise WishError(f"{place}: {error}") from error


def _put_key(draft: Draft, application: Application, wish: KeyWish, vault: Vault, used: set[int]) -> Credential:
    """Create or change a consumer key: known by itself, or, when it was made by us, by its rules."""
    place = f"key of {application.name}"
    rules = read_rules(wish.rules, place)
    networks = UNSET if wish.allowed_ips is UNSET else _networks(wish.allowed_ips, place)
    consumer_key = wish.consumer_key
    mine = [row for row in draft.credentials.values() if row.application == application.id and row.id not in used]
    if consumer_key is UNSET:
        old = next((row for row in mine if row.rules == rules and row.status == "validated"), None)
    else:
        digest = vault.digest(consumer_key)
        old = next((row for row in draft.credentials.values() if row.digest == digest), None)
        if old is not None and old.application != application.id:
            raise WishError(f"{place}: this key belongs to another application")
    if old is not None:
        changes = {"rules": rules, "status": "validated", "owner": application.owner, "expires": 0, "token": ""}
        if networks is not UNSET:
            changes["allowed_ips"] = networks
        if consumer_key is UNSET:
            changes.pop("expires")
        new = msgspec.structs.replace(old, **changes)
        told = []
    else:
        written = vault.token(32) if consumer_key is UNSET else consumer_key
        told = [("consumer key", written)] if consumer_key is UNSET else []
        new = Credential(
            id=draft.tx.new_id(),
            application=application.id,
            owner=application.owner,
            digest=vault.digest(written),
            status="validated",
            rules=rules,
            created=draft.now,
            allowed_ips=() if networks is UNSET else networks,
        )
    draft.credentials[new.id] = new
    draft.put("credentials", "key", f"{application.name} {', '.join(wish.rules)}", old, new, told)
    return new


def remove_application(draft: Draft, row: Application) -> None:
    """Delete an application with all its keys."""
    del draft.applications[row.id]
    draft.tx.drop("credentials", application=row.id)
    draft.credentials = {id: each for id, each in draft.credentials.items() if each.application != row.id}
    draft.drop("applications", "application", application_name(draft, row), id=row.id)


def application_name(draft: Draft, row: Application) -> str:
    """Write an application for people."""
    owner = next((each.name for each in draft.owners.values() if each.id == row.owner), str(row.owner))
    return f"{owner}/{row.name}"
