"""WSDL 1.1 of a service that speaks SOAP 1.1, document/literal wrapped: what its clients make their methods from."""

from collections.abc import Sequence

from msgspec import Struct

from depesza.wire.http import HttpReply
from depesza.wire.markup import escape

TEXT = "xsd:string"


class Field(Struct, frozen=True):
    """One child of an element."""

    name: str
    kind: str = TEXT
    """`xsd:…`, or `tns:…` for one of the service's own types."""
    optional: bool = True


class Type(Struct, frozen=True):
    """A type of the service's own, or an element with children."""

    name: str
    fields: tuple[Field, ...] = ()


class Method(Struct, frozen=True):
    """An operation."""

    name: str
    request: Type
    response: Type
    action: str
    """What a client sends as SOAPAction."""


class Service(Struct, frozen=True):
    """All that is described."""

    name: str
    port: str
    space: str
    """Its namespace."""
    address: str
    methods: Sequence[Method]
    types: Sequence[Type] = ()


def write_service(service: Service) -> HttpReply:
    """Describe a service."""
    space, address = escape(service.space), escape(service.address)
    methods = service.methods
    elements = [each for method in methods for each in (method.request, method.response)]
    port = service.port
    written = f"""<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions name="{service.name}" targetNamespace="{space}" xmlns:tns="{space}"
 xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<wsdl:types>
<xsd:schema elementFormDefault="qualified" targetNamespace="{space}">
{_lines([_type(each) for each in service.types])}\
{_lines([_element(each) for each in elements])}\
</xsd:schema>
</wsdl:types>
{_lines([_messages(method) for method in methods])}\
<wsdl:portType name="{port}">
{_lines([_operation(method) for method in methods])}\
</wsdl:portType>
<wsdl:binding name="{port}" type="tns:{port}">
<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
{_lines([_bound(method) for method in methods])}\
</wsdl:binding>
<wsdl:service name="{service.name}">
<wsdl:port name="{port}" binding="tns:{port}"><soap:address location="{address}"/></wsdl:port>
</wsdl:service>
</wsdl:definitions>
"""
    return HttpReply(200, written.encode(), "text/xml; charset=utf-8")


def _lines(parts: Sequence[str]) -> str:
    return "".join([f"{part}\n" for part in parts])


def _sequence(fields: Sequence[Field]) -> str:
    written = [f'<xsd:element name="{each.name}" type="{each.kind}"{_least(each)}/>' for each in fields]
    return f"<xsd:sequence>{''.join(written)}</xsd:sequence>"


def _least(each: Field) -> str:
    return ' minOccurs="0"' if each.optional else ""


def _type(each: Type) -> str:
    return f'<xsd:complexType name="{each.name}">{_sequence(each.fields)}</xsd:complexType>'


def _element(each: Type) -> str:
    inner = _sequence(each.fields)
    return f'<xsd:element name="{each.name}"><xsd:complexType>{inner}</xsd:complexType></xsd:element>'


def _messages(method: Method) -> str:
    return "\n".join(
        f'<wsdl:message name="{method.name}{end}"><wsdl:part name="parameters" element="tns:{element.name}"/>'
        "</wsdl:message>"
        for end, element in (("SoapIn", method.request), ("SoapOut", method.response))
    )


def _operation(method: Method) -> str:
    name = method.name
    return (
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}SoapIn"/>'
        f'<wsdl:output message="tns:{name}SoapOut"/></wsdl:operation>'
    )


def _bound(method: Method) -> str:
    body = '<soap:body use="literal"/>'
    return (
        f'<wsdl:operation name="{method.name}"><soap:operation soapAction="{escape(method.action)}" style="document"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>"
    )
