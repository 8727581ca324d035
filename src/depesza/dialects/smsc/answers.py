"""What SMSC answers, byte for byte, in the format and the character set asked for; HTTP 200 whatever it says.

fmt 0 is text, 1 values with commas, 2 XML, 3 JSON. spec: smsc/1.2 smsc/1.5 smsc/1.6
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from json.encoder import encode_basestring

from msgspec import Struct
from msgspec.structs import asdict

from depesza.core.ledger import two_decimals
from depesza.dialects.smsc.charsets import Charset
from depesza.wire.http import HttpReply
from depesza.wire.markup import escape

Id = int | str
"""What a message is called: a number of the vendor's range or the client's own word (`naming.read_id`)."""
Value = int | str | Sequence[Mapping[str, int | str]]
"""A number goes bare in JSON, text in quotes."""
Members = Mapping[str, Value]
"""An object to tell: values by name, in the order in which they are told."""

TEXT, NUMBERS, XML, JSON = 0, 1, 2, 3
CONTENT_TYPES = ("text/plain", "text/plain", "text/xml", "application/json")

_quote: Callable[[str], str] = encode_basestring


class Refused(Exception):
    """A request that is refused: `raise Refused(*codes.NO_MONEY)`."""

    def __init__(self, code: int, text: str, id: Id = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.id = id
        """Of the message that is kept all the same, with its failure; empty where there is none."""


def reply(text: str, fmt: int, charset: Charset) -> HttpReply:
    """Put a written answer into its envelope."""
    return HttpReply(200, charset.write(text), f"{CONTENT_TYPES[fmt]}; charset={charset.name}")


def answer_refused(error: Refused, fmt: int, charset: Charset) -> HttpReply:
    """Say why a request is refused. spec: smsc/1.6"""
    code, text, id = error.code, error.text, error.id
    if fmt == NUMBERS:
        written = f"{id or 0},-{code}"
    elif fmt == TEXT:
        written = f"ERROR = {code} ({text})" + (f", ID - {id}" if id else "")
    else:
        members: dict[str, Value] = {"error": text, "error_code": code}
        if id:
            members["id"] = id
        written = write_json(members) if fmt == JSON else write_xml("result", members)
    return reply(written, fmt, charset)


def answer_ok(fmt: int, charset: Charset) -> HttpReply:
    """Say that something without an answer of its own was done. spec: smsc/1.5"""
    if fmt == XML:
        return reply("<result>OK</result>", fmt, charset)
    return reply(write_json({"result": "OK"}) if fmt == JSON else "OK", fmt, charset)


def answer_id(id: Id, fmt: int, charset: Charset, *, element: str) -> HttpReply:
    """Tell the id of what was made; `element` is its XML name (`phone`, `job`). spec: smsc/3.7"""
    if fmt == TEXT:
        return reply(f"ID = {id}", fmt, charset)
    return reply(str(id), fmt, charset) if fmt == NUMBERS else answer_object({"id": id}, fmt, charset, element=element)


def answer_object(members: Members, fmt: int, charset: Charset, *, element: str = "result") -> HttpReply:
    """Tell one object; `element` is its XML name."""
    return reply(write_object(members, fmt, element), fmt, charset)


def answer_list(
    rows: Iterable[Members], fmt: int, charset: Charset, *, element: str, root: str = "result"
) -> HttpReply:
    """Tell objects: a line each, an XML element each inside `root` (bare when that is empty), or a JSON array."""
    if fmt == JSON:
        return reply(write_json_list(rows), fmt, charset)
    written = "\n".join([write_object(row, fmt, element) for row in rows])
    if fmt == XML and root:
        written = f"<{root}>\n{written}\n</{root}>" if written else f"<{root}>\n</{root}>"
    return reply(written, fmt, charset)


def write_object(members: Members, fmt: int, element: str = "result") -> str:
    """Write an object: `a = 1, b = 2`, `1,2`, XML or JSON."""
    if fmt == JSON:
        return write_json(members)
    if fmt == XML:
        return write_xml(element, members)
    if fmt == NUMBERS:
        return ",".join([str(value) for value in members.values()])
    return ", ".join([f"{name} = {value}" for name, value in members.items()])


def write_json(members: Members) -> str:
    """Write an object as the vendor's server does: a line feed after each brace and comma, no indent."""
    return "{\n" + ",\n".join([f"{_quote(name)}: {_json(value)}" for name, value in members.items()]) + "\n}"


