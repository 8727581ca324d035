"""Cyrillic in Latin letters, by the tables of smsc 5.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depesza.core.translit import Variant, transliterate
from depesza.wire.gsm import Encoding, choose

SMALL = "а б в г д е ё ж з и й к л м н о п р с т у ф х ц ч ш щ ъ ы ь э ю я і ї є ґ"
PLAIN = "a b v g d e e zh z i j k l m n o p r s t u f h c ch sh sch '' y ' e ju ja i ji je g"
PLAIN_CAPITALS = "A B V G D E E Zh Z I J K L M N O P R S T U F H C Ch Sh Sch '' Y ' E Ju Ja I Ji Je G"
LOOKS = "a 6 B r g e e >I< 3 u u k /I M H o n p c m y cp x u, 4 w w, 'b bI b 3 IO 9I i ji e r"
LOOKS_CAPITALS = "A 6 B r g E E >I< 3 u u K /I M H O n P C T Y cp X u, 4 w w, 'b bI b 3 IO 9I I ji e r"
CYRILLIC = SMALL.replace(" ", "") + SMALL.upper().replace(" ", "")
SIGNS = "«»№–—"


@pytest.mark.parametrize(
    ("variant", "small", "capitals"),
    [(Variant.PLAIN, PLAIN, PLAIN_CAPITALS), (Variant.LOOKS, LOOKS, LOOKS_CAPITALS)],
)
def test_every_letter_of_the_tables(variant: Variant, small: str, capitals: str) -> None:
    assert transliterate(SMALL, variant) == small
    assert transliterate(SMALL.upper(), variant) == capitals


@pytest.mark.parametrize(
    ("text", "plain", "looks"),
    [
        ("Щука №5 «Ёж» — 20 €", 'Schuka N5 "Ezh" - 20 €', 'w,yka N5 "E>I<" - 20 €'),
        ("ваш код: 12–34", "vash kod: 12-34", "Baw kog: 12-34"),
        ("Объявление, Жизнь", "Ob''javlenie, Zhizn'", "O6'b9IB/IeHue, >I<u3Hb"),
        ("и\u0306", "j", "u"),  # й of two characters
        ("Hello, Łódź!", "Hello, Łódź!", "Hello, Łódź!"),
        ("", "", ""),
    ],
)
def test_texts(text: str, plain: str, looks: str) -> None:
    assert transliterate(text, Variant.PLAIN) == plain
    assert transliterate(text, Variant.LOOKS) == looks
    assert transliterate(text, Variant.NONE) == text


@given(st.text(CYRILLIC + SIGNS + "abc 019?\n"), st.sampled_from([Variant.PLAIN, Variant.LOOKS]))
def test_what_the_tables_have_becomes_ascii_of_the_tables_and_gsm(text: str, variant: Variant) -> None:
    written = transliterate(text, variant)
    table = PLAIN + PLAIN_CAPITALS if variant is Variant.PLAIN else LOOKS + LOOKS_CAPITALS
    assert set(written) <= set(table + '"N-' + "abc 019?\n")
    assert choose(written) is Encoding.GSM7
    assert transliterate(written, variant) == written
    assert transliterate("x" + text, variant) == "x" + written


@given(st.text(st.characters(min_codepoint=0x1000, exclude_characters="‒–—―№", categories=["Lo", "So", "Sm"])))
def test_what_the_tables_do_not_have_stays(text: str) -> None:
    composed = transliterate(text, Variant.PLAIN)
    assert transliterate(text, Variant.LOOKS) == composed
    assert transliterate(composed, Variant.PLAIN) == composed
