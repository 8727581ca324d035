"""What phones tell us on addresses of their own: texts they received, how they are, their cards. spec: devices/2.3

It is believed when its signature is right, however late it comes: phones try for hours. What was told before is
answered as if it were new, and changes nothing.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from depesza.core.devices import HOUR
from depesza.core.planning import Policy
from depesza.dialects.smsgate_mobile.codec import BadBody, Card, clean, decoded, read_cards
from depesza.dialects.smsgate_mobile.dates import read_time
from depesza.services import devices, phone_health, phone_texts
from depesza.services.phone_health import Sample
from depesza.services.phone_texts import PhoneText
from depesza.store.contract import Store

TRANSPORTS = {8: "ethernet", 4: "wifi", 2: "cellular"}
"""Flags of `connection:transport`; the best counts."""
GENERATIONS = {0: "none", 2: "2G", 3: "3G", 4: "4G", 5: "5G"}


class News(Struct, rename="camel"):
    """The envelope of all news."""

    event: str
    payload: msgspec.Raw
    id: str = ""


class _Received(Struct, rename="camel"):
    message_id: str
    received_at: str = ""
    message: str = ""
    data: str = ""
    sender: str = ""
    phone_number: str = ""
    recipient: str | None = None
    sim_number: int | None = None
    subject: str | None = None
    body: str | None = None
    transaction_id: str = ""


class _Check(Struct, rename="camel"):
    observed_value: float | int | None = None


class _Health(Struct):
    checks: dict[str, _Check] = {}


class _Ping(Struct):
    health: _Health


class _Started(Struct, rename="camel"):
    sim_cards: list[Card] = []


def read_news(body: bytes) -> News:
    """Read the envelope; raises `BadBody`."""
    return decoded(body, News)


def read_text(news: News, sent: int) -> PhoneText:
    """Read a text that a phone received; `sent` is when it told of it. Raises `BadBody`."""
    told = decoded(news.payload, _Received)
    at = read_time(told.received_at) or sent
    kind: Literal["sms", "data", "mms"] = "sms"
    text, data = told.message, b""
    if news.event == "sms:data-received":
        kind, data = "data", _octets(told.data)
        text = data.decode(errors="replace")
    elif news.event.startswith("mms:"):
        kind, data = "mms", bytes(news.payload)
        text = "\n".join(filter(None, (told.subject, told.body)))
    sender = clean(told.sender or told.phone_number)[:50]
    if not sender:
        raise BadBody("payload.sender: missing")
    slot = told.sim_number if told.sim_number is not None and 0 < told.sim_number < 9 else 0
    key = f"{news.event} {told.message_id or told.transaction_id} {told.received_at}"
    return PhoneText(
        key=key[:200], sender=sender, text=text, at=at, slot=slot, recipient=told.recipient or "", kind=kind, data=data
    )


def read_sample(news: News) -> Sample:
    """Read how a phone is; raises `BadBody`."""
    checks = decoded(news.payload, _Ping).health.checks
    seen = {name: int(check.observed_value) for name, check in checks.items() if check.observed_value is not None}
    transport, cellular = seen.get("connection:transport", 0), seen.get("connection:cellular", -1)
    return Sample(
        battery=seen.get("battery:level"),
        charging=bool(seen["battery:charging"]) if "battery:charging" in seen else None,
        transport=next((name for flag, name in TRANSPORTS.items() if transport & flag), ""),
        cellular=GENERATIONS.get(cellular, ""),
        failed=seen.get("messages:failed"),
    )


def _octets(text: str) -> bytes:
    try:
        return msgspec.convert(text, bytes)
    except msgspec.ValidationError as error:
        raise BadBody("payload.data: not base64") from error


async def take(store: Store, device: devices.Device, news: News, sent: int, policy: Policy, now: int) -> None:
    """Take news of a phone whose signature was right; raises `BadBody`. What we never asked for is left alone."""
    match news.event:
        case "sms:received" | "sms:data-received" | "mms:received" | "mms:downloaded":
            await store.run(phone_texts.take_inbound, device, read_text(news, sent), policy, now)
        case "system:ping":
            await store.run(phone_health.health, device, read_sample(news), now)
        case "app:started":
            cards = read_cards(decoded(news.payload, _Started).sim_cards)
            await store.run(devices.told_of_sims, device.id, cards, fill=True)


def clock_offset(sent: int, now: int) -> int | None:
    """Tell by how many milliseconds a phone's clock is behind ours; None for news that waited to be told."""
    return None if now - sent > HOUR else (now - sent) // 1000
