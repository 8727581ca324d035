"""Signatures of what the app tells us, and the secret addresses to which it tells it. spec: devices/2.3"""

import hmac

from depesza.services.vault import Vault


def address_secret(vault: Vault, device: int, sealed: bytes) -> str:
    """Give the last part of the address to which a phone tells its news; it changes with its (sealed) signing key."""
    return vault.sign(f"phone {device} calls {sealed.hex()}")[:32]


def sign(key: str, body: bytes, timestamp: str) -> str:
    """Sign as the app does: hex HMAC-SHA256 of the body and the timestamp's text behind it."""
    return hmac.new(key.encode(), body + timestamp.encode(), "sha256").hexdigest()


def is_signed(key: str, body: bytes, timestamp: str, signature: str) -> bool:
    """Compare a signature in constant time."""
    return hmac.compare_digest(sign(key, body, timestamp).encode(), signature.strip().lower().encode())
