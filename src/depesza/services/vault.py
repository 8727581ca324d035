"""Secrets at rest: what must come back is encrypted, what must only be recognised is hashed.

One key from the settings serves both; it is never stored. Passwords are Argon2, made in a thread by the caller.
"""

import base64
import hashlib
import hmac
import string
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_LETTERS = string.ascii_letters + string.digits
_TYPED = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class VaultError(Exception):
    """A secret cannot be read: the key in the settings is not the one it was written with."""


class Vault:
    """Encrypts, hashes and makes secrets with one key."""

    def __init__(self, key: bytes, chance: Callable[[int], bytes]) -> None:
        """`key` is any secret of the operator; `chance` gives so many random bytes."""
        self._cipher = AESGCM(hashlib.blake2b(key, digest_size=32, person=b"depesza-cipher").digest())
        self._hash_key = hashlib.blake2b(key, digest_size=32, person=b"depesza-digest").digest()
        self._chance = chance
        self._webhook_secrets: dict[int, bytes] = {}
        self._hasher = PasswordHasher()

    def seal(self, secret: str) -> bytes:
        """Encrypt a secret that must be read again."""
        nonce = self._chance(12)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """Read a secret; raises `VaultError` when the key is another."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], None).decode()
        except (InvalidTag, ValueError) as error:
            raise VaultError("the secret was sealed with another key") from error

    def digest(self, token: str) -> bytes:
        """Hash a token of high entropy so that it can be recognised."""
        return hashlib.blake2b(token.encode(), digest_size=20, key=self._hash_key).digest()

    def sign(self, text: str) -> str:
        """Sign a text of ours (an access token, a form)."""
        return hmac.new(self._hash_key, text.encode(), hashlib.sha256).hexdigest()

    def secret_for(self, purpose: str) -> bytes:
        """Give a secret of 32 octets that serves one purpose only, always the same."""
        return hashlib.blake2b(purpose.encode(), digest_size=32, key=self._hash_key, person=b"depesza-purpose").digest()

    def webhook_secret(self, account: int) -> bytes:
        """Give the secret with which an account's callbacks are signed (Standard Webhooks)."""
        found = self._webhook_secrets.get(account)
        if found is None:
            found = self._webhook_secrets[account] = self._webhook_secret(account)
        return found

    def _webhook_secret(self, account: int) -> bytes:
        return hashlib.blake2b(f"callbacks of {account}".encode(), digest_size=32, key=self._hash_key).digest()

    def webhook_secret_text(self, account: int) -> str:
        """Write that secret for the receiver: `whsec_` and its base64."""
        return "whsec_" + base64.b64encode(self.webhook_secret(account)).decode()

    def webhook_signature(self, account: int, content: bytes) -> str:
        """Sign a callback: `v1,` and the base64 of an HMAC-SHA256."""
        digest = hmac.digest(self.webhook_secret(account), content, "sha256")
        return "v1," + base64.b64encode(digest).decode()

    def octets(self, count: int) -> bytes:
        """Make random octets."""
        return self._chance(count)

    def token(self, length: int) -> str:
        """Make a random token of letters and digits."""
        found = ""
        while len(found) < length:
            found += "".join(_LETTERS[byte] for byte in self._chance(length) if byte < len(_LETTERS))
        return found[:length]

    def hex(self, octets: int) -> str:
        """Make so many random octets, in hexadecimal digits."""
        return self._chance(octets).hex()

    def code(self, length: int) -> str:
        """Make a random code that people type: five bits a character, none that looks like another."""
        return "".join(_TYPED[byte & 31] for byte in self._chance(length))

    def hash_password(self, password: str) -> str:
        """Hash a password (about 0.1 s: run it in a thread)."""
        return self._hasher.hash(password)

    def check_password(self, hashed: str, password: str) -> bool:
        """Compare a password with its hash (about 0.1 s: run it in a thread); nobody's, which is "", takes as long."""
        if not hashed:
            self._hasher.hash(password)
            return False
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
