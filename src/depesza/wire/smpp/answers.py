"""The responses that a session writes by itself, or completes.

spec: smpp34 4.1, smpp50 2.9, carriers/C.1#4 #6 #20
"""

from typing import Final

from msgspec.structs import replace

from depesza.wire.smpp import pdus
from depesza.wire.smpp.codec import has_both_messages
from depesza.wire.smpp.pdus import Pdu, RawTlvs, Request, Response
from depesza.wire.smpp.status import ROK
from depesza.wire.smpp.tlvs import CONGESTION_STATE, SC_INTERFACE_VERSION

_TLVS_SINCE: Final = 0x34
_TLVS_ON_ERRORS_SINCE: Final = 0x50
_WITH_CONGESTION: Final = (pdus.SubmitSmResp, pdus.SubmitMultiResp, pdus.DataSmResp)
_WITH_MESSAGES: Final = (pdus.ShortMessage, pdus.SubmitMulti, pdus.ReplaceSm)


def refusal(pdu: Pdu, status: int) -> Response:
    """Give a request's own response with a status, or a generic_nack where it has none."""
    return pdu.response(status) if isinstance(pdu, Request) else pdus.GenericNack(status)


def acceptance(bind: pdus.Bind, system_id: str, tlvs: RawTlvs, version: int) -> Response:
    """Give the response that accepts a bind; who is older than TLVs gets none."""
    if bind.interface_version < _TLVS_SINCE:
        tlvs = ()
    else:
        tlvs = (SC_INTERFACE_VERSION.pack(version), *tlvs)
    kind = bind.response
    assert issubclass(kind, pdus.BindResp)
    return kind(ROK, system_id, tlvs)


def with_congestion(response: Response, level: int, version: int | None) -> Response:
    """Add congestion_state where the peer can take it. A 3.4 peer expects no body behind an error."""
    since = _TLVS_ON_ERRORS_SINCE if response.status else _TLVS_SINCE
    if (version or 0) < since or not isinstance(response, _WITH_CONGESTION):
        return response
    return replace(response, tlvs=(*response.tlvs, CONGESTION_STATE.pack(level)))


def congestion_in(response: Response) -> int | None:
    """Read congestion_state where a server tells it."""
    if isinstance(response, _WITH_CONGESTION) and response.tlvs:
        return CONGESTION_STATE.of(response)
    return None


def carries_both(pdu: Request) -> bool:
    """Tell whether a request uses short_message and message_payload together. smpp34 3.2.3"""
    return isinstance(pdu, _WITH_MESSAGES) and has_both_messages(pdu)
