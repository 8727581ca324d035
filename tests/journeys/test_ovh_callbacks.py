"""The vendor's rules of callbacks, sentence by sentence, heard on a real socket. spec: ovh/4.6

Each test quotes the sentence that it proves. The road is whole: the customer's client, SMPP, phones that answer.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from road import PHONE, SERVICE, Heard, Road, apply, built, until

from depesza.services import callbacks

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

UNION = ["id", "dlr", "ptt", "date", "sender", "receiver", "description", "descriptionDlr"]
WORDS = {"1": "Success", "2": "Failed", "8": "Buffered", "16": "Error, not billed"}
ADVERTISING = {"sender": "MyApp"}


@pytest.fixture
async def road(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A road on SQLite, its customer with an approved key."""
    async with built(sqlite_url, monkeypatch) as made:
        yield made
        await made.audited()


def about(id: int, dlr: str = "") -> object:
    """Choose callbacks about a message, of one state where it is named."""
    return lambda heard: heard.query.get("id") == str(id) and dlr in ("", heard.query["dlr"])


async def told(road: Road, id: int, count: int, dlr: str = "") -> list[Heard]:
    return await road.ear.wait_for(count, about(id, dlr))  # type: ignore[arg-type]


ENDS = [
    (PHONE, [("8", "3"), ("1", "4")]),
    ("+33601020901", [("8", "3"), ("2", "5")]),
    ("+33601020902", [("8", "3"), ("2", "24")]),
]
"""Phones whose last digits decide their fate, and (dlr, ptt) of each callback."""


async def test_get_with_the_parameters_in_the_query_on_every_status_change(road: Road) -> None:
    await road.call("put", "", callBack=f"{road.ear.url}/cb")
    ids = {phone: await road.send("Hello", phone, noStopClause=True, **ADVERTISING) for phone, _ in ENDS}
    for phone, changes in ENDS:
        heard = await told(road, ids[phone], len(changes))
        assert [each.query["dlr"] for each in heard] == [dlr for dlr, _ in changes]
        for each, (dlr, ptt) in zip(heard, changes, strict=True):
            assert (each.method, each.body, each.path) == ("GET", b"", "/cb")
            # "send the union"; "send lower case"
            assert re.findall(r"[?&](\w+)=", each.target) == UNION
            # "description = the number as in dlr; descriptionDlr = "Success" for 1, the guide's words for others"
            said = {"description": dlr, "descriptionDlr": WORDS[dlr], "sender": "MyApp", "receiver": phone}
            assert each.query | said == each.query
            if phone == PHONE or dlr == "8":
                assert each.query["ptt"] == ptt


