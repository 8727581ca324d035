"""What follows a reply: automatic answers, replies sent on; and alerts of users. spec: ovh/4.6 ovh/4.7"""

from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import Sender
from depesza.core.model import Message
from depesza.services import lists, notices, senders
from depesza.wire.mail import Mail

pytestmark = pytest.mark.anyio

TARGET = "+33612345678"
MAILBOX = "boss@example.org"


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, on each store."""
    async with desk_of(store_url) as desk:
        yield desk


@pytest.fixture
async def lite(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of the cases, on SQLite only."""
    async with desk_of(sqlite_url) as desk:
        yield desk


async def mails(desk: Desk) -> list[Mail]:
    """Read the mail that is owed, the oldest first."""
    owed = await desk.store.look(notices.due, desk.clock.now, 1000)
    letters = sorted((notice.id, notice) for notice in owed if notice.kind == "mail")
    return [msgspec.json.decode(notice.fact, type=Mail) for _, notice in letters]


async def waiting(desk: Desk) -> list[Message]:
    """Read what waits to be sent."""
    ids = await desk.store.look(lists.waiting, ONE, 0, desk.clock.now)
    return [await desk.message(id) for id in ids]


async def forwarded(desk: Desk, *options: object, **more: object) -> None:
    """Ask that replies are sent on."""
    await desk.good("PUT", "", {"smsResponse": {"trackingOptions": list(options), **more}})


async def answered(desk: Desk, text: str = "Oui") -> int:
    """Send with an answer wished for and let the phone answer; gives the message."""
    report = await desk.send(senderForResponse=True, sender="-", tag="t1")
    id = int(report["ids"][0])  # type: ignore[index]
    await desk.deliver(id)
    await desk.answer(text, "38184")
    return id


async def test_replies_are_sent_on_by_text_and_mail(desk: Desk) -> None:
    options = (
        {"media": "sms", "sender": "MyApp", "target": "0033612345678"},
        {"media": "email", "sender": "shop@example.org", "target": MAILBOX},
    )
    await forwarded(desk, *options)
    shown = await desk.good("GET", "")
    assert isinstance(shown, dict)
    assert shown["smsResponse"]["trackingOptions"] == [
        {"media": "sms", "sender": "MyApp", "target": TARGET},
        options[1],
    ]
    await answered(desk)
    (message,) = await waiting(desk)
    assert (message.receiver, message.body, message.content.sender) == (TARGET, f"{PEER}: Oui", "MyApp")
    assert await desk.balance() == 97  # the message, its reply, the text sent on
    (mail,) = await mails(desk)
    assert mail == Mail(MAILBOX, f"{PEER} to 38184", "Oui\n", sender="shop@example.org")


async def test_stop_is_not_sent_on(lite: Desk) -> None:
    await forwarded(lite, {"media": "email", "target": MAILBOX})
    await answered(lite, "STOP")
    assert await mails(lite) == []


async def test_an_answer_and_a_text_sent_on_go_together(lite: Desk) -> None:
    await forwarded(lite, {"media": "sms", "target": TARGET}, responseType="text", text="Thank you")
    await answered(lite)
    found = {(message.receiver, message.content.sender, message.body) for message in await waiting(lite)}
    assert found == {(PEER, "38184", "Thank you"), (TARGET, "MyApp", f"{PEER}: Oui")}


@pytest.mark.parametrize("own", [False, True])
async def test_what_would_come_back_is_not_sent_on(lite: Desk, own: bool) -> None:
    if own:
        await lite.store.run(senders.create, Sender(account=ONE, name=TARGET, kind="virtual"))
    await forwarded(lite, {"media": "sms", "target": TARGET if own else PEER})
    id = await answered(lite)
    assert await waiting(lite) == []
    assert "not_sent" in await kinds(lite, id)


async def test_a_text_that_nobody_pays_for_is_noted(lite: Desk) -> None:
    await forwarded(lite, {"media": "sms", "target": TARGET})
    await lite.good("POST", "/transferCredits", {"smsAccountTarget": "sms-xx11111-2", "credits": 98})
    id = await answered(lite)
    assert await waiting(lite) == []
    assert "not_sent" in await kinds(lite, id)


