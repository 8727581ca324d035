"""Where we may not be sent: the guard before every URL that a client gave us.

A URL is read strictly (what two parsers could read differently is refused), its host is resolved once, each
address is judged, and only judged addresses are connected to: a name that changes its mind afterwards
(DNS rebinding) changes nothing. Each hop of a redirect is judged again by the same rules.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import idna
from msgspec import Struct

from depesza.net import Forbidden

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]

CLOSED = [
    ip_network(text)
    for text in (
        # iana-ipv4-special-registry, and multicast
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        # iana-ipv6-special-registry inside 2000::/3: Teredo, ORCHID, benchmarks, documentation, 6to4
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip
OPEN_IPV6 = ip_network("2000::/3")
"""The only unicast space given out; all else (loopback, mapped, NAT64, local, multicast) is closed."""

METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23",
        "100.100.100.200", "168.63.129.16", "192.0.0.192",
    )
)  # fmt: skip
"""Where clouds hand out their keys: opened only by naming the address itself, never by a wider network."""

URL = re.compile(r"(https?)://([^/?#\\@:\[\]]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?=[/?#]|$)", re.IGNORECASE)
BAD_OCTETS = re.compile(r"[\x00-\x20\x7f\\]")
NUMERIC_HOST = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?", re.IGNORECASE)
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?")


class Target(Struct, frozen=True, gc=False):
    """A URL that was read and may be called, as far as its letters go."""

    scheme: str
    host: str
    """Lower case; an IDN in its ASCII form, an IPv6 address without brackets."""
    port: int
    rest: str
    """Path and query as given, without the fragment; begins with a slash."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be equal for two URLs to share secrets."""
        return self.scheme, self.host, self.port


class Guard:
    """The rules of one installation."""

    def __init__(
        self,
        *,
        allowed_networks: Iterable[str] = (),
        allowed_hosts: Iterable[str] = (),
        ports: Collection[int] | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Open what is closed by default: networks, and hosts by name (whatever they resolve to).

        `ports` limits the ports that may be called, None means any.
        `resolve` stands in for the system's resolver.
        """
        self._networks = [ip_network(text, strict=False) for text in allowed_networks]
        self._hosts = frozenset(host.lower().rstrip(".") for host in allowed_hosts)
        self._ports = frozenset(ports) if ports is not None else None
        self._resolve = resolve or system_addresses
        self._why_host = lru_cache(maxsize=8192)(self._judge_host)
        self._why_address = lru_cache(maxsize=8192)(self._judge_address)

    def check_url(self, url: str) -> Target:
        """Read a URL and judge it as far as that goes without a resolver; Forbidden when it is refused."""
        target = read_url(url)
        if self._ports is not None and target.port not in self._ports:
            raise Forbidden(f"port {target.port} is not allowed")
        why = self._why_host(target.host)
        if why:
            raise Forbidden(why)
        return target

    def check_address(self, address: str, host: str = "") -> None:
        """Judge an address that is about to be connected to for `host`; Forbidden when it is refused."""
        why = self._why_address(address, host.lower().rstrip(".") in self._hosts)
        if why:
            raise Forbidden(why)

    async def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a host and keep the addresses we may connect to.

        Forbidden when all are refused, OSError when there are none.
        """
        allowed: list[str] = []
        why = ""
        for address in await self._resolve(host, port):
            try:
                self.check_address(address, host)
            except Forbidden as error:
                why = str(error)
            else:
                allowed.append(address)
        if not allowed and why:
            raise Forbidden(why)
        return allowed

    def _judge_host(self, host: str) -> str:
        address = literal(host)
        if address is not None:
            return self._why_address(host, host in self._hosts)
        if NUMERIC_HOST.fullmatch(host):  # 2130706433, 0x7f.1, 0177.0.0.1: what for, if not to get past us?
            return f"{host} is an address in disguise"
        return ""

    def _judge_address(self, text: str, host_is_open: bool) -> str:
        address = literal(text.partition("%")[0])
        if address is None:
            return f"{text} is not an address"
        inner = embedded(address)
        known = [network for network in self._networks if address in network or (inner and inner in network)]
        if address in METADATA or inner in METADATA:
            exact = any(network.num_addresses == 1 for network in known)
            return "" if exact else f"{text} is a metadata service"
        if known or host_is_open or is_open(address):
            return ""
        return f"{text} is not a public address"


def read_url(url: str) -> Target:
    """Read an absolute http or https URL strictly; Forbidden when it is none or could be read in two ways."""
    if BAD_OCTETS.search(url):
        raise Forbidden("the URL holds spaces, backslashes or control characters")
    found = URL.match(url)
    if found is None:
        raise Forbidden(_why_unreadable(url))
    scheme, host, port = found.groups()
    number = int(port) if port else (443 if len(scheme) == 5 else 80)
    if not 0 < number < 65536:
        raise Forbidden(f"{port} is not a port")
    rest = url[found.end() :].partition("#")[0]
    if rest[:1] != "/":
        rest = "/" + rest
    return Target(scheme.lower(), _ascii_host(host), number, rest)


def _why_unreadable(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return "only http and https URLs may be called"
    if "@" in re.split(r"[/?#]", rest, maxsplit=1)[0]:
        return "the URL holds a user name or password"
    return "the URL has no readable host"


def _ascii_host(host: str) -> str:
    """Bring a host to the form that is looked up: lower case, IDN mapped (full-width digits become plain)."""
    if host.startswith("["):
        host = host[1:-1]
        if not isinstance(literal(host), IPv6Address):
            raise Forbidden(f"{host} is not an address")
        return host.lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise Forbidden(f"{host} is not a host name") from None
    host = host.lower()
    if not HOST_NAME.fullmatch(host):
        raise Forbidden(f"{host} is not a host name")
    return host


def literal(text: str) -> Address | None:
    """Read an address in its usual form; None for names and for anything unusual."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def embedded(address: Address) -> IPv4Address | None:
    """Find the IPv4 address that an IPv6 address carries: mapped, compatible, NAT64, 6to4 or Teredo."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


_NAT64 = ip_network("64:ff9b::/96")  # rfc 6052 2.1
_COMPATIBLE = ip_network("::/96")  # rfc 4291 2.5.5.1


def is_open(address: Address) -> bool:
    """Tell whether an address is plain public unicast."""
    if isinstance(address, IPv6Address) and address not in OPEN_IPV6:
        return False
    return not any(address in network for network in CLOSED)


async def system_addresses(host: str, port: int) -> list[str]:
    """Resolve a name by the system; OSError (gaierror) when it is unknown."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
