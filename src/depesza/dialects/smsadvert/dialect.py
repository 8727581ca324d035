"""The SMSAdvert dialect: who calls, what for, and the answer. spec: smsadvert/1"""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from depesza.core.facts import Account, Facts, Token
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import MICRO, Notice
from depesza.core.planning import Refused as PlanRefused
from depesza.dialects.contract import Context, Manners, Row
from depesza.dialects.smsadvert import answers, codec, notices, reading
from depesza.dialects.smsadvert.answers import Refused
from depesza.dialects.smsadvert.codes import ACCOUNT, BROKEN, DEVICES, ENDPOINTS, QUEUE, SCHEDULE, SEND, Endpoint
from depesza.services import accounts, devices
from depesza.services.submit import submit, usual_sender
from depesza.store.contract import Busy
from depesza.wire.http import HttpCall, HttpReply, HttpRequest
from depesza.wire.router import segments

log = structlog.get_logger()

_BUSY = Refused(429, "Too many requests, please try again", ("Retry-After", "1"))
LONGEST_TOKEN = 4_096
"""Characters."""


class SmsAdvert:
    """SMSAdvert's API over our services. Implements `dialects.contract.Dialect`, `Voice` and `Mannered`."""

    name = codec.VOICE
    prefixes: Sequence[str] = tuple(dict.fromkeys("/".join(segments(row.path.lower())[:2]) for row in ENDPOINTS))
    manners = Manners(SCHEDULE)

    def __init__(self, context: Context) -> None:
        self._context = context
        handlers = {SEND: self._send, DEVICES: self._devices, ACCOUNT: self._account, QUEUE: self._queue}
        self._calls: dict[tuple[str, ...], tuple[Endpoint, Handler]] = {
            tuple(segments(row.path.lower())): (row, handler) for row, handler in handlers.items()
        }

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        token = self._token(request)
        try:
            return self._shown(await self._answer(request, token), token)
        except Refused as error:
            log.info("smsadvert.refused", client=request.client, path=request.path[:100], why=error.text)
            return self._shown(answers.refused(error), token)
        except Busy:
            return self._shown(answers.refused(_BUSY), token)

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault" in the vendor's words."""
        return self._shown(answers.refused(Refused(500, BROKEN)), self._token(request))

    def call(self, notice: Notice, facts: Facts) -> HttpCall:
        """Write a callback."""
        return notices.call(notice, facts)

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List the vendor's calls that are known."""
        return [Row(row.method, row.path, done=True, note=row.about) for row in ENDPOINTS]

    async def _answer(self, request: HttpRequest, token: Token | None) -> HttpReply:
        known = self._calls.get(tuple(part.lower() for part in segments(request.path)))
        if known is None:
            raise Refused(404, "Nothing lives here")
        endpoint, handler = known
        if request.method != endpoint.method:
            raise Refused(405, f"Use {endpoint.method}", ("Allow", endpoint.method))
        account = self._context.store.facts.account.get(token.account) if token is not None else None
        if token is None or account is None:
            raise Refused(401, "The token is missing or unknown")
        if not account.enabled:
            raise Refused(403, "This account is disabled")
        return await handler(request, account, token)

    def _token(self, request: HttpRequest) -> Token | None:
        """Find who calls: the bare token, or `Bearer` before it."""
        shown = request.headers.get("authorization", "").strip()
        if shown[:7].lower() == "bearer ":
            shown = shown[7:].strip()
        if not 0 < len(shown) <= LONGEST_TOKEN:
            return None
        return self._context.store.facts.token_digested.get(self._context.vault.digest(shown))

    @staticmethod
    def _shown(reply: HttpReply, token: Token | None) -> HttpReply:
        """Give errors the status that an old client needs."""
        if token is None or not token.legacy_errors:
            return reply
        return HttpReply(200, reply.body, reply.content_type, reply.headers)

    # the calls

    async def _send(self, request: HttpRequest, account: Account, token: Token) -> HttpReply:
        context = self._context
        now, facts = context.now(), context.store.facts
        wanted = codec.read_message(
            codec.read_body(request.body),
            now,
            country=token.country,
            sender=usual_sender(facts, account),
            tag=self._new_id(now),
            callback=account.callback,
        )
        if isinstance(wanted, dict):
            return answers.wrong(wanted, self._language(request, account, token))
        try:
            done = await context.store.run(submit, account, wanted, context.lanes, context.policy, now)
        except NotEnoughCredits as error:
            raise Refused(402, "Not enough units") from error
        except PlanRefused as error:
            raise Refused(400, f"The message can't be sent: {error}") from error
        return answers.accepted(done)

    async def _devices(self, request: HttpRequest, account: Account, token: Token) -> HttpReply:
        look, now = self._context.store.look, self._context.now()
        found = await look(devices.listing, account.id)
        sims = await look(devices.sims, [device.id for device in found])
        return answers.reply({
            "devices": [
                reading.write_device(device, [sim for sim in sims if sim.device == device.id], now) for device in found
            ]
        })  # fmt: skip

    async def _account(self, request: HttpRequest, account: Account, token: Token) -> HttpReply:
        store = self._context.store
        balance = await store.look(accounts.balance_of, account.id)
        return answers.reply(reading.write_account(account, store.facts, balance))

    async def _queue(self, request: HttpRequest, account: Account, token: Token) -> HttpReply:
        return answers.reply({"count": await self._context.store.look(accounts.waiting, account.id, self.name)})

    def _language(self, request: HttpRequest, account: Account, token: Token) -> str:
        """Choose the language of errors. spec: smsadvert/5"""
        owner = self._context.store.facts.owner.get(account.owner)
        asked = request.headers.get("accept-language", "")
        return answers.choose_language(token.language, asked, owner.language if owner is not None else "")

    def _new_id(self, now: int) -> str:
        """Make a `msgId` that looks like the vendor's: 8 digits of time, 16 of chance. spec: smsadvert/5"""
        return f"{now // MICRO:08x}{self._context.vault.hex(8)}"


Handler = Callable[[HttpRequest, Account, Token], Awaitable[HttpReply]]
