"""Lines to a carrier over real sockets: binding, losing, coming back, TLS, pairs, throttling, stopping."""

import asyncio
import datetime
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from connector_heard import Heard, Lateness, content, feed, make, message, until, up
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from smpp_carrier import ByFate, Carrier, CarrierLink, Script, receipt, take
from structlog.testing import capture_logs

from depesza.connectors.contract import Connector, Link
from depesza.core.model import State
from depesza.net.tls import server_context
from depesza.wire.smpp import status
from depesza.wire.smpp.codec import pack
from depesza.wire.smpp.pdus import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    QuerySm,
    SubmitSm,
)

pytestmark = pytest.mark.anyio
QUICK = {"reconnect_first": 0.02, "reconnect_most": 0.2, "host": "127.0.0.1"}


class Pair:
    """A carrier and a connector to it."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.carriers: list[Carrier] = []
        self.connectors: list[Connector] = []

    async def carrier(self, script: Script = take, **more: Any) -> Carrier:
        self.carriers.append(await Carrier(script).open(**more))
        return self.carriers[-1]

    def connector(self, port: int, **settings: Any) -> Connector:
        self.connectors.append(make("smpp", self.heard, port=port, **QUICK | settings))
        return self.connectors[-1]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    made = Pair()
    yield made
    for connector in made.connectors:
        await connector.stop(0.1)
    for carrier in made.carriers:
        await carrier.close()


async def test_the_bind_carries_who_we_are(pair: Pair) -> None:
    carrier = await pair.carrier()
    await up(pair.connector(carrier.port, system_id="we", password="secret", system_type="VMA"))
    bind = carrier.binds[0]
    assert isinstance(bind, BindTransceiver)
    assert (bind.system_id, bind.password, bind.system_type, bind.interface_version) == ("we", "secret", "VMA", 0x34)


async def test_rule_24_a_pair_sends_on_one_bind_and_listens_on_the_other(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, bind="pair", sessions=2)
    await up(connector, sessions=4)
    kinds = sorted(type(bind).__name__ for bind in carrier.binds)
    assert kinds == ["BindReceiver"] * 2 + ["BindTransmitter"] * 2
    connector.send(message(1))
    await until(lambda: pair.heard.outcomes)
    # the receipt comes on a receiver, as the carrier likes
    carrier.deliver(receipt(carrier.submits[0], pair.heard.outcomes[1].remotes[0]))
    await until(lambda: carrier.answers)
    assert pair.heard.outcomes[1].remotes[0] in pair.heard.receipts[0][0].remotes


async def test_several_sessions_share_the_work(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, sessions=3, window=5)
    await up(connector, sessions=3)
    used: set[int] = set()
    carrier.script = lambda c, link, sequence, pdu: (used.add(id(link)), c.accept(link, sequence))[0]
    assert connector.capacity == 15
    feed(connector, pair.heard, [message(n) for n in range(100)])
    await until(lambda: len(pair.heard.outcomes) == 100)
    assert len(used) == 3


@pytest.mark.parametrize("code", [status.RINVPASWD, status.RBINDFAIL, status.RALYBND, 0x400])
async def test_a_refused_bind_is_shown_logged_once_and_tried_again(pair: Pair, code: int) -> None:
    carrier = await pair.carrier()
    carrier.bind_status = code
    connector = pair.connector(carrier.port, reconnect_most=0.03)
    with capture_logs() as logs:
        connector.start()
        await until(lambda: len(carrier.binds) >= 3)
    assert connector.health.link is Link.REFUSED
    assert status.look(code).name in connector.health.detail
    assert connector.room == 0
    assert len([line for line in logs if line.get("link") == "refused"]) == 1
    carrier.bind_status = 0
    await until(lambda: connector.health.link is Link.UP)


async def test_a_refused_password_is_not_tried_in_haste(pair: Pair) -> None:
    carrier = await pair.carrier()
    carrier.bind_status = status.RINVPASWD
    connector = pair.connector(carrier.port, reconnect_first=0.01, reconnect_most=60)
    connector.start()
    await until(lambda: connector.health.link is Link.REFUSED)
    await asyncio.sleep(0.2)
    assert len(carrier.binds) == 1


async def test_rule_23_a_carrier_that_is_away_is_asked_again_until_it_is_back(pair: Pair) -> None:
    carrier = await pair.carrier()
    port = carrier.port
    await carrier.close()
    connector = pair.connector(port)
    connector.start()
    await until(lambda: "refused" in connector.health.detail)
    assert connector.health.link is Link.DOWN
    await asyncio.sleep(0.1)
    pair.carriers.append(await Carrier().open(port=port))
    await until(lambda: connector.health.link is Link.UP)


async def test_a_dropped_connection_makes_the_unanswered_uncertain_and_comes_back(pair: Pair) -> None:
    carrier = await pair.carrier(lambda c, link, sequence, pdu: None)
    connector = pair.connector(carrier.port, window=5)
    await up(connector)
    for number in range(5):
        connector.send(message(number))
    await until(lambda: len(carrier.submits) == 5)
    carrier.links[0].abort()
    await until(lambda: len(pair.heard.outcomes) == 5)
    assert {outcome.refusal for outcome in pair.heard.outcomes.values()} == {"uncertain"}
    assert all(outcome.wire for outcome in pair.heard.outcomes.values())
    carrier.script = take
    await until(lambda: connector.room == 5)
    connector.send(message(9))
    await until(lambda: 9 in pair.heard.outcomes)
    assert not pair.heard.outcomes[9].refusal


async def test_what_was_never_written_is_link_down(pair: Pair) -> None:
    carrier = await pair.carrier(lambda c, link, sequence, pdu: None)
    connector = pair.connector(carrier.port, window=10, rate=1)
    await up(connector)
    connector.send(message(1))
    connector.send(message(2))
    await until(lambda: carrier.submits)
    carrier.links[0].abort()
    await until(lambda: len(pair.heard.outcomes) == 2)
    assert pair.heard.outcomes[1].refusal == "uncertain"
    assert pair.heard.outcomes[2].refusal == "link_down"
    assert not pair.heard.outcomes[2].wire
    assert pair.heard.outcomes[2].retry_after > 0


async def test_what_is_handed_over_while_the_link_is_down_comes_back(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port)
    connector.send(message(1))
    assert pair.heard.outcomes[1].refusal == "link_down"
    await up(connector)
    connector.send(message(2))
    await connector.stop(1.0)
    connector.send(message(3))
    assert [pair.heard.outcomes[n].refusal for n in (2, 3)] == ["", "link_down"]


async def test_rule_21_without_a_response_in_time_a_message_is_uncertain_and_a_late_one_changes_nothing(
    pair: Pair,
) -> None:
    late: list[tuple[CarrierLink, int]] = []
    carrier = await pair.carrier(lambda c, link, sequence, pdu: late.append((link, sequence)))
    connector = pair.connector(carrier.port, response_timer=0.1)
    await up(connector)
    connector.send(message(1))
    await until(lambda: pair.heard.outcomes)
    assert pair.heard.outcomes[1].refusal == "uncertain"
    assert "no answer" in pair.heard.outcomes[1].detail
    carrier.accept(*late[0])
    carrier.script = take
    connector.send(message(2))
    await until(lambda: 2 in pair.heard.outcomes)
    assert connector.health.link is Link.UP
    assert pair.heard.outcomes[1].refusal == "uncertain"


async def test_a_half_open_link_is_found_by_enquire_link(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, enquire_link=0.05, response_timer=0.1)
    await up(connector)
    carrier.links[0].pause_reading()  # it stands and says nothing
    first = carrier.links[0]
    await until(lambda: len(carrier.binds) == 2)
    await until(lambda: connector.health.link is Link.UP)
    first.abort()


async def test_the_carriers_unbind_is_answered_and_the_link_comes_back(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port)
    await up(connector)
    carrier.links[0].session.unbind(asyncio.get_running_loop().time())
    carrier.links[0].flush()
    await until(lambda: carrier.closed == ["unbound"])
    await until(lambda: len(carrier.binds) == 2 and connector.health.link is Link.UP)


async def test_a_response_that_says_not_bound_makes_a_new_bind(pair: Pair) -> None:
    carrier = await pair.carrier(lambda c, link, sequence, pdu: c.refuse(link, sequence, status.RINVBNDSTS))
    connector = pair.connector(carrier.port)
    await up(connector)
    connector.send(message(1))
    await until(lambda: pair.heard.outcomes)
    assert pair.heard.outcomes[1].refusal == "busy"
    await until(lambda: len(carrier.binds) == 2)


async def test_rule_22_stop_waits_for_answers_then_unbinds(pair: Pair) -> None:
    def slowly(carrier: Carrier, link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
        asyncio.get_running_loop().call_later(0.1, carrier.accept, link, sequence)

    carrier = await pair.carrier(slowly)
    pair.heard.done = None
    connector = pair.connector(carrier.port, window=10)
    await up(connector)
    for number in range(10):
        connector.send(message(number))
    carrier.deliver(DeliverSm(source_addr="33600000001", destination_addr="1", short_message=b"hi"))
    await until(lambda: pair.heard.inbounds)
    stopping = asyncio.ensure_future(connector.stop(2.0))
    await asyncio.sleep(0.15)
    assert not stopping.done(), "a text is not on disk yet"
    assert connector.room == 0
    pair.heard.inbounds[0][1](True)
    await stopping
    assert {outcome.refusal for outcome in pair.heard.outcomes.values()} == {""}
    assert len(pair.heard.outcomes) == 10
    assert carrier.closed == ["unbound"]
    assert [answer.status for answer in carrier.answers] == [0]


async def test_a_receipt_is_answered_only_when_it_is_on_disk(pair: Pair) -> None:
    carrier = await pair.carrier()
    pair.heard.done = None
    await up(pair.connector(carrier.port))
    pdu = SubmitSm(source_addr="Depesza", destination_addr="33600000001")
    carrier.deliver(receipt(pdu, "a1"))
    carrier.deliver(receipt(pdu, "a2"))
    await until(lambda: len(pair.heard.receipts) == 2)
    await asyncio.sleep(0.05)
    assert not carrier.answers
    (_, first), (_, second) = pair.heard.receipts
    second(False)
    await until(lambda: carrier.answers)
    assert carrier.answers[0].status == status.RX_T_APPN
    first(True)
    first(True)  # twice is harmless
    await until(lambda: len(carrier.answers) == 2)
    assert carrier.answers[1].status == status.ROK


async def test_an_acknowledgement_after_the_link_is_gone_is_harmless(pair: Pair) -> None:
    carrier = await pair.carrier()
    pair.heard.done = None
    connector = pair.connector(carrier.port)
    await up(connector)
    carrier.deliver(receipt(SubmitSm(), "a1"))
    await until(lambda: pair.heard.receipts)
    carrier.links[0].abort()
    await until(lambda: len(carrier.binds) == 2)
    pair.heard.receipts[0][1](True)
    await until(lambda: connector.health.link is Link.UP)


async def test_reading_pauses_while_too_many_receipts_are_not_on_disk(pair: Pair) -> None:
    carrier = await pair.carrier()
    pair.heard.done = None
    connector = pair.connector(carrier.port, undone=20, response_timer=0.2, enquire_link=0.1)
    await up(connector)
    for number in range(100):
        carrier.deliver(receipt(SubmitSm(), f"{number:04x}"))
        if number % 10 == 9:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # longer than the timers: they must not ring while answers lie unread
    seen = len(pair.heard.receipts)
    assert 20 <= seen < 100
    assert connector.health.link is Link.UP
    pair.heard.done = True
    for _, done in pair.heard.receipts[:seen]:
        done(True)
    await until(lambda: len(pair.heard.receipts) == 100)
    await until(lambda: len(carrier.answers) == 100)
    assert len(carrier.binds) == 1


async def test_a_link_that_comes_back_while_reading_is_paused_is_paused_too(pair: Pair) -> None:
    carrier = await pair.carrier()
    pair.heard.done = None
    connector = pair.connector(carrier.port, undone=5)
    await up(connector)
    for number in range(5):
        carrier.deliver(receipt(SubmitSm(), f"{number:04x}"))
    await until(lambda: len(pair.heard.receipts) == 5)
    carrier.links[0].abort()
    # a paused link does not see its end; the next octets show it
    connector.send(message(1))
    for _, done in pair.heard.receipts[:2]:
        done(True)
    assert len(pair.heard.receipts) == 5
    for _, done in pair.heard.receipts[2:]:
        done(True)
    await until(lambda: len(carrier.binds) == 2 and connector.health.link is Link.UP)
    carrier.deliver(receipt(SubmitSm(), "ffff"))
    await until(lambda: len(pair.heard.receipts) == 6)


async def test_parts_of_a_reply_are_put_together_over_the_link(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, part_hold=0.05, reassembly=0.4)
    await up(connector)

    def part(number: int, reference: int, text: bytes) -> DeliverSm:
        head = bytes((5, 0, 3, reference, 2, number))
        return DeliverSm(source_addr="33600000001", destination_addr="1", esm_class=0x40, short_message=head + text)

    carrier.deliver(part(1, 1, b"one "))
    await until(lambda: [answer.status for answer in carrier.answers] == [status.RX_T_APPN])
    carrier.deliver(part(2, 1, b"two"))
    await until(lambda: pair.heard.inbounds)
    assert pair.heard.inbounds[0][0].text == "one two"
    carrier.deliver(part(1, 2, b"alone "))
    await until(lambda: len(pair.heard.inbounds) == 2)
    assert pair.heard.inbounds[1][0].text == "alone […]"
    await until(lambda: [answer.status for answer in carrier.answers][-1] == status.ROK)


async def test_a_request_that_no_client_serves_is_refused(pair: Pair) -> None:
    carrier = await pair.carrier()
    await up(pair.connector(carrier.port))
    carrier.write_raw(carrier.links[0], pack(QuerySm(message_id="1"), 99))
    await asyncio.sleep(0.05)
    carrier.deliver(receipt(SubmitSm(), "a1"))
    await until(lambda: pair.heard.receipts)


async def test_a_bind_that_cannot_be_written_is_shown(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, password="пароль")
    connector.start()
    await until(lambda: connector.health.link is Link.REFUSED)
    assert "password" in connector.health.detail
    assert not carrier.binds


# rule 19: throttling


async def run(pair: Pair, script: Script, count: int, window: int = 50) -> tuple[Carrier, float]:
    """Send so many messages; give the carrier and the seconds."""
    carrier = await pair.carrier(script)
    pair.heard = Heard()
    connector = pair.connector(carrier.port, window=window)
    await up(connector)
    loop = asyncio.get_running_loop()
    started = loop.time()
    feed(connector, pair.heard, [message(n) for n in range(count)])
    await until(lambda: len(pair.heard.outcomes) == count, 30)
    return carrier, loop.time() - started


def sometimes(share: float, code: int) -> Script:
    """Refuse some with a status, take the rest after five milliseconds."""
    rng = random.Random(5)

    def script(carrier: Carrier, link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
        later = asyncio.get_running_loop().call_later
        if rng.random() < share:
            later(0.005, carrier.refuse, link, sequence, code)
        else:
            later(0.005, carrier.accept, link, sequence)

    return script


async def test_rule_19_one_submit_in_twenty_throttled_loses_nothing_and_little_time(pair: Pair) -> None:
    count = 5000
    _, without = await run(pair, sometimes(0, 0), count)
    carrier, seconds = await run(pair, sometimes(0.05, status.RTHROTTLED), count)
    outcomes = pair.heard.outcomes.values()
    assert {outcome.refusal for outcome in outcomes} == {""}
    assert len({outcome.remotes for outcome in outcomes}) == count
    refused = len(carrier.submits) - count
    assert 150 < refused < 400
    assert seconds <= 1.2 * without + 0.3  # the machine is shared


@pytest.mark.parametrize(("code", "refusal"), [(status.RTHROTTLED, "throttled"), (status.RMSGQFUL, "queue_full")])
async def test_rule_19_a_carrier_that_refuses_everything_is_not_hammered(pair: Pair, code: int, refusal: str) -> None:
    carrier = await pair.carrier(lambda c, link, sequence, pdu: c.refuse(link, sequence, code))
    connector = pair.connector(carrier.port, window=10, patience=1.0)
    await up(connector)
    feed(connector, pair.heard, [message(n) for n in range(10)])
    await asyncio.sleep(0.3)
    assert len(carrier.submits) <= 40
    assert not pair.heard.outcomes
    await until(lambda: len(pair.heard.outcomes) == 10, 20)
    assert {outcome.refusal for outcome in pair.heard.outcomes.values()} == {refusal}
    assert all(outcome.retry_after > 0 for outcome in pair.heard.outcomes.values())
    assert status.look(code).name in pair.heard.outcomes[1].detail


@pytest.mark.parametrize("code", [status.RTHROTTLED, status.RMSGQFUL, status.RSYSERR])
async def test_parts_that_were_refused_for_now_are_sent_again_alone(pair: Pair, code: int) -> None:
    throttled: set[bytes] = set()

    def once(carrier: Carrier, link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
        number = pdu.short_message[5]
        if number == 2 and pdu.short_message not in throttled:
            throttled.add(pdu.short_message)
            carrier.refuse(link, sequence, code)
        else:
            carrier.accept(link, sequence, f"id{number}")

    carrier = await pair.carrier(once)
    connector = pair.connector(carrier.port)
    await up(connector)
    connector.send(message(1, content("a" * 400), parts=3))
    await until(lambda: pair.heard.outcomes)
    assert pair.heard.outcomes[1].remotes == ("id1", "id2", "id3")
    assert [pdu.short_message[5] for pdu in carrier.submits] == [1, 2, 3, 2]


async def test_a_message_of_more_parts_than_the_window_is_sent(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, window=2)
    await up(connector)
    connector.send(message(1, content("a" * 1000), parts=7))
    assert connector.room == 0
    await until(lambda: pair.heard.outcomes)
    assert len(pair.heard.outcomes[1].remotes) == 7
    assert connector.room == 2


async def test_a_part_refused_for_good_ends_the_message_and_keeps_the_ids_of_the_others(pair: Pair) -> None:
    def script(carrier: Carrier, link: CarrierLink, sequence: int, pdu: SubmitSm) -> None:
        if pdu.short_message[5] == 2:
            carrier.refuse(link, sequence, status.RINVDSTADR)
        else:
            carrier.accept(link, sequence, "first")

    carrier = await pair.carrier(script)
    connector = pair.connector(carrier.port, window=1)
    await up(connector)
    connector.send(message(1, content("a" * 400), parts=3))
    await until(lambda: pair.heard.outcomes)
    outcome = pair.heard.outcomes[1]
    assert outcome.refusal == "bad_destination"
    assert outcome.remotes == ("first", "", "")
    assert len(carrier.submits) == 2, "the third would be in vain"


async def test_the_rate_is_kept_over_a_real_link(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, rate=200, window=50)
    await up(connector)
    async with Lateness() as late:
        feed(connector, pair.heard, [message(n) for n in range(500)])
        await until(lambda: len(pair.heard.outcomes) == 500, 10)
    at = carrier.at
    assert max(sum(1 for other in at if one <= other < one + 1.0 - late.worst) for one in at) <= 200
    assert at[-1] - at[0] <= 500 / 200 / 0.95 + late.total


async def test_rule_20_congestion_state_slows_the_link(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port, window=10)
    await up(connector)
    carrier.links[0].session.congestion = 100
    connector.send(message(1))
    await until(lambda: pair.heard.outcomes)
    assert connector.room == 0
    await until(lambda: connector.room > 0)


# rule 28: TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with `cert.pem` and `key.pem` for localhost, signed by itself."""
    folder = tmp_path_factory.mktemp("smpp-tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "pin").write_text(certificate.fingerprint(hashes.SHA256()).hex())
    return folder


def server_tls(folder: Path, clients: bool = False) -> Any:
    ca = str(folder / "cert.pem") if clients else None
    return server_context(str(folder / "cert.pem"), str(folder / "key.pem"), client_ca=ca)


async def test_rule_28_the_link_speaks_tls_and_shows_its_certificate(pair: Pair, certificates: Path) -> None:
    carrier = await pair.carrier(tls=server_tls(certificates, clients=True))
    connector = pair.connector(
        carrier.port,
        tls=True,
        tls_ca=str(certificates / "cert.pem"),
        tls_name="localhost",
        tls_cert=str(certificates / "cert.pem"),
        tls_key=str(certificates / "key.pem"),
    )
    await up(connector)
    connector.send(message(1))
    await until(lambda: pair.heard.outcomes)
    assert carrier.links[0].tls.startswith("TLSv1")


async def test_rule_28_a_certificate_that_nobody_vouches_for_is_refused(pair: Pair, certificates: Path) -> None:
    carrier = await pair.carrier(tls=server_tls(certificates))
    connector = pair.connector(carrier.port, tls=True, tls_name="localhost")
    connector.start()
    await until(lambda: "tls" in connector.health.detail)
    assert connector.health.link is Link.DOWN
    assert not carrier.binds, "no password leaves"


async def test_rule_28_a_pinned_certificate_needs_no_authority(pair: Pair, certificates: Path) -> None:
    carrier = await pair.carrier(tls=server_tls(certificates))
    pin = (certificates / "pin").read_text()
    await up(pair.connector(carrier.port, tls=True, tls_verify=False, tls_pin=pin))
    wrong = pair.connector(carrier.port, tls=True, tls_verify=False, tls_pin="00" * 32)
    wrong.start()
    await until(lambda: "pinned" in wrong.health.detail)
    assert len(carrier.binds) == 1


# what is written, and what is learnt


async def test_texts_and_senders_that_cannot_be_written_are_refused_without_a_pdu(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port)
    await up(connector)
    connector.send(message(1, content("ça", alphabet="gsm7")))
    connector.send(message(2, content("x", sender="Депеша", number=2)))
    connector.send(message(3, content("x", sender="A" * 21, number=3)))
    refusals = [pair.heard.outcomes[number].refusal for number in (1, 2, 3)]
    assert refusals == ["unencodable", "bad_sender", "bad_sender"]
    assert "U+00E7" in pair.heard.outcomes[1].detail
    assert not carrier.submits
    assert connector.room == 10


async def test_what_is_learnt_of_receipts_is_told_and_given_back(pair: Pair) -> None:
    carrier = await pair.carrier()
    connector = pair.connector(carrier.port)
    await up(connector)
    for number in range(15):
        decimal = 3_000_000_000 + 7919 * number
        carrier.deliver(receipt(SubmitSm(), format(decimal, "X")))
        await until(lambda: len(pair.heard.receipts) == len(carrier.answers) > len(pair.heard.lessons))
        connector.matched(pair.heard.receipts[-1][0], str(decimal))
    assert connector.health.confidence > 0.5
    assert "hexadecimal" in connector.health.habits
    habits = pair.heard.lessons[-1]
    again = make("smpp", Heard(), habits, host="127.0.0.1", port=carrier.port)
    assert again.health.confidence == connector.health.confidence
    carrier.deliver(receipt(SubmitSm(), "F" * 8))
    await until(lambda: len(pair.heard.receipts) == 16)
    assert pair.heard.receipts[-1][0].remotes[0] == str(0xFFFFFFFF)
    assert pair.heard.receipts[-1][0].state is State.DELIVERED


async def test_both_kinds_of_a_pair_are_binds_of_their_own() -> None:
    assert {kind.command for kind in (BindTransmitter, BindReceiver, BindTransceiver)} == {1, 2, 9}


async def test_a_burst_of_faults_leaves_each_message_one_outcome(pair: Pair) -> None:
    carrier = await pair.carrier(ByFate(0.01))
    connector = pair.connector(carrier.port, response_timer=0.2, patience=0.4, window=20)
    await up(connector)
    endings = ["900", "903", "910", "916", "917", "900", "900", "921", "966"]
    drops = {50: "913", 90: "960", 120: "914", 150: "962", 180: "918", 200: "963"}
    messages = [message(n, receiver=f"+336{n:05d}{drops.get(n, endings[n % 9])}") for n in range(240)]
    feed(connector, pair.heard, messages)
    await until(lambda: len(pair.heard.outcomes) == 240, 40)
    assert {outcome.refusal for outcome in pair.heard.outcomes.values()} >= {"", "bad_destination", "uncertain"}
