"""How SMSAdvert calls back: a POST with the end of a message. spec: smsadvert/6

The vendor tells of no texts that come in; ours are written in the same manner where the account asks for them.
"""

import msgspec

from depesza.core.facts import Facts
from depesza.core.model import Notice, ReceiptFact, ReplyFact
from depesza.dialects.smsadvert.codes import STATUS
from depesza.wire.http import HttpCall

_receipt = msgspec.json.Decoder(ReceiptFact).decode
_reply = msgspec.json.Decoder(ReplyFact).decode
_JSON = (("Content-Type", "application/json"),)
_write = msgspec.json.Encoder().encode


def call(notice: Notice, facts: Facts) -> HttpCall:
    """Write the callback for a notice."""
    value = receipt(_receipt(notice.fact)) if notice.kind == "receipt" else reply(notice.kind, _reply(notice.fact))
    return HttpCall("POST", notice.url, _JSON, _write(value))


def receipt(fact: ReceiptFact) -> dict[str, str]:
    """Tell how a message ended.

    One that is under way is told only to an address that the account was given after the message was taken.
    """
    return {"status": STATUS.get(fact.state, "sent"), "msgId": fact.tag}


def reply(kind: str, fact: ReplyFact) -> dict[str, object]:
    """Tell a text that came in (`reply`) or an opt-out (`stop`): fields of ours, times in milliseconds."""
    return {
        "event": kind,
        "id": f"{fact.inbound:024x}",
        "from": fact.sender,
        "to": fact.recipient,
        "text": fact.text,
        "receivedAt": fact.at // 1_000,
        "msgId": fact.tag,
    }
