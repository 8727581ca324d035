"""What tests of files do over the API: make them, carry them, wait for those that we write."""

from urllib.parse import urlsplit

from tests.dialects.ovh_auth_world import plain
from tests.dialects.ovh_cases_world import Desk

from depesza.dialects import WRITERS
from depesza.services import builds
from depesza.wire.http import HttpReply

ALL = tuple((method, "/*") for method in ("GET", "POST", "PUT", "DELETE"))


async def transfer(desk: Desk, method: str, url: str, body: bytes = b"") -> HttpReply:
    """Use an address of a file, unsigned; what comes in pieces is put together."""
    reply = await desk.world.ovh.handle(plain(method, urlsplit(url).path, body))
    if reply.more is None:
        return reply
    whole = b"".join([piece async for piece in reply.more])
    assert len(whole) == reply.length
    return HttpReply(reply.status, whole, reply.content_type, reply.headers)


async def made(desk: Desk, **fields: object) -> dict[str, str]:
    """POST /me/document."""
    found = await desk.good("POST", "//me/document", {"name": "a.csv", **fields})
    assert isinstance(found, dict)
    return found


async def shown(desk: Desk, id: str) -> dict[str, object]:
    """GET /me/document/{id}."""
    found = await desk.good("GET", f"//me/document/{id}")
    assert isinstance(found, dict)
    return found


async def build(desk: Desk) -> None:
    """Do the exporter's work to its end."""
    for id in await desk.store.look(builds.running):
        more = True
        while more:
            found = await desk.store.look(builds.find, id, desk.clock.now)
            assert found is not None
            page = await desk.store.look(WRITERS[found.dialect], found)
            more = await desk.store.run(builds.add, found, page, desk.clock.now)
