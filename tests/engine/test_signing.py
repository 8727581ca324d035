"""What a callback is signed with, and that its receiver can compute it from what it sees."""

import base64
import hmac

import pytest

from depesza.core.model import Notice
from depesza.engine.signing import SIGNATURE, as_received, signed
from depesza.services.vault import Vault
from depesza.wire.http import HttpCall

VAULT = Vault(b"a key of sixteen octets", bytes)
NOTICE = Notice(7, 101, "ovh", "receipt", "https://client.example/cb", b"", 42, 0, 0)
NOW = 1_780_000_000_999_999


def mac(content: str) -> str:
    return "v1," + base64.b64encode(hmac.digest(VAULT.webhook_secret(101), content.encode(), "sha256")).decode()


def test_a_get_is_signed_with_its_whole_address_and_nothing_weaker() -> None:
    call = signed(VAULT, NOTICE, HttpCall("GET", "https://client.example/cb?x=1&dlr=1"), NOW)
    assert dict(call.headers) == {
        "webhook-id": "7",
        "webhook-timestamp": "1780000000",
        SIGNATURE: mac("7.1780000000.GET https://client.example/cb?x=1&dlr=1\n"),
    }


def test_a_post_is_signed_with_address_and_body_and_for_the_standards_libraries() -> None:
    form = HttpCall("POST", "https://client.example/cb", (("Content-Type", "x"),), b"id=1")
    call = signed(VAULT, NOTICE, form, NOW)
    headers = dict(call.headers)
    assert headers.pop("Content-Type") == "x"
    assert headers[SIGNATURE] == mac("7.1780000000.POST https://client.example/cb\nid=1")
    assert headers["webhook-signature"] == mac("7.1780000000.id=1")


@pytest.mark.parametrize("changed", ["https://client.example/cb?dlr=2", "https://other.example/cb?dlr=1"])
def test_another_query_or_host_has_another_signature(changed: str) -> None:
    first, second = (
        dict(signed(VAULT, NOTICE, HttpCall("GET", url), NOW).headers)[SIGNATURE]
        for url in ("https://client.example/cb?dlr=1", changed)
    )
    assert first != second


RECEIVED = [
    ("http://a.example/cb?x=%20y&z=1", "http://a.example/cb?x=%20y&z=1"),
    ("http://a.example:8080/", "http://a.example:8080/"),
    ("http://a.example", "http://a.example/"),
    ("http://a.example?x=1", "http://a.example/?x=1"),
    ("http://a.example/cb#part", "http://a.example/cb"),
    ("http://a.example/é%20?ü=1", "http://a.example/%C3%A9%20?%C3%BC=1"),
    ("HTTP://A.example/cb", "HTTP://A.example/cb"),
]


@pytest.mark.parametrize(("url", "received"), RECEIVED)
def test_an_address_is_signed_as_its_receiver_sees_it(url: str, received: str) -> None:
    assert as_received(url) == received
