"""Why a phone is turned away, as the app reads it: a status and a message."""

from http import HTTPStatus

from depesza.dialects.smsgate_mobile.codec import write
from depesza.wire.http import HttpReply


class Refused(Exception):
    """A call is refused. The app joins anew after 401 and gives up after 403, so they are never mixed up."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def unauthorized(text: str = "Unauthorized") -> Refused:
    """401: nothing shown lets it in."""
    return Refused(HTTPStatus.UNAUTHORIZED, text)


def forbidden(text: str) -> Refused:
    """403: it is known, and not wanted."""
    return Refused(HTTPStatus.FORBIDDEN, text)


def too_many() -> Refused:
    """429: it guesses."""
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too many tries, please wait")


def bad_request(text: str) -> Refused:
    """400: the body is not what the call wants."""
    return Refused(HTTPStatus.BAD_REQUEST, text)


def refusal(status: int, text: str) -> HttpReply:
    """Write a refusal."""
    return HttpReply(status, write({"message": text}))
