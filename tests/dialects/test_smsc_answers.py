"""SMSC's answers, byte for byte. spec: smsc/1.2 smsc/1.5 smsc/1.6 smsc/2.2 smsc/2.3"""

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.model import MICRO, State
from depesza.core.refusals import TABLE
from depesza.dialects.smsc import answers, codes
from depesza.dialects.smsc.answers import Refused, Row, Sent, Value
from depesza.dialects.smsc.charsets import KOI8, UTF8, WINDOWS
from depesza.dialects.smsc.codes import ERRS, FATES, STATUSES, Fate, Fault, Kind

BALANCE = 100 * MICRO + MICRO // 2
SENT = Sent(1234, 1, 1_400_000, BALANCE)
ROW = Row("79999999999", "25001", "1.40")


def lines(shown: str) -> bytes:
    """The spec shows line feeds as ⏎."""
    return shown.replace("⏎", "\n").encode("windows-1251")


@pytest.mark.parametrize(
    ("cost", "fmt", "shown"),
    [
        (0, 0, "OK - 1 SMS, ID - 1234"),
        (1, 0, "1.40 (1 SMS)"),
        (2, 0, "OK - 1 SMS, ID - 1234, COST - 1.40"),
        (3, 0, "OK - 1 SMS, ID - 1234, COST - 1.40, BALANCE - 100.50"),
        (0, 1, "1234,1"),
        (1, 1, "1.40,1"),
        (2, 1, "1234,1,1.40"),
        (3, 1, "1234,1,1.40,100.50"),
        (0, 2, "<result>⏎<id>1234</id>⏎<cnt>1</cnt>⏎</result>"),
        (1, 2, "<result>⏎<cost>1.40</cost>⏎<cnt>1</cnt>⏎</result>"),
        (2, 2, "<result>⏎<id>1234</id>⏎<cnt>1</cnt>⏎<cost>1.40</cost>⏎</result>"),
        (3, 2, "<result>⏎<id>1234</id>⏎<cnt>1</cnt>⏎<cost>1.40</cost>⏎<balance>100.50</balance>⏎</result>"),
        (0, 3, '{⏎"id": 1234,⏎"cnt": 1⏎}'),
        (1, 3, '{⏎"cost": "1.40",⏎"cnt": 1⏎}'),
        (2, 3, '{⏎"id": 1234,⏎"cnt": 1,⏎"cost": "1.40"⏎}'),
        (3, 3, '{⏎"id": 1234,⏎"cnt": 1,⏎"cost": "1.40",⏎"balance": "100.50"⏎}'),
    ],
)
def test_a_success_in_each_format_and_with_each_cost(cost: int, fmt: int, shown: str) -> None:
    assert answers.answer_sent(SENT, cost, fmt, WINDOWS).body == lines(shown)


def test_json_answers_have_the_lengths_of_the_live_ones() -> None:
    assert [len(answers.answer_sent(SENT, cost, 3, WINDOWS).body) for cost in (0, 1, 3)] == [24, 28, 61]
    assert len(answers.answer_sent(Sent(33, 1, 0), 0, 3, WINDOWS).body) == 22
    assert len(answers.answer_refused(Refused(*codes.AUTHORISE), 3, WINDOWS).body) == 47
    assert len(answers.answer_refused(Refused(*codes.DUPLICATE), 3, WINDOWS).body) == 64
    assert len(answers.answer_object({"balance": "1871.62"}, 3, WINDOWS).body) == 24


@pytest.mark.parametrize(
    ("cost", "fmt", "shown"),
    [
        (0, 1, "1234,1⏎79999999999,25001,1.40,,"),
        (1, 0, "1.40 (1 SMS)⏎79999999999,25001,1.40,,"),
        (0, 2, '<result>⏎<id>1234</id>⏎<cnt>1</cnt>⏎<phones>⏎<phone mccmnc="25001" cost="1.40" status="" error="">'
               "79999999999</phone>⏎</phones>⏎</result>"),
        (1, 3, '{⏎"cost": "1.40",⏎"cnt": 1,⏎"phones": [{⏎"phone": "79999999999",⏎"mccmnc": "25001",⏎"cost": "1.40",⏎'
               '"status": "",⏎"error": ""⏎}]⏎}'),
    ],
)  # fmt: skip
def test_case_29_30_31_numbers_are_told_one_by_one(cost: int, fmt: int, shown: str) -> None:
    assert answers.answer_sent(Sent(1234, 1, 1_400_000, rows=(ROW,)), cost, fmt, WINDOWS).body == lines(shown)