async def test_the_date_is_in_the_accounts_time_zone(road: Road) -> None:
    zone = "Pacific/Auckland"
    await apply(road.app, {"accounts": [{"name": SERVICE, "timezone": zone, "callback": f"{road.ear.url}/cb"}]})
    (heard,) = await told(road, await road.send(), 1, "1")
    date = re.search(r"&date=(\d{4}-\d\d-\d\d)%20(\d\d%3A\d\d%3A\d\d)&", heard.target)
    assert date is not None, heard.target
    at = datetime.strptime(heard.query["date"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo(zone))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


OWN = [
    ("/cb.php?x=1", "/cb.php?x=1&id="),
    ("/cb.php", "/cb.php?id="),
    ("/cb?", "/cb?id="),
    ("/cb?a=%20b+c&", "/cb?a=%20b+c&id="),
    ("/a%2Fb/?q=%2B33&id=mine#part", "/a%2Fb/?q=%2B33&id=mine&id="),
]


async def test_the_addresss_own_query_string_is_kept_and_appended_to(road: Road) -> None:
    for address, begins in OWN:
        await road.call("put", "", callBack=road.ear.url + address)
        id = await road.send()
        (heard,) = await road.ear.wait_for(1, lambda each, id=id: f"id={id}&dlr=1&" in each.target)  # type: ignore[misc]
        assert heard.target.startswith(f"{begins}{id}&dlr=1&"), heard.target


async def test_the_endpoint_must_answer_2xx_else_it_is_told_again(road: Road) -> None:
    await road.call("put", "", callBack=f"{road.ear.url}/cb")
    await apply(road.app, {"accounts": [{"name": SERVICE, "notices": "final"}]})
    road.ear.answers = [(500, "no"), (302, "not there"), (404, "nor here"), (202, "taken")]
    id = await road.send()
    heard = await told(road, id, 4)
    assert len({each.target for each in heard}) == 1, "the same news each time"
    assert len({each.headers["webhook-id"] for each in heard}) == 1
    assert {each.path for each in road.ear.heard} == {"/cb"}, "a redirect is not followed"

    async def logged() -> bool:
        (found,) = await road.app.store.look(callbacks.listed, callbacks.Wanted(), 10)
        return [each.word for each in found.tries] == ["500", "302", "404", "202"]

    await until(logged)


# replies


async def conversation(road: Road, **fields: object) -> str:
    """Send an answerable message; gives the number that it left from."""
    await road.ended(await road.send("Oui ou non ?", **fields))
    return str((await road.inbox())[-1]["other"])


async def test_a_reply_is_a_post_form_and_can_be_read_before_its_callback_leaves(road: Road) -> None:
    await road.call("put", "", smsResponse={"responseType": "cgi", "cgiUrl": f"{road.ear.url}/reply.cgi?k=v"})
    number = await conversation(road, tag="été 1")
    road.ear.before_answer = lambda heard: road.client.get(f"/sms/{SERVICE}/incoming/{heard.form['id']}")
    road.ear.answers = [(200, "Do not send this to anybody")]
    await road.answer(number, "Oui & c'est déjà 100 % €")
    (reply,) = await road.ear.wait_for(1)
    (shown,) = road.ear.seen
    assert (reply.method, reply.target) == ("POST", "/reply.cgi?k=v")
    assert reply.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert reply.body.decode() == (
        f"id={shown['id']}&senderid=%2B33601020304&message=Oui+%26+c%27est+d%C3%A9j%C3%A0+100+%25+%E2%82%AC"
        f"&shortcode={number}&tag=%C3%A9t%C3%A9+1"
    )
    # "what is done with the script's output is not documented; ignore it"
    await road.ended(await road.send("The last one"))
    assert [text["text"] for text in await road.inbox()] == ["Oui ou non ?", "The last one"]


async def test_text_is_sent_back_and_charged_and_none_does_nothing(road: Road) -> None:
    await road.call("put", "", callBack="", smsResponse={"responseType": "text", "text": "Merci"})
    number = await conversation(road)
    await road.answer(number, "Oui")

    async def answered() -> bool:
        return [text["text"] for text in await road.inbox()] == ["Oui ou non ?", "Merci"]

    await until(answered)
    assert (await road.call("get", ""))["creditsLeft"] == 97, "the message, the reply, the answer"
    await road.call("put", "", smsResponse={"responseType": "none"})
    await road.answer(number, "Encore")

    async def taken() -> bool:
        return len(await road.call("get", "/incoming")) == 2

    await until(taken)
    await road.ended(await road.send("The last one"))
    assert [text["text"] for text in await road.inbox()][2:] == ["The last one"]
    assert road.ear.heard == []


# STOP


@pytest.mark.parametrize("said", ["STOP", " stop \n"])
async def test_stop_is_told_with_number_and_date_and_kept(road: Road, said: str) -> None:
    await road.call("put", "", stopCallBack=f"{road.ear.url}/stop", callBack=f"{road.ear.url}/cb")
    id = await road.send("Advertising", tag="t1", **ADVERTISING)
    await told(road, id, 1, "1")
    clause = (await road.inbox())[0]["text"].rpartition(" ")[2]
    await road.answer(clause, said)
    (stop,) = await road.ear.wait_for(1, lambda heard: heard.path == "/stop")
    assert stop.method == "POST"
    assert stop.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert list(stop.form) == ["id", "senderid", "message", "shortcode", "tag", "receiver", "date"]
    assert [stop.form[name] for name in ("senderid", "shortcode", "tag", "receiver")] == [PHONE, clause, "t1", PHONE]
    assert stop.form["message"].strip().upper() == "STOP"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", stop.form["date"])
    shown = await road.call("get", "/blacklists/%2B33601020304")
    assert (shown["number"], shown["smsOutgoingID"]) == (PHONE, id)
    # and what is kept from now on is told as 16
    kept = await road.send("Not wanted", **ADVERTISING)
    (refused,) = await told(road, kept, 1)
    assert (refused.query["dlr"], refused.query["ptt"]) == ("16", "53")
    assert refused.query["descriptionDlr"] == WORDS["16"]


# "or of the user who sent"


async def test_a_users_own_addresses_go_before_the_accounts(road: Road) -> None:
    ear = road.ear.url
    await road.call("put", "", callBack=f"{ear}/account", stopCallBack=f"{ear}/account-stop")
    for login in ("own", "none"):
        await road.call("post", "/users", login=login, password="Secret12")
    await road.call("put", "/users/own", callBack=f"{ear}/user?u=1", stopCallBack=f"{ear}/user-stop")

    async def sent(login: str, phone: str) -> int:
        job = {"message": "Hello", "receivers": [phone], "sender": "MyApp"}
        (id,) = (await road.call("post", f"/users/{login}/jobs", **job))["ids"]
        return int(id)

    for login, path, phone in (("own", "/user", PHONE), ("none", "/account", "+33601020305")):
        (delivered,) = await told(road, await sent(login, phone), 1, "1")
        assert delivered.path == path
        clause = (await road.inbox(phone))[0]["text"].rpartition(" ")[2]
        await road.answer(clause, "STOP", phone)
        stop = f"{path}-stop"
        (heard,) = await road.ear.wait_for(1, lambda each, stop=stop: each.path == stop)  # type: ignore[misc]
        assert heard.form["receiver"] == phone
