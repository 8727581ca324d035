"""Who pays and who may: the wallet behind a user, the addresses it may call from, the rate a carrier allows.

spec: ovh/4.1 (a user with a quota spends its own wallet), ovh/4.7 (address restrictions).
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from depesza.core.facts import Account, Facts, User
from depesza.core.model import MICRO

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def payer(account: Account, user: User | None) -> int:
    """Tell which wallet pays: the user's own when it has a quota, else the account's, or that above it."""
    return user.id if user is not None and user.quota else account.payer or account.id


def limit(account: Account, user: User | None, facts: Facts) -> int:
    """Tell how far below zero that wallet may go, in micro-units: a quota never does."""
    if user is not None and user.quota:
        return 0
    payer = facts.account.get(account.payer, account) if account.payer else account
    return payer.credit_limit


def runs_low(user: User, before: int, after: int) -> bool:
    """Tell whether a charge took a user's own credits to the threshold of its alert. spec: ovh/4.7"""
    return before > user.alert_threshold * MICRO >= after


def read_network(text: str) -> Network:
    """Read an address or a network in CIDR form, IPv4-mapped ones as IPv4; raises ValueError."""
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - 96))
    return network


def ip_allowed(ip: str, restrictions: Sequence[str]) -> bool:
    """Tell whether an address fits a list of addresses and networks; an empty list fits all.

    A line of the list that cannot be read fits nobody, so a mistake never opens a door.
    """
    if not restrictions:
        return True
    try:
        address = _address(ip)
    except ValueError:
        return False
    return any(address in network for network in _networks(tuple(restrictions)))


def _address(text: str) -> Address:
    """Read an address without its zone (`%eth0`), a mapped one as IPv4."""
    address = ip_address(text.strip().partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=1024)
def _networks(restrictions: tuple[str, ...]) -> tuple[Network, ...]:
    found: list[Network] = []
    for text in restrictions:
        try:
            found.append(read_network(text))
        except ValueError:
            continue
    return tuple(found)


class Bucket:
    """A carrier's rate, kept so that no second ever holds more and nearly all of it is used.

    A plain bucket lets `burst + rate` go within a second. This one refills so much slower that both together
    make `rate`: at most `rate` leave in any stretch of one second and `JITTER`, the time by which the network
    may press them together. The default burst is 3 % of the rate, so 96 % and more can be used.
    """

    JITTER = 10_000
    """Microseconds."""
    __slots__ = ("_full", "_gap", "_until", "burst", "rate")

    def __init__(self, rate: float, burst: int = 0) -> None:
        """`rate` is in parts a second, perhaps below one; a `burst` of 0 chooses; raises ValueError."""
        if rate <= 0:
            raise ValueError("a rate is above zero")
        self.rate = rate
        self.burst = burst or 1 + int(rate * 0.03)
        """How many may leave at once after a pause."""
        if not 1 <= self.burst <= max(1, rate):
            raise ValueError("a burst is between one and the rate")
        second = 1_000_000 + self.JITTER
        # one microsecond more than an even share: the first and last of a second do not share it
        self._gap = int(second / rate) + 1 if rate < 1 else second // (int(rate) - self.burst + 1) + 1
        self._full = self.burst * self._gap
        self._until = 0

    def free(self, now: int) -> int:
        """Tell how many may leave now."""
        return (self._full - max(0, self._until - now)) // self._gap

    def take(self, n: int, now: int) -> int:
        """Take `n` and give 0, or take none and give the microseconds until they are free.

        Times are microseconds of any steady clock. Raises ValueError for more than `burst` at once.
        """
        if n > self.burst:
            raise ValueError(f"{n} at once where {self.burst} are allowed")
        until = max(self._until, now) + n * self._gap
        wait = until - now - self._full
        if wait > 0:
            return wait
        self._until = until
        return 0
