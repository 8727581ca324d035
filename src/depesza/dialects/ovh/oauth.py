"""OAuth2 client credentials: signed tokens that need no row of their own. spec: ovh/1.7

A token names its client and its end, and is signed with the settings' key over both and over the client's sealed
secret: so a new secret, or a client that is gone, ends its tokens too.
"""

from base64 import b64decode
from hmac import compare_digest
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from depesza.core.facts import Application, Facts
from depesza.services.vault import Vault
from depesza.wire.http import HttpReply, HttpRequest

LIFE = 3600
"""Seconds that a token lives."""


def make_token(vault: Vault, client: Application, seconds: int) -> str:
    """Make a token for a client."""
    end = seconds + LIFE
    return f"{client.key}.{end}.{_signature(vault, client, end)}"


def read_token(vault: Vault, facts: Facts, token: str, seconds: int) -> Application | None:
    """Find the client of a token; None when the token is not ours or has ended."""
    key, _, rest = token.partition(".")
    end, _, given = rest.partition(".")
    client = _client(facts, key)
    if client is None or not (end.isascii() and end.isdigit() and len(end) < 12):
        return None
    right = compare_digest(given.encode(), _signature(vault, client, int(end)).encode())
    return client if right and seconds < int(end) else None


def _client(facts: Facts, key: str) -> Application | None:
    found = facts.application_keyed.get(key)
    return found if found is not None and found.enabled and found.kind == "oauth2" else None


def _signature(vault: Vault, client: Application, end: int) -> str:
    return vault.sign(f"oauth2 {client.key} {end} {client.secret.hex()}")


def answer(request: HttpRequest, vault: Vault, facts: Facts, seconds: int) -> HttpReply:
    """Answer the token endpoint, in OAuth2's own words."""
    if request.method != "POST":
        return _refusal("invalid_request", "use POST", 405)
    form = dict(parse_qsl(request.body.decode("latin-1"), max_num_fields=50))
    id, secret = _read_client(request, form)
    if form.get("grant_type", "client_credentials") != "client_credentials":
        return _refusal("unsupported_grant_type", "only client_credentials is supported")
    client = _client(facts, id)
    if client is None:
        return _refusal("invalid_client", "ovhcloud oauth2 client does not exists")
    if not compare_digest(vault.unseal(client.secret).encode(), secret.encode()):
        return _refusal("invalid_client", "invalid client secret")
    token = make_token(vault, client, seconds)
    scope = form.get("scope", "all")
    return _reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": LIFE - 1, "scope": scope})


def _read_client(request: HttpRequest, form: dict[str, str]) -> tuple[str, str]:
    """Read id and secret from HTTP Basic, else from the form."""
    authorization = request.headers.get("authorization", "")
    if authorization[:6].lower() == "basic ":
        try:
            id, _, secret = b64decode(authorization[6:], validate=True).decode().partition(":")
        except ValueError:
            return "", ""
        return unquote_plus(id), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _refusal(error: str, text: str, status: int = 400) -> HttpReply:
    return _reply(status, {"error": error, "error_description": text})


def _reply(status: int, value: dict[str, object]) -> HttpReply:
    headers = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
    return HttpReply(status, msgspec.json.encode(value), headers=headers)
