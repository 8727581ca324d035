"""Acceptance cases of phones, by the services and the fleet. spec: devices/10

On SQLite; what PostgreSQL could do otherwise is in `test_devices_on_postgres`.
"""

from typing import Any

import msgspec
import pytest
from phone_world import NO_SERVICE, PHONES, A, PhoneWorld, phone_world
from tests.store.world import ONE, POLICY
from tests.support import Clock

from depesza.core.devices import SECOND, Kind, Limits, OnUnknown, Presence, RuleMode, Wish
from depesza.core.model import MICRO, Channel, Extras, State, Way
from depesza.services import bells, devices, handing, lists, phone_health, phone_texts, progress, reclaim
from depesza.services.devices import SimSaid
from depesza.services.lists import Search
from depesza.services.phone_health import Sample
from depesza.services.phone_texts import PhoneText
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    """A new SQLite file."""
    return sqlite_url


@pytest.fixture
async def world(store: Store, clock: Clock) -> PhoneWorld:
    """A carrier, and phones before it."""
    return await phone_world(store, clock)


def numbers(count: int) -> list[str]:
    return [f"+336010203{n:02}" for n in range(count)]


async def test_device_case_06_a_queued_message_rings_and_is_listed_with_a_fence(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    rung = await world.store.look(bells.since, world.clock.now)
    assert [(bell.device, bell.event.value) for bell in rung] == [(phone.id, "enqueued")]
    (offer,) = await world.pull(phone)
    assert (offer.text, offer.receiver, offer.slot) == ("Hello", "+33601020304", 1)
    assert offer.valid == world.clock.now + 90 * SECOND
    assert await world.state(id) is State.SENDING


async def test_device_case_07_pulling_twice_is_one_attempt(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    assert await world.pull(phone) == await world.pull(phone)
    assert len(await world.tried(id)) == 1


async def test_device_case_08_the_way_of_a_message_that_arrives(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    seen = []
    for state in (A.ACCEPTED, A.SUBMITTED, A.SENT, A.DELIVERED):
        await world.tell(phone, offer.attempt, state)
        seen.append(((await world.tried(id))[0].state, await world.state(id)))
    assert seen == [
        (A.ACCEPTED, State.SENDING),
        (A.SUBMITTED, State.SENDING),
        (A.SENT, State.SENT),
        (A.DELIVERED, State.DELIVERED),
    ]
    assert await world.events(id, "phone_delivered") == 1


async def test_device_case_09_repeated_and_overtaken_reports_change_nothing(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.tell(phone, offer.attempt, A.DELIVERED)
    assert await world.tell(phone, offer.attempt, A.SENT, A.DELIVERED, A.FAILED) == []
    assert await world.state(id) is State.DELIVERED
    assert await world.events(id, "phone_delivered") == 1


async def test_device_case_10_reports_of_unknown_and_of_others_attempts_change_nothing(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    other = await world.phone()
    assert await world.tell(other, offer.attempt, A.SENT) == []
    assert await world.tell(other, 4711, A.SENT) == []
    assert await world.state(id) is State.SENDING


async def test_device_case_11_without_service_the_second_phone_gets_it(world: PhoneWorld) -> None:
    one, two = await world.phone(), await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(one)
    await world.tell(one, offer.attempt, A.FAILED, error=NO_SERVICE)
    await world.turn()
    (again,) = await world.pull(two)
    assert again.attempt != offer.attempt
    first, second = await world.sims(one, two)
    assert first.cooldown > world.clock.now
    assert second.cooldown == 0
    assert not (await world.message(id)).maybe_sent


async def test_device_case_12_without_another_phone_the_network_sends_once(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.tell(phone, offer.attempt, A.FAILED, error=NO_SERVICE)
    await world.turn()
    await world.later(600, phone)
    assert await world.by_network() == [id]
    assert len(await world.tried(id)) == 1


async def test_device_case_13_a_centre_that_refuses_ends_the_message(world: PhoneWorld) -> None:
    phone = await world.phone()
    await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.tell(phone, offer.attempt, A.SENT)
    await world.tell(phone, offer.attempt, A.FAILED, error="Delivery result from SC +40744000000: 70")
    await world.turn()
    assert await world.state(id) is State.FAILED
    assert (await world.by_network(), len(await world.tried(id))) == ([], 1)


async def test_device_case_14_a_phone_that_never_pulls_loses_it_at_once(world: PhoneWorld) -> None:
    one, two = await world.phone(), await world.phone()
    (id,) = await world.send()
    await world.turn()
    await world.later(89, one, two)
    assert len(await world.tried(id)) == 1
    await world.later(1)
    first, second = await world.tried(id)
    assert (first.state, second.device) == (A.WITHDRAWN, two.id)
    assert await world.pull(one) == []
    assert (await world.sims(one))[0].day_used == 0


async def test_device_case_15_what_is_given_back_goes_by_the_network_at_once(world: PhoneWorld) -> None:
    phone = await world.phone(version="1.68.0")
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.tell(phone, offer.attempt, A.ACCEPTED)
    await world.later(90)
    rung = await world.store.look(bells.since, world.clock.now)
    assert [(bell.event.value, bell.detail) for bell in rung][-1] == ("cancelled", str(offer.attempt))
    (asked,) = await world.pull(phone)
    assert asked.state is A.WITHDRAWING
    assert await world.by_network() == []
    await world.tell(phone, offer.attempt, A.WITHDRAWN)
    await world.turn()
    assert await world.by_network() == [id]
    assert not (await world.message(id)).maybe_sent


@pytest.mark.parametrize("version", ["1.68.0", "1.60.0"])
async def test_device_case_16_a_silent_phone_is_given_up_at_the_end_of_its_lease(
    world: PhoneWorld, version: str
) -> None:
    phone = await world.phone(version=version)
    (id,) = await world.send()
    await world.turn()
    await world.pull(phone)
    await world.later(149)
    assert await world.by_network() == []
    await world.later(1)
    assert await world.by_network() == [id]
    assert (await world.message(id)).maybe_sent


async def test_device_case_17_a_late_report_marks_a_duplicate_and_counts(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.later(90)
    await world.later(60)
    assert await world.by_network() == [id]
    await world.store.run(progress.claim, [id], 201)
    await world.tell(phone, offer.attempt, A.SENT)
    assert await world.state(id) is State.SENDING
    (attempt,) = await world.tried(id)
    assert (attempt.state, attempt.late, attempt.counted) == (A.SENT, 1, 1)
    assert await world.events(id, "duplicate") == 1
    assert (await world.sims(phone))[0].day_used == 1


async def test_a_late_report_before_the_second_sending_spares_it(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.later(90)
    await world.later(60)
    await world.tell(phone, offer.attempt, A.SENT)
    assert (await world.state(id), await world.by_network()) == (State.SENT, [])


@pytest.mark.parametrize(("policy", "end"), [(OnUnknown.WAIT, State.EXPIRED), (OnUnknown.FAIL, State.FAILED)])
async def test_device_case_18_waiting_for_a_phone_or_failing(world: PhoneWorld, policy: OnUnknown, end: State) -> None:
    phone = await world.phone()
    until = world.clock.now + 3600 * MICRO
    (id,) = await world.send(wish=Wish(on_unknown=policy), expires=until)
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.later(90)
    await world.later(60)
    assert await world.state(id) is (State.FAILED if policy is OnUnknown.FAIL else State.SENDING)
    await world.later(3600)
    assert (await world.state(id), await world.by_network()) == (end, [])
    await world.tell(phone, offer.attempt, A.SENT)
    assert await world.state(id) is end


async def test_device_case_18_a_phone_that_speaks_again_ends_the_waiting(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send(wish=Wish(on_unknown=OnUnknown.WAIT))
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.later(90)
    await world.later(60)
    await world.tell(phone, offer.attempt, A.SENT, A.DELIVERED)
    assert await world.state(id) is State.DELIVERED


async def test_device_case_19_a_slow_clock_makes_the_lease_longer(world: PhoneWorld) -> None:
    phone = await world.phone()
    for _ in range(5):
        await world.alive(phone, offset=90_000)
    (id,) = await world.send()
    await world.turn()
    await world.pull(phone)
    await world.later(90)
    assert (await world.tried(id))[0].lease == world.clock.now + 150 * SECOND


async def test_device_case_20_limits_of_a_minute_count_parts(world: PhoneWorld) -> None:
    phone = await world.phone(limits=Limits(minute=2, gap=0))
    ids = await world.send(*numbers(5))
    given = []
    for _ in range(3):
        await world.turn()
        for offer in await world.pull(phone):
            await world.tell(phone, offer.attempt, A.SENT)
        given.append(sum([bool(await world.tried(id)) for id in ids]))
        await world.later(60, phone)
    assert given == [2, 4, 5]
    (long,) = await world.send(text="x" * 200)
    (short,) = await world.send()
    await world.later(60, phone)
    assert [len(await world.tried(id)) for id in (long, short)] == [1, 0]


async def test_device_case_21_two_sims_take_turns(world: PhoneWorld) -> None:
    await world.phone(sims=2)
    ids: list[int] = []
    for number in numbers(4):
        ids += await world.send(number)
        await world.later(1)
    assert await world.slots(ids) == [1, 2, 1, 2]


@pytest.mark.parametrize("mode", [RuleMode.ONLY, RuleMode.PREFER])
async def test_device_case_22_a_rule_chooses_the_sim(world: PhoneWorld, mode: RuleMode) -> None:
    phone = await world.phone(sims=2)
    _, second = await world.sims(phone)
    await world.store.run(handing.add_rule, ONE, "+336", mode, second.id)
    ids = await world.send(*numbers(3), way=Way.PHONES)
    await world.turn()
    assert await world.slots(ids) == [2, 2, 2]
    await world.store.run(devices.change_sim, phone.id, 2, enabled=False)
    ids = await world.send("+33699999999", way=Way.PHONES)
    await world.turn()
    assert await world.slots(ids) == ([1] if mode is RuleMode.PREFER else [0])


async def test_device_case_23_five_failures_running_rest_a_sim(world: PhoneWorld) -> None:
    phone = await world.phone(limits=Limits(gap=0, minute=0))
    ids = await world.send(*numbers(12), way=Way.PHONES)
    for _ in range(5):
        await world.turn()
        offer = (await world.pull(phone))[0]
        await world.tell(phone, offer.attempt, A.FAILED, error="Send result: RESULT_ERROR_GENERIC_FAILURE")
    await world.turn()
    for offer in await world.pull(phone):  # what it had before
        await world.tell(phone, offer.attempt, A.FAILED, error="Send result: RESULT_ERROR_GENERIC_FAILURE")
    (sim,) = await world.sims(phone)
    assert (sim.cooldown, sim.cooldowns, sim.suspect) == (world.clock.now + 300 * SECOND, 1, True)
    await world.later(299, phone)
    assert await world.pull(phone) == []
    await world.later(1, phone)
    (probe,) = await world.pull(phone)
    await world.later(30, phone)
    assert len(await world.pull(phone)) == 1
    await world.tell(phone, probe.attempt, A.SENT)
    await world.turn()
    (sim,) = await world.sims(phone)
    assert (sim.probing, sim.failures, sim.cooldowns, sim.suspect) == (False, 0, 0, False)
    assert len(await world.pull(phone)) == 3
    assert sum([len(await world.tried(id)) for id in ids]) == 11


async def test_device_case_24_a_sim_never_holds_more_than_three(world: PhoneWorld) -> None:
    phone = await world.phone(limits=Limits(gap=0, minute=0))
    await world.send(*numbers(10))
    most = 0
    for _ in range(10):
        await world.turn()
        offers = await world.pull(phone)
        most = max(most, len(offers))
        await world.tell(phone, offers[0].attempt, A.SUBMITTED, A.SENT)
    assert most == 3
    await world.turn()
    assert await world.pull(phone) == []


async def test_device_case_25_a_text_told_twice_is_one_inbound(world: PhoneWorld) -> None:
    phone = await world.phone()
    text = PhoneText(key="m1", sender="+33601020304", text="Hi", at=world.clock.now, slot=1)
    first = await world.store.run(phone_texts.take_inbound, phone, text, POLICY, world.clock.now)
    again = await world.store.run(phone_texts.take_inbound, phone, text, POLICY, world.clock.now)
    assert (bool(first), again) == (True, 0)
    assert await world.store.look(lists.incoming, ONE, Search()) == [first]


async def test_device_case_26_a_text_told_hours_later_is_kept_and_marked(world: PhoneWorld) -> None:
    phone = await world.phone()
    old = PhoneText(key="m1", sender="+33601020304", text="Hi", at=world.clock.now - 2 * 3600 * MICRO, slot=1)
    assert await world.store.run(phone_texts.take_inbound, phone, old, POLICY, world.clock.now)
    (kept,) = await world.store.look(phone_texts.listing, ONE, 10)
    assert kept.late


async def test_a_reply_to_a_phone_belongs_to_the_message_it_answers(world: PhoneWorld) -> None:
    phone = await world.phone(account=0)
    (id,) = await world.send(tag="order 7")
    await world.turn()
    text = PhoneText(key="m1", sender="0601020304", text="STOP", at=world.clock.now, slot=1)
    told = PhoneText(key="m2", sender="+33601020304", text="STOP", at=world.clock.now, slot=1)
    await world.store.run(phone_texts.take_inbound, phone, text, POLICY, world.clock.now)
    await world.store.run(phone_texts.take_inbound, phone, told, POLICY, world.clock.now)
    assert await world.events(id, "stop") == 1
    (blocked,) = await world.send()
    assert await world.state(blocked) is State.REJECTED


async def test_device_case_27_an_empty_battery_raises_one_alert(world: PhoneWorld) -> None:
    phone = await world.phone()
    for percent in (12, 11, 10):
        world.clock.move(60)
        sample = Sample(battery=percent, charging=False)
        await world.store.run(phone_health.health, phone, sample, world.clock.now)
    (alert,) = await world.store.look(phone_health.alerts)
    assert (alert.kind, alert.device) == ("battery", phone.id)
    assert len(await world.store.look(phone_health.samples, phone.id, 0)) == 3
    await world.store.run(phone_health.health, phone, Sample(battery=13, charging=True), world.clock.now)
    assert await world.store.look(phone_health.alerts) == []


async def test_device_case_28_whole_words_fill_what_is_empty(world: PhoneWorld) -> None:
    phone = await world.phone()
    masked = SimSaid(slot=1, number="********4567", operator="**ange")
    await world.store.run(devices.told_of_sims, phone.id, [masked])
    assert (await world.sims(phone))[0].operator == ""
    await world.store.run(devices.change_sim, phone.id, 1, operator="Mine")
    whole = SimSaid(slot=1, number="+40741234567", operator="Orange", iccid="8940100000001234567")
    await world.store.run(devices.told_of_sims, phone.id, [whole], fill=True)
    (sim,) = await world.sims(phone)
    assert (sim.number, sim.operator, sim.iccid) == ("+40741234567", "Mine", "4567")


async def test_device_case_30_a_silent_phone_goes_stale_then_offline(world: PhoneWorld) -> None:
    phone = await world.phone()
    await world.alive(phone, stream=world.clock.now)
    seen = {}
    for second in (0, 29, 134, 136, 959, 961):
        found = await world.store.look(devices.find, phone.id)
        assert found is not None
        seen[second] = found.presence(world.clock.now + second * SECOND)
    o, s, f = Presence.ONLINE, Presence.STALE, Presence.OFFLINE
    assert seen == {0: o, 29: o, 134: o, 136: s, 959: s, 961: f}
    world.clock.move(1000)
    await world.alive(phone)
    back = await world.store.look(devices.find, phone.id)
    assert back is not None and back.presence(world.clock.now) is o


async def test_device_case_31_what_phones_hold_goes_on_after_a_restart(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.tell(phone, offer.attempt, A.ACCEPTED)
    assert await world.store.run(progress.adopt, world.store.node, world.clock.now, 1000) == (0, 0)
    await world.turn()
    assert [each.attempt for each in await world.pull(phone)] == [offer.attempt]
    await world.tell(phone, offer.attempt, A.SUBMITTED, A.SENT)
    assert (await world.state(id), len(await world.tried(id))) == (State.SENT, 1)
    assert not (await world.message(id)).maybe_sent


async def test_device_case_39_a_ciphertext_never_leaves_by_the_network(world: PhoneWorld) -> None:
    phone = await world.phone()
    wish = Wish(encrypted=True, spelling="$aes-256-cbc/pbkdf2-sha1$i=1$c2FsdA==$bnVtYmVy")
    (id,) = await world.send(wish=wish, text="$aes-256-cbc/pbkdf2-sha1$i=1$c2FsdA==$dGV4dA==")
    await world.turn()
    (offer,) = await world.pull(phone)
    assert (offer.receiver, offer.encrypted, offer.text[:4]) == (wish.spelling, True, "$aes")
    await world.tell(phone, offer.attempt, A.FAILED, error=NO_SERVICE)
    await world.turn()
    assert (await world.state(id), await world.by_network()) == (State.FAILED, [])


OCTETS: dict[str, Any] = {"alphabet": "binary", "text": "\x00\xff", "extras": Extras(udh=bytes.fromhex("05040b8423f0"))}


async def test_octets_for_a_port_go_by_the_phones_that_send_data(world: PhoneWorld) -> None:
    await world.phone(kind=Kind.CHT)
    phone = await world.phone()
    await world.send(**OCTETS)
    await world.turn()
    (offer,) = await world.pull(phone)
    assert (offer.data, offer.port) == ("AP8=", 2948)


@pytest.mark.parametrize("more", [{"extras": Extras(pid=0x40)}, {"channel": Channel.PING}, OCTETS | {"extras": None}])
async def test_what_no_phone_can_send_goes_by_the_network_or_is_refused(
    world: PhoneWorld, more: dict[str, Any]
) -> None:
    phone = await world.phone()
    (first,) = await world.send(**more)
    (second,) = await world.send(**more, way=Way.PHONES)
    await world.turn()
    assert (await world.pull(phone), await world.by_network()) == ([], [first])
    refused = await world.message(second)
    assert (refused.state, refused.refusal) == (State.FAILED, "bad_content")


async def test_device_case_41_the_fence_is_the_end_of_the_message(world: PhoneWorld) -> None:
    phone = await world.phone()
    end = world.clock.now + 20 * SECOND
    (id,) = await world.send(expires=end)
    await world.turn()
    (offer,) = await world.pull(phone)
    assert offer.valid == end
    world.clock.move(21)
    await world.tell(phone, offer.attempt, A.FAILED, error="TTL expired")
    await world.turn()
    assert (await world.state(id), await world.by_network()) == (State.EXPIRED, [])


async def test_what_is_wrong_with_phones_is_raised_once_and_ends_by_itself(world: PhoneWorld) -> None:
    phone = await world.phone(limits=Limits(gap=0, minute=2))
    await world.alive(phone, offset=200_000)
    await world.send(*numbers(3), way=Way.PHONES)
    await world.turn()
    await world.fleet.watch()
    told = [(alert.kind, alert.sim > 0) for alert in world.fleet.standing.alerts]
    assert sorted(told) == [("clock", False), ("limit", True)]
    world.clock.move(700)
    await world.fleet.watch()
    assert sorted(alert.kind for alert in world.fleet.standing.alerts) == ["clock", "offline"]
    assert (world.fleet.standing.online, world.fleet.standing.known) == (0, 1)
    for _ in range(5):
        await world.alive(phone, offset=0)
    await world.fleet.watch()
    assert await world.store.look(phone_health.alerts) == []


async def test_a_phone_with_a_long_queue_of_its_own_may_hold_messages_longer(world: PhoneWorld) -> None:
    phone = await world.phone(limits=Limits(gap=0, minute=0, hour=0, day=0))
    for n in range(50):
        await world.send(f"+3360202{n:04}")
        await world.turn()
        (offer,) = await world.pull(phone)
        world.clock.move(50)
        await world.tell(phone, offer.attempt, A.SUBMITTED, A.SENT)
    await world.fleet.watch()
    await world.alive(phone)
    await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    assert offer.valid == world.clock.now + 150 * SECOND


async def test_a_client_takes_back_what_a_phone_has_not_sent(world: PhoneWorld) -> None:
    phone = await world.phone()
    one, two, three = await world.send(*numbers(3), way=Way.PHONES)
    await world.turn()
    assert await world.store.run(reclaim.cancel, [one], world.clock.now) == [one]
    offers = {offer.receiver: offer for offer in await world.pull(phone)}
    assert len(offers) == 2
    second, third = (await world.tried(two))[0].id, (await world.tried(three))[0].id
    await world.tell(phone, third, A.SUBMITTED)
    assert await world.store.run(reclaim.cancel, [two, three], world.clock.now) == []
    await world.tell(phone, second, A.WITHDRAWN)
    assert [await world.state(id) for id in (one, two, three)] == [State.CANCELLED, State.CANCELLED, State.SENDING]
    assert (await world.sims(phone))[0].day_used == 1


async def test_a_phone_without_a_fence_is_awaited(world: PhoneWorld) -> None:
    phone = await world.phone(kind=Kind.CHT)
    (id,) = await world.send()
    await world.turn()
    (offer,) = await world.pull(phone)
    await world.later(90)
    await world.later(3600)
    assert (await world.state(id), await world.by_network()) == (State.SENDING, [])
    await world.tell(phone, offer.attempt, A.FAILED, error="radio-off")
    await world.turn()
    assert await world.by_network() == [id]


async def test_a_message_waits_for_a_phone_that_comes_back(world: PhoneWorld) -> None:
    phone = await world.phone()
    world.clock.move(3600)
    (waits,) = await world.send(way=Way.PHONES)
    (goes,) = await world.send(way=Way.PHONES_FIRST)
    (stays,) = await world.send(way=Way.PHONES_FIRST, wish=Wish(grace=120))
    await world.turn()
    assert await world.by_network() == [goes]
    await world.later(121)
    assert await world.by_network() == [goes, stays]
    await world.later(3600, phone)
    assert len(await world.tried(waits)) == 1


async def test_a_receiver_is_answered_from_the_sim_he_wrote_to(world: PhoneWorld) -> None:
    phone = await world.phone(sims=2)
    for n in range(3):
        text = PhoneText(key=f"m{n}", sender="+33601020304", text="Hi", at=world.clock.now, slot=2)
        await world.store.run(phone_texts.take_inbound, phone, text, POLICY, world.clock.now)
        ids = [*await world.send(), *await world.send("+33609999999")]
        await world.later(1)
        assert await world.slots(ids) == [2, 1]
        for id in ids:
            await world.tell(phone, (await world.tried(id))[0].id, A.SENT)


async def test_a_removed_phone_gives_up_what_it_held(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    assert await world.store.run(devices.remove, phone.id, world.clock.now)
    await world.turn()
    assert await world.by_network() == [id]
    assert not (await world.message(id)).maybe_sent


async def test_a_phone_that_was_away_is_asked_what_it_received(world: PhoneWorld) -> None:
    phone = await world.phone()
    gone = world.clock.now
    await world.later(3600, phone)
    await world.alive(phone)
    rung = await world.store.look(bells.since, world.clock.now)
    span = f'{{"since":{gone - 60 * SECOND},"until":{world.clock.now}}}'
    assert [(bell.event.value, bell.detail) for bell in rung] == [("export", span)]


async def test_what_phones_hold_is_looked_after_when_their_connector_is_switched_off(world: PhoneWorld) -> None:
    phone = await world.phone()
    (id,) = await world.send()
    await world.turn()
    await world.pull(phone)

    async def switch_off(tx: Tx) -> None:
        tx.put("connectors", msgspec.structs.replace(tx.facts.connector[PHONES], enabled=False))

    await world.store.run(switch_off)
    await world.later(90)
    await world.later(60)
    (attempt,) = await world.tried(id)
    assert (attempt.state, attempt.open) == (A.UNKNOWN, 0)
