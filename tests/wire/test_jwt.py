"""Tokens of signed JSON: they come back as they were written, and nothing else is one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed, jwt

CLAIMS = st.dictionaries(st.text(max_size=10), st.text(max_size=20) | st.integers(-(2**53), 2**53), max_size=6)


@settings(max_examples=100)
@given(CLAIMS, st.binary(min_size=1, max_size=40), st.integers(0, 10_000))
def test_a_token_comes_back_and_a_changed_one_does_not(claims: dict[str, object], secret: bytes, at: int) -> None:
    token = jwt.write(claims, secret)
    assert jwt.read(token, secret) == claims
    at %= len(token)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    with pytest.raises(Malformed):
        jwt.read(changed, secret)
    with pytest.raises(Malformed):
        jwt.read(token, secret + b"x")


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    with pytest.raises(Malformed):
        jwt.read(text, b"secret")


def test_another_algorithm_is_refused_even_when_it_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jwt._HEAD, "alg", "none")
    token = jwt.write({"sub": "1"}, b"secret")
    with pytest.raises(Malformed, match="HS256"):
        jwt.read(token, b"secret")
