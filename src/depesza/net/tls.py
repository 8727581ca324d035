"""TLS contexts: one place for what we accept and what we present, on both sides of a connection."""

import hashlib
import hmac
import os
import ssl
from dataclasses import dataclass

from depesza.net import NetError


class PinMismatch(NetError):
    """The peer's certificate is not the pinned one."""


def server_context(certfile: str, keyfile: str | None = None, *, client_ca: str | None = None) -> ssl.SSLContext:
    """Make the context of a listener; with `client_ca`, peers must show a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certfile, keyfile)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class Certificates:
    """A listener's certificate, presented anew when its files have changed; connections that are open keep theirs."""

    def __init__(self, certfile: str, keyfile: str | None = None) -> None:
        """Read them; OSError or SSLError when they can't be used. Without `keyfile` the key stands in `certfile`."""
        self._files = certfile, keyfile or certfile
        self._seen = self._stamp()
        self._newest = self.context = server_context(*self._files)
        # the one moment of a handshake at which a context can be replaced; it comes without a name too
        self.context.sni_callback = self._present

    def refresh(self, *, force: bool = False) -> bool:
        """Read them anew where they have changed, and tell; raises as above, the ones before stay in use then.

        Files that could not be used are not read again until they change, unless `force` says so.
        """
        stamp = self._stamp()
        if stamp == self._seen and not force:
            return False
        self._seen = stamp
        self._newest = server_context(*self._files)
        return True

    def _present(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def _stamp(self) -> list[tuple[int, int, int]]:
        stats = map(os.stat, self._files)
        return [(found.st_mtime_ns, found.st_size, found.st_ino) for found in stats]


def client_context(
    *,
    ca_file: str | None = None,
    certfile: str | None = None,
    keyfile: str | None = None,
    verify: bool = True,
) -> ssl.SSLContext:
    """Make the context of a client: system authorities plus `ca_file`, optionally our own certificate.

    `verify=False` is for pinned peers only: the pin then takes the place of authority and host name.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    if certfile is not None:
        context.load_cert_chain(certfile, keyfile)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Pin:
    """The SHA-256 fingerprint of the only certificate we accept from a peer."""

    digest: bytes

    @classmethod
    def parse(cls, text: str) -> "Pin":
        """Read a fingerprint in hex, with or without colons; ValueError when it is not 32 octets."""
        digest = bytes.fromhex(text.replace(":", "").strip())
        if len(digest) != 32:
            raise ValueError("a fingerprint is 32 octets (SHA-256) in hex")
        return cls(digest)

    def check(self, certificate: bytes | None) -> None:
        """Compare a peer's certificate (DER) with the pin; PinMismatch when it is another or missing."""
        found = hashlib.sha256(certificate or b"").digest()
        if not certificate or not hmac.compare_digest(found, self.digest):
            raise PinMismatch("the peer's certificate is not the pinned one")
