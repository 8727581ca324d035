"""Submits over SMPP: what customers send in all their ways, what is stored, charged and answered. spec: smsc/4.2"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from tests.dialects.smpp_world import PEER, Desk, desk_of, submit
from tests.simulator.simulator_client import Client

from depesza.core.facts import Account, Limits
from depesza.core.model import Priority, State, Submission
from depesza.services import submit as submitting
from depesza.store.batch import Batch
from depesza.store.contract import StoreError
from depesza.store.tx import Tx
from depesza.wire import udh
from depesza.wire.smpp import status
from depesza.wire.smpp.flags import UDHI
from depesza.wire.smpp.pdus import (
    Address,
    CancelSm,
    DataSm,
    DistributionList,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
)
from depesza.wire.smpp.segments import sar
from depesza.wire.smpp.tlvs import MESSAGE_PAYLOAD

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The door on a store of its own."""
    async with desk_of(sqlite_url) as made:
        yield made


async def test_a_text_is_stored_charged_and_answered_with_its_id(desk: Desk) -> None:
    async with desk.bound() as client:
        answer = await client.ask(submit("Bonjour"))
        message = await desk.only()
        assert (answer.status, answer.message_id) == (status.ROK, str(message.id))
        assert (message.receiver, message.body, message.parts, message.content.sender) == (
            f"+{PEER}", "Bonjour", 1, "MyApp",
        )  # fmt: skip
        assert message.content.dialect == "smpp"


