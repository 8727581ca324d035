"""Virtual numbers: shown, sent from, listed on their own, and their page. spec: ovh/4.12"""

from collections.abc import AsyncIterator
from urllib.parse import urlencode, urlsplit

import pytest
from tests.dialects.ovh_auth_world import form, plain
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of
from tests.store.world import ONE, TWO

from depesza.core.facts import Sender
from depesza.core.model import MICRO, State
from depesza.services import senders

pytestmark = pytest.mark.anyio

NUMBER, CHATTY, OTHERS = "+33700000001", "+33900000002", "+33700000003"
BELOW = "/virtualNumbers/0033700000001"


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, with a number of each kind and one of another account."""
    async with desk_of(sqlite_url) as desk:
        for account, name, kind in ((ONE, NUMBER, "virtual"), (ONE, CHATTY, "time2chat"), (TWO, OTHERS, "virtual")):
            row = Sender(account=account, name=name, kind=kind, referer="virtual", created=desk.clock.now)
            await desk.store.run(senders.create, row)
        yield desk


async def sent_from(desk: Desk, below: str = BELOW, **fields: object) -> int:
    """Send one message from a number; gives its id."""
    report = await desk.good("POST", f"{below}/jobs", {"message": "x", "receivers": [PEER]} | fields)
    assert isinstance(report, dict)
    return int(report["ids"][0])


@pytest.mark.parametrize("written", ["0033700000001", "%2B33700000001", "+33700000001"])
async def test_case_57_a_number_in_the_path_has_many_spellings(desk: Desk, written: str) -> None:
    shown = {"number": NUMBER, "countryCode": "fr"}
    assert await desk.good("GET", f"/virtualNumbers/{written}") == shown
    assert await desk.good("GET", f"//sms/virtualNumbers/{written}") == shown | {"iam": None}


async def test_case_57_the_receiver_sees_the_number(desk: Desk) -> None:
    report = await desk.good("POST", f"{BELOW}/jobs", {"message": "https://x.example", "receivers": [PEER]})
    assert isinstance(report, dict)
    assert (report["totalCreditsRemoved"], report["validReceivers"]) == (1, [PEER])
    message = await desk.message(report["ids"][0])
    assert (message.content.sender, message.body) == (NUMBER, "https://x.example")  # no STOP, addresses allowed


async def test_numbers_are_listed_by_account_and_for_their_owner(desk: Desk) -> None:
    assert await desk.good("GET", "/virtualNumbers") == [NUMBER, CHATTY]
    assert await desk.good("GET", "//sms/virtualNumbers") == [NUMBER, OTHERS, CHATTY]
    assert (await desk.ask("GET", f"/virtualNumbers/{OTHERS}")).status == 404
    assert (await desk.ask("GET", "/virtualNumbers/MyApp")).status == 404
    shown = await desk.good("GET", f"/senders/{NUMBER}")
    assert isinstance(shown, dict)
    assert (shown["type"], shown["referer"]) == ("virtual", "virtual")


async def test_a_number_shows_its_own_messages_only(desk: Desk) -> None:
    other = (await desk.send())["ids"][0]  # type: ignore[index]
    id = await sent_from(desk, tag="t1")
    later = await sent_from(desk, differedPeriod=10)
    assert await desk.good("GET", f"{BELOW}/outgoing") == [id]
    assert await desk.good(
        "GET", f"{BELOW}/outgoing?tag=t1&receiver=%2B33601020304&creationDatetime.from=2026-05-28"
    ) == [id]
    assert await desk.good("GET", f"{BELOW}/outgoing?creationDatetime.to=2026-05-27") == []
    assert await desk.good("GET", f"{BELOW}/jobs") == [later]
    job = await desk.good("GET", f"{BELOW}/jobs/{later}")
    assert isinstance(job, dict)
    assert (job["id"], job["differedDelivery"]) == (later, 10)
    assert not {"sender", "sentAt", "deliveredAt"} & job.keys()
    for path in (f"/outgoing/{other}", f"/jobs/{other}"):
        for method in ("GET", "DELETE"):
            assert (await desk.ask(method, BELOW + path)).status == 404
    assert await desk.good("DELETE", f"{BELOW}/jobs/{later}") is None
    assert await desk.good("GET", f"{BELOW}/jobs") == []
    assert await desk.good("DELETE", f"{BELOW}/outgoing/{id}") is None
    assert await desk.good("GET", f"{BELOW}/outgoing") == []


async def test_a_number_shows_what_came_to_it(desk: Desk) -> None:
    id = await sent_from(desk, tag="t1")
    await desk.deliver(id)
    mine = await desk.answer("Oui", "33700000001")
    other = await desk.answer("Non", CHATTY)
    assert await desk.good("GET", f"{BELOW}/incoming") == [mine]
    assert await desk.good("GET", f"{BELOW}/incoming?tag=t1&sender=%2B33601020304") == [mine]
    assert await desk.good("GET", f"{BELOW}/incoming?tag=t2") == []
    assert await desk.good("GET", "/incoming") == [other, mine]
    shown = await desk.good("GET", f"{BELOW}/incoming/{mine}")
    assert isinstance(shown, dict)
    assert (shown["message"], shown["sender"], shown["tag"]) == ("Oui", PEER, "t1")
    assert (await desk.ask("GET", f"{BELOW}/incoming/{other}")).status == 404
    assert (await desk.ask("DELETE", f"{BELOW}/incoming/{other}")).status == 404
    assert await desk.good("DELETE", f"{BELOW}/incoming/{mine}") is None


@pytest.mark.parametrize("kind", ["jobs", "outgoing", "incoming"])
async def test_several_objects_of_a_number_in_one_call(desk: Desk, kind: str) -> None:
    if kind == "incoming":
        ids = [await desk.answer(text, NUMBER) for text in ("a", "b")]
    else:
        ids = [await sent_from(desk, differedPeriod=10 if kind == "jobs" else 0) for _ in "ab"]
    answer = await desk.ask("GET", f"{BELOW}/{kind}/{ids[0]},{ids[1]}", headers={"x-ovh-batch": ","})
    assert isinstance(answer.json, list)
    assert [(item["key"], item["value"]["id"], item["error"]) for item in answer.json] == [
        (str(id), id, None) for id in ids
    ]


@pytest.mark.parametrize(
    ("receiver", "state"), [(PEER, State.QUEUED), ("+48600100200", State.REJECTED), ("+32470000000", State.REJECTED)]
)
async def test_a_french_number_writes_to_france_only(desk: Desk, receiver: str, state: State) -> None:
    id = await sent_from(desk, receivers=[receiver])
    assert (await desk.message(id)).state is state
    shown = await desk.good("GET", f"{BELOW}/outgoing/{id}")
    assert isinstance(shown, dict)
    if state is State.REJECTED:
        assert (shown["deliveryReceipt"], shown["ptt"], shown["credits"]) == (16, 54, 0)
    assert await desk.balance() == (100 if state is State.REJECTED else 99)


async def test_a_disabled_number_does_not_send(desk: Desk) -> None:
    await desk.good("PUT", f"/senders/{NUMBER}", {"status": "disable"})
    answer = await desk.ask("POST", f"{BELOW}/jobs", {"message": "x", "receivers": [PEER]})
    assert (answer.status, "not enabled" in answer.text) == (400, True)
    assert (await desk.ask("DELETE", f"/senders/{NUMBER}")).status == 403


async def test_a_number_that_chats_costs_twice_and_keeps_its_session_for_a_day(desk: Desk) -> None:
    id = await sent_from(desk, f"/virtualNumbers/{CHATTY}", tag="t1")
    assert (await desk.message(id)).price == 2 * MICRO
    assert await desk.balance() == 98
    desk.clock.move(24 * 3600 - 1)
    await desk.answer("soon", CHATTY)
    desk.clock.move(2)
    await desk.answer("late", CHATTY)
    tags = [(await desk.good("GET", f"/incoming/{id}"))["tag"] for id in await desk.good("GET", "/incoming")]  # type: ignore
    assert tags == ["", "t1"]


# the page of a number


async def opened(desk: Desk) -> str:
    """Open the page of the number; gives its path."""
    chat = await desk.good("POST", f"{BELOW}/chatAccess")
    assert isinstance(chat, dict)
    assert chat["creationDate"] == "2026-05-28T22:26:40+02:00"
    assert await desk.good("GET", f"{BELOW}/chatAccess") == chat
    return urlsplit(chat["url"]).path


async def test_a_page_shows_the_conversation_and_answers(desk: Desk) -> None:
    path = await opened(desk)
    await desk.answer("<b>Hello</b>", NUMBER)
    page = await desk.world.ask(plain("GET", path))
    assert page.status == 200
    assert "&lt;b&gt;Hello" in page.text
    assert f'value="{PEER}"' in page.text  # whom to answer
    assert page.headers["Referrer-Policy"] == "no-referrer"
    answer = await desk.world.ask(form(path, {"to": PEER, "message": "Good day"}))
    assert (answer.status, answer.headers["Location"]) == (303, path)
    found = await desk.good("GET", f"{BELOW}/outgoing")
    assert isinstance(found, list)
    assert (await desk.message(found[0])).body == "Good day"
    assert "Good day" in (await desk.world.ask(plain("GET", path))).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"to": PEER, "message": " "}, "Write something"),
        ({"to": "12", "message": "x"}, "no number"),
        ({"to": PEER, "message": "x" * 1000}, "parts"),
        ({"message": "x"}, "no number"),
        ({"to": PEER, "message": "x" * 900}, "credits"),
    ],
)
async def test_a_page_says_what_is_wrong(desk: Desk, fields: dict[str, str], said: str) -> None:
    path = await opened(desk)
    if said == "credits":
        await desk.good("POST", "/transferCredits", {"smsAccountTarget": "sms-xx11111-2", "credits": 98})
    answer = await desk.world.ask(form(path, fields))
    assert (answer.status, said in answer.text) == (400, True), answer.text


async def test_a_page_ends(desk: Desk) -> None:
    path = await opened(desk)
    for other in (path[:-1] + ("0" if path[-1] != "0" else "1"), "/chat/1/x", "/chat/x/x", "/chat", f"{path}/more"):
        assert (await desk.world.ask(plain("GET", other))).status == 404
    again = await opened(desk)  # takes the place of the first
    assert (await desk.world.ask(plain("GET", path))).status == 404
    assert await desk.good("DELETE", f"{BELOW}/chatAccess") is None
    for method in ("GET", "DELETE"):
        assert (await desk.ask(method, f"{BELOW}/chatAccess")).status == 404
    assert (await desk.world.ask(plain("POST", again, urlencode({"to": PEER}).encode()))).status == 404
    last = await opened(desk)
    desk.clock.move(24 * 3600)
    assert (await desk.world.ask(plain("GET", last))).status == 404
    assert (await desk.ask("GET", f"{BELOW}/chatAccess")).status == 404
