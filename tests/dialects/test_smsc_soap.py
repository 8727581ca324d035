"""soap.php and oms.php octet for octet: envelopes, namespaces, faults, limits, and what strangers send.

spec: smsc/4.3 smsc/4.4
"""

from collections.abc import AsyncIterator
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsc_world import ALEX, OTHER, PHONE, Bureau, bureau_of
from tests.wire.test_markup import BOMB

from depesza.core.facts import Sender
from depesza.dialects.smsc import oms, soap
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Act
from depesza.dialects.smsc.codes import AUTHORISE
from depesza.dialects.smsc.oms import SPACE as OMS
from depesza.dialects.smsc.parameters import Given
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.markup import Element, escape, read_document
from depesza.wire.soap import NIL, Version

pytestmark = pytest.mark.anyio

T = TypeVar("T")

WHO = "<login>alex</login><psw>123</psw>"
SMS = f"{WHO}<phones>{PHONE}</phones><mes>Hello!</mes>"
BALANCE = f'<balance xmlns="urn:b">{WHO}</balance>'


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the cases."""
    async with bureau_of(sqlite_url) as made:
        yield made


async def nobody(request: HttpRequest, script: str, given: Given, act: Act[T], /) -> T:
    """Let nobody in."""
    raise Refused(*AUTHORISE)


STRANGERS = {"soap": soap.answer, "oms": oms.answer}


async def post(bureau: Bureau, body: bytes | str, script: str = "soap") -> HttpReply:
    """Post octets."""
    octets = body.encode() if isinstance(body, str) else body
    return await bureau.ask(f"/sys/{script}.php", octets, kind="text/xml")


async def ask(bureau: Bureau, content: str, script: str = "soap", version: Version = Version.OLD) -> str:
    """Make a call; gives the body's content of the answer."""
    reply = await post(bureau, f'<e:Envelope xmlns:e="{version.value}"><e:Body>{content}</e:Body></e:Envelope>', script)
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{version.value}"><soap:Body>'
    return reply.body.decode().removeprefix(head).removesuffix("</soap:Body></soap:Envelope>")


async def test_the_answer_is_in_the_namespace_of_the_request(bureau: Bureau) -> None:
    inner = "<balanceresult><balance>101.90</balance><error>0</error></balanceresult></BalanceResponse>"
    assert await ask(bureau, BALANCE) == f'<BalanceResponse xmlns="urn:b">{inner}'
    assert await ask(bureau, f"<balance>{WHO}</balance>", version=Version.NEW) == f'<BalanceResponse xmlns="">{inner}'
    mixed = f'<a:balance xmlns:a="http://smsc.ua/sys/soap.php?a=1&amp;b=2">{WHO}</a:balance>'
    told = 'xmlns="http://smsc.ua/sys/soap.php?a=1&amp;b=2"'
    assert await ask(bureau, mixed) == f"<BalanceResponse {told}>{inner}"


async def test_an_api_key_stands_for_login_and_password(bureau: Bureau) -> None:
    for who in ("<apikey>KEY1</apikey>", "<login/><psw>KEY1</psw>", "<query>apikey=KEY1</query>"):
        assert "<balance>101.90</balance>" in await ask(bureau, f"<balance>{who}</balance>")


async def test_nil_is_left_out(bureau: Bureau) -> None:
    space = NIL.partition(" ")[0]
    told = await ask(bureau, f'<send xmlns:i="{space}">{SMS}<id i:nil="true">77</id><sender i:nil="1"/></send>')
    assert "<id>1234</id>" in told


async def test_a_query_is_written_as_in_an_address(bureau: Bureau) -> None:
    query = "list=79999999999:a%26b%0A79999999998:%D0%BF+%D1%80&amp;valid=02:00&amp;login=nobody"
    told = await ask(bureau, f"<send2>{WHO}<phones/><mes/><query>{query}</query></send2>")
    assert "<cnt>2</cnt><error>0</error>" in told
    await bureau.quiet()
    assert [message.content.text or message.text for message in bureau.sent] == ["a&b", "п р"]


async def test_the_description_names_the_host_that_was_asked(bureau: Bureau) -> None:
    request = HttpRequest("GET", "", "/sys/soap.php", "WSDL", {"host": 'a.example:8080"<'}, b"", "127.0.0.1", "https")
    root = read_document((await bureau.smsc.handle(request)).body)
    here = 'https://a.example:8080"</sys/soap.php'
    assert root.attributes["targetNamespace"] == here
    place = root.find("service", "port", "address")
    assert place is not None
    assert place.attributes["location"] == here
    assert [each.attributes["name"] for each in root.children if each.name == "service"] == ["Service"]


