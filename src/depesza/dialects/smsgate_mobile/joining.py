"""Who calls: a phone by its token, or one that joins by a code, a key or somebody's login. spec: devices/2 devices/5"""

import asyncio
import base64
import binascii
import hmac
from collections import OrderedDict, deque
from http import HTTPStatus

from msgspec import Struct

from depesza.core.devices import MINUTE, SECOND, Kind
from depesza.core.facts import Account, User
from depesza.core.quota import ip_allowed
from depesza.dialects.contract import Context
from depesza.dialects.doors import Attempt, Door, Locked, find_user
from depesza.dialects.smsgate_mobile import codec
from depesza.dialects.smsgate_mobile.refusals import Refused, forbidden, too_many, unauthorized
from depesza.dialects.smsgate_mobile.signature import address_secret, is_signed
from depesza.dialects.smsgate_mobile.versions import read_agent
from depesza.services import devices, enrolment
from depesza.services.devices import Device
from depesza.services.enrolment import Newcomer, Pass
from depesza.wire.http import HttpRequest

TOKEN = 21
"""Characters of a phone's token, as the app's own server makes them."""
WRONG = 10
"""Wrong codes and keys that an address may show in a minute."""
MOST = 10_000
"""Addresses that are remembered."""


class Joined(Struct, frozen=True):
    """A phone that was let in."""

    device: Device
    token: str


