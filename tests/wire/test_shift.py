"""National tables: what Turkish, Spanish and Portuguese senders mean."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire.gsm import decode
from depesza.wire.shift import PORTUGUESE, SPANISH, TURKISH, decode_shifted


# 23.038 A.2 and A.3
@pytest.mark.parametrize(
    ("data", "single", "locking", "text"),
    [
        (b"\x1bG\x1bI\x1bS\x1bc\x1be\x1bg\x1bi\x1bs", TURKISH, 0, "ĞİŞç€ğış"),
        (b"\x04\x07\x0b\x0c\x1c\x1d@`", 0, TURKISH, "€ıĞğŞşİç"),
        (b"\x1b\x09\x1bA\x1bI\x1bO\x1bU\x1ba\x1be\x1bi\x1bo\x1bu", SPANISH, 0, "çÁÍÓÚá€íóú"),
        (b"\x1b\x05\x1b\x09\x1b\x0b\x1b\x0c\x1b\x0e\x1b\x0f\x1b\x1f", PORTUGUESE, 0, "êçÔôÁáÊ"),
        (b"\x1b\x12\x1b\x13\x1b\x15\x1b\x16\x1b\x17\x1b\x18\x1b\x19", PORTUGUESE, 0, "ΦΓΩΠΨΣΘ"),
        (b"\x1bA\x1b[\x1b\\\x1ba\x1b{\x1b|\x1b\x7f\x1be", PORTUGUESE, 0, "ÀÃÕÂãõâ€"),
        (b"\x04\x06\x07\x08\x09\x12\x15\x18\x1a$@[`}", 0, PORTUGUESE, "êúíóçª∞€|ºÍÃ~`"),
        (b"\x1b<\x1b>\x1b\x14\x1b\x0a", PORTUGUESE, PORTUGUESE, "[]^\f"),
        (b"\x1b\x04", TURKISH, TURKISH, "€"),  # unknown codes fall to the locking table
        (b"\x04\x1b\x1b\x1b", SPANISH, 0, "è  "),
        (b"\x1b\xff\x90a", SPANISH, 0, " \ufffd\ufffda"),
    ],
)
def test_languages_are_read_by_their_tables(data: bytes, single: int, locking: int, text: str) -> None:
    assert decode_shifted(data, single, locking) == text


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 255))
def test_any_octets_in_any_language_can_be_read(data: bytes, single: int, locking: int) -> None:
    text = decode_shifted(data, single, locking)
    assert text.count("\ufffd") == sum(octet >= 0x80 for octet in data)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_languages_without_differences_in_use_read_like_the_default(data: bytes) -> None:
    plain = bytes(octet for octet in data if octet not in b"\x1b")
    assert decode_shifted(plain, SPANISH) == decode(plain)
    assert decode_shifted(data, 13, 13) == decode(data)
