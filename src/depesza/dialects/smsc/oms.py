"""oms.php: Microsoft's Office Mobile Service, by which Outlook and SharePoint send texts. spec: smsc/4.4

Arguments and results are documents inside of strings. A message is sent as by send.php: the user is the login, each
content of the message a request of its own. Source of the schemas: [MS-OMS] 3.1.4.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from depesza.dialects.smsc.answers import Refused, Sent
from depesza.dialects.smsc.call import Call, Serve
from depesza.dialects.smsc.parameters import Given, read_fields
from depesza.dialects.smsc.posting import find_sender
from depesza.dialects.smsc.reading import LONGEST_TEXT, read_send
from depesza.dialects.smsc.send import post
from depesza.dialects.smsc.soap import address
from depesza.dialects.smsc.times import read_time
from depesza.wire import Malformed, soap, wsdl
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.markup import Element, escape, read_document
from depesza.wire.soap import Fault
from depesza.wire.wsdl import Field, Method, Type

SPACE = "http://schemas.microsoft.com/office/Outlook/2006/OMS"
SERVICE_INFO = f"{SPACE}/serviceInfo"
TEXTS = "SMS_SENDER"
"""The only service: texts."""
MOST_RECEIVERS, MOST_CONTENTS, MOST_MESSAGES = 1000, 50, 100
"""Of a message, in a message, in a batch."""
LOCALE = 1049
"""Russian, as Windows counts languages."""
CODES = {2: "invalidUser", 3: "lowBalance", 7: "invalidRecipient", 8: "crossCarrier"}
"""The service's codes for the vendor's; `other` for the rest."""
STATUSES = {"22": "invalidRecipient", "25": "crossCarrier", "24": "lowBalance"}
"""The same for statuses of single receivers."""
_BY_RECEIVER = frozenset({"invalidRecipient", "crossCarrier"})


class Trouble(Struct, frozen=True):
    """Why something was not sent."""

    code: str
    text: str = ""
    receivers: tuple[str, ...] = ()


class Unusable(Exception):
    """A document that says nothing that can be done: `raise Unusable(Trouble(...))`."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble


async def answer(request: HttpRequest, serve: Serve) -> HttpReply:
    """Answer a call, or describe the service."""
    if request.method == "GET" and request.query.lower().startswith("wsdl"):
        here = address(request, "oms")
        return wsdl.write_service(wsdl.Service("OMS", "OMSSoap", SPACE, here, METHODS))
    if request.method != "POST":
        text = b"Use POST; the service is described at ?wsdl"
        return HttpReply(405, text, "text/plain; charset=utf-8", (("Allow", "GET, POST"),))
    try:
        asked = soap.read_request(request.body)
        name = asked.element.name
        argument = ARGUMENTS.get(name)
        if argument is None:
            raise Fault(soap.CLIENT, f"there is no {name[:100]}", asked.version)
        document = soap.read_fields(asked).get(argument, "")
    except Fault as fault:
        return soap.write_fault(fault)
    result = f'<?xml version="1.0" encoding="utf-8"?>{await _result(request, serve, name, document)}'
    return soap.write_answer(
        asked.version, f"{name}Response", asked.element.space, f"<{name}Result>{escape(result)}</{name}Result>"
    )


async def _result(request: HttpRequest, serve: Serve, name: str, document: str) -> str:
    if name == "GetServiceInfo":
        return _service_info(request)
    if name == "GetUserInfo":
        return await _user_info(request, serve, document)
    if name == "DeliverXms":
        return f'<xmsResponse xmlns="{SPACE}">{_errors(await _delivered(request, serve, document))}</xmsResponse>'
    return await _batch(request, serve, document)


# what is answered


def _errors(troubles: Iterable[Trouble]) -> str:
    """Tell what went wrong, or that all is well."""
    return "".join([_error(trouble) for trouble in troubles]) or '<error code="ok" severity="neutral"/>'


def _error(trouble: Trouble) -> str:
    content = f"<content>{escape(trouble.text)}</content>" if trouble.text else ""
    receivers = escape(";".join(trouble.receivers))
    inner = content + (f"<recipientList>{receivers}</recipientList>" if receivers else "")
    return f'<error code="{trouble.code}" severity="failure">{inner}</error>'


def _service_info(request: HttpRequest) -> str:
    here, host = escape(address(request, "oms")), escape(request.headers.get("host") or "localhost")
    return (
        f'<serviceInfo xmlns="{SERVICE_INFO}"><serviceProvider>{host}</serviceProvider><serviceUri>{here}</serviceUri>'
        f"<signUpPage>{escape(request.scheme)}://{host}/</signUpPage><targetLocale>{LOCALE}</targetLocale>"
        f"<localName>{host}</localName><englishName>{host}</englishName><authenticationType>other</authenticationType>"
        f'<supportedService><{TEXTS} maxRecipientsPerMessage="{MOST_RECEIVERS}" maxMessagesPerSend="{MOST_CONTENTS}"'
        f' maxSbcsPerMessage="{LONGEST_TEXT}" maxDbcsPerMessage="{LONGEST_TEXT}"/></supportedService></serviceInfo>'
    )


async def _user_info(request: HttpRequest, serve: Serve, document: str) -> str:
    """Tell the number from which a user's texts are, where they are from one."""
    try:
        user = _read(document, "xmsUser")
        number = await serve(request, "balance", _who(user), _number_of)
        told = f"<replyPhone>{escape(number)}</replyPhone>" if number else ""
        return f'<userInfo xmlns="{SPACE}">{told}{_errors(())}</userInfo>'
    except (Unusable, Refused) as error:
        return f'<userInfo xmlns="{SPACE}">{_errors([_trouble(error)])}</userInfo>'


