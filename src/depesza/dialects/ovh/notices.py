"""How OVH calls back: delivery by GET, replies and STOP by a POST form. spec: ovh/4.6"""

from functools import lru_cache
from urllib.parse import quote, urlencode

import msgspec

from depesza.core.facts import Facts
from depesza.core.model import Notice, ReceiptFact, ReplyFact
from depesza.dialects.ovh import codes, dates
from depesza.wire.http import HttpCall

_receipt = msgspec.json.Decoder(ReceiptFact).decode
_reply = msgspec.json.Decoder(ReplyFact).decode
_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
_TEXT = {code: quote(text, safe="") for code, text in codes.DESCRIPTIONS.items()}


def call(notice: Notice, facts: Facts) -> HttpCall:
    """Write the callback for a notice."""
    account = facts.account.get(notice.account)
    zone = account.timezone if account is not None else "UTC"
    if notice.kind == "receipt":
        return receipt(notice.url, _receipt(notice.fact), zone)
    return reply(notice.url, _reply(notice.fact), zone, stop=notice.kind == "stop")


def receipt(url: str, fact: ReceiptFact, zone: str) -> HttpCall:
    """Tell a change of state: all parameters that any version of the documentation names."""
    code = codes.RECEIPT[fact.state]
    query = (
        f"id={fact.message}&dlr={code}&ptt={codes.ptt(fact.state, fact.refusal)}&date={_date(fact.at, zone)}"
        f"&sender={quote(fact.sender, safe='')}&receiver={quote(fact.receiver, safe='')}"
        f"&description={code}&descriptionDlr={_TEXT[code]}"
    )
    return HttpCall("GET", with_query(url, query))


def reply(url: str, fact: ReplyFact, zone: str, *, stop: bool) -> HttpCall:
    """Tell a reply; a STOP also names the number that is stopped and the date (choice)."""
    form = {
        "id": str(fact.inbound),
        "senderid": fact.sender,
        "message": fact.text,
        "shortcode": fact.recipient.removeprefix("+"),
        "tag": fact.tag,
    }
    if stop:
        form |= {"receiver": fact.sender, "date": dates.write_plain(fact.at, dates.zone(zone))}
    return HttpCall("POST", url, _FORM, urlencode(form).encode())


def with_query(url: str, query: str) -> str:
    """Add parameters to an address, behind those it has; what follows a `#` never leaves a client."""
    address = url.partition("#")[0]
    if "?" not in address:
        return f"{address}?{query}"
    joint = "" if address.endswith(("?", "&")) else "&"
    return f"{address}{joint}{query}"


def _date(at: int, zone: str) -> str:
    return _second(at // 1_000_000, zone)


@lru_cache(maxsize=256)
def _second(second: int, zone: str) -> str:
    """Write a second; many callbacks share one."""
    return quote(dates.write_plain(second * 1_000_000, dates.zone(zone)), safe="")
