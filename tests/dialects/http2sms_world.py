"""http2sms on the setting of the acceptance cases: a user with a password, a client that writes queries and forms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import msgspec
from argon2 import PasswordHasher
from msgspec import Struct
from tests.dialects.ovh_auth_world import HOST
from tests.dialects.ovh_cases_world import Desk, desk_of
from tests.store.world import ONE

from depesza.dialects.http2sms import Http2Sms
from depesza.store.tx import Tx
from depesza.wire.http import HttpReply, HttpRequest

PASSWORD = "Secret12"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
HELP = f"http://{HOST}/http2sms/help"
MORE = f". For more informations : {HELP}"
FIELDS = {
    "account": "sms-xx11111-1", "login": "api1", "password": PASSWORD, "from": "MyApp", "to": "0033601020304",
    "message": "Hello", "noStop": "1",
}  # fmt: skip


class Said(Struct):
    """An answer."""

    status: int
    kind: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.split("\n")


class Counter:
    """The http2sms dialect beside OVH's, on one desk."""

    def __init__(self, desk: Desk, **context: object) -> None:
        self.desk = desk
        self.dialect = Http2Sms(msgspec.structs.replace(desk.world.ovh._context, **context))

    async def send(self, client: str = "127.0.0.1", **fields: str) -> Said:
        """GET with sensible fields; `-` leaves one out. A name ends with `_` where Python wants it."""
        return await self.get("?&" + urlencode(self.fields(**fields)), client)

    @staticmethod
    def fields(**fields: str) -> dict[str, str]:
        """Give sensible fields with some changed."""
        given = FIELDS | {name.rstrip("_"): value for name, value in fields.items()}
        return {name: value for name, value in given.items() if value != "-"}

    async def get(self, query: str, client: str = "127.0.0.1", path: str = "/http2sms") -> Said:
        """GET a query as it stands."""
        return await self.ask(request("GET", path + query, client=client))

    async def post(self, body: bytes, kind: str = "application/x-www-form-urlencoded", query: str = "") -> Said:
        """POST a form."""
        return await self.ask(request("POST", "/cgi-bin/sms/http2sms.cgi" + query, body, {"content-type": kind}))

    async def ask(self, asked: HttpRequest) -> Said:
        """Send a request."""
        return said(await self.dialect.handle(asked))

    async def id_of(self, answer: Said) -> int:
        """Give the only id of a plain answer."""
        assert answer.lines[0] == "OK", answer.text
        (id,) = answer.lines[2:]
        return int(id)

    async def change_user(self, **changes: object) -> None:
        """Change api1's row."""
        row = self.desk.store.facts.user_named[ONE, "api1"]
        await self.desk.store.run(_put, "users", msgspec.structs.replace(row, **changes))

    async def change_account(self, **changes: object) -> None:
        """Change the account's row."""
        row = self.desk.store.facts.account[ONE]
        await self.desk.store.run(_put, "accounts", msgspec.structs.replace(row, **changes))


async def _put(tx: Tx, table: str, row: Struct) -> None:
    tx.put(table, row)


def request(
    method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None, client: str = "127.0.0.1"
) -> HttpRequest:
    """Write a request."""
    path, _, query = target.partition("?")
    return HttpRequest(method, target, path, query, {"host": HOST, **(headers or {})}, body, client, "http")


def said(reply: HttpReply) -> Said:
    """Read an answer."""
    return Said(reply.status, reply.content_type, reply.body.decode())


@asynccontextmanager
async def counter_of(url: str, **context: object) -> AsyncIterator[Counter]:
    """Open the setting."""
    async with desk_of(url) as desk:
        counter = Counter(desk, **context)
        await counter.change_user(password=HASHED)
        yield counter
