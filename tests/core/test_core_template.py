"""Texts merged with rows. spec: ovh/4.4"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depesza.core.template import Template

ROW = {"number": "+33601020304", " Prenom": "Jean", "nom ": "Dupont", "AGE": "42", "redeem_code": "A#B"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("Bonjour", "Bonjour"),
        ("#prenom# #nom#", "Jean Dupont"),
        ("#PRENOM##Nom#", "JeanDupont"),
        ("# age #", "42"),
        ("#\tAge\n#", "42"),
        ("code #redeem_code#!", "code A#B!"),
        ("#NAME et #AGE#", "#NAME et 42"),  # the closing hash is missing: spec: ovh/4.4
        ("#unknown#", "#unknown#"),
        ("#unknown#nom#", "#unknownDupont"),
        ("#sale for #prenom#", "#sale for Jean"),
        ("#prenom# #sale", "Jean #sale"),
        ("#", "#"),
        ("##", "##"),
        ("###", "###"),
        ("##nom##", "#Dupont#"),
        ("# #", "# #"),
        ("we are #1", "we are #1"),
        ("#1 and #2 of #nom#s", "#1 and #2 of Duponts"),
        ("#nom", "#nom"),
        ("nom#", "nom#"),
        ("{nom} #no m#", "{nom} #no m#"),
        ("#number#", "+33601020304"),
    ],
)
def test_columns_are_filled_and_the_rest_stays(text: str, filled: str) -> None:
    assert Template(text).fill(ROW) == filled


def test_values_are_not_searched_again() -> None:
    assert Template("#a# #b#").fill({"a": "#b#", "b": "#a#"}) == "#b# #a#"
    assert Template("#a#b#").fill({"a": "#", "b": "x"}) == "#b#"


def test_an_empty_value_is_a_value_and_an_empty_column_is_none() -> None:
    assert Template("<#a#>").fill({"a": ""}) == "<>"
    assert Template("<##a#>").fill({"": "x", "a": "y"}) == "<#y>"


def test_names_match_in_any_alphabet_and_case() -> None:
    assert Template("#ПРІЗВИЩЕ# #STRASSE#").fill({"прізвище": "Шевченко", "straße": "3"}) == "Шевченко 3"


def test_names_list_what_a_row_may_fill() -> None:
    assert Template("#Nom# and # AGE # of #1").names == {"nom", "and", "age", "of"}
    assert Template("no hash").names == Template("#one").names == frozenset()


@given(st.text("#ab c\n", max_size=30), st.dictionaries(st.sampled_from(["a", "B ", "ab", "c"]), st.text("x#a")))
def test_filling_is_the_same_as_replacing_from_left_to_right(text: str, row: dict[str, str]) -> None:
    """The plain way: look for the next pair of hashes around a known name, once, from the left."""
    known = {name.strip().lower(): value for name, value in row.items()}
    names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    plain = re.sub(rf"#\s*({names})\s*#", lambda found: known[found[1].lower()], text) if names else text
    assert Template(text).fill(row) == plain


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_text_and_row_can_be_merged(text: str, row: dict[str, str]) -> None:
    template = Template(text)
    template.fill(row)
    assert template.fill({}) == text


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1), st.text("xyz "), st.text("xyz "))
def test_one_template_serves_many_rows(columns: list[str], one: str, other: str) -> None:
    template = Template("".join(f"#{column}#," for column in columns))
    for row in ({"a": one, "b": other}, {"a": other, "b": one}, {"A": one, "B": one}):
        folded = {name.lower(): value for name, value in row.items()}
        assert template.fill(row) == "".join(f"{folded[column]}," for column in columns)
