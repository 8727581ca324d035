"""What SMSC's texts carry beside themselves: lists, prefixes, comments, binary tails; voices. spec: smsc/5.8"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.dialects.smsc import prefixes, voices
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import Kind
from depesza.dialects.smsc.lists import Line, Listed, read_list
from depesza.dialects.smsc.prefixes import Binary
from depesza.dialects.smsc.voices import Ring

ONE, OTHER = "79999999999", "79999999998"


@pytest.mark.parametrize(
    ("text", "nl", "lines"),
    [
        (f"{ONE}:Hello!\n{OTHER}:Hello\\nworld!", False, [(ONE, "Hello!"), (OTHER, "Hello\nworld!")]),
        (f"\n{ONE}:a\r\n\r\n{OTHER}:b\n", False, [(ONE, "a"), (OTHER, "b")]),
        (f"{ONE};a", False, [(ONE, "a")]),
        (f"{ONE},{OTHER}:a", False, [(f"{ONE},{OTHER}", "a")]),
        (f"{ONE};{OTHER}:a", False, [(f"{ONE};{OTHER}", "a")]),
        (f"{ONE}, {OTHER} : a:b;c", False, [(f"{ONE}, {OTHER}", " a:b;c")]),
        (f"{ONE};at 12:30", False, [(ONE, "at 12:30")]),
        (f"{ONE};100 at 12:30", False, [(ONE, "100 at 12:30")]),
        (f"{ONE}:{OTHER}:a", False, [(ONE, f"{OTHER}:a")]),
        ("+7 (999) 999-99-99:a", False, [("+7 (999) 999-99-99", "a")]),
        (f"G5,{ONE}:a", False, [(f"G5,{ONE}", "a")]),
        ("a@b.example;c@d.example:a", False, [("a@b.example;c@d.example", "a")]),
        ("123:a\nx:b", False, [("123", "a"), ("x", "b")]),
        (f"{ONE}:a\nb\n\nc:d\n{OTHER}:e\n", True, [(ONE, "a\nb\n\nc:d"), (OTHER, "e")]),
        (f"{ONE}:a\nat 12:30\n10:15;now", True, [(ONE, "a\nat 12:30\n10:15;now")]),
        (f"{ONE}:", False, [(ONE, "")]),
    ],
)
def test_case_32_a_list_is_read_line_by_line(text: str, nl: bool, lines: list[tuple[str, str]]) -> None:
    assert read_list(text, nl=nl).lines == tuple(Line(*each) for each in lines)


@pytest.mark.parametrize(
    ("head", "sender", "tz"),
    [
        ("ivan,2|", "ivan", "2"),
        ("ivan|", "ivan", ""),
        (",-1.5|", None, "-1.5"),
        ("|", None, ""),
        ("My Shop,2|\n", "My Shop", "2"),
    ],
)
def test_a_lists_head_names_sender_and_zone(head: str, sender: str | None, tz: str) -> None:
    assert read_list(f"{head}{ONE}:a|b,c|d") == Listed((Line(ONE, "a|b,c|d"),), sender, tz)


def test_where_no_text_is_needed_numbers_do() -> None:
    found = read_list(f"{ONE};{OTHER}\n{ONE}:\n{OTHER}", textless=True)
    assert [line.phones for line in found.lines] == [f"{ONE};{OTHER}", ONE, OTHER]


@pytest.mark.parametrize("text", ["", "\n\n", "hello", f"{ONE}", f"{ONE}:a\nhello", "ivan,2|"])
def test_a_line_without_an_end_of_its_numbers_is_error_1(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_list(text)
    assert refused.value.code == 1


@settings(max_examples=100)
@given(st.text() | st.text("79 ,;:|\n\\nG@.~+()-"), st.booleans(), st.booleans())
def test_no_list_makes_the_reader_fail(text: str, nl: bool, textless: bool) -> None:
    try:
        assert read_list(text, nl=nl, textless=textless).lines
    except Refused as refused:
        assert refused.code == 1


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(79_000_000_000, 79_999_999_999), min_size=1, max_size=3),
            st.text(st.characters(codec="utf-8", exclude_characters="\n\r\\")),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_list_that_was_written_is_read_back(items: list[tuple[list[int], str]]) -> None:
    lines = tuple(Line(",".join(map(str, phones)), text) for phones, text in items)
    assert read_list("\n".join(f"{line.phones}:{line.text}" for line in lines)).lines == lines


@pytest.mark.parametrize(
    "text", ["7999999999," * 20_000, "7" + " " * 100_000, "a" * 100_000, "7999999999;" + "  ," * 30_000]
)
def test_long_nonsense_is_read_at_once(text: str) -> None:
    with pytest.raises(Refused):
        read_list(text.replace(";", ","))


# prefixes and comments


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("__CALL__code", Kind.CALL, "code"),
        ("__HLR__", Kind.HLR, ""),
        ("__TG__ hi", Kind.TELEGRAM, " hi"),
        ("__call__x", None, "__call__x"),
        (" __CALL__x", None, " __CALL__x"),
        ("__XX__", None, "__XX__"),
        ("", None, ""),
    ],
)
def test_a_prefix_selects_a_channel(text: str, kind: Kind | None, rest: str) -> None:
    assert prefixes.split_prefix(text) == (kind, rest)


@pytest.mark.parametrize(
    ("text", "said", "comment"),
    [
        ("a\n~~~\nb", "a", "b"),
        ("a\r\n~~~\r\nb\n~~~\nc", "a", "b\n~~~\nc"),
        ("a\n~~~\n", "a", ""),
        ("a ~~~ b", "a ~~~ b", ""),
        ("a", "a", ""),
    ],
)
def test_a_comment_stands_behind_the_text(text: str, said: str, comment: str) -> None:
    assert prefixes.split_comment(text) == (said, comment)


# binary messages


def test_case_34_a_hexadecimal_message_begins_with_its_header() -> None:
    found = prefixes.read_hex("050A0307056048656C6C6F2C20576F726C6421")
    assert found == Binary(bytes.fromhex("0A03070560"), b"Hello, World!")


@pytest.mark.parametrize(
    ("text", "binary"),
    [
        ("00", Binary(b"", b"")),
        ("0041", Binary(b"", b"A")),
        ("0041\n~~~\npid: 64, dcs: 0xF5", Binary(b"", b"A", 64, 0xF5)),
        ("0041\r\n~~~\r\ndcs:4", Binary(b"", b"A", -1, 4)),
        ("0041\n~~~\n", Binary(b"", b"A")),
    ],
)
def test_a_tail_sets_pid_and_dcs(text: str, binary: Binary) -> None:
    assert prefixes.read_hex(text) == binary
    digits, gap, tail = text.partition("\r\n~~~" if "\r" in text else "\n~~~")
    assert prefixes.read_raw(bytes.fromhex(digits) + (gap + tail).encode()) == binary


@pytest.mark.parametrize(
    "text",
    ["", "0", "004", "xx", "05", "050A03", "020041", "050A0407056041", "0041\n~~~\npid: 256", "0041\n~~~\npid: x",
     "0041\n~~~\nfoo: 1"],
)  # fmt: skip
def test_a_broken_message_is_error_1(text: str) -> None:
    with pytest.raises(Refused) as refused:
        prefixes.read_hex(text)
    assert refused.value.code == 1


@settings(max_examples=100)
@given(st.binary())
def test_octets_are_kept_or_refused(octets: bytes) -> None:
    try:
        found = prefixes.read_raw(octets)
    except Refused:
        return
    if b"~~~" not in octets:
        assert bytes([len(found.udh)]) + found.udh + found.data == octets
        assert prefixes.read_hex(octets.hex()) == found


@settings(max_examples=100)
@given(st.text() | st.text("0123456789abcdef\n~ pidcsx:,"))
def test_no_digits_make_the_reader_fail(text: str) -> None:
    try:
        assert len(prefixes.read_hex(text).data) <= len(text)
    except Refused as refused:
        assert refused.code == 1


# calls


@pytest.mark.parametrize(
    ("text", "voice"),
    [("", "m3"), ("m", "m"), ("w4", "w4"), ("m,en", "m,en"), ("m2, EN", "m2,en")],
)
def test_a_voice(text: str, voice: str) -> None:
    assert voices.read_voice(text) == voice


@pytest.mark.parametrize("text", ["m1", "w5", "x", "m,", "m,english", "m,en,ru", "3"])
def test_another_voice_is_error_1(text: str) -> None:
    with pytest.raises(Refused):
        voices.read_voice(text)


@pytest.mark.parametrize(
    ("text", "ring"),
    [
        ("", Ring(25, 0, 8)),
        ("20,60,3", Ring(20, 60, 3)),
        ("5,5,0", Ring(10, 10, 1)),
        ("99,3600,9", Ring(35, 3600, 9)),
        ("0", Ring(10, 0, 8)),
        ("20,,3", Ring(20, 0, 3)),
        ("100,60,3", Ring()),
        ("20,3601,3", Ring()),
        ("20,60,10", Ring()),
        ("20,60,x", Ring()),
        ("-1,60,3", Ring()),
        ("20,60,3,4", Ring()),
    ],
)
def test_how_a_call_rings_is_never_an_error(text: str, ring: Ring) -> None:
    assert voices.read_ring(text) == ring
