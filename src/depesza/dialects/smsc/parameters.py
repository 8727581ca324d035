"""What a request gives: names and values out of query, form, multipart form or JSON, as one mapping.

Nothing is refused here, so that an answer always finds its format and the caller is known first; what could not
be read is told by `Given.check`. spec: smsc/1.1 smsc/1.4
"""

import re
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import unquote, unquote_to_bytes

import msgspec
from msgspec import Struct

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.charsets import UTF8, WINDOWS, Charset, find_charset
from depesza.dialects.smsc.codes import PARAMETERS
from depesza.wire.forms import read_boundary, read_parts
from depesza.wire.http import HttpRequest

_CHARSET_MEMBER = re.compile(rb'"charset"\s*:\s*"([^"]*)"')
_FORMATS = {"0": 0, "1": 1, "2": 2, "3": 3}

Fields = dict[str, str | bytes]
"""Values as they came, percent-decoding done, by name; octets where they are not ASCII, for a character set to read."""


class File(Struct, frozen=True, gc=False):
    """A file sent along."""

    name: str
    kind: str
    """Its Content-Type as the client wrote it, empty where it wrote none."""
    octets: bytes


class Given(Struct, frozen=True, gc=False):
    """The parameters of one request."""

    texts: Mapping[str, str]
    """Decoded values by name; names are told apart by case, empty values are kept."""
    raw: Mapping[str, bytes]
    """Those that are not ASCII before decoding; what came as JSON is not in it."""
    files: tuple[File, ...]
    charset: Charset
    """Of the answer, and of the values unless they came as JSON."""
    fmt: int
    """0 text, 1 numbers, 2 XML, 3 JSON."""
    fault: str = ""
    """What could not be read, for logs; empty when all could."""

    def __contains__(self, name: str) -> bool:
        return name in self.texts

    def get(self, name: str, otherwise: str = "") -> str:
        """Give a value as it was written; refuses NUL, which no column of text takes."""
        text = self.texts.get(name, otherwise)
        if "\0" in text:
            raise Refused(*PARAMETERS)
        return text

    def octets(self, name: str) -> bytes:
        """Give a value's octets; in JSON each character stands for one."""
        if name in self.raw:
            return self.raw[name]
        try:
            return self.texts.get(name, "").encode("latin-1")
        except UnicodeEncodeError:
            raise Refused(*PARAMETERS) from None

    def check(self) -> None:
        """Refuse a request that could not be read; to be asked once the caller is known. spec: smsc/1.6"""
        if self.fault:
            raise Refused(*PARAMETERS)

    def with_utf8_detected(self) -> "Given":
        """Read the values as UTF-8 if that is what they are and the client named no character set.

        The answer keeps the character set that it had. spec: smsc/1.4
        """
        if self.texts.get("charset") or self.charset is UTF8:
            return self
        try:
            detected = {name: octets.decode("utf-8") for name, octets in self.raw.items()}
        except UnicodeDecodeError:
            return self
        return msgspec.structs.replace(self, texts={**self.texts, **detected}) if detected else self


def read_parameters(request: HttpRequest, *, rest: bool = False) -> Given:
    """Read a request; `rest` is one of the JSON paths, where UTF-8 and fmt=3 are the defaults.

    A name in the body wins over the query's, the last of several over the others; several `phones` are joined.
    """
    found = _pairs(request.query) if request.query else {}
    body = request.body
    if not body:
        return _given(found, {}, (), UTF8 if rest else WINDOWS, rest)
    kind = request.headers.get("content-type", "")
    if "json" in kind.lower() or (rest and body.lstrip()[:1] == b"{"):
        return _with_json(found, body, rest)
    boundary = read_boundary(kind)
    files: tuple[tuple[bytes, bytes, bytes], ...] = ()
    if boundary:
        fields, files = _multipart(boundary, body)
        found.update(fields)
    else:
        found.update(_pairs(body.decode("latin-1")))
    return _given(found, {}, files, UTF8 if rest else WINDOWS, rest)


