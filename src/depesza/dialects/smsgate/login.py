"""Who calls: a user of an account, by login and password or by a token that it made. spec: devices/9

A login is that of a user where only one account has such a user, and `account/login` everywhere.
"""

import base64
import binascii

from depesza.core import quota
from depesza.core.facts import Facts, User
from depesza.dialects.contract import Context
from depesza.dialects.doors import Attempt, Door, Locked, find_user
from depesza.dialects.smsgate import claims, errors
from depesza.dialects.smsgate.claims import Claims
from depesza.services import access_tokens
from depesza.wire import Malformed
from depesza.wire.http import HttpRequest


class Gate:
    """Lets users in."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._door = Door(context.vault)

    async def caller(self, request: HttpRequest, facts: Facts, now: int) -> tuple[User, Claims | None]:
        """Find who calls, and with which token; raises 401 or 403."""
        kind, _, shown = request.headers.get("authorization", "").strip().partition(" ")
        token: Claims | None = None
        if kind.lower() == "bearer":
            user, token = await self._bearer(facts, shown.strip(), now)
        elif kind.lower() == "basic":
            user = await self._basic(facts, shown.strip(), request.client, now)
        else:
            raise errors.unauthorized("Sign in with login and password, or with a token")
        if not quota.ip_allowed(request.client, user.ip_restrictions):
            raise errors.forbidden("This user may not call from this address")
        return user, token

    async def _basic(self, facts: Facts, shown: str, address: str, now: int) -> User:
        login, password = read_basic(shown)
        user = find_user(facts, login)
        name = f"{user.account}/{user.login}" if user is not None else login
        hashed = user.password if user is not None else ""
        try:
            right = await self._door.admits(Attempt(name, hashed, password, address, now))
        except Locked as error:
            raise errors.unauthorized("Too many wrong passwords, please wait") from error
        if not right or user is None:
            raise errors.unauthorized()
        return user

    async def _bearer(self, facts: Facts, shown: str, now: int) -> tuple[User, Claims]:
        vault = self._context.vault
        try:
            token = claims.read(vault, shown, now)
        except Malformed as error:
            raise errors.unauthorized("Invalid token") from error
        user = facts.user.get(int(token.sub)) if token.sub.isdigit() else None
        if user is None or token.key != claims.key_of(vault, user):
            raise errors.unauthorized("Invalid token")
        if not await self._context.store.look(access_tokens.counts, user.id, token.jti):
            raise errors.unauthorized("The token was revoked")
        return user, token


def read_basic(shown: str) -> tuple[str, str]:
    """Read login and password; raises 401."""
    try:
        text = base64.b64decode(shown, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise errors.unauthorized() from error
    login, colon, password = text.partition(":")
    if not colon:
        raise errors.unauthorized()
    return login, password
