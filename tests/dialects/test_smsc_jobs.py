"""Campaigns of SMSC and short links: ordered, told, stopped, followed; byte for byte.

spec: smsc/3.6 smsc/3.12 smsc/5.2
"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsc_world import ALEX, NOW, OTHER, PHONE, TO, Bureau, bureau_of

from depesza.core.facts import Sender
from depesza.core.model import MICRO, Channel, State
from depesza.core.planning import Policy
from depesza.dialects.links import ShortLinks
from depesza.services import campaign_steps, campaigns, details, errands, mailings
from depesza.store.tx import Tx
from depesza.wire.http import HttpRequest

pytestmark = pytest.mark.anyio

BASE = "https://s.example"


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases."""
    async with bureau_of(sqlite_url, bases=(BASE,)) as bureau:
        yield bureau


async def page(bureau: Bureau) -> bool:
    """Do the next page of each errand; False when there is nothing to do now."""
    going = False
    for errand in await bureau.store.look(errands.waiting):
        step = mailings.step if errand.kind == "mailing" else campaign_steps.step
        done = await bureau.store.run(step, errand.id, bureau.lanes, Policy(), bureau.clock())
        going = going or not (done.over or done.wait)
    return going


async def carry_out(bureau: Bureau) -> None:
    """Let all errands be done, and what they sent leave."""
    while await page(bureau):
        pass
    await bureau.quiet()


async def add(bureau: Bureau, query: str = "", **params: object) -> str:
    """Order a campaign."""
    usual: dict[str, object] = {} if "list" in params else {"phones": f"{PHONE},{OTHER}", "mes": "Hello!"}
    return await bureau.get("jobs", query, **{"add": 1, "name": "Sale", **usual, **params})


async def _tell(tx: Tx, told: dict[str, str]) -> None:
    details.write(tx, ALEX, told)


@pytest.mark.parametrize(
    ("told", "params", "sent"),
    [
        ({"fl[5]": "1"}, {}, ["ivan", "ivan"]),
        ({"fl[5]": "1", "sender2": "other"}, {}, ["ivan", "other"]),
        ({"fl[5]": "1", "sender2": "gone"}, {}, ["ivan", "ivan"]),
        ({"fl[5]": "1", "sender2": "other"}, {"sender2": "ivan"}, ["ivan", "ivan"]),
        ({"fl[5]": "1"}, {"fl[5]": 0}, ["ivan"]),
        ({"fl[5]": "1"}, {"ping": 1, "mes": ""}, ["ivan"]),
        ({"sender2": "other"}, {}, ["ivan"]),
    ],
)
async def test_an_account_may_control_delivery_of_all_its_campaigns(
    bureau: Bureau, told: dict[str, str], params: dict[str, object], sent: list[str]
) -> None:
    await bureau.add("senders", Sender(account=ALEX, name="other", created=1))
    await bureau.store.run(_tell, told)
    await bureau.lead(Channel.PING)
    assert await add(bureau, **{"sender": "ivan", "phones": PHONE, "fmt": 1, **params}) == "1234"
    await carry_out(bureau)
    await bureau.report(bureau.sent[0], State.FAILED, "absent")
    bureau.clock.move(60)
    await carry_out(bureau)
    assert [message.content.sender for message in bureau.sent] == sent


@pytest.mark.parametrize(
    ("fmt", "answer"),
    [(0, "ID = 1234"), (1, "1234"), (2, "<job>\n<id>1234</id>\n</job>"), (3, '{\n"id": 1234\n}')],
)
async def test_a_campaign_answers_with_its_id(bureau: Bureau, fmt: int, answer: str) -> None:
    assert await add(bureau, fmt=fmt) == answer
    assert await add(bureau, fmt=1) == "0,-9"  # as every send within a minute