def write_json_list(rows: Iterable[Members]) -> str:
    """Write objects as an array, `[]` where there are none; it begins with `[{`, which a client looks for."""
    return "[" + ",\n".join([write_json(row) for row in rows]) + "]"


def _json(value: Value) -> str:
    if isinstance(value, str):
        return _quote(value)
    return str(value) if isinstance(value, int) else write_json_list(value)


def write_xml(element: str, members: Members) -> str:
    """Write an object with a line for each of its members."""
    lines = "".join([f"{_xml(name, value)}\n" for name, value in members.items()])
    return f"<{element}>\n{lines}</{element}>"


def _xml(name: str, value: Value) -> str:
    if isinstance(value, int | str):
        return f"<{name}>{escape(str(value))}</{name}>"
    items = "".join([f"{write_xml('item', item)}\n" for item in value])
    return f"<{name}>\n{items}</{name}>"


class Row(Struct, frozen=True, gc=False):
    """What answers tell of one number. spec: smsc/2.3"""

    phone: str
    mccmnc: str = ""
    cost: str = ""
    status: str = ""
    """From `codes.STATUSES`, empty for a number that was taken."""
    error: str = ""
    """From `codes.ERRS`, as well."""


class Sent(Struct, frozen=True, gc=False):
    """What came of a request to send."""

    id: Id
    cnt: int
    """Parts, times numbers; seconds of calls."""
    cost: int
    """In micro-units."""
    balance: int = 0
    """In micro-units, afterwards."""
    code: str = ""
    """The code that a call speaks."""
    rows: Sequence[Row] = ()
    """Numbers to tell one by one, of op=1 and err=1."""


def answer_sent(sent: Sent, cost: int, fmt: int, charset: Charset) -> HttpReply:
    """Say what was sent; `cost` is the parameter: 0 plain, 1 price only, 2 with cost, 3 with balance too."""
    if fmt >= XML:
        return reply((_sent_json if fmt == JSON else _sent_xml)(sent, cost), fmt, charset)
    first = _sent_text(sent, cost) if fmt == TEXT else write_object(_sent_members(sent, cost), NUMBERS)
    lines = [f"{row.phone},{row.mccmnc},{row.cost},{row.status},{row.error}" for row in sent.rows]
    return reply("\n".join([first, *lines]), fmt, charset)


def _sent_text(sent: Sent, cost: int) -> str:
    if cost == 1:
        return f"{two_decimals(sent.cost)} ({sent.cnt} SMS)"
    text = f"OK - {sent.cnt} SMS, ID - {sent.id}"
    if cost >= 2:
        text += f", COST - {two_decimals(sent.cost)}"
    if cost == 3:
        text += f", BALANCE - {two_decimals(sent.balance)}"
    return f"{text}, CODE - {sent.code}" if sent.code else text


def _sent_members(sent: Sent, cost: int) -> dict[str, Value]:
    if cost == 1:
        return {"cost": two_decimals(sent.cost), "cnt": sent.cnt}
    members: dict[str, Value] = {"id": sent.id, "cnt": sent.cnt}
    if cost >= 2:
        members["cost"] = two_decimals(sent.cost)
    if cost == 3:
        members["balance"] = two_decimals(sent.balance)
    if sent.code:
        members["code"] = sent.code
    return members


def _sent_json(sent: Sent, cost: int) -> str:
    members = _sent_members(sent, cost)
    if sent.rows:
        members["phones"] = [asdict(row) for row in sent.rows]
    return write_json(members)


def _sent_xml(sent: Sent, cost: int) -> str:
    written = write_xml("result", _sent_members(sent, cost))
    if not sent.rows:
        return written
    rows = "".join([_row_xml(row) for row in sent.rows])
    return f"{written.removesuffix('</result>')}<phones>\n{rows}</phones>\n</result>"


def _row_xml(row: Row) -> str:
    told = f'mccmnc="{row.mccmnc}" cost="{row.cost}" status="{row.status}" error="{row.error}"'
    return f"<phone {told}>{escape(row.phone)}</phone>\n"
