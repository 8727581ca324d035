"""Bodies in and callbacks out: both roads of reading agree, nothing raises anything but a refusal. spec: ovh/1.8"""

import json
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.facts import Facts
from depesza.core.model import Notice, ReceiptFact, ReplyFact, State
from depesza.core.refusals import TABLE
from depesza.dialects.ovh import codec, codes, notices
from depesza.dialects.ovh.call import read_body
from depesza.dialects.ovh.errors import OvhError
from depesza.services.lists import Fates

NOW = 1_780_000_000_000_000


def read(body: bytes) -> codec.JobBody:
    """Read as the handler does."""
    return codec.read_job(body, lambda: read_body(body))


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20),
    st.lists(st.one_of(st.text(max_size=14), st.integers(), st.none()), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip
NAMES = [field.encode_name for field in msgspec.structs.fields(codec.JobBody)]
bodies = st.dictionaries(st.sampled_from([*NAMES, "unknown"]), values, max_size=8)


@given(bodies)
@settings(max_examples=200, deadline=None)
def test_any_object_becomes_a_submission_or_a_refusal(body: dict[str, object]) -> None:
    data = json.dumps({"message": "x", "sender": "MyApp"} | body).encode()
    try:
        found = codec.submission(read(data), 0, NOW)
    except OvhError as error:
        assert error.status == 400
    else:
        assert found.text
        assert "\0" not in found.text + found.tag
        assert 0 <= found.deferred <= codec.LONGEST_WAIT


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_octets_become_a_body_or_a_refusal(data: bytes) -> None:
    try:
        read(data)
    except OvhError as error:
        assert error.status == 400


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"x":' * 100_000,
        b'{"message":"\\ud800"}',
        b'{"message":"\xff"}',
        b"[]",
        b'"text"',
        b'{"message":1',
    ],
)
def test_what_is_no_body_is_refused(data: bytes) -> None:
    with pytest.raises(OvhError) as refused:
        codec.submission(read(data), 0, NOW)
    assert refused.value.status == 400


exact = st.fixed_dictionaries(
    {"message": st.text(min_size=1, max_size=20), "receivers": st.lists(st.text(min_size=1, max_size=15), max_size=3)},
    optional={
        "sender": st.text(min_size=1, max_size=13),
        "senderForResponse": st.booleans(),
        "noStopClause": st.booleans(),
        "differedPeriod": st.integers(0, 5000),
        "validityPeriod": st.integers(1, 5000),
        "tag": st.text(min_size=1, max_size=20),
        "class": st.sampled_from(list(codes.FLASH)),
    },
)


@given(exact)
@settings(max_examples=200, deadline=None)
def test_the_quick_road_and_the_lenient_one_agree(body: dict[str, object]) -> None:
    if "\0" in json.dumps(body).replace("\\u0000", "\0"):
        return
    # one number written as text sends the same body the lenient way
    lenient = read(json.dumps(body | {"validityPeriod": str(body.get("validityPeriod", 2880))}).encode())
    quick = read(json.dumps({"validityPeriod": 2880} | body).encode())
    assert msgspec.structs.asdict(quick) == msgspec.structs.asdict(lenient)


# codes


def test_every_state_has_its_codes() -> None:
    assert set(codes.RECEIPT) == set(State)
    for state in State:
        assert codes.RECEIPT[state] in codes.DESCRIPTIONS
        for reason in ("", *TABLE):
            assert codes.ptt(state, reason) in codes.EXPLAINED


def fits(fates: tuple[Fates, ...], state: State, refusal: str) -> bool:
    """Tell whether a message fits, as the store would."""
    return any(
        state in row.states and (row.refusals is None or (refusal in row.refusals) != row.others) for row in fates
    )


@pytest.mark.parametrize("code", sorted({*codes.EXPLAINED, 7}))
def test_a_filter_finds_exactly_the_messages_that_show_the_code(code: int) -> None:
    for state in State:
        for reason in ("", *TABLE):
            shown = codes.ptt(state, reason)
            assert fits(codes.fates_of_ptt(code), state, reason) == (shown == code)
            shown = codes.RECEIPT[state]
            assert fits(codes.fates_of_receipt(code), state, reason) == (shown == code)


def test_refusals_are_names_of_ours() -> None:
    assert set(codes.PTT) <= set(TABLE)


# callbacks


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/cb", "http://h/cb?q"),
        ("http://h/cb?x=1", "http://h/cb?x=1&q"),
        ("http://h/cb?", "http://h/cb?q"),
        ("http://h/cb?x=1&", "http://h/cb?x=1&q"),
        ("http://h/cb#part", "http://h/cb?q"),
        ("http://h/cb?x=1#part", "http://h/cb?x=1&q"),
    ],
)
def test_a_callbacks_own_query_is_kept(url: str, expected: str) -> None:
    assert notices.with_query(url, "q") == expected


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20), st.sampled_from(list(State)))
@settings(max_examples=150, deadline=None)
def test_any_sender_comes_through_a_callback(sender: str, state: State) -> None:
    fact = ReceiptFact(12, state, "", NOW, sender, "+33601020304", "t")
    call = notices.receipt("http://h/cb?x=1", fact, "Europe/Paris")
    assert call.url.isascii()
    found = dict(parse_qsl(urlsplit(call.url).query, keep_blank_values=True))
    assert (found["sender"], found["dlr"], found["x"]) == (sender, str(codes.RECEIPT[state]), "1")


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_text_comes_through_a_reply(text: str) -> None:
    fact = ReplyFact(5, "+33601020304", "38184", text, "t", NOW, 12)
    call = notices.reply("http://h/a", fact, "Nowhere/Land", stop=False)
    assert dict(parse_qsl(call.body.decode(), keep_blank_values=True))["message"] == text


def test_a_notice_of_an_account_that_is_gone_is_still_written() -> None:
    fact = msgspec.json.encode(ReceiptFact(12, State.DELIVERED, "", NOW, "MyApp", "+33601020304"))
    call = notices.call(Notice(1, 9, "ovh", "receipt", "http://h/cb", fact, 12, NOW, NOW), Facts(version=1))
    assert "date=2026-05-28%2020%3A26%3A40" in call.url
