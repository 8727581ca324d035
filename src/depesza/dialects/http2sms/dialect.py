"""The http2sms dialect: one address, in two spellings, that takes a text and says what became of it. spec: ovh/5"""

from collections.abc import Mapping, Sequence

import msgspec
import structlog

from depesza.core import senders
from depesza.core.facts import Account, Facts
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import Accepted
from depesza.core.planning import Refused as PlanRefused
from depesza.dialects.contract import Context, Row
from depesza.dialects.http2sms import answers, codec
from depesza.dialects.http2sms.answers import Refused
from depesza.dialects.http2sms.codes import Status, help_text
from depesza.dialects.http2sms.login import Door
from depesza.services.submit import submit
from depesza.store.contract import Busy, Stopped
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.router import segments

log = structlog.get_logger()

PATHS = ("/http2sms", "/cgi-bin/sms/http2sms.cgi")
HELP = "/http2sms/help"
_PATHS = [path.split("/")[1:] for path in PATHS]
_HELP = HELP.split("/")[1:]


class Http2Sms:
    """http2sms over our services. Implements `dialects.contract.Dialect`."""

    name = "http2sms"
    prefixes: Sequence[str] = ("http2sms", "cgi-bin")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._door = Door(context.vault)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        path = segments(request.path)
        if path == _HELP:
            return answers.reply(help_text())
        if path not in _PATHS:
            return answers.reply("Nothing lives here", status=404)
        if request.method not in ("GET", "POST"):
            return answers.reply("Use GET or POST", status=405)
        given = codec.read_parameters(request)
        try:
            return answers.accepted(given.get("contentType", ""), await self._send(request, given))
        except Refused as error:
            return self._refuse(request, given, error)
        except (Busy, Stopped):
            return self._refuse(request, given, Refused(Status.BUSY, "The service is busy, please try again"))

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault" in the vendor's form."""
        return self._refuse(request, codec.read_parameters(request), Refused(Status.FAILED, "Internal error"))

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List both spellings of the address."""
        return [Row(method, path, done=True) for path in PATHS for method in ("GET", "POST")]

    async def _send(self, request: HttpRequest, given: Mapping[str, str]) -> Accepted:
        """Take a request: who, what, then into the next commit."""
        codec.check_given(given)
        context = self._context
        now, facts = context.now(), context.store.facts
        account = facts.account_named.get(given["account"])
        if account is None:
            raise codec.invalid("account")
        user = await self._door.user(facts, account, given["login"], given["password"], request.client, now)
        if not account.enabled:
            raise codec.invalid("account", "is disabled")
        wanted = codec.submission(given, account, user, now)
        if wanted.sender:
            wanted = msgspec.structs.replace(wanted, sender=sender_name(facts, account, wanted.sender))
        try:
            done = await context.store.run(submit, account, wanted, context.lanes, context.policy, now)
        except NotEnoughCredits as error:
            raise Refused(Status.INVALID, "Not enough credits") from error
        except PlanRefused as error:
            raise codec.invalid("message", "is too long" if error.name == "too_long" else "") from error
        if not done.ids:
            raise codec.invalid("to")
        return done

    def _refuse(self, request: HttpRequest, given: Mapping[str, str], error: Refused) -> HttpReply:
        """Write a refusal and log it, once; each text ends with the place where more is told. spec: ovh/5.2"""
        log.info(
            "http2sms.refused",
            account=given.get("account", "")[:100],
            login=given.get("login", "")[:100],
            client=request.client,
            status=int(error.status),
            why=error.text,
            cause=repr(error.__cause__)[:300] if error.__cause__ is not None else None,
        )
        text = f"{error.text}. For more informations : {self._help(request)}"
        return answers.refused(given.get("contentType", ""), error.status, text)

    def _help(self, request: HttpRequest) -> str:
        """Name the page that explains: the operator's, or ours as this client reaches it."""
        context = self._context
        if context.http2sms_help:
            return context.http2sms_help
        base = context.bases[0] if context.bases else f"{request.scheme}://{request.headers.get('host', 'localhost')}"
        return base + HELP


def sender_name(facts: Facts, account: Account, written: str) -> str:
    """Find a sender of the account; raises 241."""
    sender = senders.find(facts, account.id, written)
    shown = "".join(char if char.isprintable() else "?" for char in written[:50])
    if sender is None:
        raise Refused(Status.SENDER, f"Sms sender {shown} does not exists")
    if sender.status != "enable":
        raise Refused(Status.SENDER, f"Sms sender {shown} is not enabled")
    return sender.name
