"""Every fate, and every fault by rate, as a client sees it on the wire."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from simulator_client import Client, bound, simulated, text_to

from depesza.simulator.behaviour import BadBehaviour, Change
from depesza.wire.fates import FATES, FAULTS, fate_named, fate_of
from depesza.wire.smpp import status
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.events import Closed, Nacked, ProtocolFault, Requested, Responded
from depesza.wire.smpp.flags import is_receipt
from depesza.wire.smpp.pdus import DataSm
from depesza.wire.smpp.status import ROK
from depesza.wire.smpp.tlvs import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

pytestmark = pytest.mark.anyio

Check = Callable[[Client, str], Awaitable[None]]
"""Sends to a number and looks at what comes."""
ORDINARY = "+33601020304"
ENROUTE, DELIVERED, EXPIRED, DELETED, UNDELIVERABLE, ACCEPTED, UNKNOWN, REJECTED = list(MessageState)[1:9]


def ends(*states: MessageState) -> Check:
    """Taken; these receipts follow, in this order, and no others."""

    async def check(client: Client, to: str) -> None:
        answer = await client.submit(to)
        assert answer.status == ROK and answer.message_id
        receipts = await client.receipts_after(len(states))
        await client.settle()
        assert [receipt.state for receipt in client.receipts] == list(states)
        assert all(answer.message_id in receipt.ids for receipt in receipts)

    return check


def refused(*codes: int) -> Check:
    """The tries are answered so, one after the other; only ROK brings a receipt."""

    async def check(client: Client, to: str) -> None:
        assert [(await client.submit(to)).status for _ in codes] == list(codes)
        await client.settle()
        assert len(client.receipts) == codes.count(ROK)

    return check


async def no_response(client: Client, to: str) -> None:
    token = client.send(text_to(to, registered_delivery=1))
    await client.settle()
    assert client.response(token) is None and not client.receipts
    assert (await client.submit(ORDINARY)).status == ROK


async def lost_response(client: Client, to: str) -> None:
    token = client.send(text_to(to, registered_delivery=1))
    await client.receipts_after(1)
    assert client.response(token) is None


async def slow_response(client: Client, to: str) -> None:
    token = client.send(text_to(to, registered_delivery=1))
    assert (await client.submit(ORDINARY)).status == ROK
    assert client.response(token) is None
    await client.until(lambda: client.response(token))
    await client.receipts_after(2)


async def dropped(client: Client, to: str) -> None:
    token = client.send(text_to(to, registered_delivery=1))
    assert (await client.lost()).unanswered == (token,)


async def half_open(client: Client, to: str) -> None:
    client.send(text_to(to, registered_delivery=1))
    later = client.send(text_to(ORDINARY, registered_delivery=1))
    await client.settle()
    assert client.response(later) is None and client.first(Closed) is None


async def garbage(client: Client, to: str) -> None:
    assert (await client.submit(to)).status == ROK
    fault = await client.until(lambda: client.first(ProtocolFault))
    assert fault is not None and fault.status == status.RINVCMDID
    assert (await client.submit(ORDINARY)).status == ROK


async def out_of_step(client: Client, to: str) -> None:
    assert (await client.submit(to)).status == ROK
    assert (await client.lost()).reason == "out of step"


async def nacked(client: Client, to: str) -> None:
    client.send(text_to(to, registered_delivery=1))
    nack = await client.until(lambda: client.first(Nacked))
    await client.settle()
    assert nack is not None and nack.token == 1 and not client.receipts


async def no_receipt(client: Client, to: str) -> None:
    assert (await client.submit(to)).status == ROK
    await client.settle()
    assert not client.news


async def early_receipt(client: Client, to: str) -> None:
    token = client.send(text_to(to, registered_delivery=1))
    await client.until(lambda: client.response(token))
    kinds = [type(event) for event in client.heard if isinstance(event, Requested | Responded)]
    assert kinds == [Requested, Responded]


async def late_receipt(client: Client, to: str) -> None:
    await client.submit(to)
    await client.settle()
    assert not client.receipts
    assert (await client.receipts_after(1))[0].state is DELIVERED


async def tlv_receipt(client: Client, to: str) -> None:
    answer = await client.submit(to)
    (receipt,) = await client.receipts_after(1)
    assert (receipt.form, receipt.tlv_id, receipt.text_id) == ("tlv", answer.message_id, None)


async def text_receipt(client: Client, to: str) -> None:
    answer = await client.submit(to)
    (receipt,) = await client.receipts_after(1)
    assert (receipt.tlv_id, receipt.text_id) == (None, answer.message_id)
    assert not client.news[0].tlvs


async def disagreeing(client: Client, to: str) -> None:
    await client.submit(to)
    (receipt,) = await client.receipts_after(1)
    assert (receipt.text_state, receipt.tlv_state) == (UNDELIVERABLE, DELIVERED)


async def other_base(client: Client, to: str) -> None:
    answer = await client.submit(to)
    (receipt,) = await client.receipts_after(1)
    assert receipt.text_id is not None and receipt.text_id != answer.message_id
    assert int(receipt.text_id, 16) == int(answer.message_id)


async def unmarked(client: Client, to: str) -> None:
    await client.submit(to)
    await client.receipts_after(1)
    assert not is_receipt(client.news[0].esm_class)


async def in_data_sm(client: Client, to: str) -> None:
    await client.submit(to)
    (receipt,) = await client.receipts_after(1)
    assert isinstance(client.news[0], DataSm) and receipt.state is DELIVERED


def answers(*texts: str) -> Check:
    """Delivered; the phone sends this back, in as many parts."""

    async def check(client: Client, to: str) -> None:
        await client.submit(to)
        await client.until(lambda: len(client.replies) == len(texts))
        for part, text in zip(client.replies, texts, strict=True):
            octets = part.short_message[6:] if part.esm_class & 0x40 else part.short_message
            assert octets.decode("utf-16-be" if part.data_coding == 8 else "ascii").startswith(text)
            assert (part.source_addr, part.destination_addr) == (to, "Shop")
        assert len(client.receipts) == 1

    return check


SEEN: dict[str, Check] = {
    "900": ends(DELIVERED),
    "901": ends(UNDELIVERABLE),
    "902": ends(EXPIRED),
    "903": refused(status.RINVDSTADR, status.RINVDSTADR),
    "904": ends(REJECTED),
    "905": ends(DELETED),
    "906": ends(UNKNOWN),
    "907": ends(ACCEPTED, DELIVERED),
    "908": ends(ENROUTE, DELIVERED),
    "909": refused(status.RSUBMITFAIL),
    "910": no_response,
    "911": lost_response,
    "912": slow_response,
    "913": dropped,
    "914": dropped,
    "915": half_open,
    "916": garbage,
    "917": nacked,
    "918": out_of_step,
    "920": no_receipt,
    "921": early_receipt,
    "922": ends(DELIVERED, DELIVERED),
    "923": late_receipt,
    "924": ends(DELIVERED, UNDELIVERABLE),
    "925": ends(UNDELIVERABLE, DELIVERED),
    "926": tlv_receipt,
    "927": text_receipt,
    "928": disagreeing,
    "929": other_base,
    "930": unmarked,
    "931": late_receipt,
    "932": late_receipt,
    "933": late_receipt,
    "935": late_receipt,
    "937": late_receipt,
    "938": late_receipt,
    "940": in_data_sm,
    "941": ends(DELIVERED, ENROUTE),
    "950": answers("Oui"),
    "951": answers("STOP"),
    "952": answers("Merci", ""),
    "953": answers("Bonjour"),
    "954": answers("Привет"),
    "960": refused(status.RTHROTTLED, ROK, status.RTHROTTLED),
    "961": refused(*[status.RTHROTTLED] * 3, ROK),
    "962": refused(*[status.RTHROTTLED] * 5),
    "963": refused(status.RMSGQFUL, ROK),
    "964": refused(*[status.RMSGQFUL] * 3, ROK),
    "965": refused(*[status.RMSGQFUL] * 5),
    "966": refused(status.RSYSERR, ROK),
    "970": ends(DELIVERED),
    "971": ends(DELIVERED),
}
BY_RATE: dict[str, Check] = {
    name: SEEN[suffix] for name, suffix in FAULTS.items() if suffix not in ("910", "912", "916", "915", "966")
} | {"system_error": refused(status.RSYSERR, status.RSYSERR)}
"""At 100 % a fault strikes at every try; those whose check needs an ordinary message too have tests below."""
SCALES = {"931": 0.1, "932": 0.1, "933": 0.1, "935": 0.05, "937": 0.0004, "938": 0.0000012, "923": 0.003, "912": 0.1}


def scale_of(suffix: str) -> float:
    """Give the clock at which a fate is seen: some 0.15 s for the slow ones."""
    return SCALES.get(suffix, 0.02)


def test_every_fate_and_every_fault_has_a_check() -> None:
    assert set(SEEN) == {fate.suffix for fate in FATES}
    assert set(BY_RATE) | {"no_response", "slow_response", "garbage", "half_open"} == set(FAULTS)


@pytest.mark.parametrize("suffix", SEEN, ids=lambda suffix: f"{suffix}-{fate_of(suffix).name.replace(' ', '-')}")
async def test_a_number_decides_its_fate(suffix: str) -> None:
    async with simulated(time_scale=scale_of(suffix)) as simulator, bound(simulator) as client:
        await SEEN[suffix](client, "+33601020" + suffix)


@pytest.mark.parametrize("name", BY_RATE)
async def test_a_rate_strikes_ordinary_numbers(name: str) -> None:
    async with simulated(time_scale=scale_of(FAULTS[name]), rates={name: 100.0}) as simulator:
        async with bound(simulator) as client:
            await BY_RATE[name](client, ORDINARY)
        assert simulator.carrier.counts.fates[fate_named(name).name] > 0


@pytest.mark.parametrize("name", ["no_response", "slow_response", "garbage", "half_open"])
async def test_a_rate_strikes_one_message_and_spares_the_next(name: str) -> None:
    async with simulated(time_scale=0.1, rates={name: 100.0}) as simulator, bound(simulator) as client:
        token = client.send(text_to(ORDINARY))
        await client.settle()
        simulator.carrier.change(Change(rates={}))
        later = client.send(text_to(ORDINARY))
        await client.settle()
        assert (client.response(token) is None) is (name != "garbage")
        assert (client.response(later) is None) is (name == "half_open")
        assert (client.first(ProtocolFault) is None) is (name != "garbage")
        if name == "slow_response":
            await client.until(lambda: client.response(token))


async def test_a_message_taken_before_the_drop_is_reported_after_a_reconnect() -> None:
    async with simulated() as simulator:
        async with bound(simulator) as client:
            client.send(text_to("+33601020914", registered_delivery=1))
            await client.lost()
        async with bound(simulator) as again:
            answer = await again.submit("+33601020914")
            receipts = await again.receipts_after(2)
    assert {answer.message_id} < {receipt.ids[0] for receipt in receipts}


async def test_after_a_drop_nothing_more_of_the_same_read_is_taken() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        first = client.send(text_to(ORDINARY))
        rest = (client.send(text_to("+33601020913")), client.send(text_to(ORDINARY)))
        assert (await client.lost()).unanswered == rest
        assert client.response(first) is not None
        assert simulator.carrier.counts.taken == 1


async def test_a_dropped_message_is_delivered_at_its_second_try() -> None:
    async with simulated() as simulator:
        async with bound(simulator) as client:
            await dropped(client, "+33601020913")
        async with bound(simulator) as client:
            await ends(DELIVERED)(client, "+33601020913")
        assert simulator.carrier.counts.taken == 1


async def test_a_rate_strikes_its_share_and_the_same_seed_strikes_the_same() -> None:
    async def struck(seed: int) -> list[int]:
        rates = {"throttled": 20.0, "queue_full": 10.0}
        async with simulated(seed=seed, rates=rates) as simulator, bound(simulator) as client:
            tokens = [client.send(text_to(ORDINARY)) for _ in range(500)]
            await client.until(lambda: client.response(tokens[-1]))
            return [e.status for e in client.heard if isinstance(e, Responded)]

    first, second, other = await struck(1), await struck(1), await struck(2)
    assert 60 <= first.count(status.RTHROTTLED) <= 140
    assert 25 <= first.count(status.RMSGQFUL) <= 80
    assert first == second != other


async def test_a_number_with_a_fate_is_not_struck_by_rates() -> None:
    async with simulated(rates={"throttled": 100.0}) as simulator, bound(simulator) as client:
        await ends(UNDELIVERABLE)(client, "+33601020901")


async def test_without_fates_every_number_is_delivered() -> None:
    async with simulated(fates=False) as simulator, bound(simulator) as client:
        await ends(DELIVERED)(client, "+33601020901")


async def test_hexadecimal_ids_are_reported_in_decimal() -> None:
    async with simulated(message_ids="hex") as simulator, bound(simulator) as client:
        answer = await client.submit("+33601020929")
        (receipt,) = await client.receipts_after(1)
    assert receipt.text_id == str(int(answer.message_id, 16))


async def test_more_than_the_allowed_rate_is_throttled() -> None:
    async with simulated(per_second=5) as simulator, bound(simulator) as client:
        statuses = [(await client.submit(ORDINARY)).status for _ in range(8)]
        assert statuses == [ROK] * 5 + [status.RTHROTTLED] * 3
        await asyncio.sleep(1.05)
        assert (await client.submit(ORDINARY)).status == ROK


async def test_latencies_delay_responses_and_receipts() -> None:
    async with simulated(response_latency=0.1, receipt_latency=0.1) as simulator, bound(simulator) as client:
        begin = client.link.clock()
        await client.submit(ORDINARY)
        answered = client.link.clock()
        await client.receipts_after(1)
        assert answered - begin >= 0.09
        assert client.link.clock() - answered >= 0.09


async def test_congestion_is_told_where_it_is_set() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        simulator.carrier.change(Change(congestion=85))
        await client.submit(ORDINARY)
        told = client.first(Responded)
    assert told is not None and told.congestion == 85


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (Change(rates={"nonsense": 1.0}), "no fault is called 'nonsense'"),
        (Change(rates={"throttled": -1.0}), "percentage"),
        (Change(rates={"throttled": 60.0, "queue_full": 50.0}), "110 % together"),
        (Change(rates={"throttled": float("nan")}), "percentage"),
        (Change(time_scale=-1.0), "time_scale is a number from 0"),
        (Change(response_latency=float("inf")), "response_latency"),
        (Change(congestion=101), "congestion is 0 to 100"),
    ],
)
async def test_values_without_sense_change_nothing(change: Change, sentence: str) -> None:
    async with simulated(rates={"expired": 5.0}) as simulator:
        before = simulator.carrier.behaviour.show()
        with pytest.raises(BadBehaviour, match=sentence):
            simulator.carrier.change(change)
        assert simulator.carrier.behaviour.show() == before


async def test_a_failed_delivery_carries_its_error_in_text_and_tlv() -> None:
    async with simulated() as simulator, bound(simulator) as client:
        answer = await client.submit("+33601020902")
        (receipt,) = await client.receipts_after(1)
        news = client.news[0]
    assert receipt.err == "027" and NETWORK_ERROR_CODE.of(news) == b"\x03\x00\x1b"
    assert RECEIPTED_MESSAGE_ID.of(news) == answer.message_id and MESSAGE_STATE.of(news) == EXPIRED
