"""How news is told: a POST of JSON, signed with the webhooks' key over body and time. spec: devices/2.3

Callbacks of accounts and users whose home is here are told in the same form, with an empty `webhookId`.
"""

import hmac

import msgspec

from depesza.core.facts import Facts
from depesza.core.model import MICRO, HookFact, Notice, ReceiptFact, ReplyFact, State
from depesza.core.refusals import refusal
from depesza.dialects.smsgate import dates
from depesza.dialects.smsgate.webhooks import NAMES
from depesza.services import phone_settings
from depesza.services.vault import Vault, VaultError
from depesza.wire.http import HttpCall

_encode = msgspec.json.Encoder().encode
_hook = msgspec.json.Decoder(HookFact).decode
_receipt = msgspec.json.Decoder(ReceiptFact).decode
_reply = msgspec.json.Decoder(ReplyFact).decode
_EVENT = {
    State.SENT: "sent",
    State.PENDING: "sent",
    State.DELIVERED: "delivered",
    State.CANCELLED: "cancelled",
}
"""Events of callbacks; all other states that are told are failures."""
_TIME = {"sent": "sentAt", "delivered": "deliveredAt", "failed": "failedAt", "cancelled": "cancelledAt"}


def call(notice: Notice, facts: Facts) -> HttpCall:
    """Write the call for a notice, not signed yet."""
    fact = _fact(notice)
    event = {
        "id": str(notice.id),
        "webhookId": fact.hook,
        "event": NAMES[fact.event],
        "deviceId": str(fact.device or ""),
        "payload": _payload(fact),
    }
    return HttpCall("POST", notice.url, (("Content-Type", "application/json"),), _encode(event))


def signed(call: HttpCall, key: bytes, now: int) -> HttpCall:
    """Add the vendor's signature: hex of HMAC-SHA256 over the body and the time in seconds."""
    seconds = str(now // MICRO)
    signature = hmac.digest(key, call.body + seconds.encode(), "sha256").hex()
    extra = (("X-Timestamp", seconds), ("X-Signature", signature))
    return msgspec.structs.replace(call, headers=(*call.headers, *extra))


def key_of(facts: Facts, vault: Vault, account: int) -> bytes:
    """Give the key with which an account's webhooks are signed: its `webhooks.signing_key`, else its callbacks' own."""
    try:
        own = phone_settings.secrets(facts, account, vault).get("webhooks", {}).get("signing_key")
    except VaultError:  # the operator's key was changed: what it sealed is lost, calls go on
        own = None
    return str(own or vault.webhook_secret_text(account)).encode()


def _fact(notice: Notice) -> HookFact:
    if notice.kind == "hook":
        return _hook(notice.fact)
    if notice.kind == "receipt":
        told = _receipt(notice.fact)
        event = _EVENT.get(told.state, "failed")
        name = told.tag or str(told.message)
        return HookFact("", event, told.at, name, told.sender, told.receiver, refusal=told.refusal)
    reply = _reply(notice.fact)
    return HookFact("", "received", reply.at, str(reply.inbound), reply.sender, reply.recipient, reply.text)


def _payload(fact: HookFact) -> dict[str, object]:
    received = fact.event == "received"
    payload: dict[str, object] = {
        "messageId": fact.message,
        "sender": fact.sender,
        "recipient": fact.receiver,
        "phoneNumber": fact.sender if received else fact.receiver,
        "simNumber": fact.slot or None,
    }
    at = dates.write(fact.at)
    if received:
        return payload | {"message": fact.text, "receivedAt": at}
    payload |= {"partsCount": fact.parts, _TIME[fact.event]: at}
    return payload | {"reason": fact.error or refusal(fact.refusal).sentence} if fact.event == "failed" else payload
