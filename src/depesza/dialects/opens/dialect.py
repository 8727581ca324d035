"""`GET /o/<mark>.gif`: a picture of one point, and the message in whose mail it stands was opened. spec: smsc/3.2

Mails have it only where a connector's `track_opens` says so. Whoever asks gets the picture: nothing is told by it.
"""

from base64 import b64decode
from collections.abc import Sequence

from depesza.dialects.contract import Context, Row
from depesza.services import opens
from depesza.wire import tickets
from depesza.wire.http import HttpReply, HttpRequest

_POINT = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_HEADERS = (("Cache-Control", "no-store"),)


class Opens:
    """The address of the picture. Implements `dialects.contract.Dialect`."""

    name = "opens"
    prefixes: Sequence[str] = (tickets.PICTURES,)

    def __init__(self, context: Context) -> None:
        self._context = context
        self._secret = context.vault.secret_for(tickets.OPENED)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Give the picture; programs that only look (HEAD) have opened nothing."""
        if request.method not in ("GET", "HEAD"):
            return HttpReply(405, b"Use GET", "text/plain", (("Allow", "GET, HEAD"),))
        message = tickets.find(request.path, self._secret)
        if message and request.method == "GET":
            await self._context.store.run(opens.note, message, self._context.now())
        return HttpReply(200, _POINT, "image/gif", _HEADERS)

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault"."""
        return HttpReply(503, b"Try again in a moment", "text/plain", (("Retry-After", "5"),))

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List the only endpoint."""
        return [Row("GET, HEAD", f"/{tickets.PICTURES}/{{mark}}.gif", done=True)]
