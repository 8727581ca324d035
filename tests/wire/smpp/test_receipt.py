"""The receipt grammar: every habit of the corpus, garbage, people's replies, and our own writing."""

import time
from datetime import datetime, timedelta, timezone
from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receipt_corpus import CORPUS, Case, usual

from depesza.wire import Unencodable
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.receipt import STATES, ReceiptStyle, read_receipt, write_receipt

SUBMIT = datetime(2026, 7, 11, 7, 0, 12)
DONE = datetime(2026, 7, 11, 7, 3, 59)
EASTERN = timezone(timedelta(hours=5, minutes=45))

by_name = pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)


@by_name
def test_each_dialect_is_read(case: Case) -> None:
    receipt = read_receipt(case.text, **case.tlvs, marked=True)
    assert receipt is not None
    assert {name: attrgetter(name)(receipt) for name in case.reads} == case.reads


@by_name
def test_a_receipt_is_known_without_its_esm_class(case: Case) -> None:
    receipt = read_receipt(case.text, **case.tlvs)
    if case.unmarked:
        assert receipt == read_receipt(case.text, **case.tlvs, marked=True)
    else:
        assert receipt is None


@by_name
def test_a_receipt_cut_anywhere_is_read_or_refused_without_error(case: Case) -> None:
    for length in range(len(case.text)):
        read_receipt(case.text[:length], marked=True)
        read_receipt(case.text[length:])


def test_the_corpus_has_no_name_twice() -> None:
    assert len({case.name for case in CORPUS}) == len(CORPUS)


REPLIES = [
    "STOP",
    "ok, see you at 8",
    "id: 5",
    "My id:12345 thanks",
    "id:12345 stat:",
    "text: me later",
    "Text:hello id:3",
    "Err: I do not know",
    "err:1 id:2",
    "stat:DELIVRD ?",
    "What does id:1 sub:001 dlvrd:001 submit date:2607110700 done date:2607110703 stat:DELIVRD err:000 mean?",
    "id:7 please state: delivered",
    "sub:001 dlvrd:001",
    "",
    "\0\0",
]


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_is_not_taken_for_a_receipt(reply: str) -> None:
    assert read_receipt(reply.encode()) is None
    assert read_receipt(reply.encode("utf-16-be")) is None


WORDS = st.sampled_from(
    [
        "id:",
        "Id",
        "id: 12",
        "text:",
        "stat",
        "status: ok",
        "err",
        "error:3",
        "done",
        "date:",
        "sub:",
        "hello",
        "12345",
    ]
) | st.text(max_size=12)


@given(st.lists(WORDS, max_size=12).map(" ".join))
@settings(max_examples=200)
def test_people_do_not_write_receipts(reply: str) -> None:
    # None of the words is a known state after `stat:`, so no order of them makes a receipt.
    assert read_receipt(reply.encode("utf-8")) is None


@given(
    st.binary(max_size=300),
    st.none() | st.binary(max_size=70),
    st.none() | st.integers(0, 2**32),
    st.booleans(),
)
@settings(max_examples=200)
def test_garbage_never_raises(octets: bytes, remote_id: bytes | None, state: int | None, marked: bool) -> None:
    receipt = read_receipt(octets, remote_id, state, octets[:4] or None, marked=marked)
    assert receipt is None or (receipt.err_number, receipt.disagrees, receipt.ids) != ()


KEYS = [
    "id:",
    " sub:",
    " dlvrd:",
    " submit date:",
    " done date:",
    " stat:",
    " err:",
    " text:",
    " ",
    "\0",
    ":",
]
PIECES = st.sampled_from(KEYS) | st.text("0123456789ABCDEFdelivrd", max_size=20) | st.characters(max_codepoint=255)


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=200)
def test_broken_receipts_never_raise(text: str) -> None:
    for marked in (True, False):
        receipt = read_receipt(text.encode("latin-1"), marked=marked)
        assert receipt is None or (receipt.err_number, receipt.ids) != ()