FAULTS = {
    "no XML": (b"login=alex&psw=123", "Client"),
    "a bomb": (BOMB, "Client"),
    "no envelope": (BALANCE.encode(), "Client"),
    "an envelope of another kind": (b'<Envelope xmlns="urn:x"><Body/></Envelope>', "VersionMismatch"),
    "no body": (f'<Envelope xmlns="{Version.OLD.value}"/>'.encode(), "Client"),
    "an empty body": (f'<Envelope xmlns="{Version.OLD.value}"><Body/></Envelope>'.encode(), "Client"),
    "two calls": (f'<Envelope xmlns="{Version.OLD.value}"><Body>{BALANCE * 2}</Body></Envelope>'.encode(), "Client"),
    "an operation of nobody": (
        f'<Envelope xmlns="{Version.OLD.value}"><Body><wipe/></Body></Envelope>'.encode(), "Client",
    ),
    "a field twice": (
        f'<Envelope xmlns="{Version.OLD.value}"><Body><send>{SMS}{SMS}</send></Body></Envelope>'.encode(), "Client",
    ),
    "a field with fields": (
        f'<Envelope xmlns="{Version.OLD.value}"><Body><send>{SMS}<id><n/></id></send></Body></Envelope>'.encode(),
        "Client",
    ),
    "a header that must be understood": (
        f'<e:Envelope xmlns:e="{Version.OLD.value}"><e:Header><s e:mustUnderstand="1"/></e:Header>'
        f"<e:Body>{BALANCE}</e:Body></e:Envelope>".encode(), "MustUnderstand",
    ),
}  # fmt: skip


@pytest.mark.parametrize("script", ["soap", "oms"])
@pytest.mark.parametrize(("octets", "code"), FAULTS.values(), ids=FAULTS.keys())
async def test_what_is_no_call_is_a_fault(bureau: Bureau, octets: bytes, code: str, script: str) -> None:
    reply = await post(bureau, octets, script)
    assert (reply.status, reply.content_type) == (500, "text/xml; charset=utf-8")
    assert f"<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>" in reply.body.decode()
    assert await bureau.balance() == "101.90"


async def test_faults_of_soap_1_2_are_written_its_way(bureau: Bureau) -> None:
    reply = await post(bureau, f'<Envelope xmlns="{Version.NEW.value}"><Body><wipe/></Body></Envelope>')
    assert (reply.status, reply.content_type) == (400, "application/soap+xml; charset=utf-8")
    told = '<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">there is'
    assert told in reply.body.decode()


async def test_other_methods_and_our_own_failures(bureau: Bureau) -> None:
    for script in ("soap", "oms"):
        assert (await bureau.ask(f"/sys/{script}.php")).status == 405
        request = HttpRequest("POST", "", f"/sys/{script}.php", "", {}, b"", "127.0.0.1", "http")
        assert b"<faultcode>soap:Server</faultcode>" in bureau.smsc.failed(request).body


async def test_limits_are_those_of_the_same_over_http(bureau: Bureau) -> None:
    assert await bureau.send() == "OK - 1 SMS, ID - 1234"
    assert "<error>9</error>" in await ask(bureau, f"<send>{SMS}</send>")
    for _ in range(10):
        assert "<error>0</error>" in await ask(bureau, BALANCE)
    assert await bureau.get("balance") == "ERROR = 9 (duplicate request, wait a minute)"


async def test_wrong_passwords_lock_the_address_on_all_doors(bureau: Bureau) -> None:
    bad = BALANCE.replace("123", "bad")
    for _ in range(5):
        assert "<error>2</error>" in await ask(bureau, bad)
    assert "<error>4</error>" in await ask(bureau, BALANCE)
    assert 'code="other" severity="failure"><content>ip is blocked' in await deliver(bureau)
    assert await bureau.get("balance") == "ERROR = 4 (ip is blocked)"


PIECES = (
    "<e:Envelope", f' xmlns:e="{Version.OLD.value}"', ">", "<e:Body>", "<send>", WHO, "<phones>7</phones>", "<mes>",
    "&amp;", "&#0;", "&x;", "<![CDATA[", "]]>", "</mes>", "</send>", "</e:Body>", "</e:Envelope>", "<DeliverXms>",
    "<!DOCTYPE a>", '<?xml version="1.0"?>', "é", "\0", "<xmsData>", "&lt;xmsData>", "</xmsData>", "</DeliverXms>",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=16), st.sampled_from([b"", b"\xff"]), st.sampled_from([*STRANGERS]))
@settings(max_examples=60, deadline=None)
async def test_any_octets_are_answered(pieces: list[str], end: bytes, script: str) -> None:
    octets = "".join(pieces).encode() + end
    request = HttpRequest("POST", "", f"/sys/{script}.php", "", {}, octets, "127.0.0.1", "http")
    reply = await STRANGERS[script](request, nobody)
    assert reply.status in (200, 400, 500)
    assert read_document(reply.body).name == "Envelope"


