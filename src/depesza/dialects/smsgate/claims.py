"""What a token says: whose it is, what it allows, until when. Signed JSON (HS256), as SMSGate's. spec: devices/9"""

import msgspec
from msgspec import Struct

from depesza.core.facts import User
from depesza.core.model import MICRO
from depesza.services.vault import Vault
from depesza.wire import Malformed, jwt

ISSUER = "depesza"
PURPOSE = "tokens of smsgate"
ALL = "all:any"
"""The scope that holds all others."""
REFRESH = "tokens:refresh"
"""The only scope of a token that is good for a new pair and nothing else."""
SCOPES = (
    "messages:send", "messages:read", "messages:list", "messages:cancel", "messages:export",
    "devices:list", "devices:delete", "webhooks:list", "webhooks:write", "webhooks:delete",
    "settings:read", "settings:write", "inbox:list", "inbox:read", "inbox:refresh", "logs:read", "tokens:manage",
)  # fmt: skip
"""What a token may allow."""


class Claims(Struct, frozen=True):
    """The claims of a token, by their names in it; times are seconds."""

    jti: str
    sub: str
    """The user's id."""
    iat: int
    exp: int
    scopes: tuple[str, ...]
    key: str
    """Print of the user's password: a new password ends all tokens."""
    iss: str = ISSUER
    grants: tuple[str, ...] = ()
    """Of a token to refresh with: the scopes of the pair that it is good for."""

    def allow(self, scope: str) -> bool:
        """Tell whether a scope is among these."""
        return scope in self.scopes or (ALL in self.scopes and scope != REFRESH)


def key_of(vault: Vault, user: User) -> str:
    """Print a user's password."""
    return vault.digest(f"tokens {user.id} {user.password}").hex()[:16]


def write(vault: Vault, claims: Claims) -> str:
    """Write a token."""
    return jwt.write(msgspec.structs.asdict(claims), vault.secret_for(PURPOSE))


def read(vault: Vault, token: str, now: int) -> Claims:
    """Read a token that is ours and has not ended; raises `Malformed`."""
    try:
        claims = msgspec.convert(jwt.read(token, vault.secret_for(PURPOSE)), Claims)
    except msgspec.ValidationError as error:
        raise Malformed("no token of ours") from error
    if claims.iss != ISSUER or claims.exp * MICRO <= now:
        raise Malformed("the token has ended")
    return claims
