"""The receipt autopilot against simulated carriers of every dialect: all matched, none wrongly."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.habits import Habits
from depesza.wire.smpp.id_habits import SAME, Change, IdHabits
from depesza.wire.smpp.receipt import ReceiptText, read_receipt, write_receipt

NOW = datetime(2026, 7, 11, 7, 3, 20, tzinfo=UTC)

Writer = Callable[[int], str]


@dataclass(frozen=True)
class Dialect:
    """How a carrier writes the number n as an id in its answers and in its receipts."""

    name: str
    answer: Writer
    text: Writer | None
    tlv: Writer | None = None
    first: int = 1


def opaque(n: int) -> str:
    return str(uuid.UUID(int=random.Random(n).getrandbits(128)))


def long_opaque(n: int) -> str:
    return f"{random.Random(n).getrandbits(252):063X}ZZ"


DIALECTS = (
    Dialect("decimal as given", str, str),
    Dialect("hexadecimal as given", "{:x}".format, "{:x}".format),
    Dialect("hex answer, decimal receipt, dense and short", "{:x}".format, str),
    Dialect("HEX answer, decimal receipt, dense and short", "{:X}".format, str),
    Dialect("decimal answer, hex receipt, dense and short", str, "{:x}".format),
    Dialect("decimal answer, HEX receipt, dense and short", str, "{:X}".format),
    Dialect("hex answer of 8, decimal receipt of 10", "{:08x}".format, "{:010}".format, first=0x12345678),
    Dialect("HEX answer of 8, decimal receipt", "{:08X}".format, str, first=0x00BC614E),
    Dialect("hex answer of 16, decimal receipt", "{:016x}".format, str, first=10**17),
    Dialect("decimal answer of 10, hex receipt", "{:010}".format, "{:x}".format, first=4000),
    Dialect("decimal answer of 10, hex receipt of 8", "{:010}".format, "{:08X}".format, first=4000),
    Dialect("zeros lost in the receipt", "{:010}".format, str),
    Dialect("zeros added in the receipt", str, "{:010}".format),
    Dialect("zeros of 9, lost in the receipt", "{:09}".format, str),
    Dialect("zeros of 8 against zeros of 10", "{:08}".format, "{:010}".format),
    Dialect("lower answer, upper receipt", "{:08x}".format, "{:08X}".format, first=0xABC000),
    Dialect("upper answer, lower receipt", "{:08X}".format, "{:08x}".format, first=0xABC000),
    Dialect("upper answer, lower receipt without zeros", "{:08X}".format, "{:x}".format, first=0xABC000),
    Dialect("UUID", opaque, opaque),
    Dialect("UUID, upper case in the receipt", opaque, lambda n: opaque(n).upper()),
    Dialect("32 hex digits", lambda n: opaque(n).replace("-", ""), lambda n: opaque(n).replace("-", "")),
    Dialect("10 digits", str, str, first=4_100_000_000),
    Dialect("18 digits", str, str, first=10**17),
    Dialect("65 characters", long_opaque, long_opaque),
    Dialect("with a word in front", "SAR-{}".format, "SAR-{}".format),
    Dialect("TLV only", "{:x}".format, None, "{:x}".format),
    Dialect("TLV as given, text in decimal", "{:x}".format, str, "{:x}".format),
    Dialect("TLV in hex, text as given", str, str, "{:x}".format),
    Dialect("TLV in hex, text with zeros lost", "{:010}".format, str, "{:08X}".format),
)


@dataclass
class Desk:
    """What a connector does with the habits: looks up, parks, matches again."""

    habits: Habits = field(default_factory=Habits)
    recorded: dict[str, int] = field(default_factory=dict)
    parked: list[tuple[int, ReceiptText]] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)
    """By the true message: the message it was matched to."""

    def record(self, submit_id: str, n: int) -> None:
        self.habits = self.habits.saw(submit_id)
        self.recorded[submit_id] = n

    def take(self, n: int, receipt: ReceiptText) -> None:
        settled = self.habits.settled
        if not self._take(n, receipt, teach=True):
            self.parked.append((n, receipt))
        if self.habits.settled and not settled:
            self.rematch()

    def rematch(self) -> None:
        self.parked = [(n, receipt) for n, receipt in self.parked if not self._take(n, receipt, teach=False)]

    def time_is_over(self) -> None:
        for n, receipt in self.parked:
            match = self.habits.match(receipt, self._found(receipt))
            if match.submit_id is not None and not match.rivals:
                self.taken[n] = self.recorded[match.submit_id]

    def _found(self, receipt: ReceiptText) -> list[str]:
        return [one for one in self.habits.candidates(receipt) if one in self.recorded]

    def _take(self, n: int, receipt: ReceiptText, teach: bool) -> bool:
        found = self._found(receipt)
        match = self.habits.match(receipt, found)
        if teach:
            self.habits = self.habits.learn(receipt, found, NOW)
        if match.submit_id is None or not match.certain:
            return False
        self.taken[n] = self.recorded[match.submit_id]
        return True


def receipt_of(dialect: Dialect, n: int) -> ReceiptText:
    text = b""
    if dialect.text is not None:
        done = NOW.replace(tzinfo=None) + timedelta(hours=2)
        text = write_receipt(dialect.text(n), MessageState.DELIVERED, done, done)
    receipt = read_receipt(text, dialect.tlv(n).encode() + b"\0" if dialect.tlv else None, 2)
    assert receipt is not None
    return receipt


def run(dialect: Dialect, messages: int, in_flight: int, early: float = 0.0) -> Desk:
    """Send messages; receipts come back `in_flight` later, out of order, some before their answer."""
    desk, chance = Desk(), random.Random(7)
    answers: list[int] = []
    receipts: list[int] = []
    for n in range(dialect.first, dialect.first + messages):
        receipts.append(n)
        if chance.random() < early:
            desk.take(n, receipt_of(dialect, n))
            receipts.remove(n)
            answers.append(n)
        else:
            desk.record(dialect.answer(n), n)
        if len(answers) > 3:
            late = answers.pop(0)
            desk.record(dialect.answer(late), late)
            desk.rematch()
        if len(receipts) > in_flight:
            due = receipts.pop(chance.randrange(in_flight))
            desk.take(due, receipt_of(dialect, due))
    for late in answers:
        desk.record(dialect.answer(late), late)
    for due in receipts:
        desk.take(due, receipt_of(dialect, due))
    desk.rematch()
    return desk


@pytest.mark.parametrize("in_flight", [1, 40, 300])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_receipt_finds_its_message_unaided(dialect: Dialect, in_flight: int) -> None:
    desk = run(dialect, 600, in_flight)
    desk.time_is_over()
    assert desk.taken == {n: n for n in range(dialect.first, dialect.first + 600)}
    assert desk.habits.settled
    assert desk.habits.confidence > 0.8


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_receipts_before_their_answers_are_never_matched_to_another(dialect: Dialect) -> None:
    desk = run(dialect, 600, 40, early=0.05)
    desk.time_is_over()
    assert {n for n, got in desk.taken.items() if n != got} == set()
    assert len(desk.taken) == 600


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_settled_habits_need_one_look_up_a_source(dialect: Dialect) -> None:
    habits = run(dialect, 200, 10).habits
    for n in range(dialect.first + 200, dialect.first + 300):
        receipt = receipt_of(dialect, n)
        assert dialect.answer(n) in habits.likely(receipt)
        assert len(habits.likely(receipt)) <= 2
        assert habits.candidates(receipt)[: len(habits.likely(receipt))] == habits.likely(receipt)


# ---- ids one by one ----


def taught(*pairs: tuple[str, str]) -> IdHabits:
    habits = IdHabits()
    for receipt_id, submit_id in pairs:
        habits = habits.learn(receipt_id, (submit_id,))
    return habits


HEX_ANSWERS = taught(*((str(n), f"{n:x}") for n in range(170, 180)))


def test_before_anything_is_learnt_the_identity_comes_first() -> None:
    assert IdHabits().candidates("16")[:3] == ("16", "22", "10")
    assert IdHabits().likely("16") == "16"


def test_two_ids_that_are_each_others_changes_are_reported_and_not_taken() -> None:
    match = IdHabits().match("16", {"16", "10"})
    assert (match.submit_id, match.certain, match.rivals) == ("16", False, ("10",))


def test_what_has_been_learnt_wins_over_the_identity() -> None:
    match = HEX_ANSWERS.match("16", {"16", "10"})
    assert (match.submit_id, match.certain, match.rivals) == ("10", True, ("16",))


def test_a_carrier_known_to_give_ids_as_they_are_keeps_the_identity() -> None:
    habits = taught(*((str(n), str(n)) for n in range(170, 180)))
    match = habits.match("16", {"16", "10", "22"})
    assert (match.submit_id, match.certain) == ("16", True)


def test_a_break_with_habit_waits() -> None:
    match = HEX_ANSWERS.match("16", {"16"})
    assert (match.submit_id, match.certain) == ("16", False)


def test_nothing_found_is_nothing_matched() -> None:
    assert IdHabits().match("16", ()).submit_id is None
    assert HEX_ANSWERS.match("16", {"999"}).submit_id is None


def test_a_long_id_in_another_base_is_believed_at_once() -> None:
    assert IdHabits().match("0305419896", {"12345678"}).certain
    assert not IdHabits().match("26", {"1a"}).certain


@pytest.mark.parametrize("one", [opaque(1), opaque(2).replace("-", "").upper(), long_opaque(3), "SAR-0012", "a b"])
def test_opaque_ids_only_change_case(one: str) -> None:
    assert set(IdHabits().candidates(one)) == {one, one.lower(), one.upper()}
    assert IdHabits().candidates(one)[0] == one


def test_an_id_of_one_digit_teaches_nothing() -> None:
    assert taught(("7", "7")).matched == 0


def test_a_pair_that_no_change_explains_teaches_nothing() -> None:
    assert taught(("26", "77")) == IdHabits()


def test_confidence_grows_with_matches_and_falls_with_misses() -> None:
    habits = IdHabits()
    seen = [habits.confidence]
    for n in range(26, 32):
        habits = habits.learn(str(n), [f"{n:x}"])
        seen.append(habits.confidence)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert habits.miss().miss().confidence < seen[-1]


def test_full_agreement_teaches_nothing_new() -> None:
    habits = taught(*((str(n), str(n)) for n in range(100, 160)))
    assert habits.learn("777", ["777"]) is habits
    assert habits.leader == SAME


def test_a_carrier_may_change_its_ways() -> None:
    habits = taught(*((str(n), str(n)) for n in range(1000, 1100)))
    for n in range(1100, 1180):
        habits = habits.learn(str(n), [f"{n:x}"])
    assert habits.settled
    assert habits.likely("26") == "1a"


def test_a_width_seen_in_answers_is_tried() -> None:
    assert "000000026" not in IdHabits().candidates("26")
    habits = IdHabits().saw("000000025")
    assert "000000026" in habits.candidates("26")
    assert habits.saw("000000027") is habits


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (SAME, "as given"),
        (
            Change("dec-hex", "lower", 0),
            "hexadecimal answers come back in decimal, answers have lower-case letters",
        ),
        (Change("hex-dec", width=10), "decimal answers come back in hexadecimal, answers have 10 digits"),
        (Change(width=0), "answers have no leading zeros"),
    ],
)
def test_each_change_is_said_in_words(change: Change, words: str) -> None:
    assert change.describe() == words


@given(st.text(min_size=1, max_size=70))
def test_any_id_has_candidates_and_is_its_own(one: str) -> None:
    candidates = HEX_ANSWERS.candidates(one)
    assert one in candidates
    assert len(candidates) == len(set(candidates)) <= 40


# ---- whole receipts ----


def test_habits_survive_being_written_down() -> None:
    habits = run(DIALECTS[-1], 60, 5).habits
    assert msgspec.json.decode(msgspec.json.encode(habits), type=Habits) == habits
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(habits), type=Habits) == habits


def test_habits_say_what_they_know() -> None:
    assert Habits().describe() == (
        "ids in the text: nothing learnt yet, 0 not found",
        "ids in the TLV: nothing learnt yet, 0 not found",
        "receipts: none yet",
        "clock: zone not known yet",
    )
    lines = run(Dialect("", "{:08x}".format, str, first=0xABC000), 60, 5).habits.describe()
    assert "hexadecimal answers come back in decimal" in lines[0]
    assert "8 digits" in lines[0]
    assert "plain, id in text, dates of 10" in lines[2]
    assert lines[3] == "clock: UTC+02:00"


def test_two_sources_that_are_each_others_changes_prove_nothing_yet() -> None:
    receipt = read_receipt(b"id:22 stat:DELIVRD", b"16", marked=True)
    assert receipt is not None
    match = Habits().match(receipt, {"16"})  # 22 may not have been answered yet
    assert (match.submit_id, match.certain) == ("16", False)


def test_the_source_that_is_understood_decides() -> None:
    receipt = read_receipt(b"id:22 stat:DELIVRD", b"16", marked=True)
    assert receipt is not None
    match = Habits(text_ids=taught(*((str(n), str(n)) for n in range(170, 180)))).match(receipt, {"16", "22"})
    assert (match.submit_id, match.certain) == ("22", True)


def test_two_sources_that_lead_apart_are_reported() -> None:
    receipt = read_receipt(b"id:123456789 stat:DELIVRD", b"987654321", marked=True)
    assert receipt is not None
    match = Habits().match(receipt, {"123456789", "987654321"})
    assert (match.submit_id, match.rivals) == ("987654321", ("123456789",))


def test_a_miss_is_counted_for_the_ids_that_there_are() -> None:
    receipt = read_receipt(b"", b"1A")
    assert receipt is not None
    habits = Habits().miss(receipt)
    assert (habits.tlv_ids.missed, habits.text_ids.missed) == (1, 0)


# ---- the clock ----


def learn_dates(offset: timedelta, delays: list[int], digits: int = 10) -> Habits:
    habits = Habits()
    for delay in delays:
        done = (NOW - timedelta(seconds=delay) + offset).replace(tzinfo=None)
        done = done.replace(second=0) if digits == 10 else done
        raw = f"{done:%y%m%d%H%M}" if digits == 10 else f"{done:%y%m%d%H%M%S}"
        receipt = ReceiptText("plain", "26", done_raw=raw)
        habits = habits.learn(receipt, ["26"], NOW)
    return habits


@pytest.mark.parametrize("quarters", [-48, -14, 0, 1, 8, 12, 22, 23, 51, 56])
def test_the_zone_is_learnt_in_quarter_hours(quarters: int) -> None:
    offset = timedelta(minutes=15 * quarters)
    habits = learn_dates(offset, [0, 5, 90, 400, 3, 86400 * 2, -60, 4000])
    assert habits.utc_offset == offset
    assert habits.text_ids.leader == SAME


def test_two_receipts_do_not_tell_a_zone() -> None:
    assert learn_dates(timedelta(hours=2), [1, 1]).utc_offset is None


def test_dates_that_do_not_agree_tell_no_zone() -> None:
    assert learn_dates(timedelta(0), [0, 1000, 2000, 3000, 4000, 5000]).utc_offset is None


def test_the_zone_follows_the_clock_change() -> None:
    habits = learn_dates(timedelta(hours=2), [1] * 40)
    for _ in range(40):
        done = (NOW + timedelta(hours=1)).replace(tzinfo=None)
        habits = habits.learn(ReceiptText("plain", "26", done_raw=f"{done:%y%m%d%H%M%S}"), ["26"], NOW)
    assert habits.utc_offset == timedelta(hours=1)


def test_a_done_date_becomes_a_moment_once_the_zone_is_known() -> None:
    naive = ReceiptText("plain", "26", done_raw="2607110903")
    aware = ReceiptText("plain", "26", done_raw=f"{NOW:%y%m%d%H%M%S}000+")
    assert Habits().done_at(naive) is None
    assert Habits().done_at(aware) == NOW
    assert learn_dates(timedelta(hours=2), [1] * 3).done_at(naive) == datetime(2026, 7, 11, 7, 3, tzinfo=UTC)
    assert Habits().done_at(ReceiptText("tlv")) is None


def test_a_receipt_that_tells_nothing_new_gives_the_same_habits() -> None:
    habits = learn_dates(timedelta(hours=2), [1] * 40)
    done = (NOW + timedelta(hours=2)).replace(tzinfo=None)
    assert habits.learn(ReceiptText("plain", "26", done_raw=f"{done:%y%m%d%H%M%S}"), ["26"], NOW) is habits
