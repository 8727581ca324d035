"""Signatures of mails by the domain that sends them (DKIM): relaxed on both sides, RSA or Ed25519. RFC 6376, RFC 8463

Only signing is here, for mails that we wrote ourselves; who receives them verifies.
"""

import re
from base64 import b64encode
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

from depesza.wire import Malformed

SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"auto-submitted", b"list-unsubscribe",
)  # fmt: skip
"""Headers that are signed where they are there."""
SHORTEST = 1024
"""Bits of an RSA key that verifiers accept (RFC 8301 3.2)."""

_BLANKS = re.compile(rb"[ \t]+")
_BLANKS_BEFORE_END = re.compile(rb"[ \t]+(?=\r\n)")


class BadKey(Malformed):
    """A key that cannot sign."""


class Signer(Struct, frozen=True):
    """A domain's key."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    def sign(self, mail: bytes, at: int) -> bytes:
        """Put a signature in front of a mail whose lines end in CRLF; `at` is in seconds since 1970."""
        head, _, body = mail.partition(b"\r\n\r\n")
        headers = _headers(head + b"\r\n")
        names = [name for name in SIGNED if name in headers]
        digest = b64encode(sha256(_relaxed_body(body)).digest())
        begun = b"v=1; a=%s-sha256; c=relaxed/relaxed; d=%s; s=%s; t=%d;\r\n h=%s;\r\n bh=%s;\r\n b=" % (
            b"rsa" if isinstance(self.key, RSAPrivateKey) else b"ed25519",
            self.domain.encode(),
            self.selector.encode(),
            at,
            b":".join(names),
            digest,
        )
        signed = b"".join([_relaxed(name, headers[name]) for name in names])
        signed += _relaxed(b"dkim-signature", begun).removesuffix(b"\r\n")
        return b"DKIM-Signature: " + begun + _folded(b64encode(self._sign(signed))) + b"\r\n" + mail

    def _sign(self, octets: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(octets, PKCS1v15(), SHA256())
        return self.key.sign(sha256(octets).digest())


def signer(domain: str, selector: str, pem: bytes) -> Signer:
    """Read a domain's private key (PEM, without password); raises `BadKey`."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(f"no private key in PEM without a password: {error}") from error
    if isinstance(key, RSAPrivateKey) and key.key_size < SHORTEST:
        raise BadKey(f"an RSA key of {key.key_size} bits; {SHORTEST} are the least, 2048 are usual")
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadKey("the key must be RSA or Ed25519")
    return Signer(domain, selector, key)


def _headers(head: bytes) -> dict[bytes, bytes]:
    """Read the headers by their lower-case names; each of ours is there once."""
    found: dict[bytes, bytes] = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        found[name.strip().lower()] = value
    return found


def _relaxed(name: bytes, value: bytes) -> bytes:
    """Write a header in its canonical form (3.4.2)."""
    return name + b":" + _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip() + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    """Write a body in its canonical form (3.4.4)."""
    lines = _BLANKS.sub(b" ", _BLANKS_BEFORE_END.sub(b"", body if body.endswith(b"\r\n") else body + b"\r\n"))
    kept = lines.rstrip(b"\r\n")
    return kept + b"\r\n" if kept else b""


def _folded(text: bytes) -> bytes:
    return b"\r\n ".join([text[start : start + 72] for start in range(0, len(text), 72)])
