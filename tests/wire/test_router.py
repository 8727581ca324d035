"""The router against a matcher that is too simple to be wrong."""

from itertools import product
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire.router import Match, NotFound, Router, WrongMethod

ROUTER = Router(
    [
        ("GET", "/sms", "accounts"),
        ("GET", "/sms/{service}", "account"),
        ("GET", "/sms/{service}/senders/{sender}", "sender"),
        ("DELETE", "/sms/{service}/senders/{sender}", "drop sender"),
        ("GET", "/sms/rates", "rates"),
        ("GET", "/sms/rates/{country}/day", "rate of a day"),
        ("GET", "/", "index"),
    ]
)


def found(path: str, method: str = "GET") -> tuple[str, dict[str, str]]:
    match = ROUTER.find(method, path)
    assert isinstance(match, Match)
    return match.value, match.params


@pytest.mark.parametrize("path", ["/sms", "/sms/", "//sms", "/sms//", "//sms///", "sms"])
def test_doubled_and_trailing_slashes_do_not_matter(path: str) -> None:
    assert found(path) == ("accounts", {})


@pytest.mark.parametrize("path", ["/", "", "//"])
def test_the_root_is_a_route_like_any_other(path: str) -> None:
    assert found(path) == ("index", {})


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("BAH%20BOUH", "BAH BOUH"),
        ("+33601020304", "+33601020304"),
        ("%2B33601020304", "+33601020304"),
        ("a%2Fb", "a/b"),
        ("%C3%A9t%C3%A9", "été"),
        ("été", "été"),
        ("%", "%"),
        ("%zz", "%zz"),
        ("%FF", "�"),
        ("..", ".."),
    ],
)
def test_parameters_are_decoded_after_splitting(raw: str, value: str) -> None:
    assert found(f"/sms/me/senders/{raw}") == ("sender", {"service": "me", "sender": value})


def test_a_fixed_segment_wins_over_a_parameter() -> None:
    assert found("/sms/rates") == ("rates", {})
    assert found("/sms/rat%65s") == ("rates", {})


def test_a_parameter_is_tried_where_the_fixed_segment_leads_nowhere() -> None:
    assert found("/sms/rates/senders/x") == ("sender", {"service": "rates", "sender": "x"})


def test_another_method_is_told_apart_from_an_unknown_path() -> None:
    assert ROUTER.find("POST", "/sms/x/senders/y") == WrongMethod(("GET", "DELETE"))
    assert ROUTER.find("GET", "/sms/x/nothing") == NotFound()
    assert ROUTER.find("POST", "/smss") == NotFound()


@pytest.mark.parametrize(
    "rows",
    [
        [("GET", "/a/{x}", 1), ("GET", "/a/{y}/", 2)],
        [("GET", "/a/{x}/{x}", 1)],
    ],
)
def test_rows_that_cannot_be_told_apart_are_refused(rows: list[tuple[str, str, int]]) -> None:
    with pytest.raises(ValueError, match=r"two routes|named twice"):
        Router(rows)


def naive(rows: list[tuple[str, str, int]], method: str, path: str) -> tuple[int, list[str]] | None:
    """Match every template segment by segment; of those that fit, prefer fixed segments from the left."""
    parts = [unquote(part) for part in path.split("/") if part]
    fits: list[tuple[list[bool], int, list[str]]] = []
    for row_method, template, value in rows:
        wanted = [part for part in template.split("/") if part]
        if row_method != method or len(wanted) != len(parts):
            continue
        is_param = [part.startswith("{") for part in wanted]
        if all(param or want == part for param, want, part in zip(is_param, wanted, parts, strict=True)):
            values = [part for param, part in zip(is_param, parts, strict=True) if param]
            fits.append((is_param, value, values))
    return min(fits)[1:] if fits else None


TEMPLATES = [
    "/" + "/".join(f"{{p{at}}}" if part == "*" else part for at, part in enumerate(parts))
    for length in range(4)
    for parts in product(["a", "b", "*"], repeat=length)
]
SEGMENT = st.sampled_from(["a", "b", "c", "%61", "x y", "/", "é", ""])


@settings(max_examples=200)
@given(
    rows=st.sets(st.tuples(st.sampled_from(["GET", "PUT"]), st.sampled_from(TEMPLATES)), max_size=20),
    path=st.lists(SEGMENT.map(lambda text: text if "%" in text else quote(text, safe="")), max_size=4),
    method=st.sampled_from(["GET", "PUT", "POST"]),
)
def test_the_trie_finds_what_a_naive_matcher_finds(rows: set[tuple[str, str]], path: list[str], method: str) -> None:
    table = [(*row, at) for at, row in enumerate(sorted(rows))]
    target = "/" + "/".join(path)
    answer = Router(table).find(method, target)
    expected = naive(table, method, target)
    others = {other for other, _ in rows if naive(table, other, target)}
    if expected is not None:
        assert isinstance(answer, Match)
        assert (answer.value, list(answer.params.values())) == expected
    elif others:
        assert isinstance(answer, WrongMethod)
        assert set(answer.allowed) == others
    else:
        assert answer == NotFound()
