"""The SMSGate dialect on the setting of the acceptance cases, with a client that signs in, and phones that report."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import msgspec
from argon2 import PasswordHasher
from tests.dialects.ovh_auth_world import Answer, plain, read
from tests.dialects.ovh_cases_world import Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import Account
from depesza.core.model import Notice
from depesza.dialects.smsgate import SmsGate
from depesza.services import notices
from depesza.store.tx import Tx
from depesza.wire.http import HttpCall

PASSWORD = "Secret12"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
BASE = "/api/3rdparty/v1"
PHONE, OTHER = "+40740123456", "+40740123457"


def basic(login: str = "api1", password: str = PASSWORD) -> str:
    """Write the header of a login."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


class Gate:
    """The dialect beside OVH's, on one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.store, self.clock = desk.store, desk.clock
        self.dialect = SmsGate(desk.world.ovh._context)
        self.vault = desk.world.vault
        self.signed_in = basic()

    async def ask(
        self, method: str, path: str, value: object = None, *, auth: str | None = None, base: str = BASE,
        client: str = "127.0.0.1", body: bytes | None = None, agent: str = "tests", **query: object,
    ) -> Answer:  # fmt: skip
        """Send a request; `auth` is another header than the user's login, "" for none."""
        target = base + path + (f"?{urlencode(query)}" if query else "")
        sent = body if body is not None else b"" if value is None else json.dumps(value).encode()
        shown = self.signed_in if auth is None else auth
        headers = {"host": "127.0.0.1:8080", "user-agent": agent} | ({"authorization": shown} if shown else {})
        return read(await self.dialect.handle(plain(method, target, sent, headers, client)))

    async def good(self, method: str, path: str, value: object = None, status: int = 200, **more: object) -> object:
        """Send a request that must succeed; gives the JSON."""
        answer = await self.ask(method, path, value, **more)  # type: ignore[arg-type]
        assert answer.status == status, answer.text
        return answer.json

    async def send(self, *numbers: str, **fields: object) -> dict[str, object]:
        """Send a text; gives the state."""
        body = {"textMessage": {"text": "Hello"}, "phoneNumbers": numbers or (PHONE,)} | fields
        found = await self.good("POST", "/messages", body, 202)
        assert isinstance(found, dict)
        return found

    async def refused(self, status: int, method: str, path: str, value: object = None, **more: object) -> str:
        """Send a request that must be refused; gives the reason."""
        answer = await self.ask(method, path, value, **more)  # type: ignore[arg-type]
        assert answer.status == status, answer.text
        assert isinstance(answer.json, dict)
        assert answer.json["code"] == status
        return str(answer.json["message"])

    async def ids(self, name: str) -> list[int]:
        """List our ids of a message's receivers, in their order."""
        return await self.store.look(_ids, name)

    async def state(self, name: str) -> str:
        """Tell the state of a message."""
        found = await self.good("GET", f"/messages/{name}")
        assert isinstance(found, dict)
        return str(found["state"])

    async def owed(self) -> list[tuple[Notice, HttpCall]]:
        """Give the calls that are owed, in the order in which they were written."""
        rows = await self.store.look(notices.due, self.clock.now, 1000)
        found = [row for row in sorted(rows, key=lambda row: row.id) if row.dialect == "smsgate"]
        return [(row, self.dialect.call(row, self.store.facts)) for row in found]

    async def change_account(self, **changes: object) -> None:
        """Change the account's row."""
        row = self.store.facts.account[ONE]
        await self.store.run(_put_account, msgspec.structs.replace(row, **changes))


async def _ids(tx: Tx, name: str) -> list[int]:
    rows = await tx.query(
        "SELECT p.message FROM request_messages p JOIN requests r ON r.id = p.request WHERE r.name = ?1 ORDER BY p.n",
        name,
    )
    return [row[0] for row in rows]


async def _put_account(tx: Tx, row: Account) -> None:
    tx.put("accounts", row)


async def _give_password(tx: Tx) -> None:
    tx.put("users", msgspec.structs.replace(tx.facts.user_named[ONE, "api1"], password=HASHED))


@asynccontextmanager
async def gate_of(url: str) -> AsyncIterator[Gate]:
    """Open the setting."""
    async with desk_of(url) as desk:
        await desk.store.run(_give_password)
        yield Gate(desk)