class Guesses:
    """Counts wrong codes and keys by address, in memory."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[int]] = OrderedDict()

    def check(self, address: str, now: int) -> None:
        """Refuse who guesses; raises 429."""
        wrong = self._wrong.get(address)
        while wrong and wrong[0] <= now - MINUTE:
            wrong.popleft()
        if wrong and len(wrong) >= WRONG:
            raise too_many()

    def wrong(self, address: str, now: int) -> None:
        """Count a wrong one."""
        self._wrong.setdefault(address, deque(maxlen=WRONG)).append(now)
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST:
            self._wrong.popitem(last=False)


class Gate:
    """Lets phones in."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._door = Door(context.vault)
        self.guesses = Guesses()

    async def device(self, request: HttpRequest, now: int) -> Device:
        """Find the phone that calls and note that it did; raises 401 for a stranger, 403 for a banned one."""
        scheme, shown = read_authorization(request)
        if scheme != "bearer":
            raise unauthorized()
        context = self._context
        found = await context.store.look(devices.authenticate, context.vault.digest(shown))
        if found is None or found.kind is not Kind.SMSGATE:
            raise unauthorized()
        if found.banned:
            raise forbidden("This phone is banned")
        await context.store.run(devices.touch, found.id, now, version=read_agent(request.headers.get("user-agent", "")))
        return found

    async def caller(self, id: str, secret: str) -> Device:
        """Find the phone to whom a secret address belongs; raises 401 for a wrong one, 403 for a banned phone."""
        context = self._context
        number = int(id) if id.isascii() and id.isdecimal() and len(id) <= 16 else 0
        found = await context.store.look(devices.find, number)
        if found is None or not found.signing_key:
            raise unauthorized()
        if not hmac.compare_digest(
            secret.encode(), address_secret(context.vault, found.id, found.signing_key).encode()
        ):
            raise unauthorized()
        if found.banned:
            raise forbidden("This phone is banned")
        return found

    def told_at(self, device: Device, request: HttpRequest) -> int:
        """Tell when a phone signed its news, by its clock (microseconds); raises 401 for a wrong signature."""
        key = self._context.vault.unseal(device.signing_key)
        timestamp, signature = (request.headers.get(name, "") for name in ("x-timestamp", "x-signature"))
        if not is_signed(key, request.body, timestamp, signature):
            raise unauthorized("The signature is wrong")
        if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 11:
            raise unauthorized("The timestamp is wrong")
        return int(timestamp) * SECOND

    async def user(self, request: HttpRequest, now: int) -> User:
        """Find the user whose login and password are shown; raises 401, 403, 429, and `Busy`."""
        scheme, shown = read_authorization(request)
        try:
            login, colon, password = base64.b64decode(shown, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            colon = ""
        if scheme != "basic" or not colon:
            raise unauthorized()
        facts = self._context.store.facts
        user = find_user(facts, login)
        attempt = Attempt(login, user.password if user is not None else "", password, request.client, now)
        try:
            right = await self._door.admits(attempt)
        except Locked as error:
            raise too_many() from error
        if not right or user is None:
            raise unauthorized("Wrong login or password")
        if not ip_allowed(request.client, user.ip_restrictions) or not facts.account[user.account].enabled:
            raise forbidden("Not allowed")
        return user

    async def owner(self, device: Device, password: str, address: str, now: int) -> User | None:
        """Find the user with whose login a phone joined, if the password is right; raises 429, and `Busy`."""
        user = find_user(self._context.store.facts, device.login) if device.login else None
        hashed = user.password if user is not None else ""
        try:
            right = await self._door.admits(Attempt(device.login, hashed, password, address, now))
        except Locked as error:
            raise too_many() from error
        return user if right else None

    async def hashed(self, password: str) -> str:
        """Hash a new password."""
        return await asyncio.to_thread(self._context.vault.hash_password, password)

    async def good_until(self, code: str, address: str, now: int) -> int:
        """Tell until when a code lets a phone in; raises 404, 429."""
        self.guesses.check(address, now)
        context = self._context
        expires = await context.store.look(enrolment.good_until, context.vault.digest(code), now)
        if not expires:
            self.guesses.wrong(address, now)
            raise Refused(HTTPStatus.NOT_FOUND, "This code is not good, or no longer: make a new one")
        return expires

    async def join(self, request: HttpRequest, joining: codec.Joining, now: int) -> Joined:
        """Let a phone in by what it shows; raises 401, 403, 429."""
        scheme, shown = read_authorization(request)
        token = self._context.vault.token(TOKEN)
        agent = read_agent(request.headers.get("user-agent", ""))
        if scheme == "basic":
            user = await self.user(request, now)
            account = self._context.store.facts.account[user.account]
            newcomer = self.newcomer(Kind.SMSGATE, joining, token, f"{account.name}/{user.login}", agent)
            return Joined(await self._context.store.run(enrolment.enrol_into, account.id, newcomer, now), token)
        if scheme not in ("code", "bearer"):
            raise unauthorized()
        newcomer = self.newcomer(Kind.SMSGATE, joining, token, "", agent)
        kind = Pass.CODE if scheme == "code" else Pass.KEY
        return Joined(await self.enrol(kind, shown, newcomer, request.client, now), token)

    async def enrol(self, kind: Pass, shown: str, newcomer: Newcomer, address: str, now: int) -> Device:
        """Let in who shows a code or key; raises 401, 429."""
        self.guesses.check(address, now)
        context = self._context
        digest = context.vault.digest(enrolment.plain(shown) if kind is Pass.CODE else shown)
        try:
            return await context.store.run(enrolment.enrol, kind, digest, newcomer, now)
        except enrolment.NotEnrolled as error:
            self.guesses.wrong(address, now)
            raise unauthorized(str(error)) from error

    def newcomer(self, kind: Kind, joining: codec.Joining, token: str, login: str, version: str) -> Newcomer:
        """Describe a phone that joins, with secrets of its own."""
        vault = self._context.vault
        return Newcomer(
            kind=kind,
            name=joining.name or "Phone",
            token=vault.digest(token),
            signing_key=vault.seal(vault.token(32)),
            login=login,
            version=version,
            push=joining.push,
            sims=joining.sims,
        )

    def account_of(self, device: Device) -> Account | None:
        """Find whose phone it is; None for one that serves everybody."""
        return self._context.store.facts.account.get(device.account)


def read_authorization(request: HttpRequest) -> tuple[str, str]:
    """Read scheme (in small letters) and what is shown; empty where there is nothing."""
    scheme, _, shown = request.headers.get("authorization", "").strip().partition(" ")
    return scheme.lower(), shown.strip()
