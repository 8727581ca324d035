"""The door that phones with the app SMSGate call: we play the app's own private server. spec: devices/2

The app is unmodified; its user types our address and a code. Handlers are three strokes: read, service, write.
"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import parse_qs

import structlog

from depesza.core.devices import Kind
from depesza.core.model import MICRO
from depesza.dialects.contract import Context, Row
from depesza.dialects.smsgate_mobile import codec, hooks, pairing, pushed
from depesza.dialects.smsgate_mobile.codec import BadBody
from depesza.dialects.smsgate_mobile.dates import write_time
from depesza.dialects.smsgate_mobile.events import Streams
from depesza.dialects.smsgate_mobile.joining import TOKEN, Gate, read_authorization
from depesza.dialects.smsgate_mobile.refusals import Refused, bad_request, forbidden, refusal, unauthorized
from depesza.dialects.smsgate_mobile.versions import read_agent
from depesza.services import attempts, devices, enrolment, users
from depesza.services.enrolment import CODE_LIFE, Pass
from depesza.store.contract import Busy, Stopped
from depesza.wire.http import ENDLESS, HttpReply, HttpRequest
from depesza.wire.router import Match, NotFound, Router

log = structlog.get_logger()

BASE = "/api/mobile/v1"
EVENT_STREAM = (("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no"))
"""So that no proxy holds events back."""
SHORTEST_PASSWORD = 14

Handler = Callable[[HttpRequest, dict[str, str], int], Awaitable[HttpReply]]


class SmsGateMobile:
    """The app's server over our services. Implements `dialects.contract.Dialect` and `Line`."""

    name = "smsgate_mobile"
    prefixes: Sequence[str] = ("api/mobile", "pair")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._gate = Gate(context)
        self._streams = Streams(context.store, context.now)
        self._routes: tuple[tuple[str, str, Handler], ...] = (
            ("GET", f"{BASE}/device", self._who_am_i),
            ("POST", f"{BASE}/device", self._join),
            ("PATCH", f"{BASE}/device", self._start),
            ("GET", f"{BASE}/message", self._messages),
            ("GET", f"{BASE}/messages", self._messages),
            ("PATCH", f"{BASE}/message", self._reports),
            ("PATCH", f"{BASE}/messages", self._reports),
            ("GET", f"{BASE}/webhooks", self._webhooks),
            ("GET", f"{BASE}/settings", self._settings),
            ("GET", f"{BASE}/events", self._events),
            ("GET", f"{BASE}/user/code", self._code),
            ("PATCH", f"{BASE}/user/password", self._password),
            ("POST", f"{BASE}/hooks/{{device}}/{{secret}}", self._hook),
            ("GET", "/pair/{code}", self._pair),
            ("POST", "/pair/{code}", self._pair_cht),
        )
        self._router = Router(self._routes)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        found = self._router.find(request.method, request.path)
        if not isinstance(found, Match):
            return refusal(404 if isinstance(found, NotFound) else 405, "Nothing lives here")
        try:
            return await found.value(request, found.params, self._context.now())
        except Refused as error:
            log.info("phones.refused", path=request.path, client=request.client, status=error.status, why=str(error))
            return refusal(error.status, str(error))
        except BadBody as error:
            return refusal(400, str(error))
        except (Busy, Stopped):
            return refusal(503, "The service is busy, please try again")

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault"."""
        return refusal(500, "Internal error")

    def coverage(self) -> Sequence[Row]:
        """List every call of the app."""
        return [Row(method, path, done=True) for method, path, _ in self._routes]

    def nudge(self, devices: Sequence[int]) -> None:
        """Tell those that listen here what has just been written for them."""
        self._streams.nudge(devices)

    # a phone and who it is

    async def _who_am_i(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Show a phone its address, and itself where it is known: the app asks before it has joined."""
        told: dict[str, object] = {"externalIp": request.client}
        if read_authorization(request)[1]:
            device = await self._gate.device(request, now)
            told["device"] = {
                "id": str(device.id), "name": device.name, "createdAt": write_time(device.created),
                "updatedAt": write_time(now), "lastSeen": write_time(device.seen),
            }  # fmt: skip
        return _json(told)

    async def _join(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Let a phone in; no password is told, for it makes no user."""
        joined = await self._gate.join(request, codec.read_joining(request.body), now)
        account = self._gate.account_of(joined.device)
        login = joined.device.login or (account.name if account is not None else self._context.brand)
        log.info("phones.joined", device=joined.device.id, account=joined.device.account, client=request.client)
        return _json({"id": str(joined.device.id), "token": joined.token, "login": login}, 201)

    async def _start(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Hear that the app has started."""
        device = await self._gate.device(request, now)
        changing = codec.read_changing(request.body)
        if changing.id != str(device.id):
            raise forbidden("This is another phone's id")
        run = self._context.store.run
        await run(devices.touch, device.id, now, push=changing.push)
        if changing.sims:
            await run(devices.told_of_sims, device.id, changing.sims)
        return HttpReply(204)

    async def _webhooks(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        device = await self._gate.device(request, now)
        return _json(pushed.webhooks(device, _version(request), self._context.vault, self._base(request)))

    async def _settings(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        device = await self._gate.device(request, now)
        store = self._context.store
        told = pushed.settings(device, _version(request), self._context.vault, store.facts)
        await store.run(devices.touch, device.id, now, ping=pushed.ping_of(told))
        return _json(told)

    async def _events(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        device = await self._gate.device(request, now)
        pieces = self._streams.listen(device.id, lambda: self._listens(device.id))
        return HttpReply(200, b"", "text/event-stream", EVENT_STREAM, pieces, ENDLESS)

    async def _listens(self, id: int) -> bool:
        """Note that an open stream still takes what is written; False ends it: the phone is not welcome any more."""
        store, now = self._context.store, self._context.now()
        device = await store.look(devices.find, id)
        if device is None or device.banned:
            return False
        await store.insist(devices.touch, id, now, stream=now)
        return True

    # messages

    async def _messages(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """List what a phone is to send, or to give back."""
        device = await self._gate.device(request, now)
        order = parse_qs(request.query).get("order", ["lifo"])[-1]
        newest_first = order.lower() != "fifo"
        found = await self._context.store.run(attempts.offers, device.id, now, newest_first=newest_first)
        return _json([codec.write_offer(offer) for offer in found if codec.is_for(offer, _version(request))])

    async def _reports(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Take what became of messages; of those nobody knows the phone has forgotten to forget."""
        device = await self._gate.device(request, now)
        reports = codec.read_reports(request.body)
        if reports:
            await self._context.store.run(attempts.report, device.id, reports, now)
        return HttpReply(204)

    async def _hook(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Take news that a phone tells on an address of its own."""
        device = await self._gate.caller(params["device"], params["secret"])
        told = self._gate.told_at(device, request)
        news = hooks.read_news(request.body)
        store = self._context.store
        await store.run(devices.touch, device.id, now, offset=hooks.clock_offset(told, now))
        await hooks.take(store, device, news, told, self._context.policy, now)
        return HttpReply(200, b"{}")

    # the user

    async def _code(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Make a code with which one more phone joins the account of who asks."""
        user = await self._gate.user(request, now)
        context = self._context
        code = enrolment.new_code(context.vault.octets)
        digest = context.vault.digest(code)
        await context.store.run(enrolment.issue, user.account, Pass.CODE, digest, code[:2], now)
        return _json({"code": code, "validUntil": write_time(now + CODE_LIFE)})

    async def _password(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Change the password of the login with which this phone joined."""
        device = await self._gate.device(request, now)
        wish = codec.read_new_password(request.body)
        if len(wish.new) < SHORTEST_PASSWORD:
            raise bad_request(f"newPassword: at least {SHORTEST_PASSWORD} characters are needed")
        user = await self._gate.owner(device, wish.current, request.client, now)
        if user is None:
            raise unauthorized("Wrong password")
        hashed = await self._gate.hashed(wish.new)
        await self._context.store.run(users.change, user.id, {"password": hashed}, None, now)
        return HttpReply(204)

    # the pairing page

    async def _pair(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Show what to type into the app."""
        brand, code = self._context.brand, enrolment.plain(params["code"])
        try:
            expires = await self._gate.good_until(code, request.client, now)
        except Refused as error:
            return pairing.refusal_page(brand, str(error), error.status)
        minutes = max(1, (expires - now) // (60 * MICRO))
        return pairing.invitation_page(brand, pairing.Invitation(self._base(request), code, minutes))

    async def _pair_cht(self, request: HttpRequest, params: dict[str, str], now: int) -> HttpReply:
        """Use up a code for a phone that runs CHT Gateway."""
        brand, vault = self._context.brand, self._context.vault
        token = vault.token(TOKEN)
        newcomer = self._gate.newcomer(Kind.CHT, codec.Joining("CHT Gateway", "", pairing.ONE_SIM), token, "", "")
        try:
            device = await self._gate.enrol(Pass.CODE, params["code"], newcomer, request.client, now)
        except Refused as error:
            return pairing.refusal_page(brand, str(error), error.status)
        scheme, _, host = self._base(request).partition("://")
        return pairing.cht_page(brand, f"{scheme}://{device.id}:{token}@{host}/cht")

    def _base(self, request: HttpRequest) -> str:
        """Tell our address as phones reach it: the configured one, else as this one called us."""
        bases = self._context.bases
        return bases[0] if bases else f"{request.scheme}://{request.headers.get('host', 'localhost')}"


def _version(request: HttpRequest) -> str:
    return read_agent(request.headers.get("user-agent", ""))


def _json(value: object, status: int = 200) -> HttpReply:
    return HttpReply(status, codec.write(value))
