"""JSON Web Tokens signed with HS256 (rfc 7519, rfc 7515): claims to text and back, no clock and no other algorithm."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from depesza.wire import Malformed

LONGEST = 4096
"""Characters of a token that is worth reading."""
_HEAD = {"alg": "HS256", "typ": "JWT"}


def write(claims: Mapping[str, Any], secret: bytes) -> str:
    """Write and sign a token."""
    signed = f"{_text(msgspec.json.encode(_HEAD))}.{_text(msgspec.json.encode(claims))}"
    return f"{signed}.{_text(_signature(signed, secret))}"


def read(token: str, secret: bytes) -> dict[str, Any]:
    """Read the claims of a token whose signature is right; raises `Malformed`."""
    if len(token) > LONGEST or not token.isascii():
        raise Malformed("no token of ours")
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature, _text(_signature(signed, secret))):
        raise Malformed("the signature is wrong")
    head, _, body = signed.partition(".")
    # what we signed says HS256, but a secret that others sign with too may be set one day
    if _object(head).get("alg") != "HS256":
        raise Malformed("the algorithm is not HS256")
    return _object(body)


def _signature(signed: str, secret: bytes) -> bytes:
    return hmac.digest(secret, signed.encode(), "sha256")


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _object(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError) as error:
        raise Malformed("not a JSON object") from error
