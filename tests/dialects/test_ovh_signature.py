"""Signatures and the spellings of an address. spec: ovh/1.3"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.dialects.ovh.signature import fits, keys_of, sign, spellings

KEYS = keys_of("ASsecretASsecretASsecretASsecret", "CKconsumerCKconsumerCKconsumerCK")
TIME = "1700000000"
JOB = rb'{"message":"Bonjour \u00e9","receivers":["+33601020304"],"senderForResponse":true}'

VECTORS = [
    ("GET", "https://eu.api.ovh.com/1.0/sms", b"", "9ce7ab9972bca50425e055c7b517cff5c9e16f9a"),
    ("GET", "https://eu.api.ovh.com/1.0/sms/", b"", "f0b975584c91c6ca24312b70faaa15b23d84469e"),
    ("GET", "https://127.0.0.1/1.0/sms", b"", "2a761a4a1e0b50d6a0f414994e94e1e2454176ee"),
    ("GET", "http://127.0.0.1:8080/1.0/sms", b"", "87b8455cb0f86760240ce5c371f6b9573b58e335"),
    (
        "GET",
        "https://eu.api.ovh.com/1.0/sms/sms-xx11111-1/outgoing?tag=a+b"
        "&creationDatetime.from=2026-01-01T00%3A00%3A00%2B01%3A00",
        b"",
        "fd62861590ea3894da8d229b81622ce0d051714b",
    ),
    ("POST", "https://eu.api.ovh.com/1.0/sms/sms-xx11111-1/jobs", JOB, "6df8bce463cdaeb4f33c8a6729deaaef2e906aa8"),
]


@pytest.mark.parametrize(("method", "url", "body", "hexed"), VECTORS)
def test_the_vectors_are_met(method: str, url: str, body: bytes, hexed: str) -> None:
    assert sign(KEYS, method, url, body, TIME) == "$1$" + hexed


@pytest.mark.parametrize(("method", "url", "body", "hexed"), VECTORS)
def test_a_changed_digit_fits_nothing(method: str, url: str, body: bytes, hexed: str) -> None:
    assert fits("$1$" + hexed, KEYS, method, [url], body, TIME)
    changed = hexed[:-1] + ("0" if hexed[-1] != "0" else "1")
    assert not fits("$1$" + changed, KEYS, method, [url], body, TIME)
    assert not fits("", KEYS, method, [url], body, TIME)


@pytest.mark.parametrize(
    ("scheme", "host", "signed"),
    [
        ("http", "127.0.0.1:8080", "http://127.0.0.1:8080/1.0/sms"),  # as called
        ("http", "sms.example.org", "https://sms.example.org/1.0/sms"),  # TLS ends before us
        ("http", "127.0.0.1:8080", "https://127.0.0.1/1.0/sms"),  # npm clients leave the port out
        ("http", "[::1]:8080", "https://[::1]/1.0/sms"),
        ("https", "sms.example.org", "https://sms.example.org:443/1.0/sms"),  # Host leaves it out
        ("http", "10.0.0.1", "https://sms.example.org/1.0/sms"),  # a configured base
        ("http", "127.0.0.1:8080", "https://eu.api.ovh.com/1.0/sms"),  # an official host through a proxy
        ("http", "", "https://api.ovh.com/1.0/sms"),  # no Host header at all
    ],
)
def test_what_clients_believe_the_address_is_fits(scheme: str, host: str, signed: str) -> None:
    assert signed in set(spellings(scheme, host, "/1.0/sms", ("https://sms.example.org",)))


def test_another_path_or_host_never_fits() -> None:
    urls = list(spellings("http", "127.0.0.1:8080", "/1.0/sms", ()))
    assert "http://127.0.0.1:8080/1.0/sms/" not in urls
    assert "https://example.org/1.0/sms" not in urls


@settings(max_examples=150)
@given(st.text(max_size=60), st.binary(max_size=60), st.text(max_size=15), st.text(max_size=50))
def test_no_text_makes_it_raise(host: str, body: bytes, timestamp: str, given_signature: str) -> None:
    urls = spellings("http", host, "/1.0/sms", ())
    assert not fits(given_signature, KEYS, "GET", urls, body, timestamp)
