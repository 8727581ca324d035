"""SOAP 1.1 and 1.2: the element that a request's body holds, and answers and faults around ours."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from depesza.wire import Malformed
from depesza.wire.http import HttpReply
from depesza.wire.markup import Element, escape, read_document


class Version(Enum):
    """A version, by its namespace."""

    OLD = "http://schemas.xmlsoap.org/soap/envelope/"
    """1.1"""
    NEW = "http://www.w3.org/2003/05/soap-envelope"
    """1.2"""


NIL = "http://www.w3.org/2001/XMLSchema-instance nil"
CONTENT_TYPES = {Version.OLD: "text/xml; charset=utf-8", Version.NEW: "application/soap+xml; charset=utf-8"}
CLIENT, SERVER, MISUNDERSTOOD, FOREIGN = "Client", "Server", "MustUnderstand", "VersionMismatch"
_NEW_CODES = {CLIENT: "Sender", SERVER: "Receiver"}
_TRUE = ("1", "true")


class Asked(Struct, frozen=True):
    """What a request asks for."""

    version: Version
    element: Element
    """The only one of the body."""


class Fault(Exception):
    """A request without a usable envelope: `raise Fault(CLIENT, "why")`."""

    def __init__(self, code: str, text: str, version: Version = Version.OLD) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.version = version


def read_request(octets: bytes) -> Asked:
    """Read an envelope; raises `Fault`."""
    try:
        root = read_document(octets)
    except Malformed as error:
        raise Fault(CLIENT, str(error)) from error
    if root.name != "Envelope":
        raise Fault(CLIENT, "no envelope")
    try:
        version = Version(root.space)
    except ValueError:
        raise Fault(FOREIGN, "the envelope is neither of SOAP 1.1 nor of 1.2") from None
    _check_headers(root, version)
    body = root.find("Body")
    if body is None or len(body.children) != 1:
        raise Fault(CLIENT, "one element is needed in the body", version)
    return Asked(version, body.children[0])


def _check_headers(root: Element, version: Version) -> None:
    """Refuse headers that must be understood: none is."""
    header = root.find("Header")
    for block in header.children if header is not None else ():
        if block.attributes.get(f"{version.value} mustUnderstand", "").strip() in _TRUE:
            raise Fault(MISUNDERSTOOD, f"the header {block.name[:100]} is not understood", version)


def read_fields(asked: Asked) -> Mapping[str, str]:
    """Read an element whose children are fields with a text each; what is nil is left out. Raises `Fault`."""
    found: dict[str, str] = {}
    for child in asked.element.children:
        if child.children or child.name in found:
            raise Fault(CLIENT, f"{child.name[:100]}: one text is needed", asked.version)
        if child.attributes.get(NIL, "").strip() not in _TRUE:
            found[child.name] = child.text
    return found


def write_fields(element: str, fields: Mapping[str, str]) -> str:
    """Write such an element, without attributes."""
    return f"<{element}>{''.join([f'<{name}>{escape(text)}</{name}>' for name, text in fields.items()])}</{element}>"


def write_answer(version: Version, element: str, space: str, content: str) -> HttpReply:
    """Answer with an element, in a namespace that its children have too; `content` is XML."""
    return _reply(version, f'<{element} xmlns="{escape(space)}">{content}</{element}>', 200)


def write_fault(fault: Fault) -> HttpReply:
    """Say why a request can't be answered."""
    code, text = fault.code, escape(fault.text)
    if fault.version is Version.OLD:
        written = f"<faultcode>soap:{code}</faultcode><faultstring>{text}</faultstring>"
    else:
        code = _NEW_CODES.get(code, code)
        written = (
            f"<soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason>'
        )
    # SOAP 1.1 6.2 wants 500 for every fault; 1.2 has 400 where it is the sender's
    return _reply(fault.version, f"<soap:Fault>{written}</soap:Fault>", 400 if code == "Sender" else 500)


def _reply(version: Version, content: str, status: int) -> HttpReply:
    written = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<soap:Envelope xmlns:soap="{version.value}"><soap:Body>{content}</soap:Body></soap:Envelope>'
    )
    return HttpReply(status, written.encode(), CONTENT_TYPES[version])
