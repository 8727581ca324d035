"""The vendor's acceptance cases of sending and of the history, each under its number. spec: ovh/6"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_cases_world import ACCOUNT, PEER, Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import Sender
from depesza.core.model import State
from depesza.services import senders

pytestmark = pytest.mark.anyio

OUTGOING = {
    "id", "creationDatetime", "sender", "receiver", "message", "messageLength", "numberOfSms", "credits",
    "differedDelivery", "deliveryReceipt", "ptt", "sentAt", "deliveredAt", "tag", "tariffCode", "batchID", "messageID",
}  # fmt: skip


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases, on each store."""
    async with desk_of(store_url) as desk:
        yield desk


async def send_17(desk: Desk, **more: object) -> dict[str, object]:
    """Send as case 17 does."""
    body = {"message": "Test message", "receivers": [PEER], "senderForResponse": True, **more}
    report = await desk.good("POST", "/jobs", body)
    assert isinstance(report, dict)
    return report


def id_of(report: dict[str, object]) -> int:
    """Give the only id of a report."""
    ids = report["ids"]
    assert isinstance(ids, list)
    assert len(ids) == 1
    return int(ids[0])


async def test_case_17_a_message_with_an_answer_leaves_from_a_short_number(desk: Desk) -> None:
    report = await send_17(desk)
    id = id_of(report)
    assert 10_000_000 <= id < 2**53
    assert report["totalCreditsRemoved"] == 1
    assert report["invalidReceivers"] == []
    assert report["validReceivers"] == [PEER]
    assert report["creditsLeft"] == 99
    assert report["tag"]
    message = await desk.message(id)
    assert message.body == "Test message"
    assert message.content.sender.isdigit()
    assert len(message.content.sender) == 5


async def test_case_18_an_immediate_message_is_in_the_history_at_once(desk: Desk) -> None:
    id = id_of(await send_17(desk))
    assert await desk.good("GET", "/jobs") == []
    assert await desk.good("GET", "/outgoing") == [id]


