"""`GET /<code>`: whoever follows a short link of a message is sent on, and counted. spec: smsc/5.2

They stand right behind the host, for a text has little room; so this dialect has no prefix and answers last.
"""

from collections.abc import Sequence
from urllib.parse import quote

from depesza.dialects.contract import Context, Row
from depesza.services import links
from depesza.wire.http import HttpReply, HttpRequest

_AS_IT_IS = "%/:?#[]@!$&'()*+,;=~-._"
"""What stays in an address; the rest is percent-encoded, as headers know no other letters."""
_PLAIN = "text/plain; charset=utf-8"
_NEVER_KEPT = ("Cache-Control", "no-store")
"""Each click is to come to us."""


class ShortLinks:
    """The redirector. Implements `dialects.contract.Dialect` and `dialects.contract.Finder`."""

    name = "links"
    prefixes: Sequence[str] = ()

    def __init__(self, context: Context) -> None:
        self._context = context

    def owns(self, path: str) -> bool:
        """Tell whether a path has the shape of a short link."""
        return links.is_code(path.strip("/"))

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Send a visitor on; programs that only look (HEAD) are not counted."""
        if request.method not in ("GET", "HEAD"):
            return HttpReply(405, b"Use GET", _PLAIN, (("Allow", "GET, HEAD"),))
        store, code = self._context.store, request.path.strip("/")
        url = await store.look(links.find, code)
        if not url:
            return HttpReply(404, b"Nothing lives here", _PLAIN)
        if request.method == "GET":
            await store.run(links.follow, code, self._context.now())
        return HttpReply(302, b"", _PLAIN, (("Location", quote(url, safe=_AS_IT_IS)), _NEVER_KEPT))

    def failed(self, request: HttpRequest) -> HttpReply:
        """Say "our fault"."""
        return HttpReply(503, b"Try again in a moment", _PLAIN, (("Retry-After", "5"),))

    @staticmethod
    def coverage() -> Sequence[Row]:
        """List the only endpoint."""
        return [Row("GET, HEAD", "/{code}", done=True)]
