"""Who calls: from a request's headers to a `Caller`, or a refusal. spec: ovh/1.3 ovh/1.6 ovh/1.7

What a consumer key means is worked out once for each picture of the facts, and kept; so a signed request costs one
look-up and one hash.
"""

from collections.abc import Sequence

from msgspec import Struct

from depesza.core.facts import Application, Facts
from depesza.core.quota import ip_allowed
from depesza.dialects.ovh import errors, oauth, signature
from depesza.dialects.ovh.access import Rules
from depesza.dialects.ovh.call import ANONYMOUS, Caller
from depesza.services.vault import Vault
from depesza.wire.http import HttpRequest

MICRO = 1_000_000


class _Signer(Struct, frozen=True):
    """A consumer key that is known."""

    application: str
    """Key of the application it belongs to."""
    keys: bytes
    caller: Caller
    valid: bool
    """It was validated and not taken back."""
    expires: int
    allowed_ips: tuple[str, ...]


class Keyring:
    """Authenticates requests with the keys in the facts."""

    def __init__(self, vault: Vault, bases: Sequence[str], window: int) -> None:
        """`bases` are our public addresses, `window` the seconds that a clock may be off."""
        self._vault = vault
        self._bases = tuple(bases)
        self._window = window
        self._facts: Facts | None = None
        self._signers: dict[str, _Signer] = {}
        self._clients: dict[str, Caller] = {}
        self.last_use: dict[int, int] = {}
        """When each credential was used last, in microseconds; kept while this process lives."""

    def caller(self, request: HttpRequest, facts: Facts, now: int) -> Caller:
        """Authenticate a request; raises `OvhError`."""
        if facts is not self._facts:
            self._signers, self._clients, self._facts = {}, {}, facts
        headers = request.headers
        consumer_key = headers.get("x-ovh-consumer")
        if not consumer_key:
            authorization = headers.get("authorization", "")
            if authorization[:7].lower() == "bearer ":
                return self._bearer(authorization[7:].strip(), facts, now)
            self.application(request, facts)
            raise errors.not_credential()
        application_key = headers.get("x-ovh-application", "")
        signer = self._signers.get(consumer_key)
        if signer is None or signer.application != application_key:
            signer = self._meet(request, facts, application_key, consumer_key)
        self._check_signature(request, signer.keys, now)
        return self._admit(request, signer, now)

    def application(self, request: HttpRequest, facts: Facts) -> Application:
        """Find the application that a request names; raises `OvhError`."""
        found = facts.application_keyed.get(request.headers.get("x-ovh-application", ""))
        if found is None or not found.enabled or found.kind != "signed":
            raise errors.invalid_key()
        return found

    def _check_signature(self, request: HttpRequest, keys: bytes, now: int) -> None:
        headers = request.headers
        timestamp = headers.get("x-ovh-timestamp", "")
        given, host = headers.get("x-ovh-signature", ""), headers.get("host", "")
        method, body = request.method, request.body
        usual = f"{request.scheme}://{host}{request.target}"
        if not signature.fits(given, keys, method, (usual,), body, timestamp):
            others = signature.spellings(request.scheme, host, request.target, self._bases)
            if not signature.fits(given, keys, method, others, body, timestamp):
                raise errors.invalid_signature()
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
            raise errors.query_time_out()
        if abs(int(timestamp) - now // MICRO) > self._window:
            raise errors.query_time_out()

    def _admit(self, request: HttpRequest, signer: _Signer, now: int) -> Caller:
        if not signer.valid or (signer.expires and now >= signer.expires):
            raise errors.invalid_credential()
        if not ip_allowed(request.client, signer.allowed_ips):
            raise errors.forbidden("This credential may not be used from this address")
        self.last_use[signer.caller.credential] = now
        return signer.caller

    def _meet(self, request: HttpRequest, facts: Facts, application_key: str, consumer_key: str) -> _Signer:
        """Look a key up by its hash; one that is unknown can still be told that its signature is wrong."""
        application = self.application(request, facts)
        keys = signature.keys_of(self._vault.unseal(application.secret), consumer_key)
        row = facts.credential_digested.get(self._vault.digest(consumer_key))
        if row is None or row.application != application.id:
            return _Signer(application_key, keys, ANONYMOUS, False, 0, ())
        signer = _Signer(
            application_key,
            keys,
            Caller(row.owner, application.id, row.id, Rules(row.rules)),
            row.status == "validated" and row.owner in facts.owner,
            row.expires,
            row.allowed_ips,
        )
        self._signers[consumer_key] = signer
        return signer

    def _bearer(self, token: str, facts: Facts, now: int) -> Caller:
        client = oauth.read_token(self._vault, facts, token, now // MICRO)
        if client is None or client.owner not in facts.owner:
            raise errors.invalid_credential()
        caller = self._clients.get(client.key)
        if caller is None:
            caller = self._clients[client.key] = Caller(client.owner, client.id, 0, Rules(client.rules))
        return caller
