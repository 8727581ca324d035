"""From a mail that came back to receipts: which message it is about, and what became of that."""

from collections.abc import Iterable

from msgspec import Struct

from depesza.connectors.mail.words import state_of
from depesza.core.model import Receipt
from depesza.wire import Malformed, dsn, tickets


class Unrelated(Malformed):
    """A bounce of a mail that is none of ours, or that does not say of which."""


class News(Struct, frozen=True, gc=False):
    """What a bounce says of a message of ours."""

    message: int
    receipts: tuple[Receipt, ...]
    """In the order in which the bounce tells it; their connector is 0: whichever the message left by."""


def read(octets: bytes, recipients: Iterable[str], secret: bytes, now: int) -> News:
    """Read a mail that came to `recipients`; raises `dsn.NotABounce` or `Unrelated`.

    `secret` is that of `tickets.PURPOSE`.
    """
    bounce = dsn.read(octets)
    message = next((id for clue in (*recipients, *bounce.clues) if (id := tickets.find(clue, secret))), 0)
    if not message:
        raise Unrelated("no message of ours is named in it")
    return News(message, tuple([_receipt(told, now) for told in bounce.told]))


def _receipt(told: dsn.Told, now: int) -> Receipt:
    state, reason = state_of(told)
    detail = " ".join(filter(None, (told.action, told.status, told.receiver, told.diagnostic)))
    return Receipt(0, (), state, reason, now, detail=detail)