def read_fields(fields: Mapping[str, str], query: str) -> Given:
    """Read what came as texts, with further parameters as a query of its own in UTF-8; the texts win. spec: smsc/4.3

    There are no formats of answers then.
    """
    octets = query.encode("utf-8", "replace").decode("latin-1")
    further = {name: value for name, value in _pairs(octets).items() if name not in fields}
    given = _given(further, dict(fields), (), UTF8, rest=True)
    fault = given.fault or ("" if given.charset is UTF8 else "charset")
    return msgspec.structs.replace(given, charset=UTF8, fmt=3, fault=fault)


def _pairs(query: str) -> Fields:
    """Read `a=1&b=2`, each character an octet, where a plus is a blank.

    Whatever the character set: it is known only afterwards.
    """
    if "+" in query:
        query = query.replace("+", " ")
    found: Fields = {}
    for part in query.split("&"):
        name, _, written = part.partition("=")
        value: str | bytes = written
        if "%" in part:
            name = unquote(name, "latin-1")
            value = _plain(unquote_to_bytes(written.encode("latin-1", "replace")))
        elif not written.isascii():
            value = written.encode("latin-1", "replace")
        if name:
            _keep(found, name, value)
    return found


def _plain(octets: bytes) -> str | bytes:
    """Give octets as a text if that is the same in all character sets."""
    return octets.decode("ascii") if octets.isascii() else octets


def _keep(found: Fields, name: str, value: str | bytes) -> None:
    if name == "phones" and name in found:
        value = _plain(_octets(found[name]) + b"," + _octets(value))  # a receiver is never dropped
    found[name] = value


def _octets(value: str | bytes) -> bytes:
    return value.encode("ascii") if isinstance(value, str) else value


def _multipart(boundary: bytes, body: bytes) -> tuple[Fields, tuple[tuple[bytes, bytes, bytes], ...]]:
    fields: Fields = {}
    files = []
    for part in read_parts(boundary, body):
        if part.filename is None:
            _keep(fields, part.name.decode("latin-1"), _plain(part.value))
        elif part.filename or part.value:  # a browser sends an empty nameless one where no file was chosen
            files.append((part.filename, part.kind, part.value))
    return fields, tuple(files)


def _with_json(found: Fields, body: bytes, rest: bool) -> Given:
    try:
        members = dict(_members(msgspec.json.decode(_json_text(found, body).encode("utf-8"))))
    except (ValueError, RecursionError) as error:
        return _given(found, {}, (), UTF8, rest, f"JSON: {error}")
    return _given({name: found[name] for name in found.keys() - members.keys()}, members, (), UTF8, rest)


def _json_text(found: Fields, body: bytes) -> str:
    """Decode JSON: UTF-8 as its standard has it, else what `charset` names."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        member = _CHARSET_MEMBER.search(body)
        name = member[1].decode("latin-1") if member is not None else _charset(found)
        return (find_charset(name) or UTF8).read(body)


def _members(value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    for name, member in value.items():
        if member is not None:
            yield name, _written(member, "\n" if name == "list" else ",")


def _written(value: object, between: str) -> str:
    """Write a JSON value as a form would have it; `ValueError` for an object."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return between.join([_written(each, between) for each in value if each is not None])
    raise ValueError("an object inside the object")


def _given(
    found: Fields,
    members: dict[str, str],
    files: tuple[tuple[bytes, bytes, bytes], ...],
    default: Charset,
    rest: bool,
    fault: str = "",
) -> Given:
    """Decode what was found; `charset` itself is read first."""
    asked = members.get("charset") or _charset(found)
    charset = find_charset(asked) if asked else default
    if charset is None:
        charset, fault = default, fault or "charset"
    read = charset.read
    raw = {name: value for name, value in found.items() if isinstance(value, bytes)}
    texts = cast("dict[str, str]", found)
    if raw or members:
        texts = texts | {name: read(octets) for name, octets in raw.items()} | members
    fmt = texts.get("fmt")
    return Given(
        texts,
        raw,
        tuple([File(read(name), kind.decode("latin-1"), octets) for name, kind, octets in files]),
        charset,
        (3 if rest else 0) if not fmt else _FORMATS.get(fmt.strip(), 0),
        fault,
    )


def _charset(found: Fields) -> str:
    """Give the character set that a query names, before anything is decoded."""
    value = found.get("charset", "")
    return value if isinstance(value, str) else value.decode("latin-1")