def test_several_numbers_are_told_with_what_is_wrong() -> None:
    sent = Sent("a", 1, 0, rows=(ROW, Row("123", status="22", error="249")))
    assert answers.answer_sent(sent, 0, 1, WINDOWS).body == b"a,1\n79999999999,25001,1.40,,\n123,,,22,249"
    assert b'"\n},\n{\n"phone": "123"' in answers.answer_sent(sent, 0, 3, WINDOWS).body


@pytest.mark.parametrize(
    ("fmt", "shown"),
    [
        (0, "OK - 3 SMS, ID - 1, COST - 0.00, BALANCE - 0.00, CODE - 0821"),
        (1, "1,3,0.00,0.00,0821"),
        (2, "<result>⏎<id>1</id>⏎<cnt>3</cnt>⏎<cost>0.00</cost>⏎<balance>0.00</balance>⏎<code>0821</code>⏎</result>"),
        (3, '{⏎"id": 1,⏎"cnt": 3,⏎"cost": "0.00",⏎"balance": "0.00",⏎"code": "0821"⏎}'),
    ],
)
def test_case_58_a_spoken_code_stands_last(fmt: int, shown: str) -> None:
    assert answers.answer_sent(Sent(1, 3, 0, code="0821"), 3, fmt, WINDOWS).body == lines(shown)


@pytest.mark.parametrize(
    ("fault", "id", "fmt", "shown"),
    [
        (codes.AUTHORISE, "", 0, "ERROR = 2 (authorise error)"),
        (codes.AUTHORISE, "", 1, "0,-2"),
        (codes.AUTHORISE, "", 2, "<result>⏎<error>authorise error</error>⏎<error_code>2</error_code>⏎</result>"),
        (codes.AUTHORISE, "", 3, '{⏎"error": "authorise error",⏎"error_code": 2⏎}'),
        (codes.INVALID_NUMBER, 1234, 0, "ERROR = 7 (invalid number), ID - 1234"),
        (codes.INVALID_NUMBER, 1234, 1, "1234,-7"),
        (codes.UNDELIVERABLE, "a.b", 2,
         "<result>⏎<error>can't to deliver</error>⏎<error_code>8</error_code>⏎<id>a.b</id>⏎</result>"),
        (codes.INVALID_NUMBER, 1234, 3, '{⏎"error": "invalid number",⏎"error_code": 7,⏎"id": 1234⏎}'),
        (codes.NO_MONEY, "a.b", 3, '{⏎"error": "no money",⏎"error_code": 3,⏎"id": "a.b"⏎}'),
        (codes.PARAMETERS, "", 1, "0,-1"),
        (codes.INVALID_DATE, "", 1, "0,-5"),
    ],
)  # fmt: skip
def test_case_17_to_24_errors_in_each_format(fault: Fault, id: int | str, fmt: int, shown: str) -> None:
    reply = answers.answer_refused(Refused(*fault, id=id), fmt, WINDOWS)
    assert (reply.status, reply.body) == (200, lines(shown))


@pytest.mark.parametrize(
    ("fmt", "ok", "id"),
    [
        (0, "OK", "ID = 7"),
        (1, "OK", "7"),
        (2, "<result>OK</result>", "<phone>⏎<id>7</id>⏎</phone>"),
        (3, '{⏎"result": "OK"⏎}', '{⏎"id": 7⏎}'),
    ],
)
def test_case_40_44_what_was_done_and_what_was_made(fmt: int, ok: str, id: str) -> None:
    assert answers.answer_ok(fmt, WINDOWS).body == lines(ok)
    assert answers.answer_id(7, fmt, WINDOWS, element="phone").body == lines(id)


@pytest.mark.parametrize(
    ("fmt", "shown"),
    [
        (0, "id = 1, name = А⏎id = 2, name = <&"),
        (1, "1,А⏎2,<&"),
        (2, "<result>⏎<sms>⏎<id>1</id>⏎<name>А</name>⏎</sms>⏎<sms>⏎<id>2</id>⏎<name>&lt;&amp;</name>⏎</sms>⏎</result>"),
        (3, '[{⏎"id": 1,⏎"name": "А"⏎},⏎{⏎"id": 2,⏎"name": "<&"⏎}]'),
    ],
)
def test_lists_in_each_format(fmt: int, shown: str) -> None:
    rows: list[dict[str, Value]] = [{"id": 1, "name": "А"}, {"id": 2, "name": "<&"}]
    assert answers.answer_list(rows, fmt, WINDOWS, element="sms").body == lines(shown)


