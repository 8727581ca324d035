"""How one hop of X-Forwarded-For is read, and which addresses are trusted."""

import pytest

from depesza.net.proxies import TrustedProxies, read_address

HOPS = [
    ("9.9.9.9", "9.9.9.9"),
    (" 9.9.9.9 ", "9.9.9.9"),
    ("9.9.9.9:1234", "9.9.9.9"),
    ("2001:DB8::1", "2001:db8::1"),
    ("[2001:db8::1]", "2001:db8::1"),
    ('"[2001:db8::1]:80"', "2001:db8::1"),
    ("unknown", ""),
    ("_hidden", ""),
    ("", ""),
    ("999.1.1.1", ""),
    ("[", ""),
]


@pytest.mark.parametrize(("text", "address"), HOPS)
def test_a_hop_is_an_address_or_nothing(text: str, address: str) -> None:
    assert read_address(text) == address


TRUST = [
    ("10.1.2.3", True),
    ("::ffff:10.1.2.3", True),
    ("fd00::5", True),
    ("11.1.2.3", False),
    ("::1", False),
    ("unix:/run/x", False),
    ("", False),
]


@pytest.mark.parametrize(("address", "trusted"), TRUST)
def test_only_named_networks_are_trusted(address: str, trusted: bool) -> None:
    assert TrustedProxies(["10.0.0.0/8", "fd00::/64"]).trusts(address) is trusted


def test_no_networks_mean_no_proxies() -> None:
    assert not TrustedProxies([])


def test_a_network_that_is_none_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        TrustedProxies(["proxy.example"])