@pytest.mark.parametrize(
    "unit", [b"id:", b"id:1 ", b" ", b"submit ", b"9", b"stat:DELIVRD ", b"text:", b"\0i", b"id :"]
)
def test_long_garbage_is_read_in_no_time(unit: bytes) -> None:
    text = unit * (64 * 1024 // len(unit))
    begun = time.perf_counter()
    for prefix in (b"", b"id:1 stat:DELIVRD err:0 ", usual("1", "", err="")):
        read_receipt(prefix + text, marked=True)
    assert time.perf_counter() - begun < 0.5


def test_err_of_thousands_of_digits_is_no_number() -> None:
    receipt = read_receipt(usual("1", err="9" * 5000, sub="9" * 5000), marked=True)
    assert receipt is not None
    assert (receipt.err_number, receipt.sub) == (None, None)


def test_marked_garbage_is_no_receipt() -> None:
    assert read_receipt(b"something else altogether", marked=True) is None
    assert read_receipt(b"", marked=True) is None


def test_a_marked_receipt_may_lack_its_id() -> None:
    receipt = read_receipt(b"stat:DELIVRD err:000", marked=True)
    assert receipt is not None
    assert (receipt.ids, receipt.state) == ((), MessageState.DELIVERED)


def test_the_common_form_takes_microseconds() -> None:
    text = usual("0305419896")
    best = 1.0
    for _ in range(20):
        begun = time.perf_counter()
        for _ in range(200):
            read_receipt(text)
        best = min(best, (time.perf_counter() - begun) / 200)
    assert best < 15e-6  # 3 µs on the machine it was written on; a lost fast path takes 19


# ---- writing ----


def test_appendix_b_is_written_as_printed() -> None:
    octets = write_receipt("0305419896", MessageState.DELIVERED, SUBMIT, DONE, text=b"Your parcel has arrived")
    assert octets == usual("0305419896", " text:Your parcel has arri")


WRITTEN = [
    (ReceiptStyle(date_digits=12), usual("26", submit_date="260711070012", done_date="260711070359")),
    (ReceiptStyle(date_digits=14), usual("26", submit_date="20260711070012", done_date="20260711070359")),
    (ReceiptStyle(id_form="decimal"), usual("38")),
    (ReceiptStyle(id_form="hex"), usual("1a")),
    (ReceiptStyle(id_form="HEX", id_digits=8), usual("0000001A")),
    (ReceiptStyle(id_digits=10), usual("0000000026")),
    (ReceiptStyle(text_key="Text:"), usual("26", " Text:Your parcel")),
    (ReceiptStyle(text_key=None), usual("26", "")),
    (
        ReceiptStyle(counts=False),
        b"id:26 submit date:2607110700 done date:2607110703 stat:DELIVRD err:000 text:Your parcel",
    ),
]


@pytest.mark.parametrize(("style", "octets"), WRITTEN)
def test_each_style_is_written(style: ReceiptStyle, octets: bytes) -> None:
    assert write_receipt("26", MessageState.DELIVERED, SUBMIT, DONE, text=b"Your parcel", style=style) == octets


styles = st.builds(
    ReceiptStyle,
    date_digits=st.sampled_from([10, 12, 14, 16]),
    id_form=st.sampled_from(["as given", "decimal", "hex", "HEX"]),
    id_digits=st.sampled_from([0, 8, 10]),
    counts=st.booleans(),
    text_key=st.sampled_from(["text:", "Text:"]),
)


@given(
    styles,
    st.from_regex("[1-9][0-9]{0,17}", fullmatch=True),
    st.sampled_from(MessageState),
    st.datetimes(datetime(1938, 1, 1), datetime(2037, 12, 31), timezones=st.just(EASTERN)),
    st.binary(max_size=20).filter(lambda text: not text.endswith(b"\0")),
)
@settings(max_examples=200)
def test_what_we_write_we_read(
    style: ReceiptStyle, remote_id: str, state: MessageState, done: datetime, text: bytes
) -> None:
    receipt = read_receipt(write_receipt(remote_id, state, done, done, err="21b", text=text, style=style))
    assert receipt is not None
    assert (receipt.state, receipt.err_number, receipt.excerpt) == (state, 0x21B, text)
    assert receipt.done_date == receipt.submit_date == as_written(done, style)
    assert (receipt.dlvrd is None) == (not style.counts)


def as_written(moment: datetime, style: ReceiptStyle) -> datetime:
    if style.date_digits == 16:
        return moment.replace(microsecond=moment.microsecond // 100_000 * 100_000)
    naive = moment.replace(tzinfo=None, microsecond=0)
    return naive.replace(second=0) if style.date_digits == 10 else naive


@pytest.mark.parametrize("word", sorted(STATES))
def test_each_known_word_can_be_sent_as_a_vendor_does(word: str) -> None:
    octets = write_receipt("26", STATES[word], SUBMIT, DONE, stat=word)
    receipt = read_receipt(octets)
    assert receipt is not None
    assert receipt.state is STATES[word]


@pytest.mark.parametrize(
    ("remote_id", "style"),
    [
        ("", ReceiptStyle()),
        ("two words", ReceiptStyle()),
        ("é", ReceiptStyle()),
        ("xyz", ReceiptStyle(id_form="decimal")),
        ("1a", ReceiptStyle(id_form="hex")),
        ("1_0", ReceiptStyle(id_form="hex")),
        ("26", ReceiptStyle(date_digits=16)),
    ],
)
def test_what_does_not_fit_the_style_is_our_mistake(remote_id: str, style: ReceiptStyle) -> None:
    with pytest.raises(Unencodable):
        write_receipt(remote_id, MessageState.DELIVERED, SUBMIT, DONE, style=style)


def test_a_year_beyond_the_pivot_needs_four_digits() -> None:
    late = datetime(2038, 1, 1)
    with pytest.raises(Unencodable):
        write_receipt("26", MessageState.DELIVERED, late, late)
    assert b"20380101000000" in write_receipt(
        "26", MessageState.DELIVERED, late, late, style=ReceiptStyle(date_digits=14)
    )


def test_a_zone_of_odd_minutes_cannot_be_written() -> None:
    odd = datetime(2026, 7, 11, tzinfo=timezone(timedelta(minutes=20)))
    with pytest.raises(Unencodable):
        write_receipt("26", MessageState.DELIVERED, odd, odd, style=ReceiptStyle(date_digits=16))


def test_an_error_code_beyond_ascii_cannot_be_written() -> None:
    with pytest.raises(Unencodable):
        write_receipt("26", MessageState.DELIVERED, SUBMIT, DONE, err="é")