async def kinds(desk: Desk, message: int) -> list[str]:
    """List the kinds of a message's timeline."""
    rows = await desk.store.look(lambda tx: tx.query("SELECT kind FROM events WHERE message = ?1", message))
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"media": "voice", "sender": "x", "target": TARGET}, "not read out by phone"),
        ({"media": "fax", "target": TARGET}, "media"),
        ({"target": TARGET}, "media is required"),
        ({"media": "sms"}, "target is required"),
        ({"media": "sms", "target": "12"}, "target"),
        ({"media": "sms", "target": TARGET, "sender": "Nobody"}, "Sms sender Nobody"),
        ({"media": "email", "target": "not an address"}, "target"),
        ({"media": "email", "target": "a@b.example\nBcc: c@d.example"}, "target"),
        ({"media": "email", "target": MAILBOX, "sender": "a\nb"}, "sender"),
        ("email", "trackingOptions"),
    ],
)
async def test_places_that_replies_cannot_go_to(lite: Desk, option: object, said: str) -> None:
    answer = await lite.ask("PUT", "", {"smsResponse": {"responseType": "text", "trackingOptions": [option]}})
    assert (answer.status, said in answer.text) == (400, True), answer.text
    shown = await lite.good("GET", "")
    assert isinstance(shown, dict)
    assert (shown["smsResponse"]["responseType"], shown["smsResponse"]["trackingOptions"]) == ("none", [])


async def test_what_an_account_shows_can_be_sent_back(lite: Desk) -> None:
    await forwarded(lite, {"media": "sms", "target": TARGET}, trackingDefaultSmsSender="MyApp")
    shown = await lite.good("GET", "")
    await lite.good("PUT", "", shown)
    assert await lite.good("GET", "") == shown
    await forwarded(lite, trackingDefaultSmsSender=None)
    again = await lite.good("GET", "")
    assert isinstance(again, dict)
    assert (again["smsResponse"]["trackingOptions"], again["smsResponse"]["trackingDefaultSmsSender"]) == ([], None)


# alerts of users. spec: ovh/4.7


async def with_quota(desk: Desk, left: float, **alert: object) -> None:
    """Give the user credits of its own and an alert."""
    given = {"alertEmail": MAILBOX, "alertNumber": "0033612345678", "alertThreshold": 3, "support": "both"} | alert
    body = {"quotaInformations": {"quotaStatus": "active", "quotaLeft": left}, "alertThresholdInformations": given}
    await desk.good("PUT", "/users/api1", body)


async def test_an_alert_is_told_once_a_crossing(desk: Desk) -> None:
    await with_quota(desk, 5)
    for _ in range(4):  # 4, 3, 2, 1
        await desk.send("/users/api1/jobs")
    said = "api1 of sms-xx11111-1 has 3.00 credits left"
    assert await mails(desk) == [Mail(MAILBOX, said, f"{said}.\n")]
    (text,) = await waiting(desk)
    assert (text.receiver, text.body, text.content.user) == (TARGET, said, 0)
    assert await desk.balance() == 94  # the owner paid for the text
    await with_quota(desk, 4)
    await desk.send("/users/api1/jobs")
    assert len(await mails(desk)) == 2


@pytest.mark.parametrize(("support", "by_mail", "by_text"), [("mail", 1, 0), ("sms", 0, 1), ("both", 1, 1)])
async def test_an_alert_goes_where_it_is_wanted(lite: Desk, support: str, by_mail: int, by_text: int) -> None:
    await with_quota(lite, 4, support=support)
    await lite.send("/users/api1/jobs")
    assert (len(await mails(lite)), len(await waiting(lite))) == (by_mail, by_text)


async def test_a_reply_charged_to_the_user_alerts_too(lite: Desk) -> None:
    await with_quota(lite, 5, support="mail")
    report = await lite.send("/users/api1/jobs", senderForResponse=True, sender="-")
    await lite.deliver(report["ids"][0])  # type: ignore[index]
    assert await mails(lite) == []
    await lite.answer("Oui", "38184")
    assert len(await mails(lite)) == 1


async def test_a_send_that_fails_alerts_nobody(lite: Desk) -> None:
    await with_quota(lite, 4)
    body = {"message": "x", "sender": "MyApp", "noStopClause": True, "receivers": [f"+3360102030{n}" for n in range(5)]}
    assert (await lite.ask("POST", "/users/api1/jobs", body)).status == 402
    assert (await mails(lite), await waiting(lite)) == ([], [])


async def test_an_alert_that_cannot_be_paid_stops_nothing(lite: Desk) -> None:
    await with_quota(lite, 4, support="sms")
    await lite.good("POST", "/transferCredits", {"smsAccountTarget": "sms-xx11111-2", "credits": 96})
    report = await lite.send("/users/api1/jobs")
    assert report["totalCreditsRemoved"] == 1
    assert await waiting(lite) == []


@pytest.mark.parametrize("alert", [{"alertEmail": "nobody"}, {"alertNumber": "12"}, {"alertThreshold": -1}])
async def test_an_alert_needs_a_place(lite: Desk, alert: dict[str, object]) -> None:
    answer = await lite.ask("PUT", "/users/api1", {"alertThresholdInformations": alert})
    assert (answer.status, next(iter(alert)) in answer.text) == (400, True)
