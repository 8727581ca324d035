"""The life of a message, written for people and programs."""

import json

import pytest

from depesza.cli import lifeline
from depesza.core.facts import Account, ConnectorFact, Facts
from depesza.core.model import MICRO, Content, Entry, Message, Priority, State
from depesza.services.timeline import Event, Owed, Remote, Timeline
from depesza.wire.smpp import codec
from depesza.wire.smpp.pdus import SubmitSm

AT = 1_780_000_000_000_000
FACTS = Facts(
    version=1,
    accounts=(Account(id=50, owner=40, name="sms-ab-1"),),
    connectors=(ConnectorFact(id=70, name="main", kind="smpp", settings="{}"),),
)
SUBMIT = codec.pack(SubmitSm(source_addr="Example", destination_addr="33600000001", short_message=b"Hello"), 7)
CONTENT = Content(
    id=100, account=50, user=0, dialect="ovh", created=AT, sender="Example", text="Hello\x1b[2J", priority=Priority.HIGH
)
LIFE = Timeline(
    message=Message(
        101, CONTENT, "+33600000001", 1, MICRO, State.FAILED, 1, 5, 0, 1, 70, attempts=2, refusal="undeliverable"
    ),
    sent=AT + 2 * MICRO,
    done=AT + 3 * MICRO,
    node=0,
    events=(
        Event(1, AT, "throttled", "70 ESME_RTHROTTLED", b""),
        Event(2, AT + 2 * MICRO, "taken", "70 7f", SUBMIT + SUBMIT),
        Event(3, AT + 3 * MICRO, "receipt", "70 7f FAILED", b"id:7f stat:UNDELIV err:001"),
        Event(4, AT + 4 * MICRO, "callback", "receipt 500 12 ms http://x.example/ #9", b'{"message":101}'),
        Event(5, AT + 5 * MICRO, "maybe_sent", "node 3 ended", b""),
    ),
    remotes=(Remote(70, "7f", 0, State.FAILED, AT),),
    entries=(Entry(102, AT, "charge", 50, 1, MICRO, 100), Entry(103, AT, "refund", 1, 50, MICRO, 101)),
    notices=(Owed(104, "receipt", "http://x.example/", 0, 1, AT, AT + 9 * MICRO, b"{}"),),
)


def test_programs_get_everything_with_names_for_ids() -> None:
    told = json.loads(json.dumps(lifeline.plain(LIFE, FACTS)))
    assert (told["state"], told["account"], told["connector"], told["price"]) == ("failed", "sms-ab-1", "main", 1)
    assert [event["kind"] for event in told["events"]] == [
        "throttled", "taken", "receipt", "callback", "maybe_sent",
    ]  # fmt: skip
    assert told["events"][0]["detail"] == "main ESME_RTHROTTLED"
    assert told["events"][2]["text"] == "id:7f stat:UNDELIV err:001"
    assert told["events"][3]["fact"] == {"message": 101}
    assert [row["kind"] for row in told["entries"]] == ["charge", "refund"]
    assert told["callbacks"][0]["next_try"] == "2026-05-28T20:26:49.000Z"


def test_pdus_are_shown_as_octets_and_as_fields() -> None:
    first, second = lifeline.plain(LIFE, FACTS)["events"][1]["wire"]
    assert first == second
    assert (first["pdu"], first["sequence"], first["fields"]["destination_addr"]) == ("SubmitSm", 7, "33600000001")
    assert first["fields"]["short_message"] == "48 65 6c 6c 6f"
    assert bytes.fromhex(first["hex"]) == SUBMIT


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", []),
        (b"\x00\x00\x00", ["00 00 00"]),
        (b"\x00\x00\xff\xff rest", ["00 00 ff ff 20 72 65 73 74"]),
        (SUBMIT + b"\x01", [SUBMIT.hex(" "), "01"]),
        (b"\x00\x00\x00\x10\x00\x00\x00\x99" + bytes(8), ["00 00 00 10 00 00 00 99" + " 00" * 8]),
    ],
)
def test_octets_that_are_no_pdu_are_shown_all_the_same(data: bytes, shown: list[str]) -> None:
    assert [each["hex"] for each in lifeline.exchanges(data)] == shown


def test_people_see_the_same_and_their_terminal_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    lifeline.tell(lifeline.plain(LIFE, FACTS))
    told = capsys.readouterr().out
    for word in ("message 101", "undeliverable", "main ESME_RTHROTTLED", "SubmitSm 7", "stat:UNDELIV", "refund", "7f"):
        assert word in told
    assert "\x1b" not in told
    assert "Hello�[2J" in told


def test_a_message_that_only_waits_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = Timeline(LIFE.message, 0, 0, 0, (), (), (), ())
    lifeline.tell(lifeline.plain(waiting, FACTS))
    assert "nothing yet" in capsys.readouterr().out
