"""The signature of a request, and the spellings of its address that clients may have signed. spec: ovh/1.3

Pure: secrets, addresses and bodies come in as values.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha1
from hmac import compare_digest

OFFICIAL = (
    "https://eu.api.ovh.com",
    "https://api.ovh.com",
    "https://ca.api.ovh.com",
    "https://api.us.ovhcloud.com",
    "https://www.ovh.com",
)
"""What clients sign that reach us through DNS or a proxy."""


def sign(keys: bytes, method: str, url: str, body: bytes, timestamp: str) -> str:
    """Sign a request; `keys` is application secret and consumer key as `keys_of` joins them."""
    head = f"{method}+{url}+".encode()
    return "$1$" + sha1(b"".join((keys, head, body, b"+", timestamp.encode()))).hexdigest()


def keys_of(secret: str, consumer_key: str) -> bytes:
    """Join both secrets as they begin the signed text."""
    return f"{secret}+{consumer_key}+".encode()


def spellings(scheme: str, host: str, target: str, bases: Iterable[str]) -> Iterator[str]:
    """List the addresses that a client may have signed, likeliest first; `host` is the Host header."""
    if host:
        other = "http" if scheme == "https" else "https"
        yield f"{scheme}://{host}{target}"
        yield f"{other}://{host}{target}"
        yield from _other_ports(host, target)
    for base in (*bases, *OFFICIAL):
        yield base + target


def _other_ports(host: str, target: str) -> Iterator[str]:
    """Without the port (npm clients), or with the one that Host leaves out."""
    bare, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        yield f"https://{bare}{target}"
        yield f"http://{bare}{target}"
    else:
        yield f"https://{host}:443{target}"
        yield f"http://{host}:80{target}"


def fits(given: str, keys: bytes, method: str, urls: Iterable[str], body: bytes, timestamp: str) -> bool:
    """Tell whether a signature fits one of the spellings, comparing in constant time."""
    claimed = given.strip().encode()
    return any(compare_digest(claimed, sign(keys, method, url, body, timestamp).encode()) for url in urls)
