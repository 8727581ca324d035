"""What messages become on the wire, read back by smpplib, which knows nothing of us."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import smpplib.consts
import smpplib.smpp
from connector_heard import content, message

from depesza.connectors.smpp import settings as smpp_settings
from depesza.connectors.smpp.addresses import Address, read_sender, source
from depesza.connectors.smpp.settings import Settings
from depesza.connectors.smpp.writing import BadSender, Writer
from depesza.core.model import MICRO, Channel, Content, Extras
from depesza.wire import Unencodable, gsm, septets
from depesza.wire.smpp.codec import pack

NOW = 1_700_000_000 * MICRO
CYRILLIC = "Ваш код подтверждения: 123456. Никому его не сообщайте, даже сотрудникам банка. "
LONG = "Bonjour {client}, votre commande [42] est expédiée ; elle vaut 10 €. " * 6


def configured(**more: Any) -> Settings:
    return smpp_settings.read(msgspec.json.encode({"host": "h"} | more))


def written(body: Content, now: int = NOW, **more: Any) -> list[Any]:
    """Write a message to +33612345678 and let smpplib read the octets."""
    writer = Writer(configured(**more), lambda: now, 0x1FE)
    pdus = writer.write(message(1, body, "+33612345678"))
    return [smpplib.smpp.parse_pdu(pack(pdu, n), client=None, sequence=1) for n, pdu in enumerate(pdus, 1)]


def plain(octets: bytes) -> bytes:
    return octets or b""


def test_a_short_text_is_one_submit_sm_with_all_its_fields() -> None:
    (pdu,) = written(content("Bonjour", sender="Depesza"), service_type="VMA", registered_delivery=17)
    assert pdu.command == "submit_sm"
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (5, 0, b"Depesza")
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (1, 1, b"33612345678")
    assert (pdu.esm_class, pdu.data_coding, pdu.registered_delivery) == (0, 0, 17)
    assert (pdu.service_type, pdu.short_message, pdu.sm_length) == (b"VMA", b"Bonjour", 7)
    assert not pdu.validity_period


@pytest.mark.parametrize(
    ("settings", "text", "coding", "octets"),
    [
        ({}, "à€[", 0, b"\x7f\x1b\x65\x1b\x3c"),
        ({}, "@", 0, b"\0"),
        ({}, "ç", 8, b"\x00\xe7"),
        ({"latin1": True}, "ç", 3, b"\xe7"),
        ({"latin1": True}, "Ж", 8, b"\x04\x16"),
        ({"latin1": True}, "abc", 0, b"abc"),
        ({"alphabet": "latin1"}, "à@", 0, b"\xe0@"),
        ({"alphabet": "latin1"}, "Δ", 8, b"\x03\x94"),
        ({"alphabet": "gsm7-packed"}, "hellohello", 0, bytes.fromhex("e8329bfd4697d9ec37")),
        ({"gsm7_coding": 241}, "abc", 241, b"abc"),
        ({"ucs2_coding": 24}, "Ж", 24, b"\x04\x16"),
    ],
)
def test_alphabets(settings: dict[str, Any], text: str, coding: int, octets: bytes) -> None:
    (pdu,) = written(content(text), **settings)
    assert (pdu.data_coding, plain(pdu.short_message)) == (coding, octets)


@pytest.mark.parametrize(
    ("alphabet", "coding", "octets"),
    [("gsm7", 0, b"abc"), ("ucs2", 8, b"\0a\0b\0c"), ("latin1", 3, b"abc"), ("binary", 4, b"abc")],
)
def test_an_alphabet_that_the_client_forces(alphabet: str, coding: int, octets: bytes) -> None:
    (pdu,) = written(content("abc", alphabet=alphabet))
    assert (pdu.data_coding, pdu.short_message) == (coding, octets)


def test_a_text_that_the_forced_alphabet_lacks_cannot_be_written() -> None:
    for alphabet, settings in (("gsm7", {}), ("latin1", {}), ("gsm7", {"alphabet": "latin1"})):
        with pytest.raises(Unencodable):
            written(content("Δ" if settings else "Ж", alphabet=alphabet), **settings)


def headed(pdu: Any, size: int) -> tuple[bytes, bytes]:
    assert pdu.esm_class == smpplib.consts.SMPP_GSMFEAT_UDHI
    return pdu.short_message[:size], pdu.short_message[size:]


def test_long_texts_with_an_8_bit_header() -> None:
    pdus = written(content(LONG))
    parts = [headed(pdu, 6) for pdu in pdus]
    total = len(pdus)
    assert total == 3
    assert [head for head, _ in parts] == [bytes((5, 0, 3, 0xFF, total, n)) for n in (1, 2, 3)]
    assert gsm.decode(b"".join(octets for _, octets in parts)) == LONG
    assert max(len(octets) for _, octets in parts) <= 153


def test_long_texts_with_a_16_bit_header() -> None:
    pdus = written(content(CYRILLIC * 3), long_messages="udh16")
    parts = [headed(pdu, 7) for pdu in pdus]
    heads = [bytes((6, 8, 4, 0x01, 0xFF, len(pdus), n)) for n in range(1, len(pdus) + 1)]
    assert [head for head, _ in parts] == heads
    assert b"".join(octets for _, octets in parts).decode("utf-16-be") == CYRILLIC * 3
    assert max(len(octets) for _, octets in parts) <= 132


def test_long_texts_in_packed_septets_stand_behind_fill_bits() -> None:
    pdus = written(content("a" * 200), alphabet="gsm7-packed")
    parts = [headed(pdu, 6)[1] for pdu in pdus]
    assert b"".join(septets.unpack_uncounted(one, 1) for one in parts) == b"a" * 200
    assert all(pdu.sm_length <= 140 for pdu in pdus)


def test_long_texts_with_sar_fields() -> None:
    pdus = written(content(LONG), long_messages="sar")
    assert [(p.sar_msg_ref_num, p.sar_total_segments, p.sar_segment_seqnum) for p in pdus] == [
        (0x1FF, 3, 1),
        (0x1FF, 3, 2),
        (0x1FF, 3, 3),
    ]
    assert all(pdu.esm_class == 0 for pdu in pdus)
    assert gsm.decode(b"".join(pdu.short_message for pdu in pdus)) == LONG


def test_long_texts_as_payload() -> None:
    (pdu,) = written(content(CYRILLIC * 3), long_messages="payload")
    assert (pdu.sm_length, plain(pdu.short_message), pdu.esm_class, pdu.data_coding) == (0, b"", 0, 8)
    assert pdu.message_payload.decode("utf-16-be") == CYRILLIC * 3


@pytest.mark.parametrize("form", ["udh", "udh16", "sar", "payload"])
def test_short_texts_need_none_of_this(form: str) -> None:
    (pdu,) = written(content("a" * 160), long_messages=form)
    assert (pdu.esm_class, pdu.short_message, pdu.message_payload) == (0, b"a" * 160, None)


def test_rule_27_receipts_are_asked_for_with_each_part() -> None:
    for form in ("udh", "udh16", "sar"):
        assert {pdu.registered_delivery for pdu in written(content(LONG), long_messages=form)} == {1}


def test_references_differ_from_text_to_text_and_agree_within_one() -> None:
    writer = Writer(configured(), lambda: NOW, 254)
    seen = []
    for number in range(1, 5):
        pdus = writer.write(message(number, content(LONG, number=number)))
        references = {pdu.short_message[3] for pdu in pdus}
        assert len(references) == 1
        seen += references
    assert seen == [255, 0, 1, 2]


def test_a_submission_is_written_once_for_all_receivers_and_a_text_of_ones_own_apart() -> None:
    writer = Writer(configured(), lambda: NOW)
    body = content(LONG)
    first, second = (writer.write(message(n, body, f"+3361234567{n}")) for n in (1, 2))
    assert [pdu.short_message for pdu in first] == [pdu.short_message for pdu in second]
    assert first[0].short_message is second[0].short_message
    assert (first[0].destination_addr, second[0].destination_addr) == ("33612345671", "33612345672")
    own = msgspec.structs.replace(message(3, body), text="à vous")
    assert writer.write(own)[0].short_message == gsm.encode("à vous")


@pytest.mark.parametrize(
    ("settings", "text", "flash", "coding"),
    [
        ({}, "abc", 0, 0xF0),
        ({}, "abc", 1, 0xF1),
        ({"flash": "10"}, "abc", 0, 0x10),
        ({}, "Ж", 0, 0x18),
        ({"flash": "10"}, "Ж", 2, 0x1A),
        ({"flash": "subunit"}, "abc", 0, 0),
        ({"flash": "subunit"}, "Ж", 0, 8),
        ({}, "abc", -1, 0),
    ],
)
def test_flash_messages(settings: dict[str, Any], text: str, flash: int, coding: int) -> None:
    (pdu,) = written(content(text, flash=flash), **settings)
    assert pdu.data_coding == coding
    subunit = 1 if settings.get("flash") == "subunit" else None
    assert pdu.dest_addr_subunit == subunit


def test_validity_is_sent_as_the_carrier_wants_it() -> None:
    expires = NOW + 2 * 3600 * MICRO
    assert not written(content("x", expires=expires))[0].validity_period
    assert written(content("x", expires=expires), validity="relative")[0].validity_period == b"000000020000000R"
    absolute = datetime.fromtimestamp(expires / MICRO, UTC).strftime("%y%m%d%H%M%S000+").encode()
    assert written(content("x", expires=expires), validity="absolute")[0].validity_period == absolute
    far = NOW + int(timedelta(days=60) / timedelta(microseconds=1))
    assert written(content("x", expires=far), validity="relative")[0].validity_period.endswith(b"+")


def test_a_relative_validity_shrinks_as_time_goes_by() -> None:
    now = [NOW]
    writer = Writer(configured(validity="relative"), lambda: now[0])
    body = content("x", expires=NOW + 3600 * MICRO)
    assert writer.write(message(1, body))[0].validity_period == "000000010000000R"
    now[0] += 60 * MICRO
    assert writer.write(message(2, body))[0].validity_period == "000000005900000R"


# rule 25

SENDERS = [
    # sender, settings -> type, plan, as written
    ("Depesza", {}, (5, 0, "Depesza")),
    ("Ma-Marque 1", {}, (5, 0, "Ma-Marque 1")),
    ("+33612345678", {}, (1, 1, "33612345678")),
    ("+33612345678", {"plus": True}, (1, 1, "+33612345678")),
    ("0033612345678", {}, (1, 1, "33612345678")),
    ("33612345678", {}, (1, 1, "33612345678")),
    ("0612345678", {}, (2, 1, "0612345678")),
    ("36180", {}, (3, 1, "36180")),  # spec: ovh/8
    ("36180", {"short_ton": 6, "short_npi": 0}, (6, 0, "36180")),
    ("Depesza", {"source_ton": 0, "source_npi": 0}, (0, 0, "Depesza")),
    ("+33612345678", {"source_ton": 2}, (2, 1, "33612345678")),
    ("", {}, (0, 0, "")),
]


@pytest.mark.parametrize(("sender", "settings", "written_as"), SENDERS)
def test_rule_25_the_type_of_a_sender_fits_it(
    sender: str, settings: dict[str, Any], written_as: tuple[int, int, str]
) -> None:
    assert source(sender, configured(**settings)) == Address(*written_as)


@pytest.mark.parametrize(
    ("settings", "ton", "npi", "addr"),
    [({}, 1, 1, b"33612345678"), ({"dest_ton": 0, "dest_npi": 0, "plus": True}, 0, 0, b"+33612345678")],
)
def test_rule_25_receivers_are_international_or_as_the_carrier_wants(
    settings: dict[str, Any], ton: int, npi: int, addr: bytes
) -> None:
    (pdu,) = written(content("x"), **settings)
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (ton, npi, addr)


@pytest.mark.parametrize(
    ("ton", "addr", "read"),
    [
        (1, "33612345678", "+33612345678"),
        (2, "33612345678", "+33612345678"),
        (0, "33612345678", "+33612345678"),
        (0, "+33612345678", "+33612345678"),
        (0, "0033612345678", "+33612345678"),
        (2, "0612345678", "0612345678"),
        (3, "36180", "36180"),
        (5, "Depesza", "Depesza"),
    ],
)
def test_rule_25_who_writes_to_us_is_read_with_tolerance(ton: int, addr: str, read: str) -> None:
    assert read_sender(ton, addr) == read


@pytest.mark.parametrize("sender", ["Депеша", "A" * 21, "+" + "1" * 21])
def test_a_sender_that_does_not_fit_is_refused(sender: str) -> None:
    with pytest.raises(BadSender):
        written(content("x", sender=sender))


# settings


def test_each_setting_has_a_help_text() -> None:
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]
    assert len(schema) == len(Settings.__struct_fields__)
    without = [name for name, field in schema.items() if not field.get("description")]
    assert not without


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", 0),
        ("bind", "both"),
        ("sessions", 0),
        ("window", -1),
        ("rate", -1),
        ("alphabet", "ebcdic"),
        ("long_messages", "fax"),
        ("registered_delivery", 32),
        ("interface_version", 0x35),
        ("receipt_zone", "Paris"),
        ("receipt_ids", "octal"),
        ("statuses", {"0x400": "nonsense"}),
        ("statuses", {"x": "busy"}),
        ("errors", {"008": "nonsense"}),
        ("tls_key", "/k"),
        ("system_id", "a" * 16),
    ],
)
def test_a_wrong_value_is_named_by_its_field(field: str, value: object) -> None:
    with pytest.raises(smpp_settings.SettingsError, match=rf"^{field}: "):
        configured(**{field: value})


def test_tls_without_verification_wants_a_pin() -> None:
    with pytest.raises(smpp_settings.SettingsError, match=r"^tls_verify: "):
        configured(tls=True, tls_verify=False)


PORTS = bytes.fromhex("05040b8423f0")
OCTETS = bytes(range(256)).decode("latin-1")


def binary(text: str = OCTETS, **extras: Any) -> Content:
    return content(text, alphabet="binary", extras=Extras(**extras))


def test_octets_behind_a_header_of_the_clients_own() -> None:
    (pdu,) = written(binary(OCTETS[:133], udh=PORTS))
    assert (pdu.esm_class, pdu.data_coding, pdu.protocol_id) == (0x40, 4, 0)
    assert pdu.short_message == b"\x06" + PORTS + OCTETS[:133].encode("latin-1")
    (bare,) = written(binary(OCTETS[:140]))
    assert (bare.esm_class, bare.short_message) == (0, OCTETS[:140].encode("latin-1"))


@pytest.mark.parametrize(
    ("form", "head"), [("udh", "0b0003ff020{}"), ("sar", "0b0003ff020{}"), ("payload", "0b0003ff020{}"),
                       ("udh16", "0c080401ff020{}")]
)  # fmt: skip
def test_every_part_has_the_clients_header_too(form: str, head: str) -> None:
    pdus = written(binary(OCTETS[:250], udh=PORTS), long_messages=form)
    heads = [bytes.fromhex(head.format(n)) + PORTS for n in (1, 2)]
    parts = [headed(pdu, len(heads[0])) for pdu in pdus]
    assert [found for found, _ in parts] == heads
    assert b"".join(octets for _, octets in parts) == OCTETS[:250].encode("latin-1")


def test_texts_can_have_a_header_as_well() -> None:
    pdus = written(content("a" * 300, extras=Extras(udh=PORTS)), alphabet="gsm7-packed")
    parts = [headed(pdu, 12)[1] for pdu in pdus]
    assert b"".join(septets.unpack_uncounted(one, 2) for one in parts) == b"a" * 300


@pytest.mark.parametrize(
    ("body", "protocol", "coding"),
    [
        (binary("x", pid=0x7F, dcs=0xF6), 0x7F, 0xF6),
        (binary("x", dcs=0), 9, 0),
        (binary("x", pid=0), 0, 4),
        (content("x", flash=0, extras=Extras(dcs=0)), 9, 0),
        (content("", channel=Channel.PING), 0x40, 0),
        (content("x", channel=Channel.PING, extras=Extras(pid=0x41)), 0x41, 0),
        (content("x"), 9, 0),
    ],
)
def test_protocol_and_coding(body: Content, protocol: int, coding: int) -> None:
    (pdu,) = written(body, protocol_id=9)
    assert (pdu.protocol_id, pdu.data_coding) == (protocol, coding)


def test_a_header_that_numbers_parts_itself_is_not_numbered_again() -> None:
    own = bytes.fromhex("0003070201")
    (pdu,) = written(binary("x" * 134, udh=own))
    assert pdu.short_message == b"\x05" + own + b"x" * 134
    with pytest.raises(Unencodable):
        written(binary("x" * 135, udh=own))


def test_texts_of_a_list_are_each_their_own_also_where_they_are_alike() -> None:
    writer, body = Writer(configured(), lambda: NOW), content("common")
    texts = ["one", "two", "one", None, "Ж", "x" * 160, "x" * 161, "€" * 80, "€" * 81]
    octets = [
        [len(pdu.short_message) if pdu.esm_class else pdu.short_message for pdu in writer.write(own)]
        for own in (msgspec.structs.replace(message(n, body), text=text) for n, text in enumerate(texts, 1))
    ]
    assert octets[:6] == [[b"one"], [b"two"], [b"one"], [b"common"], [b"\x04\x16"], [b"x" * 160]]
    assert octets[6:] == [[159, 14], [b"\x1be" * 80], [158, 16]]