def documents(depth: int = 3) -> st.SearchStrategy[str]:
    """Make documents of the service's words, in any order."""
    names = ("xmsData", "xmsBatch", "xmsUser", "user", "userId", "xmsHead", "requiredService", "to", "recipient",
             "scheduled", "xmsBody", "content")  # fmt: skip
    texts = st.sampled_from(["", "alex", "SMS_SENDER", PHONE, "2026-01-15T08:59:59Z", "9999-12-31T23:59:59-23:59"])
    inner = texts if not depth else texts | st.lists(documents(depth - 1), max_size=4).map("".join)
    return st.tuples(st.sampled_from(names), inner).map(lambda each: f"<{each[0]}>{each[1]}</{each[0]}>")


@given(st.sampled_from([*oms.ARGUMENTS]), documents())
@settings(max_examples=60, deadline=None)
async def test_any_document_is_answered(name: str, document: str) -> None:
    body = f"<{name}><{oms.ARGUMENTS[name] or 'x'}>{escape(document)}</{oms.ARGUMENTS[name] or 'x'}></{name}>"
    octets = f'<e:Envelope xmlns:e="{Version.OLD.value}"><e:Body>{body}</e:Body></e:Envelope>'.encode()
    reply = await oms.answer(HttpRequest("POST", "", "/sys/oms.php", "", {}, octets, "127.0.0.1", "http"), nobody)
    told = read_document(reply.body).told("Body", f"{name}Response", f"{name}Result")
    assert read_document(told.encode()).name in ("serviceInfo", "userInfo", "xmsResponse", "xmsResponses")


# Office Mobile Service


def message(*texts: str, to: str = f"<recipient>{PHONE}</recipient>", head: str = "", user: str = "") -> str:
    """Write a message as Outlook does."""
    contents = "".join(
        [f'<content contentType="text/plain" contentId="{n}">{t}</content>' for n, t in enumerate(texts)]
    )
    user = user or "<userId>alex</userId><password>123</password><customData/>"
    head = head or "<requiredService>SMS_SENDER</requiredService>"
    return f'<user>{user}</user><xmsHead>{head}<to>{to}</to></xmsHead><xmsBody format="SMS">{contents}</xmsBody>'


async def call(bureau: Bureau, name: str, argument: str, document: str, version: Version = Version.OLD) -> str:
    """Call a method with a document; gives the one that it answers."""
    inner = f"<{argument}>{escape(document)}</{argument}>" if argument else ""
    told = read_document((await ask(bureau, f'<{name} xmlns="{OMS}">{inner}</{name}>', "oms", version)).encode())
    assert (told.name, told.space) == (f"{name}Response", OMS)
    (result,) = told.children
    assert result.name == f"{name}Result"
    return result.text.removeprefix('<?xml version="1.0" encoding="utf-8"?>')


async def deliver(bureau: Bureau, inside: str = "", **version: Version) -> str:
    """Deliver a message; gives what is told of it."""
    document = f'<?xml version="1.0" encoding="utf-16"?><xmsData client="Outlook" xmlns="{OMS}">%s</xmsData>'
    told = await call(bureau, "DeliverXms", "xmsData", document % (inside or message("Hello!")), **version)
    return told.removeprefix(f'<xmsResponse xmlns="{OMS}">').removesuffix("</xmsResponse>")


OK = '<error code="ok" severity="neutral"/>'


async def test_outlook_asks_what_the_service_can(bureau: Bureau) -> None:
    info = read_document((await call(bureau, "GetServiceInfo", "", "")).encode())
    assert (info.name, info.space) == ("serviceInfo", f"{OMS}/serviceInfo")
    assert info.told("serviceUri") == "http://smsc.example/sys/oms.php"
    assert info.told("authenticationType") == "other"
    sends = info.find("supportedService", "SMS_SENDER")
    assert sends is not None
    assert sends.attributes["maxDbcsPerMessage"] == "1000"


async def test_outlook_asks_who_a_user_is(bureau: Bureau) -> None:
    user = "<xmsUser><userId>alex</userId><password>%s</password></xmsUser>"
    assert await call(bureau, "GetUserInfo", "xmsUser", user % "123") == f'<userInfo xmlns="{OMS}">{OK}</userInfo>'
    wrong = await call(bureau, "GetUserInfo", "xmsUser", user % "bad")
    assert '<error code="invalidUser" severity="failure"><content>authorise error</content></error>' in wrong
    await bureau.add("senders", Sender(account=ALEX, name="+79037676877", kind="numeric"))
    await bureau.change_account(sender="+79037676877")
    assert "<replyPhone>+79037676877</replyPhone>" in await call(bureau, "GetUserInfo", "xmsUser", user % "123")