async def test_a_campaign_goes_out_and_is_told_of(bureau: Bureau) -> None:
    await add(bureau, sender="ivan")
    await carry_out(bureau)
    assert [(m.receiver, m.body, m.content.sender) for m in bureau.sent] == [
        (TO, "Hello!", "ivan"),
        (f"+{OTHER}", "Hello!", "ivan"),
    ]
    await bureau.report(bureau.sent[0])
    members = (
        '"id": 1234,\n"name": "Sale",\n"status": "done",\n"date": "15.01.2026 12:00:00",\n"cnt": 2,\n"sent": 2,\n'
        '"delivered": 1,\n"failed": 0,\n"cost": "2.80"'
    )
    await carry_out(bureau)
    assert await bureau.get("jobs", get=1, id=1234, fmt=3) == f"{{\n{members}\n}}"
    assert await bureau.get("jobs", get_all=1, fmt=3, start="15.01.2026", end="15.01.2026") == f"[{{\n{members}\n}}]"
    assert await bureau.get("jobs", get_all=1, fmt=3, start="16.01.2026") == "[]"
    assert await bureau.get("jobs", get=1, id=1234, mail=1, fmt=1) == "0,-3"
    assert await bureau.get("status", phone=PHONE, id=1234, fmt=1) == "1,1768467600,0"
    assert await bureau.get("jobs", "del=1", id=1234) == "OK"
    assert await bureau.get("jobs", get=1, id=1234) == "ERROR = 3 (record not found)"


async def test_each_line_of_a_list_has_a_text_of_its_own(bureau: Bureau) -> None:
    await add(bureau, list=f"{PHONE}:One\n{OTHER}:Two\n{PHONE}:Three\n~~~\nfor me", nl=1, id="autumn", cost=3)
    await carry_out(bureau)
    assert [m.body for m in bureau.sent] == ["One", "Two", "Three"]
    told = await bureau.get("status", phone=PHONE, id="autumn", all=1, fmt=3)
    assert '"message": "Three",\n"comment": "for me"' in told


async def test_cost_and_balance_stand_behind_the_id(bureau: Bureau) -> None:
    assert await add(bureau, cost=1, fmt=1) == "2.80,2"
    assert await bureau.balance() == "101.90"
    assert await add(bureau, cost=2, fmt=0) == "ID = 1234, COST - 2.80"
    assert await add(bureau, cost=3, fmt=1, id=7) == "7,2.80,99.10"


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        ({"name": ""}, "0,-1"),
        ({"mes": ""}, "0,-1"),
        ({"rpt": 8}, "0,-1"),
        ({"rptn": 3}, "0,-1"),
        ({"sender2": "ivan"}, "0,-1"),
        ({"mes2": "x", "sender2": "nobody"}, "0,-1"),
        ({"fl[5]": 1, "ping": 1}, "0,-1"),
        ({"tpl": 99}, "0,-1"),
        ({"call": 1, "mes": "code"}, "0,-1"),
        ({"phones": "123"}, "1234,-7"),
        ({"sender": "nobody"}, "1234,-6"),
        ({"phones": "33612345678"}, "1234,-8"),
        ({"mes": "x" * 1_000, "list": f"{PHONE}:y"}, "0,-1"),
        ({"time": "99.99.26 12:00"}, "0,-5"),
        ({"period": 1000}, "0,-1"),
    ],
)
async def test_what_is_wrong_is_refused_as_send_does(bureau: Bureau, params: dict[str, object], answer: str) -> None:
    assert await add(bureau, fmt=1, **params) == answer
    assert await bureau.get("jobs", get_all=1, fmt=3) == "[]"


async def test_a_campaign_that_can_not_be_paid_sends_nothing(bureau: Bureau) -> None:
    phones = ",".join([f"7999{n:07}" for n in range(73)])
    assert await add(bureau, phones=phones) == "ERROR = 3 (no money), ID - 1234"
    await carry_out(bureau)
    assert (bureau.sent, await bureau.balance()) == ([], "101.90")
    assert await bureau.get("status", phone="79990000000", id=1234, fmt=1) == "24,1768467600,0"


async def test_a_scheduled_campaign_waits_and_is_cancelled(bureau: Bureau) -> None:
    await add(bureau, time="16.01.26 09:00")
    await carry_out(bureau)
    assert "\n<status>waiting</status>\n<date>16.01.2026 09:00:00</date>" in await bureau.get(
        "jobs", get=1, id=1234, fmt=2
    )
    assert await bureau.get("status", phone=PHONE, id=1234, fmt=1) == "-1,1768467600,0"
    (run,) = await bureau.store.look(campaigns.all_of, ALEX)
    await bureau.store.run(campaigns.pause, run.id, NOW)
    await carry_out(bureau)
    assert await bureau.get("status", phone=PHONE, id=1234, fmt=1) == "-2,1768467600,0"
    assert "paused" in await bureau.get("jobs", get=1, id=1234)
    assert await bureau.get("jobs", cancel=1, id=1234, fmt=3) == '{\n"result": "OK"\n}'
    await carry_out(bureau)
    assert (await bureau.balance(), "cancelled" in await bureau.get("jobs", get=1, id=1234)) == ("101.90", True)
    assert await bureau.get("jobs", cancel=1, id=1234) == "ERROR = 5 (operation error)"
    assert await bureau.get("jobs", cancel=1, id=1235, fmt=1) == "0,-3"
    assert await bureau.get("jobs", cancel=1, fmt=1) == "0,-1"


