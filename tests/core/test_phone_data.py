"""What phones can send beside texts."""

import pytest
from tests.connectors.connector_heard import content, message

from depesza.core.model import Channel, Content, Extras
from depesza.core.phone_data import PhoneData, data_of, fits_phones

PUSH = bytes.fromhex("05040b8423f0")


def binary(text: str = "\x00\xff", **extras: object) -> Content:
    return content(text, alphabet="binary", extras=Extras(**extras))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        (content("text"), True),
        (content("text", extras=Extras(partner=7)), True),
        (content("text", extras=Extras(pid=0)), True),
        (content("", channel=Channel.PING), False),
        (content("text", extras=Extras(pid=0x40)), False),
        (content("text", extras=Extras(udh=PUSH)), False),
        (content("text", extras=Extras(dcs=0xF1)), False),
        (binary(udh=PUSH), True),
        (binary(udh=PUSH, dcs=4), True),
        (binary("x" * 133, udh=PUSH), True),
        (binary("x" * 134, udh=PUSH), False),
        (binary(udh=PUSH, dcs=0xF5), False),
        (binary(udh=PUSH, pid=0x7F), False),
        (binary(), False),
        (binary(udh=bytes.fromhex("04021122")), False),  # ports of eight bits
        (binary(udh=PUSH + bytes.fromhex("0a03070560")), False),
        (binary(udh=b"\x05"), False),
        (content("x", alphabet="binary"), False),
    ],
)
def test_what_fits(body: Content, fits: bool) -> None:
    assert fits_phones(message(1, body)) is fits


def test_octets_go_to_the_port_that_is_meant() -> None:
    assert data_of(message(1, binary(udh=PUSH))) == PhoneData("AP8=", 2948)
    assert data_of(message(1, content("text"))) is None