def test_an_empty_list() -> None:
    empty = [answers.answer_list([], fmt, WINDOWS, element="sms").body for fmt in range(4)]
    assert empty == [b"", b"", b"<result>\n</result>", b"[]"]
    row: dict[str, Value] = {"a": 1}
    assert answers.answer_list([row], 2, WINDOWS, element="sms", root="").body == b"<sms>\n<a>1</a>\n</sms>"


def test_the_header_names_format_and_charset() -> None:
    types = [answers.answer_ok(fmt, charset).content_type for fmt, charset in enumerate((WINDOWS, KOI8, UTF8, WINDOWS))]
    assert types == [
        "text/plain; charset=windows-1251",
        "text/plain; charset=koi8-r",
        "text/xml; charset=utf-8",
        "application/json; charset=windows-1251",
    ]


def test_json_holds_raw_octets_and_escapes_what_it_must() -> None:
    body = answers.answer_object({"name": 'Доставлено "\\\n\x01'}, 3, WINDOWS).body
    assert body == b'{\n"name": "' + "Доставлено".encode("windows-1251") + b' \\"\\\\\\n\\u0001"\n}'


@settings(max_examples=100)
@given(st.dictionaries(st.text(), st.text() | st.integers(), max_size=4), st.sampled_from([WINDOWS, KOI8, UTF8]))
def test_json_can_always_be_read(members: dict[str, int | str], charset: object) -> None:
    assert isinstance(charset, type(WINDOWS))
    reply = answers.answer_list([members, {"in": [members]}], 3, charset, element="x")
    found = json.loads(charset.read(reply.body))
    assert len(found) == 2
    if charset is UTF8:
        assert found[0] == members and found[1]["in"] == [members]


@settings(max_examples=100)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\ufffe\uffff")))
def test_xml_can_always_be_read(text: str) -> None:
    read = ElementTree.fromstring(answers.answer_object({"a": text}, 2, UTF8).body)
    assert read.findtext("a") == "".join(" " if char < " " and char not in "\t\n" else char for char in text)


# tables


def test_every_state_and_refusal_has_a_status_and_an_err_of_the_tables() -> None:
    assert set(FATES) == set(TABLE)
    fates = {codes.fate(state, refusal) for state in State for refusal in ("", *TABLE, "what is this")}
    assert {fate.status for fate in fates} <= set(STATUSES) and {fate.err for fate in fates} <= set(ERRS)


@pytest.mark.parametrize(
    ("state", "refusal", "fate"),
    [
        (State.QUEUED, "", (-1, 0)),
        (State.SENT, "", (0, 0)),
        (State.DELIVERED, "", (1, 0)),
        (State.READ, "", (2, 0)),
        (State.CLICKED, "", (4, 0)),
        (State.EXPIRED, "expired", (3, 0)),
        (State.EXPIRED, "no_report", (3, 245)),
        (State.REJECTED, "bad_number", (22, 249)),
        (State.REJECTED, "no_route", (25, 248)),
        (State.REJECTED, "no_credits", (24, 0)),
        (State.REJECTED, "flood", (23, 251)),
        (State.REJECTED, "forbidden_sender", (23, 254)),
        (State.FAILED, "absent", (20, 6)),
        (State.FAILED, "of another world", (20, 255)),
        (State.DELIVERED, "virtual", (1, 200)),
        (State.CANCELLED, "cancelled", (-2, 0)),
    ],
)
def test_a_messages_fate(state: State, refusal: str, fate: tuple[int, int]) -> None:
    assert codes.fate(state, refusal) == Fate(*fate)


def test_every_kind_has_its_type_and_place() -> None:
    assert set(codes.TYPES) == set(Kind) and len(set(codes.TYPES.values())) == len(Kind)
    assert set(codes.PRECEDENCE) == set(Kind) - {Kind.SMS} and len(set(codes.PRECEDENCE)) == len(codes.PRECEDENCE)
    assert set(STATUSES) > codes.FINAL
