"""The tables of statuses and TLVs: complete, without doubles, and in agreement with smpplib's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpplib import consts

from depesza.wire import Unencodable
from depesza.wire.smpp import pdus, status, tlvs


def test_every_status_of_smpplib_has_the_same_number_and_name() -> None:
    theirs = {name[10:]: code for name, code in vars(consts).items() if name.startswith("SMPP_ESME_R")}
    assert len(theirs) > 40
    for name, code in theirs.items():
        assert status.BY_NAME[name].code == code


def test_each_status_has_a_constant_and_one_row() -> None:
    constants = {name: code for name, code in vars(status).items() if name.startswith("R") and name.isupper()}
    constants.pop("ROWS")
    assert constants == {row.name: row.code for row in status.ROWS}
    assert len(status.BY_CODE) == len(status.BY_NAME) == len(status.ROWS)


@pytest.mark.parametrize(
    ("code", "words"), [(0x401, "vendor"), (0x4FF, "vendor"), (0x500, "reserved"), (9, "reserved")]
)
def test_an_unknown_status_is_a_permanent_refusal_that_can_be_read(code: int, words: str) -> None:
    row = status.look(code)
    assert (row.code, row.kind, row.name) == (code, status.Kind.PERMANENT, f"0x{code:08X}")
    assert words in row.sentence


def test_only_ok_is_ok() -> None:
    assert [row.name for row in status.ROWS if row.kind is status.Kind.OK] == ["ROK"]


VALUES = {
    tlvs.Number: lambda row: st.integers(0, 256**row.size - 1),
    tlvs.Text: lambda row: st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=row.longest - 1),
    tlvs.Octets: lambda row: st.binary(min_size=row.shortest, max_size=min(row.longest, 50)),
    tlvs.Flag: lambda row: st.just(True),
}


@pytest.mark.parametrize("row", list(tlvs.TLVS.values()), ids=lambda row: row.name)
def test_every_tlv_comes_back_as_it_was(row: tlvs.Tlv) -> None:
    @settings(max_examples=10, deadline=None)
    @given(VALUES[type(row)](row))
    def check(value: object) -> None:
        assert row.of(pdus.SubmitSm(tlvs=(row.pack(value),))) == value  # type: ignore[arg-type]

    check()
    assert not row.of(pdus.SubmitSm())
    assert tlvs.name_of(row.tag) == row.name


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (tlvs.MESSAGE_STATE, 256),
        (tlvs.MESSAGE_STATE, -1),
        (tlvs.SAR_MSG_REF_NUM, 65536),
        (tlvs.RECEIPTED_MESSAGE_ID, "x" * 65),
        (tlvs.RECEIPTED_MESSAGE_ID, "a\0"),
        (tlvs.RECEIPTED_MESSAGE_ID, "Ж"),
        (tlvs.NETWORK_ERROR_CODE, b"xx"),
        (tlvs.MESSAGE_PAYLOAD, bytes(65536)),
        (tlvs.ALERT_ON_MESSAGE_DELIVERY, False),
    ],
)
def test_a_value_that_does_not_fit_is_our_mistake(row: tlvs.Tlv, value: object) -> None:
    with pytest.raises(Unencodable):
        row.pack(value)  # type: ignore[arg-type]


def test_the_tags_agree_with_smpplib() -> None:
    ours = {row.name: tag for tag, row in tlvs.TLVS.items()}
    shared = ours.keys() & consts.OPTIONAL_PARAMS.keys()
    assert len(shared) > 30
    assert {name: ours[name] for name in shared} == {name: consts.OPTIONAL_PARAMS[name] for name in shared}


def test_an_unknown_tag_is_named_by_its_hex() -> None:
    assert tlvs.name_of(0x1401) == "0x1401"
