"""Users below an account: their logins, quotas, restrictions and callbacks. spec: ovh/4.7

The paths are called with the owner's keys; a user's own password is for other dialects.
"""

import asyncio
from collections.abc import Mapping

from depesza.core import ledger, quota
from depesza.core.facts import User
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.responses import read_number
from depesza.dialects.ovh.sending import user_of
from depesza.services import users
from depesza.services.accounts import Unknown
from depesza.services.users import Quota
from depesza.wire.mail import is_address

SHORTEST_PASSWORD = 8
LONGEST_LOGIN = 64
MOST_ADDRESSES = 5
SUPPORTS = {"mail": "mail", "sms": "sms", "both": "both"}
STATUSES = {"active": True, "inactive": False}


async def list_users(call: Call) -> list[str]:
    """GET /sms/{serviceName}/users"""
    return sorted(user.login for user in call.context.store.facts.users if user.account == call.account.id)


async def create_user(call: Call) -> None:
    """POST /sms/{serviceName}/users"""
    login = codec.required(call.json, "login")
    if len(login) > LONGEST_LOGIN or not login.isprintable():
        raise codec.invalid("login")
    password = await _hashed(call, read_password(codec.required(call.json, "password")))
    await call.run(users.create, User(id=0, account=call.account.id, login=login, password=password))


def read_password(password: str) -> str:
    """Refuse a password that is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise codec.invalid("password")
    return password


async def _hashed(call: Call, password: str) -> str:
    """Hash a password beside the event loop: it takes a tenth of a second on purpose."""
    return await asyncio.to_thread(call.context.vault.hash_password, password)


async def show_user(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/users/{login}"""
    user = user_of(call)
    return write_user(user, await call.look(users.left, user.id) if user.quota else 0)


def write_user(user: User, left: int) -> dict[str, object]:
    """Write sms.User; the password is never told."""
    return {
        "alertThresholdInformations": {
            "alertEmail": user.alert_email,
            "alertNumber": user.alert_number,
            "alertThreshold": user.alert_threshold,
            "support": user.alert_support,
        },
        "callBack": user.callback or None,
        "ipRestrictions": list(user.ip_restrictions),
        "login": user.login,
        "password": "",
        "quotaInformations": {
            "quotaLeft": ledger.credits(left),
            "quotaStatus": "active" if user.quota else "inactive",
        },
        "stopCallBack": user.stop_callback or None,
    }


async def change_user(call: Call) -> None:
    """PUT /sms/{serviceName}/users/{login}"""
    user = user_of(call)
    changes = read_changes(call.json, codec.cleared(call.request.body))
    if "password" in changes:
        changes["password"] = await _hashed(call, str(changes["password"]))
    given = codec.named(call.json, "quotaInformations")
    wanted = read_quota(given) if given else None
    try:
        await call.run(users.change, user.id, changes, wanted, call.now)
    except ledger.NotEnoughCredits as error:
        raise errors.not_enough(ledger.two_decimals(error.left)) from error
    except Unknown as error:
        raise errors.not_found(user.login) from error


def read_changes(given: Mapping[str, object], cleared: frozenset[str]) -> dict[str, object]:
    """Read what a PUT changes, by the names of our fields; `cleared` are its fields that are null or empty."""
    changes: dict[str, object] = {}
    for name, ours in (("callBack", "callback"), ("stopCallBack", "stop_callback")):
        if name in cleared:
            changes[ours] = ""
        elif name in given:
            changes[ours] = codec.address(given, name)
    password = codec.text(given, "password")
    if password is not None:
        changes["password"] = read_password(password)
    addresses = codec.texts(given, "ipRestrictions")
    if addresses is not None:
        changes["ip_restrictions"] = read_addresses(addresses)
    alert = codec.named(given, "alertThresholdInformations")
    return changes | _read_alert(alert) if alert else changes


def read_addresses(given: list[str]) -> tuple[str, ...]:
    """Read address restrictions: up to five. spec: ovh/4.7"""
    found = tuple(read_address(address, "ipRestrictions") for address in given if address.strip())
    if len(found) > MOST_ADDRESSES:
        raise codec.invalid("ipRestrictions")
    return found


def read_address(written: str, name: str) -> str:
    """Read an address or a network; raises 400."""
    try:
        quota.read_network(written)
    except ValueError as error:
        raise codec.invalid(name) from error
    return written.strip()


def _read_alert(given: Mapping[str, object]) -> dict[str, object]:
    changes: dict[str, object] = {}
    if "alertEmail" in given:
        email = codec.text(given, "alertEmail") or ""
        if email and not is_address(email):
            raise codec.invalid("alertEmail")
        changes["alert_email"] = email
    if "alertNumber" in given:
        number = codec.text(given, "alertNumber") or ""
        changes["alert_number"] = read_number(number, "alertNumber") if number else ""
    threshold = codec.whole(given, "alertThreshold")
    if threshold is not None:
        if threshold < 0:
            raise codec.invalid("alertThreshold")
        changes["alert_threshold"] = threshold
    support = codec.text(given, "support")
    if support is not None:
        changes["alert_support"] = codec.one_of(SUPPORTS, "support", support)
    return changes


def read_quota(given: Mapping[str, object]) -> Quota:
    """Read quotaInformations."""
    status = codec.text(given, "quotaStatus")
    left = codec.number(given, "quotaLeft")
    if left is not None and left < 0:
        raise codec.invalid("quotaLeft")
    return Quota(
        None if status is None else codec.one_of(STATUSES, "quotaStatus", status),
        None if left is None else ledger.micro(left),
    )


async def delete_user(call: Call) -> None:
    """DELETE /sms/{serviceName}/users/{login}"""
    user = user_of(call)
    try:
        await call.run(users.delete, user.id, call.now)
    except Unknown as error:
        raise errors.not_found(user.login) from error
