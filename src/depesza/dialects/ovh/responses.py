"""smsResponse: what answers a reply, and where replies are sent on to. spec: ovh/4.6"""

from collections.abc import Mapping

from depesza.core import phone
from depesza.core.facts import Account, Forward
from depesza.core.senders import find
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.wire.mail import is_address

KINDS = {"none": "none", "text": "text", "cgi": "cgi"}
MEDIA = {"email": "email", "sms": "sms", "voice": "voice"}
MOST = 10
LONGEST_NAME = 64
"""Of a mail's sender."""


def write(account: Account) -> dict[str, object]:
    """Write sms.Response."""
    return {
        "responseType": account.response_type,
        "text": account.response_text or None,
        "cgiUrl": account.response_url or None,
        "trackingDefaultSmsSender": account.forward_sender or None,
        "trackingOptions": [
            {"media": forward.media, "sender": forward.sender, "target": forward.target} for forward in account.forwards
        ],
    }


def read(call: Call, given: Mapping[str, object]) -> dict[str, object]:
    """Read what a PUT changes, by the names of our fields. What is null or empty ends what was set."""
    changes: dict[str, object] = {}
    kind = codec.text(given, "responseType")
    if kind is not None:
        changes["response_type"] = codec.one_of(KINDS, "responseType", kind)
    if "text" in given:
        changes["response_text"] = codec.text(given, "text") or ""
    if "cgiUrl" in given:
        changes["response_url"] = codec.address(given, "cgiUrl") if codec.text(given, "cgiUrl") else ""
    if "trackingDefaultSmsSender" in given:
        changes["forward_sender"] = _sender(call, codec.text(given, "trackingDefaultSmsSender") or "")
    if "trackingOptions" in given:
        changes["forwards"] = _forwards(call, given["trackingOptions"] or [])
    return changes


def _forwards(call: Call, given: object) -> tuple[Forward, ...]:
    if not isinstance(given, list) or len(given) > MOST or not all(isinstance(each, dict) for each in given):
        raise codec.invalid("trackingOptions")
    return tuple(dict.fromkeys(_forward(call, each) for each in given))


def _forward(call: Call, given: Mapping[str, object]) -> Forward:
    """Read one place that replies are sent on to; raises 400."""
    media = codec.one_of(MEDIA, "media", codec.required(given, "media"))
    target, sender = codec.required(given, "target"), codec.text(given, "sender") or ""
    if media == "voice":
        raise errors.bad_request("Invalid value for media: replies are not read out by phone here, use sms or email")
    if media == "email":
        if not is_address(target):
            raise codec.invalid("target")
        if len(sender) > LONGEST_NAME or not sender.isprintable():
            raise codec.invalid("sender")
        return Forward(media, target, sender)
    return Forward(media, read_number(target, "target"), _sender(call, sender))


def read_number(written: str, name: str) -> str:
    """Read a number that texts are sent to, as E.164; raises 400."""
    number = phone.parse(written)
    if number is None or not number.possible:
        raise codec.invalid(name)
    return number.e164


def _sender(call: Call, written: str) -> str:
    """Name an enabled sender of the account; empty stays empty."""
    if not written:
        return ""
    found = find(call.context.store.facts, call.account.id, written)
    if found is None or found.status != "enable":
        raise errors.bad_request(f"Sms sender {written} does not exists or is not enabled")
    return found.name