TEXTS = [
    ("gsm septets", {"short_message": b"\x00\x1b\x65"}, "@€", ""),
    ("ASCII as IA5", {"short_message": b"Hi", "data_coding": 1}, "Hi", ""),
    ("septets called IA5", {"short_message": b"\x00 Hi", "data_coding": 1}, "@ Hi", ""),
    ("Latin-1", {"short_message": "é".encode("latin-1"), "data_coding": 3}, "é", ""),
    ("Cyrillic code page", {"short_message": "Привет".encode("iso8859-5"), "data_coding": 6}, "Привет", ""),
    ("UCS-2", {"short_message": "Привет".encode("utf-16-be"), "data_coding": 8}, "Привет", "ucs2"),
    ("plain text as octets", {"short_message": b"test", "data_coding": 4}, "test", ""),
    (
        "plain text as octets in a payload",
        {"short_message": b"", "data_coding": 4, "tlvs": (MESSAGE_PAYLOAD.pack(b"test"),)}, "test", "",
    ),
    ("a flash", {"short_message": b"Hi", "data_coding": 0xF0}, "Hi", ""),
    ("octets", {"short_message": b"\x01\xff", "data_coding": 4}, "\x01\xff", "binary"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "text", "alphabet"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
async def test_octets_become_the_text_that_was_meant(desk: Desk, fields: dict, text: str, alphabet: str) -> None:
    async with desk.bound("transmitter") as client:
        assert (await client.ask(submit(**fields))).status == status.ROK
    message = await desk.only()
    assert (message.body, message.content.alphabet) == (text, alphabet)
    assert message.content.flash == (0 if fields.get("data_coding") == 0xF0 else -1)


async def test_case_54_octets_of_the_vendors_sample(desk: Desk) -> None:
    await desk.change(home="smsc")
    async with desk.bound("transmitter") as client:
        pdu = bytes.fromhex(
            "000000350000000400000000000000020005012e000101373939393939393939393900000003000000000400000424000474657374"
        )
        client.link._transport.write(pdu)  # type: ignore[union-attr]
        await client.until(lambda: client.heard[-1:] and desk.door.counts["SubmitSm", "ROK"])
    message = await desk.only()
    assert (message.body, message.content.alphabet, message.receiver) == ("test", "", "+79999999999")
    assert message.content.tag == "1"


REFUSED = [
    ("a stranger's sender", {"source": "Nobody"}, status.RINVSRCADR),
    ("no number", {"to": "12"}, status.RINVDSTADR),
    ("no text", {"short_message": b""}, status.RINVMSGLEN),
    ("seven parts", {"short_message": b"", "tlvs": (MESSAGE_PAYLOAD.pack(b"a" * 919),)}, status.RINVMSGLEN),
    ("half a character", {"short_message": b"\x04", "data_coding": 8}, 0x401),
    ("a coding nobody knows", {"short_message": b"x", "data_coding": 0x0B}, 0x401),
    ("octets as septets", {"short_message": b"\xff"}, 0x402),
    ("a broken header", {"short_message": b"\x09\x00", "esm_class": UDHI}, status.RINVESMCLASS),
    ("a priority beyond", {"priority_flag": 4}, status.RINVPRTFLG),
    ("a predefined text", {"short_message": b"", "sm_default_msg_id": 3}, status.RINVDFTMSGID),
    ("no time", {"schedule_delivery_time": "991399000000000+"}, status.RINVSCHED),
    ("years ahead", {"schedule_delivery_time": "290101000000000+"}, status.RINVSCHED),
    ("expired before", {"validity_period": "250101000000000+"}, status.RINVEXPIRY),
]


@pytest.mark.parametrize(("fields", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_what_cannot_be_sent_is_refused_and_leaves_nothing(desk: Desk, fields: dict, code: int) -> None:
    async with desk.bound() as client:
        assert (await client.ask(submit(**fields))).status == code
    assert await desk.messages() == []


async def test_an_empty_wallet_refuses(desk: Desk) -> None:
    async with desk.bound() as client:
        long = (MESSAGE_PAYLOAD.pack(b"a" * 900),)
        answers = [await client.ask(submit(short_message=b"", tlvs=long)) for _ in range(167)]
    assert [answer.status for answer in answers] == [status.ROK] * 166 + [status.RSUBMITFAIL]


async def test_times_and_priority(desk: Desk) -> None:
    async with desk.bound() as client:
        start, end = "000000010000000R", "000000020000000R"
        await client.ask(submit(schedule_delivery_time=start, validity_period=end, priority_flag=3))
    message = await desk.only()
    hour = 3_600_000_000
    assert (message.state, message.due, message.content.expires) == (
        State.SCHEDULED, desk.clock.now + hour, desk.clock.now + 2 * hour,
    )  # fmt: skip
    assert message.content.priority is Priority.URGENT


async def test_a_message_without_a_source_has_the_accounts_own(desk: Desk) -> None:
    async with desk.bound() as client:
        await client.ask(submit(source="."))
        short = msgspec.structs.replace(submit(source="1234"), source_addr_ton=3)
        await client.ask(short)
    usual, any_short = await desk.messages()
    assert (usual.content.sender, any_short.content.sender) == ("MyApp", "38184")


def parts(text: bytes, size: int, how: str) -> list:
    """Cut a text in one of the ways of telling its parts."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    made = []
    for number, piece in enumerate(pieces, 1):
        if how == "sar":
            made.append(submit(short_message=piece, tlvs=sar(7, len(pieces), number)))
        else:
            header = udh.concat(7, len(pieces), number, 8 if how == "udh8" else 16)
            made.append(submit(short_message=header + piece, esm_class=UDHI))
    return made


@pytest.mark.parametrize("how", ["udh8", "udh16", "sar"])
async def test_parts_become_one_message_whatever_their_order(desk: Desk, how: str) -> None:
    async with desk.bound() as client:
        pieces = parts(b"abcdefghij" * 40, 150, how)
        answers = [await client.ask(piece) for piece in (pieces[2], pieces[0])]
        again = await client.ask(pieces[0])  # a repetition
        assert await desk.messages() == []
        answers.append(await client.ask(pieces[1]))
        assert {answer.status for answer in answers} == {status.ROK}
        assert again.message_id == answers[1].message_id
        late = await client.ask(pieces[1])  # our answer may have been lost
        assert late.message_id == answers[2].message_id
        message = await desk.only()
        assert (message.body, message.parts) == ("abcdefghij" * 40, 3)
        ids = {answer.message_id for answer in answers}
        assert len(ids) == 3
        await desk.deliver(message.id)
        receipts = await client.receipts_after(3)
        assert {receipt.tlv_id for receipt in receipts} == ids
        for id in ids:
            assert (await client.ask(QuerySm(message_id=id, source_addr="MyApp"))).message_state == 2


async def test_receipts_are_for_the_parts_that_asked(desk: Desk) -> None:
    async with desk.bound() as client:
        first, second = parts(b"x" * 200, 150, "udh8")
        asked = await client.ask(first)
        await client.ask(submit(short_message=second.short_message, esm_class=UDHI, registered_delivery=0))
        await desk.deliver((await desk.only()).id)
        await client.until(lambda: client.news)
        await client.settle()
        assert [receipt.tlv_id for receipt in client.receipts] == [asked.message_id]


async def test_parts_that_can_not_be_sent_are_told_so(desk: Desk) -> None:
    async with desk.bound() as client:
        first, second = (
            submit(short_message=udh.concat(1, 2, n) + b"text", esm_class=UDHI, source="Nobody") for n in (1, 2)
        )
        asked = await client.ask(first)
        assert asked.status == status.ROK
        assert (await client.ask(second)).status == status.RINVSRCADR
        (receipt,) = await client.receipts_after(1)
        assert (receipt.tlv_id, receipt.stat) == (asked.message_id, "REJECTD")
    assert await desk.rows("SELECT * FROM segments") == []


async def test_parts_whose_others_never_come_expire(desk: Desk) -> None:
    async with desk.bound() as client:
        asked = await client.ask(parts(b"x" * 200, 150, "udh8")[0])
        desk.clock.move(3_601)
        await desk.door.sweep()
        (receipt,) = await client.receipts_after(1)
        assert (receipt.tlv_id, receipt.stat) == (asked.message_id, "EXPIRED")
    assert await desk.rows("SELECT * FROM segments") == []


async def test_one_text_for_many(desk: Desk) -> None:
    async with desk.bound() as client:
        many = SubmitMulti(
            source_addr="MyApp", source_addr_ton=5, short_message=b"Hello", registered_delivery=1,
            destinations=(
                Address(PEER, 1, 1), Address("12", 1, 1), DistributionList("all"), Address("33601020305", 1, 1),
            ),
        )  # fmt: skip
        answer = await client.ask(many)
        assert answer.status == status.ROK
        assert [(one.addr, one.error) for one in answer.unsuccessful] == [
            ("12", status.RINVDSTADR), ("all", status.RINVDLNAME),
        ]  # fmt: skip
        for message in await desk.messages():
            await desk.deliver(message.id)
        receipts = await client.receipts_after(2)
        assert {receipt.tlv_id for receipt in receipts} == {answer.message_id}
        assert [pdu.source_addr for pdu in client.news] == [PEER, "33601020305"]
        assert (await client.ask(SubmitMulti(source_addr="MyApp", short_message=b"x"))).status == status.RINVNUMDESTS


async def test_data_sm_is_a_submit_too(desk: Desk) -> None:
    async with desk.bound() as client:
        answer = await client.ask(
            DataSm(source_addr="MyApp", destination_addr=PEER, tlvs=(MESSAGE_PAYLOAD.pack(b"Hello"),))
        )
    message = await desk.only()
    assert (answer.status, answer.message_id, message.body) == (status.ROK, str(message.id), "Hello")


async def test_a_waiting_message_is_asked_about_replaced_and_taken_back(desk: Desk) -> None:
    async with desk.bound() as client:
        later = "000000010000000R"
        id = (await client.ask(submit("First", schedule_delivery_time=later))).message_id
        asked = await client.ask(QuerySm(message_id=id, source_addr="MyApp"))
        assert (asked.message_id, asked.message_state, asked.final_date) == (id, 1, "")
        other = ReplaceSm(message_id=id, source_addr="MyApp", short_message=b"Second", registered_delivery=1)
        assert (await client.ask(other)).status == status.ROK
        first, second = await desk.messages()
        assert (first.state, second.state, second.body) == (State.CANCELLED, State.SCHEDULED, "Second")
        assert second.due == first.due
        assert await desk.waiting() == 0
        assert (await client.ask(CancelSm(message_id=id, source_addr="Other"))).status == status.RINVMSGID
        assert (await client.ask(CancelSm(message_id=id, source_addr="MyApp"))).status == status.ROK
        (receipt,) = await client.receipts_after(1)
        assert (receipt.tlv_id, receipt.stat) == (id, "DELETED")
        gone = await client.ask(QuerySm(message_id=id, source_addr="MyApp"))
        assert (gone.message_state, gone.final_date != "") == (4, True)
        for refused in (CancelSm(message_id=id), other):
            assert (await client.ask(refused)).status in (status.RCANCELFAIL, status.RREPLACEFAIL)
        assert (await client.ask(QuerySm(message_id="77", source_addr="MyApp"))).status == status.RINVMSGID


async def test_all_that_waits_between_two_addresses_is_taken_back(desk: Desk) -> None:
    async with desk.bound() as client:
        for _ in range(2):
            await client.ask(submit(schedule_delivery_time="000000010000000R"))
        both = CancelSm(source_addr="MyApp", destination_addr=PEER)
        assert (await client.ask(both)).status == status.ROK
        assert {message.state for message in await desk.messages()} == {State.CANCELLED}
        assert (await client.ask(both)).status == status.RCANCELFAIL


async def test_a_submit_may_replace_what_waits(desk: Desk) -> None:
    async with desk.bound() as client:
        later = {"schedule_delivery_time": "000000010000000R", "replace_if_present_flag": 1}
        await client.ask(submit("First", **later))
        await client.ask(submit("Second", **later))
    assert [(message.body, message.state) for message in await desk.messages()] == [
        ("First", State.CANCELLED), ("Second", State.SCHEDULED),
    ]  # fmt: skip


async def asked(client: Client, *pdus: SubmitSm) -> list[Any]:
    """Send requests in one piece and wait for all responses."""
    tokens = [client.send(pdu) for pdu in pdus]
    return [await client.until(lambda token=token: client.response(token)) for token in tokens]


async def test_what_comes_in_one_piece_is_taken_in_its_order(desk: Desk) -> None:
    later = {"schedule_delivery_time": "000000010000000R"}
    async with desk.bound() as client:
        replacing = submit("Second", replace_if_present_flag=1, **later)
        answers = await asked(client, submit("First", **later), replacing, submit("Third", **later))
    assert [answer.status for answer in answers] == [status.ROK] * 3
    assert [(message.body, message.state) for message in await desk.messages()] == [
        ("First", State.CANCELLED), ("Second", State.SCHEDULED), ("Third", State.SCHEDULED),
    ]  # fmt: skip


@pytest.mark.parametrize(("home", "named"), [("ovh", "m.id"), ("smsc", "s.tag")])
async def test_each_of_many_that_come_in_one_piece_has_an_answer_of_its_own(desk: Desk, home: str, named: str) -> None:
    await desk.change(smpp_window=0, home=home)
    async with desk.bound() as client:
        texts = [f"Text {number}" for number in range(300)]
        answers = await asked(
            client,
            *[
                submit(text, to="abc" if number % 7 == 3 else f"3360102{number:04}")
                for number, text in enumerate(texts)
            ],
        )
    rows = await desk.rows(f"SELECT s.text, {named} FROM messages m JOIN submissions s ON s.id = m.submission")
    ids = {text: str(id) for text, id in rows}
    assert len(ids) == 300 - 43
    for number, (text, answer) in enumerate(zip(texts, answers, strict=True)):
        if number % 7 == 3:
            assert answer.status == status.RINVDSTADR
        else:
            assert (answer.status, answer.message_id) == (status.ROK, ids[text])


async def test_limits_of_smscs_accounts_are_read_once_and_count_what_was_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.change(smpp_window=0, home="smsc")
    read, seen = Batch.read_tallies, []

    async def reading(batch: Batch, keys: Sequence[tuple[int, str]]) -> None:
        seen.append(len(keys))
        await read(batch, keys)

    monkeypatch.setattr(Batch, "read_tallies", reading)
    flood = Limits(account=0).flood
    async with desk.bound() as client:
        texts = [submit(f"Text {number}") for number in range(flood + 2)]
        found = [answer.status for answer in await asked(client, *texts)]
        assert found == [status.ROK] * flood + [status.RSUBMITFAIL] * 2
        assert (sum(seen), len(seen) <= 2) == (flood + 2, True)
        too_long = submit(to="33601020305", short_message=b"", tlvs=(MESSAGE_PAYLOAD.pack(b"a" * 1600),))
        others = [submit(to="33601020305") for _ in range(flood)]
        found = [answer.status for answer in await asked(client, too_long, *others)]
        assert found == [status.RINVMSGLEN] + [status.ROK] * flood  # what was refused did not count


@pytest.mark.parametrize(
    ("error", "statuses", "written", "tried"),
    [
        (
            RuntimeError("a defect of ours"),
            [status.ROK, status.RSYSERR, status.ROK], ["one", "three"], ["one", "two", "one", "two", "three"],
        ),
        (StoreError("the answer to a commit was lost, say"), [status.RSYSERR] * 3, [], ["one", "two"]),
    ],
    ids=["a defect hinders none beside it", "after an error of the store nothing is tried again"],
)  # fmt: skip
async def test_what_one_meets_that_breaks_the_service(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, statuses: list[int], written: list[str],
    tried: list[str],
) -> None:  # fmt: skip
    take, seen = submitting.take, []

    async def breaking(tx: Tx, account: Account, submission: Submission, *more: Any) -> Any:
        seen.append(submission.text)
        if submission.text == "two":
            raise error
        return await take(tx, account, submission, *more)

    monkeypatch.setattr(submitting, "take", breaking)
    async with desk.bound() as client:
        answers = await asked(client, *map(submit, ("one", "two", "three")))
    assert [answer.status for answer in answers] == statuses
    assert ([message.body for message in await desk.messages()], seen) == (written, tried)
