"""The vendor's acceptance cases of callbacks, replies and STOP, each under its number. spec: ovh/6"""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import Sender
from depesza.core.model import State
from depesza.dialects.ovh.codes import EXPLAINED
from depesza.services import accounts, senders
from depesza.wire.http import HttpCall

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases, on each store."""
    async with desk_of(store_url) as desk:
        yield desk


async def sent(desk: Desk, **fields: object) -> int:
    """Send one message; gives its id."""
    ids = (await desk.send(**fields))["ids"]  # type: ignore[arg-type]
    assert isinstance(ids, list)
    return int(ids[0])


def query(call: HttpCall) -> dict[str, str]:
    """Read the parameters of a callback."""
    return dict(parse_qsl(urlsplit(call.url).query, keep_blank_values=True))


def form(call: HttpCall) -> dict[str, str]:
    """Read the form of a callback."""
    assert call.method == "POST"
    assert dict(call.headers)["Content-Type"] == "application/x-www-form-urlencoded"
    return {name: values[0] for name, values in parse_qs(call.body.decode(), keep_blank_values=True).items()}


async def test_case_35_a_ptt_is_explained(desk: Desk) -> None:
    found = await desk.good("GET", "//sms/ptts?ptt=4")
    assert isinstance(found, dict)
    assert found.keys() == {"comment", "description", "duration"}
    assert found["duration"] == "permanent"
    assert "delivered" in str(found["comment"])


@pytest.mark.parametrize("code", sorted(EXPLAINED))
async def test_case_35_both_tables_are_explained(sqlite_url: str, code: int) -> None:
    async with desk_of(sqlite_url) as desk:
        found = await desk.good("GET", f"//sms/ptts?ptt={code}")
    assert isinstance(found, dict)
    assert found["duration"] in {"permanent", "temporary", "indeterminated"}
    assert found["comment"]
    assert found["description"]


@pytest.mark.parametrize(("asked", "status"), [("?ptt=12345", 404), ("?ptt=x", 400), ("", 400)])
async def test_case_35_what_is_no_code(desk: Desk, asked: str, status: int) -> None:
    assert (await desk.ask("GET", f"//sms/ptts{asked}")).status == status


async def test_case_36_delivery_is_called_back(desk: Desk) -> None:
    answer = await desk.ask("PUT", "", {"callBack": "http://127.0.0.1:9/cb.php?x=1"})
    assert (answer.status, answer.text) == (200, "null")
    id = await sent(desk)
    await desk.hand_over(id)
    desk.clock.move(5)
    await desk.report(id)
    handed, delivered = await desk.calls()
    assert (query(handed)["dlr"], query(handed)["ptt"]) == ("8", "3")
    assert delivered.method == "GET"
    begins = f"http://127.0.0.1:9/cb.php?x=1&id={id}&dlr=1&ptt=4&date=2026-05-28%2022%3A26%3A45"
    assert delivered.url.startswith(f"{begins}&sender=MyApp&receiver=%2B33601020304")
    assert query(delivered) == {
        "x": "1",
        "id": str(id),
        "dlr": "1",
        "ptt": "4",
        "date": "2026-05-28 22:26:45",
        "sender": "MyApp",
        "receiver": PEER,
        "description": "1",
        "descriptionDlr": "Success",
    }


async def test_case_37_a_users_callback_goes_before_the_accounts(desk: Desk) -> None:
    await desk.good("PUT", "", {"callBack": "http://127.0.0.1:9/account"})
    await desk.good("PUT", "/users/api1", {"callBack": "http://127.0.0.1:9/user"})
    id = await sent(desk, path="/users/api1/jobs")
    await desk.deliver(id)
    calls = await desk.calls()
    assert {urlsplit(call.url).path for call in calls} == {"/user"}
    assert (query(calls[-1])["id"], query(calls[-1])["dlr"]) == (str(id), "1")
    assert await desk.good("GET", "/users/api1/outgoing") == [id]
    await sent(desk)
    assert await desk.good("GET", "/users/api1/outgoing") == [id]


async def answered(desk: Desk) -> tuple[int, int]:
    """Send with an answer wished for and let the phone answer; gives the ids of both."""
    await desk.good("PUT", "", {"smsResponse": {"responseType": "cgi", "cgiUrl": "http://127.0.0.1:9/answer"}})
    id = await sent(desk, senderForResponse=True, sender="-", tag="t1")
    await desk.deliver(id)
    short = (await desk.message(id)).content.sender
    return id, await desk.answer("Oui", short)


async def test_case_38_a_reply_is_called_back_and_readable(desk: Desk) -> None:
    _, reply = await answered(desk)
    (call,) = await desk.calls()
    assert call.url == "http://127.0.0.1:9/answer"
    assert form(call) == {"id": str(reply), "senderid": PEER, "message": "Oui", "shortcode": "38184", "tag": "t1"}
    found = await desk.good("GET", f"/incoming/{reply}")
    assert found == {
        "id": reply,
        "creationDatetime": "2026-05-28T22:26:40+02:00",
        "sender": PEER,
        "message": "Oui",
        "tag": "t1",
        "credits": 1,
    }
    assert await desk.balance() == 98


async def test_case_38_a_reply_after_two_days_belongs_to_nobody(desk: Desk) -> None:
    await answered(desk)
    desk.clock.move(48 * 3600 + 1)
    await desk.answer("Late", "38184")
    assert len(await desk.calls()) == 1
    found = await desk.good("GET", "/incoming")
    assert isinstance(found, list)
    assert len(found) == 1


async def test_case_39_incoming_is_filtered_and_deleted(desk: Desk) -> None:
    _, reply = await answered(desk)
    assert await desk.good("GET", "/incoming?sender=%2B33601020304") == [reply]
    assert await desk.good("GET", "/incoming?tag=t1&creationDatetime.from=2026-05-28") == [reply]
    assert await desk.good("GET", "/incoming?sender=%2B33601020305") == []
    assert await desk.good("GET", "/incoming?creationDatetime.to=2026-05-27") == []
    answer = await desk.ask("DELETE", f"/incoming/{reply}")
    assert (answer.status, answer.text) == (200, "null")
    assert (await desk.ask("GET", f"/incoming/{reply}")).status == 404
    assert await desk.good("GET", "/incoming") == []


async def test_case_40_stop_ends_all_messages_until_it_is_taken_back(desk: Desk) -> None:
    await desk.good("PUT", "", {"stopCallBack": "http://127.0.0.1:9/stop", "callBack": ""})
    id = await sent(desk, noStopClause=False)
    await desk.deliver(id)
    stop = await desk.answer(" Stop ", "36184")
    assert await desk.good("GET", "/blacklists") == [PEER]
    shown = await desk.good("GET", "/blacklists/%2B33601020304")
    assert shown == {
        "number": PEER,
        "dateCreation": "2026-05-28T22:26:40+02:00",
        "smsOutgoingID": id,
        "batchID": None,
    }
    (call,) = await desk.calls()
    assert form(call) == {
        "id": str(stop),
        "senderid": PEER,
        "message": " Stop ",
        "shortcode": "36184",
        "tag": (await desk.message(id)).content.tag,
        "receiver": PEER,
        "date": "2026-05-28 22:26:40",
    }
    report = await desk.send()
    assert (report["totalCreditsRemoved"], report["validReceivers"]) == (0, [PEER])
    (refused,) = report["ids"]  # type: ignore[misc]
    assert (await desk.message(refused)).state is State.REJECTED
    found = await desk.good("GET", f"/outgoing/{refused}")
    assert isinstance(found, dict)
    assert (found["deliveryReceipt"], found["ptt"], found["credits"]) == (16, 53, 0)
    answer = await desk.ask("DELETE", "/blacklists/%2B33601020304")
    assert (answer.status, answer.text) == (200, "null")
    assert await desk.good("GET", "/blacklists") == []
    assert (await desk.message(await sent(desk))).state is State.QUEUED


@pytest.mark.parametrize("number", ["+33601020304", "0033601020304", "33601020304"])
async def test_case_40_the_number_in_the_path_has_many_spellings(desk: Desk, number: str) -> None:
    await sent(desk, noStopClause=False)
    await desk.answer("STOP", "36184")
    assert (await desk.ask("GET", f"/blacklists/{number}")).status == 200


async def test_case_40_stop_is_counted_once_and_start_takes_it_back(desk: Desk) -> None:
    id = await sent(desk, noStopClause=False)
    for text in ("STOP", "stop"):
        await desk.answer(text, "+36184", "33601020304")
    assert await desk.good("GET", f"/blacklists?smsOutgoingID={id}") == [PEER]
    assert await desk.good("GET", "/blacklists?smsOutgoingID=1") == []
    await desk.answer("START", "36184")
    assert await desk.good("GET", "/blacklists") == []
    assert (await desk.message(await sent(desk))).state is State.QUEUED
    assert (await desk.ask("DELETE", "/blacklists/%2B33601020304")).status == 404


async def test_a_yes_that_takes_nothing_back_is_a_reply(desk: Desk) -> None:
    await answered(desk)
    reply = await desk.answer("YES", "38184")
    assert form((await desk.calls())[-1])["id"] == str(reply)


async def test_an_automatic_answer_is_sent_and_charged(desk: Desk) -> None:
    await desk.good("PUT", "", {"smsResponse": {"responseType": "text", "text": "Thank you"}})
    id = await sent(desk, senderForResponse=True, sender="-", tag="t1")
    await desk.deliver(id)
    await desk.answer("Oui", "38184")
    assert await desk.balance() == 97
    (answer,) = await desk.good("GET", "/jobs")  # type: ignore[misc]
    message = await desk.message(answer)
    assert (message.body, message.receiver, message.content.sender) == ("Thank you", PEER, "38184")
    await desk.answer("Thank you", "38184")  # a machine that answers: it is not answered again
    assert await desk.good("GET", "/jobs") == [answer]


async def test_a_text_to_an_accounts_own_number_is_its_own(desk: Desk) -> None:
    await desk.store.run(senders.create, Sender(account=ONE, name="+33700000001", kind="virtual"))
    reply = await desk.answer("Hello", "33700000001")
    assert await desk.good("GET", "/incoming") == [reply]


async def test_final_states_only_when_the_account_wants_them(desk: Desk) -> None:
    await desk.good("PUT", "", {"callBack": "http://127.0.0.1:9/cb"})
    await desk.store.run(accounts.change, ONE, {"notices": "final"})
    await desk.deliver(await sent(desk))
    assert [query(call)["dlr"] for call in await desk.calls()] == ["1"]
