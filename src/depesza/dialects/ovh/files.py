"""Files that a client names by their address: fetched once, guarded and bounded, before anything is written."""

from depesza.dialects.ovh import errors
from depesza.dialects.ovh.call import Call
from depesza.wire import csvlist
from depesza.wire.http import HttpCall


async def fetch(call: Call, url: str, name: str) -> csvlist.List:
    """Fetch and read a list of receivers; `name` is the field that named it. Raises 400."""
    if not url.lower().startswith(("http://", "https://")):
        raise errors.bad_request(f"Invalid value for {name}")
    answer = await call.context.fetch(HttpCall("GET", url))
    if answer.error or not 200 <= answer.status < 300:
        why = answer.error or f"HTTP status {answer.status}"
        raise errors.bad_request(f"Invalid value for {name}: the file could not be fetched ({why})")
    try:
        return csvlist.read(answer.body)
    except csvlist.BadList as error:
        raise errors.bad_request(f"Invalid value for {name}: {error}") from error
