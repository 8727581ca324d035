"""A shop that moves here from SMSC: an account in roubles, with ways and prices for every channel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from road import Road, apply, built

LOGIN, PASSWORD, KEY = "shop", "let me in", "an API key of the shop"
PHONE = "79161234567"
OTHER = "79161234568"
CHANNELS = ("mms", "mail", "call", "viber", "whatsapp", "telegram", "social")


def furniture(callback: str) -> dict[str, Any]:
    """What the operator sets up for the shop, beside a carrier for texts."""
    account = {"name": "shop", "owner": "ab1-ovh", "currency": "RUR", "home": "smsc", "timezone": "Europe/Moscow"}
    ways = ["hlr", *CHANNELS]
    return {
        "accounts": [account | {"credit": {"initial": 1000}, "callback": callback}],
        "logins": [{"account": "shop", "name": LOGIN, "password": PASSWORD}],
        "tokens": [{"account": "shop", "name": "key", "token": KEY}],
        "senders": [{"account": "shop", "name": name} for name in ("SHOP", "SMSC.ru", "@example.org")],
        "connectors": [{"name": "elsewhere", "kind": "virtual", "settings": {"scale": 0.01}}],
        "routes": [{"channel": channel, "connectors": ["elsewhere"]} for channel in ways],
        "prices": [
            {"country": "RU", "currency": "RUR", "credits": "1.40"},
            *({"channel": channel, "currency": "RUR", "credits": "0.30"} for channel in ("ping", *ways)),
        ],
        "ranges": [{"prefix": "7916", "operator": "МТС", "mcc": "250", "mnc": "01", "region": "Москва"}],
    }


@asynccontextmanager
async def opened(
    url: str, monkeypatch: pytest.MonkeyPatch, callback: str = "", name: str = "", **http: object
) -> AsyncIterator[Road]:
    """Open the shop; `callback` is the end of the address that is told, `name` the host by which it calls."""
    async with built(url, monkeypatch, name, keys=False, **http) as road:
        await apply(road.app, furniture(f"{road.ear.url}{callback}" if callback else ""))
        yield road
        await road.audited()
