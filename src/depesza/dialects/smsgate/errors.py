"""Refusals in SMSGate's form: a status and `{"message", "code"}`. spec: devices/9"""

import msgspec

from depesza.wire.http import HttpReply

_encode = msgspec.json.Encoder().encode


class SmsGateError(Exception):
    """A request that is refused; raised before anything was written."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def reply(error: SmsGateError) -> HttpReply:
    """Write a refusal."""
    headers = (("WWW-Authenticate", 'Basic realm="depesza", charset="UTF-8"'),) if error.status == 401 else ()
    return HttpReply(error.status, _encode({"message": error.message, "code": error.status}), headers=headers)


def bad(message: str) -> SmsGateError:
    """A request that can't be understood."""
    return SmsGateError(400, message)


def invalid(name: str, why: str) -> SmsGateError:
    """A field whose value can't be used."""
    return SmsGateError(400, f"{name}: {why}")


def unauthorized(why: str = "Invalid credentials") -> SmsGateError:
    """Nobody we know."""
    return SmsGateError(401, why)


def forbidden(why: str) -> SmsGateError:
    """Somebody we know, who may not do this."""
    return SmsGateError(403, why)


def not_found(what: str) -> SmsGateError:
    """Something that is not there, or not the caller's."""
    return SmsGateError(404, f"{what} not found")


def conflict(why: str) -> SmsGateError:
    """Something that does not fit what is there."""
    return SmsGateError(409, why)
