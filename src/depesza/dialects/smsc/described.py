"""What each script takes and answers, for the OpenAPI document: names, ranges and what they mean. spec: smsc/2 smsc/3

Ranges and lists of names are those by which the handlers read. A script without a row is not described.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from depesza.core.repeats import Every
from depesza.dialects.smsc import history, jobs, op_templates, papers, phones, receive_phones, senders, templates, users
from depesza.dialects.smsc.charsets import CHARSETS
from depesza.dialects.smsc.codes import PRECEDENCE, Kind
from depesza.dialects.smsc.reading import COSTS, LEVELS, LONGEST_TEXT, LONGEST_URL
from depesza.dialects.smsc.shapes import SWITCH, TEXT, Schema

Parameters = Mapping[str, Schema]


class Described(Struct, frozen=True):
    """One script."""

    takes: Parameters
    answers: tuple[str, ...] = ()
    """Shapes with fmt=3; `[]` behind the name for lists."""
    paper: str = ""
    """Content type of an answer that is none of the four formats."""
    needed: tuple[str, ...] = ()
    """Parameters without which there is an error."""
    files: bool = False
    """Files may come along, under any name, in a multipart form."""


def _whole(least: int, most: int, about: str = "") -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, **_told(about)}


def _text(about: str = "", **more: object) -> Schema:
    return TEXT | _told(about) | more


def _one_of(values: Iterable[str], about: str = "") -> Schema:
    """Write a choice of numbers that a table has as text; nothing is chosen by leaving the parameter out."""
    return {"type": "integer", "enum": [int(value) for value in values if value], **_told(about)}


def _told(about: str) -> dict[str, object]:
    return {"description": about} if about else {}


def _switches(names: Iterable[str]) -> Parameters:
    return dict.fromkeys(names, SWITCH)


def _texts(names: Iterable[str]) -> Parameters:
    return dict.fromkeys(names, TEXT)


_DAYS = {"start": _text("First day, dd.mm.yyyy"), "end": _text("Last day, dd.mm.yyyy")}
_WHO = {"user": _text("Login of a sub-client"), "user_id": _whole(0, 10**15 - 1), "reseller": SWITCH}
_ROW = _whole(0, 10**15 - 1)
_NAMED = {"phone": _text("Numbers, between commas")}

COMMON: Parameters = {
    "fmt": _whole(0, 3, "How it is answered: 0 text, 1 values between commas, 2 XML, 3 JSON"),
    "charset": _text("Of the values, and of the answer", enum=sorted(CHARSETS)),
}
"""What every script takes, beside who calls."""

_SEND: Parameters = {
    "phones": _text("Numbers, `G` and the number of a group, addresses; between commas or semicolons"),
    "mes": _text("The text"),
    "list": _text("`phones:mes` on each line, instead of `phones` and `mes`"),
    "nl": SWITCH | _told("Texts of a list may have several lines"),
    "id": _text("The client's own id: a number, or up to 40 letters, digits and `._-`"),
    "sender": _text("A name or number that is registered; empty or `.` for none"),
    **_switches(kind for kind in PRECEDENCE if kind is not Kind.BIN),
    "bin": _one_of(LEVELS, "Octets: 1 as they are, 2 in hexadecimal digits"),
    "translit": _one_of(LEVELS, "Write in Latin letters, by the first or the second table"),
    "tinyurl": SWITCH | _told("Put short links in place of those in the text"),
    "time": _text("When: `DDMMYYhhmm`, `DD.MM.YY hh:mm`, `h1-h2`, `0` and a timestamp, `+` and minutes"),
    "tz": {"type": "number", "minimum": -15, "maximum": 11, "description": "Hours from Moscow to the zone of `time`"},
    "period": {"type": "number", "minimum": 0.1, "maximum": 720, "description": "Hours over which it is spread"},
    "freq": _whole(1, 1440, "Minutes from one part of the spread to the next"),
    "valid": _text("Hours for which it is tried, 1 to 24, or `hh:mm`"),
    "maxsms": _whole(1, 9999, "Parts to which the text is cut"),
    "cost": _one_of(COSTS, "1 tell the price only, 2 the cost too, 3 the balance as well"),
    "op": SWITCH | _told("Tell of each number"),
    "err": SWITCH | _told("Tell of each bad number"),
    "subj": _text("Subject of a mail or an MMS"),
    "fileurl": _text("A file to fetch and to send along", maxLength=LONGEST_URL),
    "bot": _text("`@name` of a Telegram bot, or `wa:` and a number"),
    "smsreq": _whole(10, 999, "Days after which a Telegram user must confirm the number again"),
    "voice": _text("Who speaks, `m`, `m2` … `w4`, and a language behind a comma"),
    "param": _text("`w,i,n`: seconds that it rings, seconds between tries, tries"),
    "imgcode": _text("What a site's visitor read in the picture"),
    "userip": _text("That visitor's address"),
    "pp": _whole(0, 10**15 - 1, "Partner whose program this is"),
}

_PHONES: Parameters = {
    **_switches(name for name in phones.ACTIONS if name != "move_group"),
    "move_group": _whole(1, 3, "1 into the groups alone, 2 into them as well, 3 out of them"),
    **_texts(phones.FIELDS),
    **_NAMED,
    "mail": _text("Mail addresses"),
    "new_phone": TEXT,
    "new_mail": TEXT,
    "bd": _text("Birthday, dd.mm.yyyy"),
    "grp": _text("Ids of groups, between commas"),
    "num": _ROW | _told("The group's number, for `G<num>`"),
    "type": _whole(0, 2, "What is barred: 0 all, 1 mailings, 2 single messages; of a group: 0 numbers, 1 addresses"),
    "fio": _text("Part of a name"),
    "search": _text("Part of anything"),
    "after_id": TEXT,
}

_USERS: Parameters = {
    **_switches(users.ACTIONS),
    **_WHO,
    **_texts(sorted(users.TOLD)),
    **{name: _whole(0, 10**9) for name in users.COUNTS},
    **_switches(users.FLAGS),
    **_DAYS,
    "new_login": TEXT,
    "password": TEXT,
    "pswc": _text("The password again"),
    "type": _whole(0, int(users.EXTRA_LOGIN), "Whose tariff and balance it has; 4 is one more login"),
    "sum": _text("What is paid; below zero what is taken back", pattern=f"^{users.SUM.pattern}$"),
    "tariff": _whole(0, users.MOST_PLANS),
    "curr": _one_of(users.CURRENCIES, "1 RUR, 2 USD, 3 EUR, 4 UAH, 5 KZT"),
    "tz": _whole(0, 24, "Time zone, 12 for Greenwich"),
    "sender": TEXT,
    "vld": _whole(0, users.MINUTES_A_DAY),
    "tmlim": _text("Hours in which it may send, `h1-h2`"),
    "fmts": _text("Codes that numbers may (`7`) or may not (`-77`) begin with"),
    "mycur": SWITCH,
    "balance2": SWITCH,
}

DESCRIBED: Mapping[str, Described] = {
    "send": Described(_SEND, ("Sent", "Priced"), files=True),
    "imgcode": Described({"userip": _text("The visitor's address")}, paper="image/png", needed=("userip",)),
    "balance": Described({"cur": _text("Anything: tell the currency too")}, ("Balance",)),
    "status": Described(
        {
            "id": _text("Ids, between commas"),
            "phone": _text("Numbers, in the order of the ids; a comma behind a single one makes the answer a list"),
            "all": _one_of(LEVELS, "1 tell all, 2 the country and the operator too"),
            "del": SWITCH | _told("Delete them"),
        },
        ("Status", "Status[]", "Done"),
        needed=("id", "phone"),
    ),
    "jobs": Described(
        {
            **_switches(jobs.ACTIONS),
            **_SEND,
            "name": _text(maxLength=jobs.LONGEST_NAME),
            "tpl": _ROW | _told("Id of a template with text, format and sender"),
            "rpt": _one_of(map(str, Every), "Again each hour, day, working day, weekend, week, month, year"),
            "rptn": _whole(0, jobs.MOST_TIMES, "How often again"),
            "mes2": _text("Text of the SMS that goes where another channel failed", maxLength=LONGEST_TEXT),
            "sender2": _text("Its sender"),
            "fl[5]": SWITCH | _told("Send it"),
            **_DAYS,
        },
        ("Done", "Priced", "NewJob", "Job", "Job[]"),
        files=True,
    ),
    "info": Described({"get_operator": SWITCH, **_NAMED}, ("Operator", "Operator[]"), needed=("phone",)),
    "get_mnp": Described(
        {"date": _text("Day, dd.mm.yyyy, whose numbers are told; without it all are, as CSV")},
        ("Ported[]",),
        paper="text/csv",
    ),
    "receive_phones": Described(
        {
            **_switches(receive_phones.ACTIONS),
            "phone": _text("The number"),
            "noprolong": SWITCH | _told("It ends after the month that is paid"),
        },
        ("Done", "Rentable[]"),
    ),
    "wait_call": Described({"phone": _text("Who shall call")}, ("Called",), needed=("phone",)),
    "ping": Described(
        {
            "id": _ROW | _told("Number of the alarm"),
            "ok": SWITCH | _told("It is well again"),
            "name": _text("What fails"),
            "host": _text("Where"),
            "info": _text("Why"),
        },
        ("Done",),
        needed=("id", "ok"),
    ),
    "tinyurls": Described({"get": SWITCH, "id": _ROW, "link": _text("The address, or the short one")}, ("Link",)),
    "get": Described(
        {
            **_switches(history.ACTIONS),
            **_DAYS,
            **_NAMED,
            "email": _text("Addresses, between commas"),
            "format": _text("Messages: 0 texts, 8 mails", enum=["0", "8"]),
            "cnt": _whole(0, 10_000, "Messages of an answer, 1000 of those sent at most"),
            "prev_id": _ROW | _told("`int_id` of the last one of the page before"),
            "hour": _whole(0, 168, "What came in within these hours"),
            "after_id": _ROW,
            "to_phone": TEXT,
            "balance2": SWITCH,
        },
        ("Message[]", "Received[]", "Sums[]", "Prices"),
    ),
    "phones": Described(_PHONES, ("Done", "Made", "Contact[]", "Group[]")),
    "templates": Described(
        {
            **_switches(templates.ACTIONS),
            "id": _ROW,
            **_texts(templates.FIELDS),
            "format": _text(enum=sorted(templates.FORMATS)),
            templates.SIGNATURE: SWITCH | _told("It is a signature"),
        },
        ("Done", "Made", "Template[]"),
    ),
    "op_templates": Described(
        {**_switches(op_templates.ACTIONS), **_texts(("sender", "msg")), **_switches(op_templates.FLAGS)},
        ("Made", "OperatorTemplate[]"),
    ),
    "documents": Described(
        {
            **_switches(papers.ACTIONS),
            **_WHO,
            "sum": _text("What is to be paid", pattern=f"^{users.SUM.pattern}$"),
            "service": _text(maxLength=papers.LONGEST_SERVICE),
            "num": _ROW | _told("Number of an invoice"),
            "id": _ROW,
        },
        paper="application/pdf",
    ),
    "users": Described(_USERS, ("Done", "Made", "Subclient[]")),
    "senders": Described(
        {
            **_switches(senders.ACTIONS),
            "sender": _text("A name of up to 11 characters, or a number"),
            "id": _ROW,
            "cmt": _text(maxLength=senders.LONGEST),
            **dict.fromkeys((*senders.TOLD, *senders.OPERATORS), _text(maxLength=senders.LONGEST)),
            "code": _text("What the number got"),
            "all": SWITCH,
            "operators": SWITCH,
            "prev_id": _ROW,
            "cnt": _whole(0, 10**15 - 1),
            "from_date": _text("dd.mm.yyyy"),
        },
        ("Done", "NewSender", "Sender[]"),
        files=True,
    ),
}
"""By the script's name."""
