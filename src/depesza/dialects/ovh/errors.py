"""OVH's refusals: what a handler raises and the body that clients read. spec: ovh/1.10

We send message, errorCode, httpCode and class together where known: each client reads another one.
"""

from http import HTTPStatus

import msgspec

PHRASES = {status.value: status.phrase for status in HTTPStatus} | {460: "Expired"}

BAD_REQUEST = "Client::BadRequest"
FORBIDDEN = "Client::Forbidden"
NOT_FOUND = "Client::NotFound"
CONFLICT = "Client::Conflict"


class OvhError(Exception):
    """A refusal in OVH's form; raised before anything was written."""

    def __init__(
        self,
        status: int,
        message: str,
        error_code: str = "",
        cls: str = "",
        details: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_code = error_code
        self.cls = cls
        self.details = details


def body(error: OvhError) -> bytes:
    """Write the JSON of a refusal."""
    written: dict[str, object] = {"message": error.message}
    if error.error_code:
        written["errorCode"] = error.error_code
    written["httpCode"] = f"{error.status} {PHRASES.get(error.status, 'Error')}"
    if error.cls:
        written["class"] = error.cls
    if error.details is not None:
        written["details"] = error.details
    return msgspec.json.encode(written)


# the gateway's refusals, whose texts clients compare


def invalid_signature() -> OvhError:
    """The signature fits no spelling of the address."""
    return OvhError(400, "Invalid signature", "INVALID_SIGNATURE")


def query_time_out() -> OvhError:
    """The timestamp is outside the window."""
    return OvhError(400, "Query out of time", "QUERY_TIME_OUT")


def not_credential() -> OvhError:
    """A consumer key is needed; npm `@ovh-api/api` compares this text and starts its login."""
    return OvhError(403, "You must login first", "NOT_CREDENTIAL")


def invalid_credential() -> OvhError:
    """The consumer key is unknown, pending, refused or expired."""
    return OvhError(403, "This credential is not valid", "INVALID_CREDENTIAL")


def invalid_key() -> OvhError:
    """The application is unknown or blocked."""
    return OvhError(403, "Invalid application key", "INVALID_KEY", FORBIDDEN)


def not_granted() -> OvhError:
    """No access rule of the consumer key covers the call."""
    return OvhError(403, "This call has not been granted", "NOT_GRANTED_CALL", FORBIDDEN)


def not_granted_by_policy(action: str) -> OvhError:
    """No rule of the oauth2 client covers the call. spec: ovh/1.7"""
    details = {"unauthorizedActionsByAuthentication": "", "unauthorizedActionsByIAM": action}
    return OvhError(403, "User not granted for this request", "", FORBIDDEN, details)


def forbidden(message: str) -> OvhError:
    """Forbidden for another reason than rules."""
    return OvhError(403, message, "FORBIDDEN", FORBIDDEN)


def not_here(why: str) -> OvhError:
    """The operation belongs to the vendor's own business."""
    return forbidden(f"This call is not offered here: {why}")


# the application's refusals


def bad_request(message: str) -> OvhError:
    """A parameter is missing or wrong."""
    return OvhError(400, message, "", BAD_REQUEST)


def bad_parameter(name: str, value: object, kind: str) -> OvhError:
    """A parameter is not of its type (our words: OVH's are not known)."""
    return bad_request(f"[{name}] Given data ({str(value)[:100]}) is not valid for type {kind}")


def missing(name: str) -> OvhError:
    """A required parameter is not there."""
    return bad_request(f"[{name}] This parameter is required")


def no_such_service() -> OvhError:
    """The account in the path is not the caller's."""
    return OvhError(404, "This service does not exist", "NOT_FOUND", NOT_FOUND)


def not_found(id: object) -> OvhError:
    """An object of the account does not exist."""
    return OvhError(404, f"The requested object (id = {id}) does not exist", "", NOT_FOUND)


def no_route() -> OvhError:
    """No operation has this address."""
    return OvhError(404, "Got an invalid (or empty) URL", "", NOT_FOUND)


def wrong_method(method: str) -> OvhError:
    """The address exists for other methods (choice: 405, the documented HTTP answer)."""
    return OvhError(405, f"Method {method} is not allowed for this URL", "", "Client::MethodNotAllowed")


def not_enough(left: str) -> OvhError:
    """The balance is too low; `left` has two decimals."""
    return OvhError(402, f"Not enough credits (left: {left})", "", "Client::PaymentRequired")


def conflict(message: str) -> OvhError:
    """An object with this name exists already."""
    return OvhError(409, message, "", CONFLICT)


def too_large(message: str) -> OvhError:
    """A file is larger than we keep."""
    return OvhError(413, message, "", "Client::RequestEntityTooLarge")


def too_many(message: str) -> OvhError:
    """Called too often."""
    return OvhError(429, message, "", "Client::TooManyRequests")


def busy() -> OvhError:
    """Too much waits for the disk, or we are about to stop."""
    return OvhError(503, "The service is busy, please try again", "", "Server::ServiceUnavailable")


def internal() -> OvhError:
    """Our fault."""
    return OvhError(500, "Internal server error", "INTERNAL_ERROR", "Server::InternalServerError")
