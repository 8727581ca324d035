"""What http2sms answers: one success and one failure in each form that contentType names. spec: ovh/5.3"""

from collections.abc import Callable, Sequence
from html import escape

import msgspec
from msgspec import Struct

from depesza.core import ledger
from depesza.core.model import MICRO, Accepted
from depesza.dialects.http2sms.codes import Status
from depesza.wire.http import HttpReply


class Refused(Exception):
    """A request that is refused; raised before anything was written."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Form(Struct, frozen=True):
    """How one content type is written."""

    accepted: Callable[[str, Sequence[str]], str]
    """From the credits left and the ids."""
    refused: Callable[[int, str], str]
    """From status and text."""


def _plain_accepted(left: str, ids: Sequence[str]) -> str:
    return "\n".join(("OK", left, *ids))


def _plain_refused(status: int, text: str) -> str:
    return f"KO\n{text}"


_HTML = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<HTML>
<HEAD>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" >
<title>HTTP2SMS</title>
</HEAD>
<BODY>
%s
</BODY>
</HTML>"""


def _html_accepted(left: str, ids: Sequence[str]) -> str:
    return _HTML % "\n".join(f"{line}<br>" for line in ("OK", left, *ids))


def _html_refused(status: int, text: str) -> str:
    return _HTML % f"KO<br>{escape(text)}<br>"


_XML = '<?xml version="1.0" encoding="UTF-8" ?><response><status>%d</status>%s</response>'


def _xml_accepted(left: str, ids: Sequence[str]) -> str:
    listed = "".join(f"<smsId>{id}</smsId>" for id in ids)
    return _XML % (Status.DONE, f"<creditLeft>{left}</creditLeft><smsIds>{listed}</smsIds>")


def _xml_refused(status: int, text: str) -> str:
    return _XML % (status, f"<message>{escape(text, quote=False)}</message>")


def _json_accepted(left: str, ids: Sequence[str]) -> str:
    return msgspec.json.encode({"status": int(Status.DONE), "creditLeft": left, "SmsIds": ids}).decode()


def _json_refused(status: int, text: str) -> str:
    return msgspec.json.encode({"status": status, "message": text}).decode()


PLAIN = "text/plain"
_XML_FORM, _JSON_FORM = Form(_xml_accepted, _xml_refused), Form(_json_accepted, _json_refused)
FORMS: dict[str, Form] = {
    PLAIN: Form(_plain_accepted, _plain_refused),
    "text/html": Form(_html_accepted, _html_refused),
    "text/xml": _XML_FORM,
    "application/xml": _XML_FORM,
    "text/json": _JSON_FORM,
    "application/json": _JSON_FORM,
}
"""By contentType; another one is answered as text/plain."""


def accepted(asked: str, done: Accepted) -> HttpReply:
    """Write what was accepted, in the form asked for."""
    kind = _kind(asked)
    return reply(FORMS[kind].accepted(left(done.balance), [str(id) for id in done.ids]), kind)


def refused(asked: str, status: Status, text: str) -> HttpReply:
    """Write a refusal, in the form asked for."""
    kind = _kind(asked)
    return reply(FORMS[kind].refused(int(status), text), kind)


def reply(text: str, kind: str = PLAIN, status: int = 200) -> HttpReply:
    """Write an answer: HTTP 200 whatever its own status says, or clients would not read it. spec: ovh/5.2"""
    return HttpReply(status, text.encode(), f"{kind}; charset=utf-8")


def _kind(asked: str) -> str:
    kind = asked.strip().lower()
    return kind if kind in FORMS else PLAIN


def left(balance: int) -> str:
    """Write the credits left: `1007`, or with two decimals where it is not whole."""
    whole, rest = divmod(balance, MICRO)
    return ledger.two_decimals(balance) if rest else str(whole)