async def test_case_19_a_message_shows_every_field(desk: Desk) -> None:
    id = id_of(await send_17(desk))
    before = await desk.good("GET", f"/outgoing/{id}")
    assert isinstance(before, dict)
    assert before.keys() == OUTGOING
    assert (before["deliveryReceipt"], before["ptt"], before["sentAt"], before["deliveredAt"]) == (0, 0, None, None)
    await desk.hand_over(id)
    at_operator = await desk.good("GET", f"/outgoing/{id}")
    assert isinstance(at_operator, dict)
    assert (at_operator["deliveryReceipt"], at_operator["ptt"]) == (8, 3)
    await desk.report(id)
    after = await desk.good("GET", f"/outgoing/{id}")
    assert after == before | {
        "deliveryReceipt": 1,
        "ptt": 4,
        "sentAt": "2026-05-28T22:26:40+02:00",
        "deliveredAt": "2026-05-28T22:26:40+02:00",
    }
    expected = {
        "message": "Test message",
        "messageLength": 12,
        "receiver": PEER,
        "numberOfSms": 1,
        "credits": 1,
        "differedDelivery": 0,
        "batchID": None,
        "creationDatetime": "2026-05-28T22:26:40+02:00",
    }
    assert {name: before[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("state", "refusal", "code", "ptt"),
    [
        (State.PENDING, "", 4, 1),
        (State.FAILED, "absent", 2, 24),
        (State.FAILED, "", 2, 5),
        (State.EXPIRED, "carrier_expired", 2, 8),
    ],
)
async def test_case_19_other_fates_have_other_codes(
    desk: Desk, state: State, refusal: str, code: int, ptt: int
) -> None:
    id = id_of(await send_17(desk))
    await desk.hand_over(id)
    await desk.report(id, state, refusal)
    found = await desk.good("GET", f"/outgoing/{id}")
    assert isinstance(found, dict)
    assert (found["deliveryReceipt"], found["ptt"]) == (code, ptt)
    assert await desk.good("GET", f"/outgoing?deliveryReceipt={code}") == [id]
    assert await desk.good("GET", f"/outgoing?ptt={ptt}&deliveryReceipt={code}") == [id]
    assert await desk.good("GET", "/outgoing?deliveryReceipt=1") == []
    assert await desk.good("GET", "/outgoing?ptt=23") == []


async def test_case_20_a_deferred_message_stays_in_the_jobs(desk: Desk) -> None:
    id = id_of(await send_17(desk, differedPeriod=120))
    assert await desk.good("GET", "/jobs") == [id]
    job = await desk.good("GET", f"/jobs/{id}")
    assert isinstance(job, dict)
    assert job.keys() == OUTGOING - {"tag", "tariffCode", "batchID", "messageID"}
    assert (job["differedDelivery"], job["sentAt"], job["deliveryReceipt"]) == (120, None, 0)
    assert await desk.good("GET", "/outgoing") == []


async def test_case_21_a_pending_job_is_taken_back(desk: Desk) -> None:
    id = id_of(await send_17(desk, differedPeriod=120))
    assert await desk.balance() == 99
    answer = await desk.ask("DELETE", f"/jobs/{id}")
    assert (answer.status, answer.text) == (200, "null")
    assert await desk.good("GET", "/jobs") == []
    assert (await desk.ask("GET", f"/jobs/{id}")).status == 404
    assert (await desk.ask("DELETE", f"/jobs/{id}")).status == 404
    assert await desk.balance() == 100
    assert await desk.good("GET", "/outgoing") == []


async def test_case_21_a_message_that_has_left_is_no_job(desk: Desk) -> None:
    id = id_of(await send_17(desk))
    await desk.hand_over(id)
    assert (await desk.ask("DELETE", f"/jobs/{id}")).status == 404
    assert await desk.balance() == 99


async def test_case_22_a_bad_receiver_does_not_stop_the_others(desk: Desk) -> None:
    report = await desk.send(receivers=[PEER, "12"])
    assert report["validReceivers"] == [PEER]
    assert report["invalidReceivers"] == ["12"]
    assert report["totalCreditsRemoved"] == 1
    id_of(report)


async def test_case_23_no_valid_receiver_is_still_a_success(desk: Desk) -> None:
    report = await desk.send(receivers=["12"])
    assert report["ids"] == []
    assert report["validReceivers"] == []
    assert report["invalidReceivers"] == ["12"]
    assert report["totalCreditsRemoved"] == 0
    assert report["creditsLeft"] == 100


async def test_case_24_two_zeros_are_a_plus(desk: Desk) -> None:
    assert (await desk.send(receivers=["0033601020304"]))["validReceivers"] == [PEER]


@pytest.mark.parametrize(("length", "credits"), [(149, 1), (150, 2)])
async def test_case_25_the_stop_text_counts(desk: Desk, length: int, credits: int) -> None:
    report = await desk.send(message="a" * length, noStopClause=False)
    assert report["totalCreditsRemoved"] == credits
    message = await desk.message(id_of(report))
    assert message.body == "a" * length + "\nSTOP 36184"


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("я" * 70, 1),  # case 26
        ("я" * 71, 2),
        ("a" * 160, 1),  # case 27
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # case 28
        ("€" * 81, 2),
    ],
)
async def test_case_26_27_28_parts_and_credits_by_the_alphabet(desk: Desk, message: str, parts: int) -> None:
    report = await desk.send(message=message)
    assert report["totalCreditsRemoved"] == parts
    shown = await desk.good("GET", f"/outgoing/{id_of(report)}")
    assert isinstance(shown, dict)
    assert (shown["numberOfSms"], shown["credits"]) == (parts, parts)
    assert shown["messageLength"] == (len(message) * 2 if "€" in message else len(message))


async def test_case_29_too_little_credit_sends_nothing(desk: Desk) -> None:
    for _ in range(2):
        await desk.send(receivers=[f"+336010203{n:02}" for n in range(49)])
    assert await desk.balance() == 2
    before = await desk.good("GET", "/outgoing")
    answer = await desk.ask(
        "POST", "/jobs", {"message": "x", "receivers": [PEER, "+33601020305", "+33601020306"], "sender": "MyApp"}
    )
    assert answer.status == 402
    assert isinstance(answer.json, dict)
    assert answer.json["message"] == "Not enough credits (left: 2.00)"
    assert await desk.balance() == 2
    assert await desk.good("GET", "/outgoing") == before