async def _number_of(call: Call) -> str:
    sender = call.facts.usual_sender(call.account)
    return sender if sender.lstrip("+").isdigit() else ""


async def _batch(request: HttpRequest, serve: Serve, document: str) -> str:
    try:
        messages = list(_read(document, "xmsBatch").all("xmsData"))
        if not 0 < len(messages) <= MOST_MESSAGES:
            raise Unusable(Trouble("other", f"1 to {MOST_MESSAGES} messages are needed"))
    except Unusable as error:
        return (
            f'<xmsResponses xmlns="{SPACE}"><xmsResponse id="0">{_errors([error.trouble])}</xmsResponse></xmsResponses>'
        )
    told = []
    for message in messages:
        id = escape(message.attributes.get("id", ""))
        told.append(f'<xmsResponse id="{id}">{_errors(await _sent(request, serve, message))}</xmsResponse>')
    return f'<xmsResponses xmlns="{SPACE}">{"".join(told)}</xmsResponses>'


# what is sent


async def _delivered(request: HttpRequest, serve: Serve, document: str) -> Sequence[Trouble]:
    try:
        return await _sent(request, serve, _read(document, "xmsData"))
    except Unusable as error:
        return [error.trouble]


async def _sent(request: HttpRequest, serve: Serve, message: Element) -> Sequence[Trouble]:
    """Send what a message holds, in its order; gives what could not be sent."""
    found: list[Trouble] = []
    try:
        for given in _read_message(message):
            found += await _posted(request, serve, given, message.told("user", "replyPhone"))
    except Unusable as error:
        return [error.trouble]
    return list(dict.fromkeys(found))


async def _posted(request: HttpRequest, serve: Serve, given: Given, phone: str) -> Sequence[Trouble]:
    """Send one text; it is from the user's own phone where that is a sender of the account, else from its usual one."""

    async def act(call: Call) -> Sent:
        call = _settled(call, phone)
        return await post(call, read_send(call.given, call.now, home=call.home, zone=call.zone))

    try:
        sent = await serve(request, "send", given, act)
    except Refused as error:
        trouble = _trouble(error)
        receivers = given.texts["phones"].split(",") if trouble.code in _BY_RECEIVER else ()
        return [replace(trouble, receivers=tuple(receivers))]
    codes = [(STATUSES.get(row.status, "other"), row.phone) for row in sent.rows]
    kinds = dict.fromkeys([code for code, _ in codes])
    return [Trouble(kind, receivers=tuple([phone for code, phone in codes if code == kind])) for kind in kinds]


def _settled(call: Call, phone: str) -> Call:
    """Choose the sender, and leave out a time that has come: the same text a moment later is the same request."""
    texts = dict(call.given.texts)
    if not read_time(texts.get("time", ""), call.now):
        texts.pop("time", None)
    sender = find_sender(call.facts, call.account, phone.removeprefix("+")) if phone else None
    if sender is not None and sender.status == "enable":
        texts["sender"] = sender.name
    return replace(call, given=replace(call.given, texts=texts))


def _trouble(error: Unusable | Refused) -> Trouble:
    return error.trouble if isinstance(error, Unusable) else Trouble(CODES.get(error.code, "other"), error.text)


# what is read


def _read(document: str, name: str) -> Element:
    """Read an argument; raises `Unusable`."""
    try:
        root = read_document(document.strip().encode())
    except Malformed as error:
        raise Unusable(Trouble("other", str(error))) from error
    if root.name != name:
        raise Unusable(Trouble("other", f"{name} is needed"))
    return root


def _who(user: Element | None, **fields: str) -> Given:
    told = {"login": user.told("userId"), "psw": user.told("password")} if user is not None else {}
    return read_fields({**told, **fields}, "")


def _read_message(message: Element) -> Sequence[Given]:
    """Read a message as requests to send, one for each content; raises `Unusable`."""
    head, contents = message.find("xmsHead"), list((message.find("xmsBody") or message).all("content"))
    if head is None or not 0 < len(contents) <= MOST_CONTENTS:
        raise Unusable(Trouble("other", f"a head and 1 to {MOST_CONTENTS} texts are needed"))
    service = head.told("requiredService")
    if service != TEXTS:
        raise Unusable(Trouble("unregisteredService", service[:100]))
    if any(content.attributes.get("contentType", "text/plain") != "text/plain" for content in contents):
        raise Unusable(Trouble("invalidMedia"))
    receivers = [each.text.strip().replace(",", " ") for each in (head.find("to") or head).all("recipient")]
    if not 0 < len(receivers) <= MOST_RECEIVERS:
        raise Unusable(Trouble("other", f"1 to {MOST_RECEIVERS} receivers are needed"))
    fields = {"phones": ",".join(receivers), "err": "1"} | _scheduled(head.told("scheduled"))
    return [_who(message.find("user"), **fields, mes=content.text) for content in contents]


def _scheduled(written: str) -> dict[str, str]:
    """Read when a message shall go, `2026-02-02T07:00:00Z`; raises `Unusable`."""
    if not written:
        return {}
    try:
        at = datetime.fromisoformat(written)
        stamp = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Unusable(Trouble("other", "scheduled: no date")) from None
    return {"time": f"0{max(stamp, 1)}"}


ARGUMENTS = {"GetServiceInfo": "", "GetUserInfo": "xmsUser", "DeliverXms": "xmsData", "DeliverXmsBatch": "packageXml"}
"""The service's methods, each with the name of its argument."""
METHODS = [
    Method(
        name,
        Type(name, (Field(argument),) if argument else ()),
        Type(f"{name}Response", (Field(f"{name}Result"),)),
        f"{SPACE}/{name}",
    )
    for name, argument in ARGUMENTS.items()
]
