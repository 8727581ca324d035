"""The vendor's acceptance cases of http2sms, each under its number. spec: ovh/6"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from tests.dialects.http2sms_world import FIELDS, MORE, Counter, counter_of

pytestmark = pytest.mark.anyio

HTML = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<HTML>
<HEAD>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" >
<title>HTTP2SMS</title>
</HEAD>
<BODY>
{}
</BODY>
</HTML>"""
XML = '<?xml version="1.0" encoding="UTF-8" ?><response><status>{}</status>{}</response>'

ACCEPTED = {
    "text/plain": "OK\n99\n<n>",
    "text/html": HTML.format("OK<br>\n99<br>\n<n><br>"),
    "text/xml": XML.format(100, "<creditLeft>99</creditLeft><smsIds><smsId><n></smsId></smsIds>"),
    "application/xml": XML.format(100, "<creditLeft>99</creditLeft><smsIds><smsId><n></smsId></smsIds>"),
    "text/json": '{"status":100,"creditLeft":"99","SmsIds":["<n>"]}',
    "application/json": '{"status":100,"creditLeft":"99","SmsIds":["<n>"]}',
}
REFUSED = {
    "text/plain": "KO\n<why>",
    "text/html": HTML.format("KO<br><why><br>"),
    "text/xml": XML.format("<n>", "<message><why></message>"),
    "application/xml": XML.format("<n>", "<message><why></message>"),
    "text/json": '{"status":<n>,"message":"<why>"}',
    "application/json": '{"status":<n>,"message":"<why>"}',
}


def refused(kind: str, status: int, why: str) -> str:
    """Write a refusal as the vendor does."""
    return REFUSED[kind].replace("<n>", str(status)).replace("<why>", why + MORE)


@pytest.fixture
async def counter(sqlite_url: str) -> AsyncIterator[Counter]:
    """The setting of all cases."""
    async with counter_of(sqlite_url) as counter:
        yield counter


async def test_case_62_a_plain_address_sends(counter: Counter) -> None:
    answer = await counter.get(
        "?&account=sms-xx11111-1&login=api1&password=Secret12&from=MyApp&to=0033601020304&message=Hello&noStop=1"
    )
    assert (answer.status, answer.kind) == (200, "text/plain; charset=utf-8")
    assert re.fullmatch(r"OK\n99\n\d+", answer.text)
    message = await counter.desk.message(int(answer.lines[2]))
    assert (message.receiver, message.body, message.content.sender) == ("+33601020304", "Hello", "MyApp")
    assert await counter.desk.balance() == 99


@pytest.mark.parametrize("kind", ACCEPTED)
async def test_case_63_and_64_every_content_type_has_its_form(counter: Counter, kind: str) -> None:
    answer = await counter.send(contentType=kind)
    assert (answer.status, answer.kind) == (200, f"{kind}; charset=utf-8")
    sent = await counter.desk.good("GET", "/users/api1/outgoing")
    assert isinstance(sent, list)
    assert answer.text == ACCEPTED[kind].replace("<n>", str(sent[0]))


@pytest.mark.parametrize("kind", REFUSED)
async def test_case_65_what_is_missing_is_named(counter: Counter, kind: str) -> None:
    answer = await counter.send(message="-", contentType=kind)
    assert (answer.status, answer.kind) == (200, f"{kind}; charset=utf-8")
    assert answer.text == refused(kind, 201, "Missing message")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("tag", "a" * 21, "Invalid tag: is too long"),
        ("deferred", "999999999999", "Invalid deferred time"),
    ],
)
async def test_case_66_what_is_wrong_is_named(counter: Counter, name: str, value: str, why: str) -> None:
    answer = await counter.send(**{name: value}, contentType="application/json")
    assert answer.text == refused("application/json", 202, why)
    assert await counter.desk.balance() == 100


async def test_case_67_a_user_may_be_bound_to_addresses(counter: Counter) -> None:
    await counter.desk.good("PUT", "/users/api1", {"ipRestrictions": ["192.0.2.7", "2001:db8::/32"]})
    plain, json = await counter.send(), await counter.send(contentType="text/json")
    assert (plain.status, plain.text) == (200, refused("text/plain", 401, "IP not allowed"))
    assert json.text == refused("text/json", 401, "IP not allowed")
    assert (await counter.send(client="192.0.2.7")).lines[0] == "OK"
    assert (await counter.send(client="2001:db8::1")).lines[0] == "OK"


async def test_case_68_odoo_calls_the_account_otherwise(counter: Counter) -> None:
    fields = "&".join(f"{name}={value}" for name, value in FIELDS.items() if name not in ("account", "to", "message"))
    answer = await counter.get(f"?smsAccount=sms-xx11111-1&{fields}&to=%2B33601020304&message=two%0Alines+here")
    assert answer.text.startswith("OK")
    assert (await counter.desk.message(await counter.id_of(answer))).body == "two\nlines here"


async def test_case_69_a_form_asks_for_a_short_number(counter: Counter) -> None:
    fields = counter.fields(senderForResponse="1", from_="", noStop="-")
    answer = await counter.post(urlencode(fields).encode())
    message = await counter.desk.message(await counter.id_of(answer))
    assert (message.content.sender, message.body) == ("38184", "Hello")


async def test_case_70_deferred_texts_are_jobs_of_the_user(counter: Counter) -> None:
    at = datetime.fromtimestamp(counter.desk.clock.now / 1e6, UTC) + timedelta(hours=1)
    written = at.astimezone(ZoneInfo("Europe/Paris")).strftime("%H%M%d%m%Y")
    answer = await counter.send(to="0033601020304,+33601020305", deferred=written)
    assert answer.lines[:2] == ["OK", "98"]
    jobs = await counter.desk.good("GET", "/users/api1/jobs")
    assert isinstance(jobs, list)
    assert sorted(jobs) == [int(line) for line in answer.lines[2:]]
    for id in jobs:
        job = await counter.desk.good("GET", f"/users/api1/jobs/{id}")
        assert isinstance(job, dict)
        assert job["differedDelivery"] in (59, 60)
        assert job["sentAt"] is None
    assert await counter.desk.good("GET", "/jobs") == jobs
