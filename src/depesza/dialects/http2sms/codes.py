"""The tables of http2sms: its parameters, and its status numbers with what they mean. spec: ovh/5.1 ovh/5.2

Help page and coverage page are printed from here.
"""

from enum import IntEnum

from msgspec import Struct


class Parameter(Struct, frozen=True):
    """One parameter; names count in any case."""

    name: str
    needed: bool
    about: str
    alias: str = ""


PARAMETERS = (
    Parameter("account", True, "SMS account", "smsAccount"),
    Parameter("login", True, "user of that account"),
    Parameter("password", True, "the user's password"),
    Parameter("from", True, "enabled sender; not needed with senderForResponse=1"),
    Parameter("to", True, "receivers with commas between them: +33601020304, 0033601020304 or 33601020304"),
    Parameter("message", True, "text in UTF-8; %0d is a line break"),
    Parameter("deferred", False, "when to send, hhmmddMMYYYY in the account's time zone; at once unless given"),
    Parameter("class", False, "0 flash, 1 phone, 2 SIM, 3 external device"),
    Parameter("noStop", False, "1: no STOP clause (not advertising)"),
    Parameter("tag", False, "label of at most 20 characters"),
    Parameter("smsCoding", False, "1: 7 bit where the text allows it, 2: Unicode", "SMSencoding"),
    Parameter("senderForResponse", False, "1: from a short number that can be answered"),
    Parameter("contentType", False, "form of the answer: text/plain unless given, text/html, text/xml, application/xml,"
              " text/json, application/json"),
)  # fmt: skip


class Status(IntEnum):
    """What became of a request; clients take all below 200 for success."""

    DONE = 100
    ALSO_DONE = 101
    MISSING = 201
    INVALID = 202
    SENDER = 241
    ADDRESS = 401
    FAILED = 500
    BUSY = 503


MEANINGS = {
    Status.DONE: "accepted and on disk",
    Status.ALSO_DONE: "the same; the vendor tells no difference, and we never answer it",
    Status.MISSING: "a parameter is missing",
    Status.INVALID: "a parameter is wrong, login or password too, or there are not enough credits",
    Status.SENDER: "the sender is not one of the account's, or not enabled",
    Status.ADDRESS: "the user may not call from this address",
    Status.FAILED: "our fault (a number of ours, not the vendor's)",
    Status.BUSY: "too much waits for the disk: try again (a number of ours, not the vendor's)",
}


def help_text() -> str:
    """Write the page to which every refusal points."""
    lines = ["http2sms: send a text by GET or by a POST form.", "", "Parameters (those with a star are needed):", ""]
    for row in PARAMETERS:
        name = row.name + ("*" if row.needed else "") + (f" or {row.alias}" if row.alias else "")
        lines.append(f"  {name:26} {row.about}")
    lines += ["", "Status numbers, always in an answer with HTTP status 200:", ""]
    lines += [f"  {status:<5} {about}" for status, about in MEANINGS.items()]
    return "\n".join(lines) + "\n"