async def test_case_30_a_sender_that_is_too_long(desk: Desk) -> None:
    answer = await desk.ask("POST", "/jobs", {"message": "x", "receivers": [PEER], "sender": "A" * 15})
    assert answer.status == 400
    assert "must have less than 14 chars for value sender" in answer.text


async def test_case_31_the_managers_body(desk: Desk) -> None:
    report = await send_17(
        desk,
        sender=None,
        differedPeriod=None,
        receiversSlotId=None,
        validityPeriod="2880",
        priority="high",
        coding="7bit",
        charset="UTF-8",
        **{"class": "phoneDisplay"},
    )
    message = await desk.message(id_of(report))
    assert message.content.flash == 1
    assert message.content.expires == desk.clock.now + 2880 * 60_000_000


async def test_case_32_tags_find_their_messages(desk: Desk) -> None:
    ids = [id_of(await desk.send(tag="MojaKampania")) for _ in range(2)]
    await desk.send()
    assert await desk.good("GET", "/outgoing?tag=MojaKampania") == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-05-28T21:26:41%2B01:00", "2026-05-28T21:26:42%2B01:00"),
        ("2026-05-28T20:26:41.000Z", "2026-05-28T20:26:42.000Z"),
        ("2026-05-28T22:26:41", "2026-05-28T22:26:42"),  # the account's zone
    ],
)
async def test_case_33_a_range_holds_its_bounds(desk: Desk, since: str, until: str) -> None:
    ids = []
    for _ in range(4):
        ids.append(id_of(await desk.send()))
        desk.clock.move(1)
    await desk.send(receivers=["+33601020305"])
    filters = f"creationDatetime.from={since}&creationDatetime.to={until}&sender=MyApp&receiver=%2B33601020304"
    assert await desk.good("GET", f"/outgoing?{filters}") == [ids[2], ids[1]]


async def test_case_34_null_and_empty_filters_are_none(desk: Desk) -> None:
    id = id_of(await desk.send())
    assert await desk.good("GET", "/outgoing?tag=null&sender=") == [id]


async def test_case_59_several_messages_in_one_call(desk: Desk) -> None:
    ids = [id_of(await desk.send()) for _ in range(2)]
    answer = await desk.ask("GET", f"/outgoing/{ids[0]},{ids[1]}", headers={"x-ovh-batch": ","})
    assert answer.status == 200
    assert isinstance(answer.json, list)
    assert [(item["key"], item["value"]["id"]) for item in answer.json] == [(str(id), id) for id in ids]


async def test_case_61_a_trailing_slash_and_a_strange_content_type(desk: Desk) -> None:
    body = {"message": "x", "receivers": [PEER], "sender": "MyApp", "class": None}
    answer = await desk.world.call(
        "POST", ACCOUNT + "/jobs/", body, headers={"content-type": "application/json charset=utf-8"}
    )
    assert answer.status == 200
    assert isinstance(answer.json, dict)
    assert answer.json["ids"][0]


# what stands beside the cases in 4.2


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"message": "-"}, 400, "message is required"),
        ({"message": ""}, 400, "message is required"),
        ({"receivers": "-"}, 400, "receivers is required"),
        ({"sender": "-"}, 400, "sender is required"),
        ({"sender": "Nobody"}, 400, "Sms sender Nobody does not exists"),
        ({"charset": "latin1"}, 400, "Invalid value for charset"),
        ({"class": "loud"}, 400, "Invalid value for class"),
        ({"coding": "9bit"}, 400, "Invalid value for coding"),
        ({"priority": "most"}, 400, "Invalid value for priority"),
        ({"differedPeriod": -1}, 400, "Invalid value for differedPeriod"),
        ({"differedPeriod": 10**12}, 400, "Invalid value for differedPeriod"),
        ({"validityPeriod": "soon"}, 400, "Invalid value for validityPeriod"),
        ({"noStopClause": "perhaps"}, 400, "Invalid value for noStopClause"),
        ({"receivers": [{"number": 1}]}, 400, "Invalid value for receivers"),
        ({"tag": "a" * 21}, 400, "Invalid value for tag"),
        ({"message": "a" * 919}, 400, "Invalid value for message"),
        ({"receiversSlotId": "7"}, 404, "The requested object (id = 7) does not exist"),
        (
            {"senderForResponse": True, "message": "see https://example.org"},
            400,
            "cannot send contact information with shortcode",
        ),
    ],
)
async def test_bad_jobs_are_refused_and_change_nothing(
    desk: Desk, fields: dict[str, object], status: int, text: str
) -> None:
    body = {"message": "x", "receivers": [PEER], "sender": "MyApp", "noStopClause": True} | fields
    answer = await desk.ask("POST", "/jobs", {name: value for name, value in body.items() if value != "-"})
    assert answer.status == status
    assert text in answer.text
    assert await desk.balance() == 100
    assert await desk.good("GET", "/outgoing") == []