async def test_a_campaign_is_repeated(bureau: Bureau) -> None:
    await add(bureau, phones=PHONE, rpt=2, rptn=1)
    await carry_out(bureau)
    await carry_out(bureau)
    assert '"status": "waiting"' in await bureau.get("jobs", get=1, id=1234, fmt=3)
    await bureau.later(86_400)
    await carry_out(bureau)
    await carry_out(bureau)
    assert len(bureau.sent) == 2
    told = await bureau.get("jobs", get=1, id=1234, fmt=3)
    assert '"status": "done"' in told
    assert '"cnt": 2' in told


async def test_a_template_gives_text_and_kind(bureau: Bureau) -> None:
    id = await bureau.get("templates", add=1, name="t", msg="Look", format="flash", sender="ivan", fmt=1)
    await add(bureau, phones=PHONE, mes="", tpl=id)
    await carry_out(bureau)
    (message,) = bureau.sent
    assert (message.body, message.content.flash, message.content.sender) == ("Look", 0, "ivan")


async def test_numbers_are_looked_up_by_campaign(bureau: Bureau) -> None:
    await add(bureau, mes="", hlr=1)
    await carry_out(bureau)
    told = await bureau.get("jobs", get=1, id=1234, fmt=1)
    assert told == "1234,Sale,done,15.01.2026 12:00:00,2,2,0,0,0.60"


async def test_a_click_moves_a_delivered_message_to_status_4_and_calls_back(bureau: Bureau) -> None:
    await bureau.change_account(callback="http://h/cb")
    long = "https://shop.example/basket?id=7"
    assert await bureau.send(tinyurl=1, mes=f"Look: {long}", fmt=1, cost=2) == "1234,1,1.40"
    await bureau.quiet()
    (message,) = bureau.sent
    text, _, code = message.body.rpartition("/")
    assert (text, len(code)) == (f"Look: {BASE}", 7)
    await bureau.report(message)
    assert await bureau.get("status", phone=PHONE, id=1234, fmt=1) == "1,1768467600,0"
    links = ShortLinks(bureau.smsc._context)
    assert links.owns(f"/{code}")
    bureau.clock.move(60)
    reply = await links.handle(HttpRequest("GET", f"/{code}", f"/{code}", "", {}, b"", "127.0.0.1", "http"))
    assert (reply.status, reply.headers[0]) == (302, ("Location", long))
    await bureau.quiet()
    assert await bureau.get("status", phone=PHONE, id=1234, fmt=1) == "4,1768467660,0"
    assert b"&status=4&" in bureau.told[-1].body
    rows = await bureau.rows("SELECT id FROM links")
    told = f'"id": {rows[0][0]},\n"link": "{long}",\n"cnt": 1,\n"cnt_mon": 1,\n"cnt_day": 1,\n"cnt_yes": 0'
    for asked in ({"link": long}, {"link": f"{BASE}/{code}"}, {"id": rows[0][0]}):
        assert await bureau.get("tinyurls", get=1, fmt=3, **asked) == f"{{\n{told}\n}}"
    bureau.clock.move(86_400)
    assert (await bureau.get("tinyurls", get=1, link=long, fmt=1)).endswith(",1,1,0,1")
    assert await bureau.get("tinyurls", get=1, link="http://x.example") == "ERROR = 3 (record not found)"
    assert await bureau.get("tinyurls", get=1, fmt=1) == "0,-1"


async def test_thousands_are_cancelled_half_way(bureau: Bureau) -> None:
    await bureau.change("prices", bureau.store.facts.prices[0], micro=MICRO // 100)
    phones = ",".join([f"7999{n:07}" for n in range(3_000)])
    assert await add(bureau, phones=phones, time="16.01.26 09:00", fmt=1) == "1234"
    for _ in range(6):
        await page(bureau)
    assert await bureau.balance() == "86.90"
    assert await bureau.get("jobs", cancel=1, id=1234) == "OK"
    await carry_out(bureau)
    assert await bureau.balance() == "101.90"
    assert (await bureau.get("jobs", get=1, id=1234, fmt=1)).startswith("1234,Sale,cancelled,")
    assert bureau.sent == []
