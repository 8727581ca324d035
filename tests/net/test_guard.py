"""The guard: what is refused, by letters and by address, and what can be opened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depesza.net import Forbidden
from depesza.net.guard import Guard, read_url

READABLE = [
    ("http://example.com", ("http", "example.com", 80, "/")),
    ("HTTPS://Example.COM/A?b=%20#c", ("https", "example.com", 443, "/A?b=%20")),
    ("http://example.com:8080?x=1", ("http", "example.com", 8080, "/?x=1")),
    ("http://example.com.//a//b/?", ("http", "example.com.", 80, "//a//b/?")),
    ("http://[2606:4700::1]:81/", ("http", "2606:4700::1", 81, "/")),
    ("http://xn--e1afmkfd.xn--p1ai/", ("http", "xn--e1afmkfd.xn--p1ai", 80, "/")),
    ("http://пример.рф/путь", ("http", "xn--e1afmkfd.xn--p1ai", 80, "/путь")),
    ("http://my_host.example/@me", ("http", "my_host.example", 80, "/@me")),
]


@pytest.mark.parametrize(("url", "parts"), READABLE)
def test_a_plain_url_is_read(url: str, parts: tuple[str, str, int, str]) -> None:
    target = read_url(url)
    assert (target.scheme, target.host, target.port, target.rest) == parts


UNREADABLE = [
    ("", "only http"),
    ("example.com/a", "only http"),
    ("//example.com/a", "only http"),
    ("ftp://example.com/", "only http"),
    ("file:///etc/passwd", "only http"),
    ("gopher://127.0.0.1:6379/_x", "only http"),
    ("javascript:alert(1)", "only http"),
    ("http:/example.com", "only http"),
    ("http:///a", "host"),
    ("http://", "host"),
    ("http://user:pass@example.com/", "user name"),
    ("http://user@example.com/", "user name"),
    ("http://example.com@127.0.0.1/", "user name"),
    ("http://example.com\\@127.0.0.1/", "backslash"),
    ("http://exa mple.com/", "spaces"),
    ("http://example.com/a b", "spaces"),
    ("http://example.com/\r\nX: y", "control"),
    ("http://example.com\t/", "control"),
    (" http://example.com/", "spaces"),
    ("http://example.com:0/", "port"),
    ("http://example.com:65536/", "port"),
    ("http://example.com:80:80/", "host"),
    ("http://example.com:8a/", "host"),
    ("http://-example.com/", "host name"),
    ("http://exa%6dple.com/", "host name"),
    ("http://a..b/", "host name"),
    ("http://" + "a" * 300 + "/", "host name"),
    ("http://[::1/", "host"),
    ("http://[:::]/", "not an address"),
    ("http://[1.2.3.4]/", "not an address"),
    ("http://[fe80::1%25eth0]/", "host"),
    ("http://\u2028/", "host name"),
]


@pytest.mark.parametrize(("url", "why"), UNREADABLE)
def test_what_could_be_read_in_two_ways_is_refused(url: str, why: str) -> None:
    with pytest.raises(Forbidden, match=why):
        Guard().check_url(url)


DISGUISED = [
    "2130706433", "0x7f000001", "017700000001", "127.1", "127.0.1", "0x7f.0.0.1", "0177.0.0.1",
    "127.0.0.01", "0x7f.1", "0", "0x", "1", "8.8.8.8.", "2130706433.", "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1", "256.256.256.256", "1.2.3.4.5",
]  # fmt: skip


@pytest.mark.parametrize("host", DISGUISED)
def test_an_address_in_disguise_is_refused(host: str) -> None:
    with pytest.raises(Forbidden, match=r"disguise|not a public address"):
        Guard().check_url(f"http://{host}/")


CLOSED = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.1.1",
    "169.254.169.254", "168.63.129.16", "100.100.100.200", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip

OPEN = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.0.1",
    "100.128.0.1",
    "2606:4700::1",
    "2a00::1",
]


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    guard = Guard()
    with pytest.raises(Forbidden, match=r"not a public address|metadata"):
        guard.check_address(address)
    with pytest.raises(Forbidden):
        guard.check_url(f"http://[{address}]/" if ":" in address else f"http://{address}/")


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_let_through(address: str) -> None:
    guard = Guard()
    guard.check_address(address)
    guard.check_url(f"https://[{address}]/" if ":" in address else f"https://{address}/")


def test_a_scope_does_not_hide_an_address() -> None:
    with pytest.raises(Forbidden, match="not a public"):
        Guard().check_address("fe80::1%eth0")


def test_networks_can_be_opened() -> None:
    guard = Guard(allowed_networks=["10.0.0.0/8", "fd00::/8"])
    guard.check_url("http://10.1.2.3/")
    guard.check_address("fd00::1")
    guard.check_address("::ffff:10.1.2.3")
    with pytest.raises(Forbidden):
        guard.check_address("192.168.0.1")


def test_an_opened_network_does_not_open_disguises() -> None:
    with pytest.raises(Forbidden, match="disguise"):
        Guard(allowed_networks=["127.0.0.0/8"]).check_url("http://127.1/")


def test_metadata_opens_only_by_its_own_address() -> None:
    for network in ("169.254.0.0/16", "0.0.0.0/0"):
        with pytest.raises(Forbidden, match="metadata"):
            Guard(allowed_networks=[network]).check_address("169.254.169.254")
    Guard(allowed_networks=["169.254.169.254/32"]).check_address("169.254.169.254")


def test_ports_can_be_limited() -> None:
    guard = Guard(ports=[80, 443, 8443])
    guard.check_url("https://example.com:8443/")
    with pytest.raises(Forbidden, match="port 22"):
        guard.check_url("http://example.com:22/")


pytest_anyio = pytest.mark.anyio


def resolving(*answers: str) -> Guard:
    async def resolve(host: str, port: int) -> list[str]:
        return list(answers)

    return Guard(resolve=resolve, allowed_hosts=["Hooks.Internal"])


@pytest_anyio
async def test_of_a_name_only_public_addresses_are_used() -> None:
    assert await resolving("10.0.0.1", "8.8.8.8", "::1").addresses("mixed.example", 80) == ["8.8.8.8"]


@pytest_anyio
async def test_a_name_with_private_addresses_only_is_refused() -> None:
    with pytest.raises(Forbidden, match="not a public"):
        await resolving("10.0.0.1", "::ffff:10.0.0.1").addresses("sneaky.example", 80)


@pytest_anyio
async def test_hosts_can_be_opened_by_name() -> None:
    guard = resolving("10.0.0.1")
    assert await guard.addresses("hooks.internal.", 80) == ["10.0.0.1"]
    with pytest.raises(Forbidden):
        await guard.addresses("other.internal", 80)
    with pytest.raises(Forbidden, match="metadata"):
        await resolving("169.254.169.254").addresses("hooks.internal", 80)


@pytest_anyio
async def test_the_system_resolver_is_judged_too() -> None:
    with pytest.raises(Forbidden, match="not a public"):
        await Guard().addresses("localhost", 80)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["::ffff:{}", "64:ff9b::{}", "::{}", "2002:{:x}::"]))
def test_no_ipv4_address_gets_through_inside_ipv6(number: int, form: str) -> None:
    text = f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if "{:x}" in form:
        inside = f"2002:{number >> 16:x}:{number & 0xFFFF:x}::"
    else:
        inside = form.format(text)
    with pytest.raises(Forbidden):
        Guard().check_address(inside)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    guard = Guard()
    for url in (text, f"http://{text}", f"http://{text}/", f"https://example.com/{text}"):
        try:
            guard.check_url(url)
        except Forbidden:
            continue
