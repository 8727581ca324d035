"""The table of fates: endings, names, tries; and that ordinary numbers are plainly delivered."""

import re
from pathlib import Path

import pytest

from depesza.wire.fates import DELIVERED, FATES, Answer, How, Tries, fate_of
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.status import BY_CODE, ROK, RTHROTTLED

SPECS = Path(__file__).parents[2] / "docs" / "specs"
ANSWER_TO_TAKEN = Answer()


def test_every_row_is_found_by_any_number_with_its_ending() -> None:
    for fate in FATES:
        assert fate_of("+33601020" + fate.suffix) is fate
        assert fate_of(fate.suffix) is fate


def test_endings_and_names_are_unique() -> None:
    assert len({fate.suffix for fate in FATES}) == len({fate.name for fate in FATES}) == len(FATES)


def test_endings_are_three_digits_from_900() -> None:
    assert all(re.fullmatch("9[0-7][0-9]", fate.suffix) for fate in FATES)


@pytest.mark.parametrize("number", ["+33601020304", "+33700000001", "79999999999", "79999999998", "", "Bank"])
def test_other_numbers_are_delivered_at_once(number: str) -> None:
    assert fate_of(number) is DELIVERED
    assert DELIVERED.answer == ANSWER_TO_TAKEN
    assert [(news.state, news.after) for news in DELIVERED.receipts] == [(MessageState.DELIVERED, 0.0)]


def test_phone_numbers_in_the_specs_have_no_special_fate() -> None:
    told = {number for page in SPECS.glob("*.md") for number in re.findall(r"\+[0-9]{8,15}\b", page.read_text())}
    assert {number for number in told if fate_of(number) is not DELIVERED} == set()


def test_what_is_not_taken_has_no_receipts() -> None:
    for fate in FATES:
        assert fate.answer.taken or not (fate.receipts or fate.reply), fate.name


def test_statuses_are_known_and_a_refusal_is_not_taken() -> None:
    for fate in FATES:
        for answer in (fate.answer, fate.at_first):
            assert answer.status in BY_CODE
            assert answer.taken is (answer.status == ROK) or answer.how is not How.RESPOND


def test_tries_of_one_message_are_counted_apart_from_others() -> None:
    tries = Tries()
    fate = fate_of("961")
    first = [tries.answer(fate, "one").status for _ in range(2)]
    other = tries.answer(fate, "other").status
    rest = [tries.answer(fate, "one").status for _ in range(2)]
    assert (first, other, rest) == ([RTHROTTLED] * 2, RTHROTTLED, [RTHROTTLED, ROK])


def test_a_message_that_was_taken_begins_anew() -> None:
    tries = Tries()
    fate = fate_of("960")
    assert [tries.answer(fate, "one").status for _ in range(4)] == [RTHROTTLED, ROK, RTHROTTLED, ROK]


def test_tries_are_remembered_in_bounded_memory() -> None:
    tries = Tries(most=2)
    fate = fate_of("960")
    for key in ("a", "b", "c"):
        tries.answer(fate, key)
    assert tries.answer(fate, "c").status == ROK
    assert tries.answer(fate, "a").status == RTHROTTLED


def test_an_echo_answers_the_text_and_others_their_own() -> None:
    assert fate_of("953").reply_to("Bonjour") == "Bonjour"
    assert fate_of("950").reply_to("Bonjour") == "Oui"
    assert DELIVERED.reply_to("Bonjour") == ""
