"""Signatures of callbacks: a receiver can tell that a call is ours, whole, and new.

Ours covers method, address and body. Beside it a POST carries the one of Standard Webhooks, whose libraries check
the body only; a GET has none of that kind: its news stands in the query, which they would not look at.
"""

import re
from urllib.parse import quote

from msgspec.structs import replace

from depesza.core.model import Notice
from depesza.services.vault import Vault
from depesza.wire.http import HttpCall

SIGNATURE = "x-depesza-signature"
_PLAIN = re.compile(r"https?://[^/?#]+/[!\"$-~]*")
"""An address that reaches its receiver letter by letter."""
_ASCII = "".join(map(chr, range(33, 127)))


def signed(vault: Vault, notice: Notice, call: HttpCall, now: int) -> HttpCall:
    """Add the headers that name and sign one try of a notice; the vendors' own receivers ignore them."""
    seconds = str(now // 1_000_000)
    head = f"{notice.id}.{seconds}."
    whole = f"{head}{call.method} {as_received(call.url)}\n".encode() + call.body
    extra = [
        ("webhook-id", str(notice.id)),
        ("webhook-timestamp", seconds),
        (SIGNATURE, vault.webhook_signature(notice.account, whole)),
    ]
    if call.method != "GET":
        standard = vault.webhook_signature(notice.account, head.encode() + call.body)
        extra.append(("webhook-signature", standard))
    return replace(call, headers=(*call.headers, *extra))


def as_received(url: str) -> str:
    """Write an address as its receiver finds it: host as set, a path at least, no fragment, escaped beyond ASCII."""
    if _PLAIN.fullmatch(url):
        return url
    scheme, _, rest = url.partition("#")[0].partition("://")
    host = re.split(r"[/?]", rest, maxsplit=1)[0]
    target = rest[len(host) :]
    return f"{scheme}://{host}" + quote(target if target[:1] == "/" else "/" + target, safe=_ASCII)
