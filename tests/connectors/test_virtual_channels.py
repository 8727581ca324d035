"""The virtual carrier of every channel: what mail, messengers and calls report, by the last digits of any receiver."""

from collections.abc import AsyncIterator

import pytest
from connector_heard import Heard, content, make, message, until, up

from depesza.connectors import carries
from depesza.connectors.channels import READ, told
from depesza.connectors.contract import Connector
from depesza.connectors.virtual import finding_of
from depesza.core.model import Attached, Channel, Extras, Message, State
from depesza.core.refusals import TABLE, Retry
from depesza.wire.fates import BEYOND_SMS, DELIVERED, FATES, Subscriber, beyond_sms, fate_of

pytestmark = pytest.mark.anyio

NUMBER, NICK, ADDRESS = "+79161234567", "@alice_bot", "alice@example.org"
EXTRAS = Extras(subject="Hi", files=(Attached("7", "a.png", "image/png", 3),))


@pytest.fixture
async def carrier() -> AsyncIterator[tuple[Connector, Heard]]:
    heard = Heard()
    connector = make("virtual", heard, scale=0.005)
    await up(connector)
    yield connector, heard
    await connector.stop(0.0)


def to(receiver: str, channel: Channel, number: int = 1, **extras: object) -> Message:
    made = Extras(**extras) if extras else EXTRAS  # type: ignore[arg-type]
    return message(number, content(channel=channel, extras=made), receiver)


@pytest.mark.parametrize(
    ("channel", "receiver", "states"),
    [
        (Channel.MAIL, ADDRESS, [State.DELIVERED, State.READ]),
        (Channel.MAIL, "alice901@example.org", [State.FAILED]),
        (Channel.MAIL, "alice944@example.org", [State.DELIVERED]),
        (Channel.MAIL, "alice@example920.org", [State.DELIVERED, State.READ]),
        (Channel.MAIL, "alice920@example.org", []),
        (Channel.TELEGRAM, NICK, [State.DELIVERED, State.READ]),
        (Channel.TELEGRAM, "@alice902", [State.EXPIRED]),
        (Channel.TELEGRAM, "#123456944", [State.DELIVERED]),
        (Channel.VIBER, NUMBER, [State.DELIVERED, State.READ]),
        (Channel.WHATSAPP, "+79161234908", [State.PENDING, State.DELIVERED, State.READ]),
        (Channel.SOCIAL, "+79161234924", [State.DELIVERED, State.FAILED]),
        (Channel.MMS, NUMBER, [State.DELIVERED]),
        (Channel.PING, "+79161234902", [State.EXPIRED]),
        (Channel.CALL, NUMBER, [State.DELIVERED]),
        (Channel.SMS, "+79161234945", [State.DELIVERED]),
    ],
)
async def test_each_channel_reports_what_its_carriers_do(
    carrier: tuple[Connector, Heard], channel: Channel, receiver: str, states: list[State]
) -> None:
    connector, heard = carrier
    connector.send(to(receiver, channel))
    await until(lambda: heard.outcomes and len(heard.receipts) == len(states))
    assert [receipt.state for receipt, _ in heard.receipts] == states
    assert {receipt.remotes for receipt, _ in heard.receipts} <= {heard.outcomes[1].remotes}


@pytest.mark.parametrize(
    ("suffix", "refusal", "seconds"),
    [("945", "busy_line", 3 * 1 + 2 * 10), ("946", "no_answer", 3 * 20 + 2 * 10), ("947", "machine", 2)],
)
async def test_a_call_that_nobody_takes_ends_when_all_tries_are_over(
    carrier: tuple[Connector, Heard], suffix: str, refusal: str, seconds: int
) -> None:
    connector, heard = carrier
    call = to(f"+79161234{suffix}", Channel.CALL, ring=(20, 10, 3))
    (end,) = told(call, fate_of(call.receiver))
    assert (end.after, end.state, end.refusal) == (seconds, State.FAILED, refusal)
    connector.send(call)
    await until(lambda: heard.receipts)
    assert (heard.receipts[0][0].state, heard.receipts[0][0].refusal) == (State.FAILED, refusal)
    assert TABLE[refusal].retry is Retry.NO


def test_a_call_rings_as_usual_when_nothing_is_said() -> None:
    pauses = 3 + 5 + 7 + 9 + 11 + 13 + 14
    (end,) = told(to("+79161234946", Channel.CALL), DELIVERED)
    assert end.after == 8 * 25 + pauses


async def test_nobody_writes_back_to_a_call(carrier: tuple[Connector, Heard]) -> None:
    connector, heard = carrier
    connector.send(to("+79161234951", Channel.CALL, 1))
    connector.send(to("alice951@example.org", Channel.MAIL, 2))
    await until(lambda: heard.inbounds and len(heard.receipts) == 3)
    assert [inbound.sender for inbound, _ in heard.inbounds] == ["alice951@example.org"]


def test_endings_beyond_sms_are_no_fate_of_an_sms() -> None:
    assert {row.suffix for row in BEYOND_SMS} & {fate.suffix for fate in FATES} == set()
    assert [beyond_sms("+7916123" + row.suffix) for row in BEYOND_SMS] == [row.name for row in BEYOND_SMS]
    assert [row.name for row in BEYOND_SMS if row.name not in TABLE] == ["unread"]
    assert beyond_sms(NUMBER) == ""


def test_carriers_of_texts_know_nothing_else_and_the_virtual_one_knows_all() -> None:
    for kind in ("gammu", "modem", "phones", "smpp"):
        assert carries(kind) == {Channel.SMS}
    assert carries("virtual") == set(Channel) - {Channel.PING} > READ


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+48601234567", {"imsi": "26001601234567", "msc": "48600000000", "roaming_country": ""}),
        ("+48601234970", {"imsi": "26001601234970", "msc": "41790000000", "roaming_country": "CH"}),
        ("+48601234902", {"imsi": "26001601234902", "msc": "", "error": "absent"}),
        ("+48601234903", {"imsi": "", "msc": "", "error": "bad_destination"}),
    ],
)
def test_a_network_tells_where_a_subscriber_is(number: str, expected: dict[str, str]) -> None:
    found = finding_of(number, fate_of(number).subscriber)
    assert {name: getattr(found, name) for name in expected} == expected
    assert (found.mcc, found.mnc) == ("260", "01")
    assert found.source == "network"


def test_every_subscriber_but_a_silent_one_is_told_of() -> None:
    assert [finding_of(NUMBER, each).msisdn for each in Subscriber if each is not Subscriber.SILENT]
