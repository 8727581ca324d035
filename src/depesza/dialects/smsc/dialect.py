"""The SMSC dialect over HTTP: which script is called, and what is answered where it may not be. spec: smsc/1"""

from collections.abc import Sequence
from typing import TypeVar

import structlog

from depesza.core.facts import Facts
from depesza.core.model import Notice
from depesza.dialects.contract import Context, Row
from depesza.dialects.smsc import answers, notices, oms, openapi, soap
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.call import Act, base_of
from depesza.dialects.smsc.codes import CONCURRENT
from depesza.dialects.smsc.gate import Gate
from depesza.dialects.smsc.mail_door import Bounced, MailDoor, Options
from depesza.dialects.smsc.parameters import Given, read_parameters
from depesza.dialects.smsc.scripts import SCRIPTS
from depesza.store.contract import Busy, Stopped
from depesza.wire.http import HttpCall, HttpReply, HttpRequest
from depesza.wire.router import segments
from depesza.wire.soap import SERVER, Fault, write_fault

log = structlog.get_logger()

T = TypeVar("T")

DOCUMENT = "openapi.json"
"""What is told to anybody."""
ENVELOPED = {"soap": soap.answer, "oms": oms.answer}
"""Scripts that are called with XML, and do what others do."""


class Smsc:
    """SMSC's HTTP API over our services. Implements `dialects.contract.Dialect`, `Voice` and `Mannered`."""

    name = "smsc"
    prefixes: Sequence[str] = ("sys", "rest")
    manners = notices.MANNERS

    def __init__(self, context: Context) -> None:
        self._context = context
        self.gate = Gate(context)
        self._scripts = {script.name: script for script in SCRIPTS}
        self._places = {path: (place, name) for name in self._scripts for place, path in _paths(name)}

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        place, name = self._places.get(request.path) or _called(request)
        script = self._scripts.get(name)
        if name == DOCUMENT and place == "sys":
            return openapi.tell(SCRIPTS, base_of(self._context, request))
        if name in ENVELOPED and place == "sys":
            return await ENVELOPED[name](request, self._serve)
        if script is None:
            return HttpReply(404, b"Nothing lives here", "text/plain; charset=utf-8")
        if request.method not in ("GET", "POST"):
            return HttpReply(405, b"Use GET or POST", "text/plain; charset=utf-8", (("Allow", "GET, POST"),))
        given = read_parameters(request, rest=place == "rest")
        try:
            return await self.gate.serve(request, script, given, script.handler)
        except (Refused, Busy, Stopped) as error:
            return answers.answer_refused(_refused(error, request, name, given), given.fmt, given.charset)

    async def _serve(self, request: HttpRequest, name: str, given: Given, act: Act[T]) -> T:
        """Implements `call.Serve`."""
        try:
            return await self.gate.serve(request, self._scripts[name], given, act)
        except (Refused, Busy, Stopped) as error:
            raise _refused(error, request, name, given) from None

    def mail_door(self, options: Options, bounced: Bounced) -> MailDoor:
        """Make the vendor's door for mail, behind the same gate; raises OSError for a certificate that can't be used.

        What came back to our addresses goes to `bounced`.
        """
        return MailDoor(self._context, self.gate, options, bounced)

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault" in the vendor's form: it is worth trying again."""
        place, name = _called(request)
        if name in ENVELOPED and place == "sys":
            return write_fault(Fault(SERVER, CONCURRENT.text))
        given = read_parameters(request, rest=place == "rest")
        return answers.answer_refused(Refused(*CONCURRENT), given.fmt, given.charset)

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write a callback."""
        return notices.call(notice, facts)

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List the scripts, in both spellings."""
        return [
            Row("GET, POST", path, done=True, note=script.about)
            for script in SCRIPTS
            for _, path in _paths(script.name)
        ] + [
            Row("GET, POST", f"/sys/{DOCUMENT}", done=True, note="All of this, as OpenAPI 3.1: ours"),
            Row("GET, POST", "/sys/soap.php", done=True, note="Sending, status and balance over SOAP, and its WSDL"),
            Row("GET, POST", "/sys/oms.php", done=True, note="Texts of Outlook and SharePoint (Office Mobile Service)"),
        ]


def _refused(error: Refused | Busy | Stopped, request: HttpRequest, name: str, given: Given) -> Refused:
    """Tell what is answered, and the log if it is the caller's fault."""
    if not isinstance(error, Refused):
        return Refused(*CONCURRENT)
    log.info("smsc.refused", script=name, login=given.texts.get("login", "")[:50], client=request.client,
             code=error.code, why=error.text, fault=given.fault)  # fmt: skip
    return error


def _paths(name: str) -> Sequence[tuple[str, str]]:
    """List the places of a script, and its path in each."""
    return ("sys", f"/sys/{name}.php"), ("rest", f"/rest/{name}/")


def _called(request: HttpRequest) -> tuple[str, str]:
    """Read place and script: `/sys/send.php`, `/rest/send/`."""
    parts = segments(request.path)
    if len(parts) != 2:
        return "", ""
    place, name = parts[0].lower(), parts[1].lower()
    return place, name.removesuffix(".php") if place == "sys" else name
