"""Explanations: what a ptt code means, how many parts a text needs. spec: ovh/4.5 ovh/4.3"""

from depesza.core.optout import with_clause
from depesza.dialects.ovh import codec, errors
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.codes import EXPLAINED, Explained
from depesza.dialects.ovh.messages import number
from depesza.wire.gsm import Encoding
from depesza.wire.segment import count, limits

SENDERS = {kind: kind for kind in ("alpha", "numeric", "shortcode", "virtual", "time2chat")}
CLASSES = {Encoding.GSM7: "7bits", Encoding.UCS2: "unicode"}


async def explain(call: Call) -> Explained:
    """GET /sms/ptts"""
    if "ptt" not in call.query:
        raise errors.bad_request("ptt is required")
    code = number(call.query, "ptt")
    if code not in EXPLAINED:
        raise errors.not_found(code)
    return EXPLAINED[code]


async def estimate(call: Call) -> dict[str, object]:
    """POST /sms/estimate; the STOP text counts (choice)"""
    given = call.json
    message = codec.required(given, "message")
    no_stop = codec.flag(given, "noStopClause")
    if no_stop is None:
        raise errors.bad_request("noStopClause is required")
    kind = codec.one_of(SENDERS, "senderType", codec.required(given, "senderType"))
    policy = call.context.policy
    if kind == "alpha" and not no_stop:
        message = with_clause(message, policy.stop_number)
    encoding, units, parts = count(message, None, 8, policy.keep_graphemes)
    single, several = limits(encoding)
    return {
        "characters": units,
        "charactersClass": CLASSES[encoding],
        "maxCharactersPerPart": single if parts == 1 else several,
        "parts": parts,
    }
