"""Short messages in PDU mode: known octets, round trips, garbage."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Unencodable, WireError, udh
from depesza.wire.at.addresses import ALPHANUMERIC, Address, address_of
from depesza.wire.at.coding import read_coding, write_coding
from depesza.wire.at.tpdu import (
    Deliver,
    StatusReport,
    Submit,
    pack,
    pack_tpdu,
    read_centre,
    text_of,
    unpack,
    validity_of,
)
from depesza.wire.gsm import NUL, Encoding, encode, write_text

BUCHAREST = timezone(timedelta(hours=2))
PARTS = udh.Header((udh.Concat(7, 2, 1).element,))

KNOWN = [
    # message, service centre, octets counted by hand along 23.040 9.2.2
    (
        Submit(address_of("+46708251358"), 0, encode("hellohello"), validity=0xAA),
        "",
        "0011000B916407281553F80000AA0AE8329BFD4697D9EC37",
    ),
    (
        Deliver(address_of("+40740000011"), 0, encode("Da"), sent=datetime(2026, 11, 22, 10, 0, 5, tzinfo=BUCHAREST)),
        "+40744946000",
        "07910447946400F0" "04" "0B910447000010F1" "00" "00" "62112201005080" "02" "C430",
    ),
    (
        StatusReport(
            5,
            address_of("+40740000006"),
            0x46,
            datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC),
            datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC),
        ),
        "",
        "00" "06" "05" "0B910447000000F6" "62112280000000" "62112280001000" "46",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "centre", "octets"), KNOWN)
def test_known_octets_are_written_and_read(message: Submit | Deliver | StatusReport, centre: str, octets: str) -> None:
    data = bytes.fromhex(octets)
    assert pack(message, centre) == data
    assert unpack(data, from_us=isinstance(message, Submit)) == message
    assert read_centre(data) == centre


digits = st.text("0123456789", min_size=1, max_size=15)
names = st.text("ABCDEFghij 01", min_size=1, max_size=11).filter(lambda name: name == name.strip())
addresses = st.one_of(
    digits.map(address_of),
    digits.map(lambda number: address_of(f"+{number}")),
    st.text("0123456789*#abc", min_size=1, max_size=20).map(lambda number: Address(number, 3, 9)),
    names.map(lambda name: Address(name, ALPHANUMERIC, 0)),
)
moments = st.builds(
    lambda moment, quarters: moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters))),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),
    st.integers(-79, 79),
)
headers = st.one_of(
    st.just(udh.Header()),
    st.integers(0, 255).map(lambda reference: udh.Header((udh.Concat(reference, 3, 2).element,))),
    st.just(udh.Header((udh.Ports(16000, 0).element, udh.Concat(4660, 2, 2, 16).element))),
)
codings = st.sampled_from([0x00, 0x04, 0x08, 0x10, 0x18, 0xF1, 0xF5, 0xE8])


@st.composite
def written(draw: st.DrawFn) -> tuple[int, bytes]:
    """Give a coding and a body that fits it beside any of `headers`."""
    coding = draw(codings)
    if read_coding(coding)[0] is Encoding.GSM7:
        return coding, bytes(draw(st.lists(st.integers(0, 127), max_size=140)))
    return coding, draw(st.binary(max_size=128))


@given(addresses, written(), headers, st.booleans(), st.none() | st.integers(0, 255), st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_what_is_submitted_is_read_back(
    to: Address, body: tuple[int, bytes], header: udh.Header, report: bool, validity: int | None, reference: int
) -> None:
    message = Submit(to, body[0], body[1], header, report, validity, reference)
    assert unpack(pack(message, "+40744946000"), from_us=True) == message


@given(addresses, written(), headers, moments)
@settings(max_examples=100, deadline=None)
def test_what_is_delivered_is_read_back(
    sender: Address, body: tuple[int, bytes], header: udh.Header, sent: datetime
) -> None:
    message = Deliver(sender, body[0], body[1], header, sent)
    found = unpack(pack(message))
    assert found == message
    assert isinstance(found, Deliver)
    assert found.sent is not None
    assert found.sent.utcoffset() == sent.utcoffset()


@given(st.integers(0, 255), addresses, st.integers(0, 255), st.none() | moments, st.none() | moments)
@settings(max_examples=50, deadline=None)
def test_what_is_reported_is_read_back(
    reference: int, to: Address, status: int, sent: datetime | None, done: datetime | None
) -> None:
    message = StatusReport(reference, to, status, sent, done)
    assert unpack(pack(message)) == message


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=100, deadline=None)
def test_garbage_is_read_or_refused_and_never_breaks(data: bytes, from_us: bool) -> None:
    try:
        message = unpack(data, from_us=from_us)
    except WireError:
        return
    if not isinstance(message, StatusReport):
        text_of(message.coding, message.header, message.body)


@pytest.mark.parametrize(("message", "_", "octets"), KNOWN)
def test_a_message_cut_anywhere_is_read_or_refused(message: object, _: str, octets: str) -> None:
    data = bytes.fromhex(octets)
    for end in range(len(data)):
        try:
            unpack(data[:end], from_us=isinstance(message, Submit))
        except WireError:
            continue


@pytest.mark.parametrize(
    "message",
    [
        Submit(address_of("+40x"), 0, b""),
        Submit(address_of("1" * 21), 0, b""),
        Submit(Address("a name that is long", ALPHANUMERIC), 0, b""),
        Submit(address_of("1"), 0, b"x" * 161),
        Submit(address_of("1"), 0, b"x" * 154, PARTS),
        Submit(address_of("1"), 8, b"x" * 141),
        Submit(address_of("1"), 0, b"\x80"),
        Submit(address_of("1"), 300, b""),
        Submit(address_of("1"), 0, b"", validity=256),
        StatusReport(256, address_of("1"), 0),
    ],
)
def test_what_does_not_fit_is_not_written(message: Submit | StatusReport) -> None:
    with pytest.raises(Unencodable):
        pack_tpdu(message)


@pytest.mark.parametrize(
    ("scheme", "encoding", "flash"),
    [
        (0x00, Encoding.GSM7, -1),
        (0x04, Encoding.BINARY, -1),
        (0x08, Encoding.UCS2, -1),
        (0x10, Encoding.GSM7, 0),
        (0x19, Encoding.UCS2, 1),
        (0x15, Encoding.BINARY, 1),
        (0x20, Encoding.BINARY, -1),  # compressed
        (0x48, Encoding.UCS2, -1),  # to be deleted once read
        (0xC8, Encoding.GSM7, -1),
        (0xE0, Encoding.UCS2, -1),
        (0xF0, Encoding.GSM7, 0),
        (0xF6, Encoding.BINARY, 2),
        (0x85, Encoding.GSM7, -1),  # reserved
    ],
)
def test_a_coding_scheme_tells_alphabet_and_class(scheme: int, encoding: Encoding, flash: int) -> None:
    assert read_coding(scheme) == (encoding, flash)


@pytest.mark.parametrize("encoding", [Encoding.GSM7, Encoding.UCS2, Encoding.BINARY])
@pytest.mark.parametrize("flash", range(-1, 4))
def test_a_coding_scheme_that_we_write_reads_as_we_meant_it(encoding: Encoding, flash: int) -> None:
    assert read_coding(write_coding(encoding, flash)) == (encoding, flash)


def test_latin_1_has_no_coding_scheme() -> None:
    with pytest.raises(Unencodable):
        write_coding(Encoding.LATIN1)


def test_texts_are_read_by_their_coding() -> None:
    assert text_of(0x00, udh.Header(), encode("1 € {x}")) == "1 € {x}"
    assert text_of(0x08, udh.Header(), write_text("Țară 👍", Encoding.UCS2)) == "Țară 👍"
    assert text_of(0x04, udh.Header(), b"\xff\x00") == "\xff" + NUL
    turkish = udh.Header((udh.Element(udh.SINGLE_SHIFT, b"\x01"),))
    assert text_of(0x00, turkish, b"\x1bg") == "ğ"


@pytest.mark.parametrize(
    ("minutes", "octet"),
    [(0, 0), (5, 0), (14, 1), (15, 2), (720, 143), (749, 143), (750, 144), (1440, 167), (2879, 167), (2880, 168),
     (30 * 1440, 196), (34 * 1440, 196), (35 * 1440, 197), (63 * 7 * 1440, 255), (10**9, 255)],
)  # fmt: skip
def test_a_validity_is_never_longer_than_asked_once_it_is_five_minutes(minutes: int, octet: int) -> None:
    assert validity_of(minutes * 60) == octet
