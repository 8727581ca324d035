"""Who the client is when a reverse proxy stands before us: X-Forwarded-* from proxies that we trust, only."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from msgspec.structs import replace

from depesza.wire.http import HttpRequest


class TrustedProxies:
    """The networks whose word about the client counts."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text, strict=False) for text in networks]
        self._trusts = lru_cache(maxsize=4096)(self._in_networks)

    def __bool__(self) -> bool:
        """Tell whether there is any proxy at all."""
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        """Tell whether an address belongs to a trusted proxy; what is no address never does."""
        return self._trusts(address)

    def seen_through(self, request: HttpRequest) -> HttpRequest:
        """Give the request as the outermost trusted proxy saw it; unchanged when its peer is not trusted."""
        if not self.trusts(request.client):
            return request
        client, hops = self._client(request)
        scheme = _at_hop(request.headers, "x-forwarded-proto", hops).lower()
        host = _at_hop(request.headers, "x-forwarded-host", hops)
        return replace(
            request,
            client=client,
            scheme=scheme if scheme in ("http", "https") else request.scheme,
            headers={**request.headers, "host": host} if host else request.headers,
        )

    def _client(self, request: HttpRequest) -> tuple[str, int]:
        """Walk outwards to the first address that is not ours; count the proxies passed."""
        client = request.client
        listed = request.headers.get("x-forwarded-for", "")
        hops = [read_address(hop) for hop in listed.split(",")] if listed else []
        for passed, hop in enumerate(reversed(hops)):
            if not hop:  # `unknown`, or garbage that a client put there: beyond it nothing can be believed
                return client, passed
            client = hop
            if not self.trusts(hop):
                return client, passed
        return client, max(len(hops) - 1, 0)

    def _in_networks(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)  # a dual-stack socket shows IPv4 peers this way
        return any((mapped or found) in network for network in self._networks)


def read_address(text: str) -> str:
    """Read one hop: an address, with a port or brackets or not; empty when it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _at_hop(headers: Mapping[str, str], name: str, hops: int) -> str:
    """Pick what the proxy `hops` places out has written; proxies that overwrite leave one value for all."""
    values = [value.strip() for value in headers.get(name, "").split(",")]
    return values[-1 - hops] if hops < len(values) else values[0]
