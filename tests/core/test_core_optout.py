"""Which replies are STOP or START, and the clause. spec: carriers/C.5, ovh/4.3"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depesza.core.optout import START, STOP, clause, is_start, is_stop, with_clause

STOP_WORDS = sorted({word for words in STOP.values() for word in words})
START_WORDS = sorted({word for words in START.values() for word in words})


def test_every_language_has_words_of_its_own() -> None:
    assert set(STOP) == set(START) == {"fr", "en", "pl", "ru", "uk", "ro"}
    for language, words in STOP.items():
        others = {word for name, rest in STOP.items() if name != language for word in rest}
        assert set(words) - others, language


@pytest.mark.parametrize("word", STOP_WORDS)
def test_each_stop_word_in_any_case_and_dress(word: str) -> None:
    for written in (word, word.upper(), word.title(), f"  {word}\n", f"{word}.", f"«{word.upper()}»!!"):
        assert is_stop(written), written
        assert not is_start(written), written


@pytest.mark.parametrize("word", START_WORDS)
def test_each_start_word_in_any_case_and_dress(word: str) -> None:
    for written in (word, word.upper(), f" {word} ", f"{word}!"):
        assert is_start(written), written
        assert not is_stop(written), written


@pytest.mark.parametrize(
    "word",
    # CTIA, then the list of AWS: spec: carriers/C.5
    ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "ARRET", "OPT-OUT", "OPTOUT", "REMOVE", "TD"],
)
def test_the_lists_of_the_carriers_are_covered(word: str) -> None:
    assert is_stop(word)


@pytest.mark.parametrize("word", ["START", "YES", "UNSTOP"])
def test_the_carriers_words_for_coming_back_are_covered(word: str) -> None:
    assert is_start(word)


@pytest.mark.parametrize(
    "text",
    [
        "STOP 36184",
        "STOP au 36184",
        "stop AU 36184.",
        "STOP to 36184",
        "Стоп на 36184",
        "STOP SMS",
        "STOP SMS au 36184",
        "Arrêt",
        "ARRET",
        "DÉSABONNER",
        "desabonner",
        "Usuń",
        "usun",  # typed without its accent
        "Oprește",
        "OPRESTE",
        "ВІДПИСАТИСЯ",
        "\u200bSTOP\u200b",
        "ＳＴＯＰ",  # full width
        "De\u0301sabonner",  # the accent as a character of its own
    ],
)
def test_stop_as_people_write_it(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "!",
        "please don't stop",
        "Stop at the bakery on your way",
        "STOP 12",
        "STOP 0601020304",
        "CANCEL 36184",  # an order, perhaps
        "36184",
        "STOPPED",
        "nonstop",
        "the end",
        "bus stop",
        "s t o p",
        "STOP " * 20,
    ],
)
def test_what_is_not_stop(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize("text", ["", "oui", "tak", "да", "yes please", "start now", "start 36184"])
def test_what_is_not_start(text: str) -> None:
    assert not is_start(text)


@given(st.text())
def test_any_reply_is_judged_and_never_both(text: str) -> None:
    assert not (is_stop(text) and is_start(text))


@given(st.sampled_from(STOP_WORDS), st.text("!?.,;:-*\"'()[] \t\n", max_size=6), st.text("!., \n", max_size=6))
def test_punctuation_around_a_word_is_tolerated(word: str, before: str, after: str) -> None:
    assert is_stop(before + word + after)


def test_the_clause_costs_eleven_characters() -> None:
    assert clause("36184") == "\nSTOP 36184"
    assert len(clause("36184")) == 11
    assert is_stop(clause("36184"))


def test_the_clause_is_added_once() -> None:
    once = with_clause("Soldes", "36184")
    assert once == "Soldes\nSTOP 36184"
    assert with_clause(once, "36184") == once
    assert with_clause("Soldes STOP 36184", "36184") == "Soldes STOP 36184\nSTOP 36184"


@given(st.text())
def test_a_text_with_clause_keeps_its_words(text: str) -> None:
    assert with_clause(text, "36184").endswith("\nSTOP 36184")
    assert with_clause(text, "36184").startswith(text)
