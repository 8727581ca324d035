"""Files that a client names by their address: fetched once, guarded and bounded, before anything is written."""

import asyncio

from depesza.core.planning import Policy
from depesza.dialects.ovh import errors
from depesza.dialects.ovh.call import Call
from depesza.services import audiences
from depesza.services.audiences import Draft
from depesza.wire import csvlist
from depesza.wire.http import HttpCall


async def fetch(call: Call, url: str, name: str) -> Draft:
    """Fetch, read and check a list of receivers; `name` is the field that named it. Raises 400."""
    if not url.lower().startswith(("http://", "https://")):
        raise errors.bad_request(f"Invalid value for {name}")
    answer = await call.context.fetch(HttpCall("GET", url))
    if answer.error or not 200 <= answer.status < 300:
        why = answer.error or f"HTTP status {answer.status}"
        raise errors.bad_request(f"Invalid value for {name}: the file could not be fetched ({why})")
    try:
        # a long list takes seconds, in which others want their answers
        return await asyncio.to_thread(_read, answer.body, call.context.policy)
    except csvlist.BadList as error:
        raise errors.bad_request(f"Invalid value for {name}: {error}") from error


def _read(data: bytes, policy: Policy) -> Draft:
    return audiences.check(csvlist.read(data), policy)