async def test_the_number_wins_over_the_name(desk: Desk) -> None:
    message = await desk.message(id_of(await desk.send(senderForResponse=True, noStopClause=False)))
    assert message.content.sender == "38184"
    assert message.body == "Test message"


async def test_strings_for_numbers_and_one_receiver_without_a_list(desk: Desk) -> None:
    report = await desk.send(receivers="0033601020304", noStopClause="true", differedPeriod="5", tag=2026)
    assert (report["validReceivers"], report["tag"]) == ([PEER], "2026")
    job = await desk.good("GET", f"/jobs/{id_of(report)}")
    assert isinstance(job, dict)
    assert job["differedDelivery"] == 5


async def test_a_receiver_named_twice_gets_one_message(desk: Desk) -> None:
    report = await desk.send(receivers=[PEER, "0033601020304"])
    assert (report["validReceivers"], report["totalCreditsRemoved"]) == ([PEER], 1)


@pytest.mark.parametrize(("written", "no_stop"), [("+33700000001", True), ("0033700000001", False)])
async def test_a_number_of_its_own_sends_without_the_stop_text(desk: Desk, written: str, no_stop: bool) -> None:
    own = Sender(account=ONE, name="+33700000001", kind="virtual")
    await desk.store.run(senders.create, own)
    message = await desk.message(id_of(await desk.send(sender=written, noStopClause=no_stop)))
    assert (message.content.sender, message.content.reply_to) == ("+33700000001", "+33700000001")
    assert message.body == "Test message"


async def test_8bit_forces_unicode(desk: Desk) -> None:
    report = await desk.send(message="a" * 71, coding="8bit")
    assert report["totalCreditsRemoved"] == 2


async def test_a_message_is_removed_from_the_history(desk: Desk) -> None:
    id = id_of(await desk.send())
    answer = await desk.ask("DELETE", f"/outgoing/{id}")
    assert (answer.status, answer.text) == (200, "null")
    assert await desk.good("GET", "/outgoing") == []
    assert (await desk.ask("GET", f"/outgoing/{id}")).status == 404
    assert (await desk.ask("DELETE", f"/outgoing/{id}")).status == 404
    assert await desk.balance() == 99


async def test_a_message_behind_a_link_that_is_down_becomes_a_job(desk: Desk) -> None:
    id = id_of(await desk.send())
    assert await desk.good("GET", "/jobs") == []
    desk.clock.move(11)
    assert await desk.good("GET", "/jobs") == [id]
    assert await desk.good("GET", "/outgoing") == [id]
    await desk.hand_over(id)
    assert await desk.good("GET", "/jobs") == []


@pytest.mark.parametrize("path", ["/outgoing/abc", "/outgoing?deliveryReceipt=x", "/outgoing?creationDatetime.from=x"])
async def test_what_is_no_number_or_date_is_refused(desk: Desk, path: str) -> None:
    assert (await desk.ask("GET", path)).status == 400


async def test_another_accounts_messages_do_not_exist(desk: Desk) -> None:
    id = id_of(await desk.send())
    assert await desk.good("GET", "//sms/sms-xx11111-2/outgoing") == []
    assert (await desk.ask("GET", f"//sms/sms-xx11111-2/outgoing/{id}")).status == 404
