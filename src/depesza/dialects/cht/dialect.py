"""CHT Gateway over our services: it calls every half minute, tells its news, takes what is to be sent. spec: devices/3

The app knows no fence and gives nothing back, so what it took stays with it until it says what became of it.
"""

import base64
import binascii
from collections.abc import Sequence

import structlog

from depesza.core.devices import Kind
from depesza.dialects.cht import codec
from depesza.dialects.contract import Context, Row
from depesza.services import attempts, devices, phone_texts
from depesza.services.devices import Device
from depesza.store.contract import Busy, Stopped
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.router import segments

log = structlog.get_logger()

PING = 60
"""Seconds to which Android may stretch the app's rhythm."""
CHALLENGE = (("WWW-Authenticate", 'Basic realm="phones"'),)


class ChtGateway:
    """The server of CHT Gateway. Implements `dialects.contract.Dialect`."""

    name = "cht"
    prefixes: Sequence[str] = ("cht",)

    def __init__(self, context: Context) -> None:
        self._context = context

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request; never raises for bad input."""
        if segments(request.path) != ["cht"]:
            return refusal(404, "Nothing lives here")
        if request.method not in ("GET", "POST"):
            return refusal(405, "Use GET or POST")
        try:
            device = await self._device(request)
            if device is None:
                log.info("cht.refused", client=request.client)
                return refusal(401, "Unauthorized", CHALLENGE)
            if device.banned:
                return refusal(403, "This phone is banned")
            if request.method == "GET":
                return HttpReply(200, b'{"medic-gateway":true}')
            return await self._exchange(device, request.body)
        except codec.BadBody as error:
            return refusal(400, str(error))
        except (Busy, Stopped):
            return refusal(503, "The service is busy, please try again")

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault"."""
        return refusal(500, "Internal error")

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List both calls of the app."""
        return [Row("GET", "/cht", done=True), Row("POST", "/cht", done=True)]

    async def _device(self, request: HttpRequest) -> Device | None:
        """Find the phone whose name and password are shown."""
        scheme, _, shown = request.headers.get("authorization", "").strip().partition(" ")
        try:
            name, _, secret = base64.b64decode(shown.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        context = self._context
        found = await context.store.look(devices.authenticate, context.vault.digest(secret))
        good = scheme.lower() == "basic" and found is not None and found.kind is Kind.CHT and str(found.id) == name
        return found if good else None

    async def _exchange(self, device: Device, body: bytes) -> HttpReply:
        """Take what the phone tells, and give what it is to send."""
        context, now = self._context, self._context.now()
        told = codec.read(body, now)
        run = context.store.run
        await run(devices.touch, device.id, now, ping=PING)
        if told.reports:
            await run(attempts.report, device.id, told.reports, now)
        for text in told.texts:
            await run(phone_texts.take_inbound, device, text, context.policy, now)
        offers = await run(attempts.offers, device.id, now, newest_first=False)
        return HttpReply(200, codec.write(offers))


def refusal(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> HttpReply:
    """Write a refusal as the app shows it."""
    return HttpReply(status, codec.encode({"error": True, "message": text}), headers=headers)
