"""One request whose caller is known: what a handler gets."""

from collections.abc import Awaitable, Callable
from datetime import tzinfo
from typing import Protocol, TypeVar

from msgspec import Struct

from depesza.core.facts import Account, Facts, Limits
from depesza.dialects.contract import Context, Serving
from depesza.dialects.smsc.charsets import Charset
from depesza.dialects.smsc.parameters import Given
from depesza.dialects.smsc.times import zone_of
from depesza.services import protection
from depesza.wire.http import HttpReply, HttpRequest

T = TypeVar("T")

UNTOLD = frozenset({"login", "psw", "apikey", "fmt", "charset"})
"""Parameters that make no difference between two requests. spec: smsc/1.7"""


class Call(Struct, Serving, frozen=True):
    """One request of a known account."""

    context: Context
    request: HttpRequest
    given: Given
    account: Account
    login: str
    """The name that was signed in with; the account's where it was an API key."""
    script: str
    now: int

    @property
    def facts(self) -> Facts:
        """What changes rarely."""
        return self.context.store.facts

    @property
    def limits(self) -> Limits:
        """What the account's programs may do how often."""
        return self.facts.limits_of(self.account.id)

    @property
    def fmt(self) -> int:
        """How the answer is written."""
        return self.given.fmt

    @property
    def charset(self) -> Charset:
        """Of the answer."""
        return self.given.charset

    @property
    def zone(self) -> tzinfo:
        """In which times are read and shown."""
        return zone_of(self.account.timezone)

    @property
    def home(self) -> str:
        """Country whose habits of writing numbers the account has."""
        return "UA" if self.account.currency == "UAH" else "RU"

    def asked(self, name: str) -> bool:
        """Tell whether an action or a switch is set to 1."""
        return self.given.get(name) == "1"


def base_of(context: Context, request: HttpRequest) -> str:
    """Tell where this server is reached: as the operator says, or as the client did."""
    return context.bases[0] if context.bases else f"{request.scheme}://{request.headers.get('host', 'localhost')}"


Act = Callable[[Call], Awaitable[T]]
"""What is done once a caller is let in."""
Handler = Act[HttpReply]


class Serve(Protocol):
    """Lets a caller in under the limits of a script, and does something for it; raises `Refused`."""

    def __call__(self, request: HttpRequest, script: str, given: Given, act: Act[T], /) -> Awaitable[T]:
        """Give what `act` gives."""
        ...


class Script(Struct, frozen=True):
    """One of the vendor's scripts."""

    name: str
    """Without `.php`."""
    handler: Handler
    parallel: str = "parallel"
    """Which of the account's `Limits` says how many may run at once; empty: as many as like."""
    same: str = "same_asks"
    """Which of them says how often the same may be asked in a minute; empty: the handler counts itself."""
    about: str = ""


def fingerprint(given: Given) -> str:
    """Give what two requests have in common when they ask for the same, whatever their order of parameters."""
    told = [f"{name}={value}" for name, value in sorted(given.texts.items()) if name not in UNTOLD]
    return protection.digest([*told, *(file.octets for file in given.files)])
