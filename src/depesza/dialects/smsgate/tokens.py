"""Tokens: made with a login and password, or with a token that may make others; renewed, revoked. spec: devices/9

A token allows no more than what it was made with, so handing one on is safe.
"""

from typing import Annotated

from msgspec import Meta, Struct

from depesza.core.model import MICRO
from depesza.dialects.smsgate import claims, dates, errors
from depesza.dialects.smsgate.call import NOTHING, Call, answer
from depesza.dialects.smsgate.claims import ALL, REFRESH, SCOPES, Claims
from depesza.services import access_tokens
from depesza.services.access_tokens import Token
from depesza.wire.http import HttpReply

LONGEST = 24 * 3600
"""Seconds that a token lasts at most, and unless its maker says otherwise."""
REFRESHABLE = 30 * 24 * 3600
"""Seconds within which a pair can be renewed."""


class TokenBody(Struct):
    """What a token shall allow."""

    scopes: Annotated[list[str], Meta(min_length=1, max_length=64)]
    ttl: Annotated[int, Meta(ge=0)] | None = None
    """Seconds; 0 for the longest."""


async def generate(call: Call) -> HttpReply:
    """POST /auth/token"""
    body = call.body(TokenBody)
    scopes = tuple(dict.fromkeys(body.scopes))
    for scope in scopes:
        if scope != ALL and scope not in SCOPES:
            raise errors.invalid("scopes", f"there is no scope {scope[:50]!r}")
        if call.token is not None and not call.token.allow(scope):
            raise errors.forbidden(f"This token may not give the scope {scope}")
    return await _pair(call, scopes, min(body.ttl or LONGEST, LONGEST))


async def refresh(call: Call) -> HttpReply:
    """POST /auth/token/refresh, with the token that is good for it; the old pair ends"""
    if call.token is None:
        raise errors.forbidden("Only a refresh token can do this")
    return await _pair(call, call.token.grants, LONGEST, instead=call.token.jti)


async def revoke(call: Call) -> HttpReply:
    """DELETE /auth/token/{jti}"""
    if not await call.run(access_tokens.revoke, call.user.id, call.params["jti"]):
        raise errors.not_found("Token")
    return NOTHING


async def _pair(call: Call, scopes: tuple[str, ...], life: int, instead: str = "") -> HttpReply:
    vault, now = call.context.vault, call.now // MICRO
    subject, key = str(call.user.id), claims.key_of(vault, call.user)
    first, second = vault.token(21), vault.token(21)
    access = Claims(first, subject, now, now + life, scopes, key)
    renewal = Claims(second, subject, now, now + REFRESHABLE, (REFRESH,), key, grants=scopes)
    rows = (
        Token(first, call.user.id, access.exp * MICRO, second),
        Token(second, call.user.id, renewal.exp * MICRO, first),
    )
    if not await call.run(access_tokens.give, rows, instead):
        raise errors.unauthorized("The token was revoked")
    shown = {
        "accessToken": claims.write(vault, access),
        "refreshToken": claims.write(vault, renewal),
        "tokenType": "Bearer",
        "expiresAt": dates.write(access.exp * MICRO),
    }
    # the vendor's server writes one spelling, its python client reads the other
    both = shown | {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): shown[name] for name in shown}
    return answer({"id": first} | both, 201)
