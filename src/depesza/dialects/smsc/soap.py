"""soap.php: sending, status and balance over SOAP, by the same handlers, limits and locks as over HTTP. spec: smsc/4.3

An envelope that can't be used is answered by a fault, everything else by a result whose `error` is 0 or a code.
"""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from depesza.core.ledger import two_decimals
from depesza.dialects.smsc import balance, status
from depesza.dialects.smsc.answers import JSON, Refused, Value
from depesza.dialects.smsc.call import Call, Serve
from depesza.dialects.smsc.codes import PARAMETERS
from depesza.dialects.smsc.parameters import read_fields
from depesza.dialects.smsc.reading import read_send
from depesza.dialects.smsc.send import PRICE_ONLY, post
from depesza.dialects.smsc.telling import names_of, tell, unknown
from depesza.wire import soap, wsdl
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.soap import Fault
from depesza.wire.wsdl import Field, Method, Type

Result = Mapping[str, Value]

RESULTS = {
    "sendresult": ("id", "balance", "cost", "cnt", "error"),
    "costresult": ("cost", "cnt", "error"),
    "statusresult": (
        "status", "last_date", "last_timestamp", "err", "error", "send_date", "send_timestamp", "phone", "cost",
        "sender_id", "status_name", "message", "sms_cnt", "operator", "region",
    ),
    "balanceresult": ("balance", "error"),
}  # fmt: skip
"""What each kind of result can tell, in its order."""


async def answer(request: HttpRequest, serve: Serve) -> HttpReply:
    """Answer a call, or describe the service."""
    if request.method == "GET" and request.query.lower().startswith("wsdl"):
        return wsdl.write_service(_described(request))
    if request.method != "POST":
        text = b"Use POST; the service is described at ?wsdl"
        return HttpReply(405, text, "text/plain; charset=utf-8", (("Allow", "GET, POST"),))
    try:
        asked = soap.read_request(request.body)
        operation = _BY_ELEMENT.get(asked.element.name)
        if operation is None:
            raise Fault(soap.CLIENT, f"there is no {asked.element.name[:100]}", asked.version)
        fields = soap.read_fields(asked)
    except Fault as fault:
        return soap.write_fault(fault)
    result = await _result(request, operation, fields, serve)
    shown = {name: str(result[name]) for name in RESULTS[operation.result] if name in result}
    content = soap.write_fields(operation.result, shown)
    return soap.write_answer(asked.version, operation.response, asked.element.space, content)


async def _result(
    request: HttpRequest, operation: "Operation", fields: Mapping[str, str], serve: Serve
) -> Mapping[str, Value]:
    own = {name: text for name, text in fields.items() if name != "query"}
    given = read_fields(own, fields.get("query", ""))
    try:
        return {**await serve(request, operation.script, given, operation.act), "error": 0}
    except Refused as error:
        return {"id": error.id, "error": error.code} if error.id else {"error": error.code}


def address(request: HttpRequest, script: str) -> str:
    """Give a script's address as the client of a request knows it."""
    return f"{request.scheme}://{request.headers.get('host') or 'localhost'}/sys/{script}.php"


def _described(request: HttpRequest) -> wsdl.Service:
    here = address(request, "soap")
    types = [Type(name, tuple([Field(each) for each in fields])) for name, fields in RESULTS.items()]
    return wsdl.Service("Service", "ServiceSoap", here, here, [each.method for each in OPERATIONS], types)


# what the operations do


async def _send(call: Call) -> Result:
    wanted = read_send(call.given, call.now, home=call.home, zone=call.zone)
    if wanted.speaks_code:
        raise Refused(*PARAMETERS)  # no field would tell the code
    sent = await post(call, wanted)
    told: dict[str, Value] = {"cost": two_decimals(sent.cost), "cnt": sent.cnt}
    return told if wanted.cost == PRICE_ONLY else told | {"id": sent.id, "balance": two_decimals(sent.balance)}


async def _cost(call: Call) -> Result:
    texts = {**call.given.texts, "cost": str(PRICE_ONLY)}
    return await _send(replace(call, given=replace(call.given, texts=texts)))


async def _status(call: Call) -> Result:
    level = status.read_level(call)
    names, _ = status.read_names(call)
    if len(names) != 1:
        raise Refused(*PARAMETERS)  # a result tells of one message
    if call.asked("del"):
        await status.delete(call, names)
        return {}
    (item,) = await status.find(call, names, several=False)
    if item is None:
        return unknown()
    told = tell(item, call.facts.numbering, call.zone)
    return {name: told[name] for name in names_of(JSON, level, hlr=False)}


async def _balance(call: Call) -> Result:
    return {"balance": await balance.held(call)}


class Operation(Struct, frozen=True):
    """One of the vendor's operations."""

    name: str
    request: str
    needed: str
    """Fields, with blanks between them; all operations may tell who calls."""
    optional: str
    response: str
    result: str
    script: str
    """Whose limits hold."""
    act: Callable[[Call], Awaitable[Result]]

    @property
    def method(self) -> Method:
        """Describe it."""
        needed = [Field(name, optional=False) for name in self.needed.split()]
        optional = [Field(name) for name in self.optional.split()]
        fields = (Field("login"), Field("psw"), *needed, *optional, Field("apikey"))
        response = Type(self.response, (Field(self.result, f"tns:{self.result}", optional=False),))
        return Method(self.name, Type(self.request, fields), response, self.name)


_SEND, _COST = "id sender time", "id sender"
OPERATIONS = (
    Operation("send_sms", "send", "phones mes", _SEND, "SendResponse", "sendresult", "send", _send),
    Operation("send_sms2", "send2", "phones mes", f"{_SEND} query", "Send2Response", "sendresult", "send", _send),
    Operation("get_sms_cost", "cost", "phones mes", _COST, "CostResponse", "costresult", "send", _cost),
    Operation("get_sms_cost2", "cost2", "phones mes", f"{_COST} query", "Cost2Response", "costresult", "send", _cost),
    Operation("get_status", "status", "phone id", "all", "StatusResponse", "statusresult", "status", _status),
    Operation("get_status2", "status2", "phone id", "all query", "Status2Response", "statusresult", "status", _status),
    Operation("get_balance", "balance", "", "", "BalanceResponse", "balanceresult", "balance", _balance),
)
_BY_ELEMENT = {operation.request: operation for operation in OPERATIONS}