@pytest.mark.parametrize("version", Version)
async def test_outlook_delivers(bureau: Bureau, version: Version) -> None:
    both = f"<recipient>{PHONE}</recipient><recipient>+7 (999) 999-99-98</recipient>"
    head = "<scheduled>2026-01-15T08:59:59Z</scheduled><requiredService>SMS_SENDER</requiredService>"
    assert await deliver(bureau, message("(1/2)Привет &amp; ", "(2/2) всё", to=both, head=head), version=version) == OK
    await bureau.quiet()
    assert sorted((sent.receiver, sent.content.text, sent.content.sender) for sent in bureau.sent) == [
        (f"+{OTHER}", "(1/2)Привет & ", "ivan"), (f"+{OTHER}", "(2/2) всё", "ivan"),
        (f"+{PHONE}", "(1/2)Привет & ", "ivan"), (f"+{PHONE}", "(2/2) всё", "ivan"),
    ]  # fmt: skip
    again = head.replace("59:59", "59:58")
    assert "duplicate request" in await deliver(bureau, message("(2/2) всё", to=both, head=again), version=version)


async def test_outlook_delivers_later_and_from_the_users_own_phone(bureau: Bureau) -> None:
    await bureau.change_account(sender="ivan")
    await bureau.add("senders", Sender(account=ALEX, name="+79037676877", kind="numeric"))
    user = "<userId>alex</userId><password>123</password><replyPhone>%s</replyPhone>"
    head = "<scheduled>2026-01-15T13:00:00+03:00</scheduled><requiredService>SMS_SENDER</requiredService>"
    assert await deliver(bureau, message("own", head=head, user=user % "79037676877")) == OK
    assert await deliver(bureau, message("another's", user=user % "79037676878")) == OK
    await bureau.quiet()
    assert [(sent.content.text, sent.content.sender) for sent in bureau.sent] == [("another's", "ivan")]
    await bureau.later(3600)
    assert [(sent.content.text, sent.content.sender) for sent in bureau.sent][1:] == [("own", "+79037676877")]


REFUSED = {
    "a wrong password": (message("x", user="<userId>alex</userId><password>bad</password>"), "invalidUser"),
    "no user": (message("x").replace("<user>", "<nobody>").replace("</user>", "</nobody>"), "invalidUser"),
    "pictures": (message("x", head="<requiredService>MMS_SENDER</requiredService>"), "unregisteredService"),
    "a picture as text": (message("x").replace("text/plain", "image/gif"), "invalidMedia"),
    "nobody": (message("x", to=""), "other"),
    "no text": (message(), "other"),
    "an empty text": (message(""), "other"),
    "no date": (
        message("x", head="<scheduled>soon</scheduled><requiredService>SMS_SENDER</requiredService>"), "other",
    ),
    "no XML": ("<", "other"),
}  # fmt: skip


@pytest.mark.parametrize(("inside", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_outlook_hears_why_nothing_was_sent(bureau: Bureau, inside: str, code: str) -> None:
    assert (await deliver(bureau, inside)).startswith(f'<error code="{code}" severity="failure">')
    assert await bureau.balance() == "101.90"


async def test_outlook_hears_who_was_not_reached(bureau: Bureau) -> None:
    some = f"<recipient>123</recipient><recipient>{PHONE}</recipient><recipient>456</recipient>"
    bad = '<error code="invalidRecipient" severity="failure">'
    assert await deliver(bureau, message("x", to=some)) == f"{bad}<recipientList>123;456</recipientList></error>"
    none = await deliver(bureau, message("x", to="<recipient>123</recipient>"))
    assert none == f"{bad}<content>invalid number</content><recipientList>123</recipientList></error>"
    await bureau.spend_to(500_000)
    assert 'code="lowBalance"' in await deliver(bureau, message("y"))


async def test_sharepoint_delivers_a_batch(bureau: Bureau) -> None:
    one, two = message("one"), message("two", user="<userId>alex</userId><password>bad</password>")
    document = (
        f'<xmsBatch xmlns="{OMS}"><xmsData id="0">{one}</xmsData><xmsData id="b&quot;">{two}</xmsData></xmsBatch>'
    )
    told = read_document((await call(bureau, "DeliverXmsBatch", "packageXml", document)).encode())
    assert told.name == "xmsResponses"
    codes = [(each.attributes["id"], _code(each)) for each in told.children]
    assert codes == [("0", "ok"), ('b"', "invalidUser")]
    empty = await call(bureau, "DeliverXmsBatch", "packageXml", "<xmsBatch/>")
    assert '<xmsResponse id="0"><error code="other"' in empty


def _code(response: Element) -> str:
    return response.children[0].attributes["code"]
