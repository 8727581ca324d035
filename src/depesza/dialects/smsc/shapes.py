"""What scripts answer with fmt=3, as JSON schemas by name: for the OpenAPI document. spec: smsc/1.5 smsc/3

The names come from the tables by which answers are written, where there is one.
"""

from collections.abc import Iterable, Mapping

from depesza.dialects.smsc import history, op_templates, senders, telling
from depesza.dialects.smsc.answers import JSON, Row
from depesza.dialects.smsc.codes import ERRS, STATUSES, TYPES
from depesza.dialects.smsc.naming import LARGEST_ID
from depesza.services import mailings

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
SWITCH: Schema = {"type": "integer", "enum": [0, 1]}
MONEY: Schema = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$"}
PRICE: Schema = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2,6}$"}
DIGITS: Schema = {"type": "string", "pattern": "^[0-9]+$"}
DATE: Schema = {"type": "string", "pattern": r"^([0-9]{2}\.[0-9]{2}\.[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2})?$"}
"""A moment in the account's zone; empty where there was none."""
ID: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": (1 << 53) - 1},
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,40}$"},
    ],
    "description": f"The client's own (a number is {LARGEST_ID} at most), or the one that was given instead",
}
_MADE: Schema = {"type": "integer", "minimum": 1}

_MESSAGE: Mapping[str, Schema] = {
    "id": ID,
    "int_id": _MADE,
    "status": {"type": "integer", "enum": sorted(STATUSES)},
    "err": {"type": "integer", "enum": sorted(ERRS)},
    "type": {"type": "integer", "enum": sorted(TYPES.values())},
    "flag": COUNT,
    "last_date": DATE,
    "last_timestamp": COUNT,
    "send_date": DATE,
    "send_timestamp": COUNT,
    "cost": MONEY,
    "sms_cnt": COUNT,
    "format": {"type": "integer", "enum": [0, 8]},
    "crc": COUNT,
}
"""Members of messages that are not just text."""


def shape(members: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Write an object: members that are always there, and those that may be."""
    return {
        "type": "object",
        "required": list(members),
        "properties": {**members, **(optional or {})},
        "additionalProperties": False,
    }


def texts(*names: str) -> dict[str, Schema]:
    """Write members that are text."""
    return dict.fromkeys(names, TEXT)


def _message(names: Iterable[str]) -> dict[str, Schema]:
    return {name: _MESSAGE.get(name, TEXT) for name in names}


_ROWS: Schema = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}}
_SUMS = {"credit": MONEY, "debit": MONEY, "currency": TEXT}
_JOB_STATUSES = [mailings.WAITING, mailings.RUNNING, mailings.PAUSED, mailings.DONE, mailings.CANCELLED]
_SHORT = telling.names_of(JSON, 0, hlr=False)

SHAPES: Mapping[str, Schema] = {
    "Error": shape({"error": TEXT, "error_code": {"type": "integer", "minimum": 1, "maximum": 9}}, {"id": ID}),
    "Done": shape({"result": {"const": "OK"}}),
    "Made": shape({"id": _MADE}),
    "Row": shape(texts(*Row.__struct_fields__)),
    "Sent": shape({"id": ID, "cnt": COUNT}, {"cost": MONEY, "balance": MONEY, "code": DIGITS, "phones": _ROWS}),
    "Priced": shape({"cost": MONEY, "cnt": COUNT}, {"phones": _ROWS}),
    "NewJob": shape({"id": ID}, {"cost": MONEY, "balance": MONEY}),
    "Job": shape(
        {
            "id": ID,
            "name": TEXT,
            "status": {"type": "string", "enum": _JOB_STATUSES},
            "date": DATE,
            **dict.fromkeys(("cnt", "sent", "delivered", "failed"), COUNT),
            "cost": MONEY,
        }
    ),
    "Operator": shape(texts("country", "operator", "region", "mcc", "mnc", "tz"), {"phone": DIGITS}),
    "Ported": shape({"phone": DIGITS, "mccmnc": TEXT}),
    "Rentable": shape({"phone": DIGITS, "cost": MONEY}),
    "Called": shape({"phone": DIGITS}),
    "Link": shape({"id": _MADE, "link": TEXT, **dict.fromkeys(("cnt", "cnt_mon", "cnt_day", "cnt_yes"), COUNT)}),
    "Balance": shape({"balance": MONEY}, {"credit": MONEY, "currency": TEXT}),
    "Status": shape(_message(_SHORT), _message([*telling.names_of(JSON, 2, hlr=True), "id", "phone"])),
    "Message": shape(_message(history.SENT)),
    "Received": shape({"id": _MADE, **texts("received", "phone", "message", "to_phone", "sent")}),
    "Sums": shape({"login": TEXT, "cnt": COUNT, **_SUMS}, {"balance2": MONEY}),
    "Zone": shape(texts("zone", "name"), dict.fromkeys(history.PRICES, PRICE)),
    "Prices": shape({"zones": {"type": "array", "items": {"$ref": "#/components/schemas/Zone"}}}),
    "Contact": shape(
        {
            "id": ID | {"description": "The client's own, or ours where it has none"},
            **texts(
                "name", "phone", "group", "first_name", "last_name", "middle_name", "birthday", "comments", "tags",
                "phone_other",
            ),
        },
        {"int_id": _MADE},
    ),
    "Group": shape({"id": _MADE, "name": TEXT, "number": TEXT, "cnt": DIGITS}),
    "Template": shape({"id": _MADE, **texts("format", "name", "message", "sender"), "flag": SWITCH}),
    "OperatorTemplate": shape(
        {"id": _MADE, **texts("sender", "message"), **dict.fromkeys(op_templates.FLAGS, SWITCH)}
    ),
    "Subclient": shape(
        {"user_id": _MADE, **texts("user", "login"), "cnt": DIGITS, **_SUMS},
        {
            "balance2": MONEY,
            "type": {"type": "string", "enum": ["0", "1", "2", "3"]},
            "tariff": DIGITS,
            "enabled": SWITCH,
            **texts("fio", "email", "phone", "notes"),
        },
    ),
    "NewSender": shape({"id": _MADE, "sender": TEXT}),
    "Sender": shape(
        {
            "id": _MADE,
            **texts("sender", "cmt"),
            "status": {"type": "string", "enum": list(senders.STATUSES.values())},
        },
        texts(*senders.OPERATORS),
    ),
}  # fmt: skip
"""Every object that an answer is or holds."""


def ref(name: str) -> Schema:
    """Point to one of the shapes."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(names: Iterable[str]) -> Schema:
    """Write what a script answers: one of the shapes named, `Sender[]` for a list of them, or an error."""
    listed = [ref(name) if not name.endswith("[]") else {"type": "array", "items": ref(name[:-2])} for name in names]
    return {"anyOf": [*listed, ref("Error")]}
