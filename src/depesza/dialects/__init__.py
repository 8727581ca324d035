"""The vendors whose APIs we speak, and the doors that our own phones call: one folder each, one line each in `ALL`."""

from collections.abc import Callable

from depesza.core.facts import Facts
from depesza.core.model import Notice
from depesza.dialects.cht import ChtGateway
from depesza.dialects.contract import Context, Dialect
from depesza.dialects.http2sms import Http2Sms
from depesza.dialects.links import ShortLinks
from depesza.dialects.opens import Opens
from depesza.dialects.ovh import Ovh, exports, notices
from depesza.dialects.smsadvert import SmsAdvert
from depesza.dialects.smsadvert import notices as smsadvert_notices
from depesza.dialects.smsc import Smsc
from depesza.dialects.smsc import notices as smsc_notices
from depesza.dialects.smsgate import SmsGate
from depesza.dialects.smsgate import notices as smsgate_notices
from depesza.dialects.smsgate_mobile import SmsGateMobile
from depesza.services.builds import Writer
from depesza.wire.http import HttpCall

ALL: tuple[Callable[[Context], Dialect], ...] = (
    Ovh,
    Http2Sms,
    SmsAdvert,
    Smsc,
    SmsGate,
    SmsGateMobile,
    ChtGateway,
    Opens,
    ShortLinks,
)
"""Makers of the dialects that the composition mounts."""

WRITERS: dict[str, Writer] = {Ovh.name: exports.write_page}
"""Who writes the documents that clients of a dialect have asked for."""

TELL: dict[str, Callable[[Notice, Facts], HttpCall]] = {
    Ovh.name: notices.call,
    SmsAdvert.name: smsadvert_notices.call,
    Smsc.name: smsc_notices.call,
    SmsGate.name: smsgate_notices.call,
}
"""How each `contract.Voice` writes news, for those who show a callback without a running platform."""
