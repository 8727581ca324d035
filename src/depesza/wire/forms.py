"""Names and values as scripts and browsers write them: queries, forms and multipart forms.

Nothing here fails: what cannot be read is left out. Text is UTF-8 where its octets are, else Latin-1 as the web
understands it (Windows-1252).
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from msgspec import Struct

_LATIN = [bytes([octet]).decode("cp1252", "ignore") or chr(octet) for octet in range(256)]
_BOUNDARY = re.compile(r'multipart/form-data\b.*?;\s*boundary=(?:"([^"]+)"|([^\s;,"]+))', re.IGNORECASE)
_NAME = re.compile(rb'^content-disposition:.*?[;\s]name=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE | re.MULTILINE)
_FILE = re.compile(rb'^content-disposition:.*?[;\s]filename=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE | re.MULTILINE)
_KIND = re.compile(rb"^content-type:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)

Pair = tuple[str, str]
"""A name and its value."""


class Part(Struct, frozen=True, gc=False):
    """One field of a multipart form, in octets: only its reader knows the character set."""

    name: bytes
    value: bytes
    filename: bytes | None
    """None where the field is no file."""
    kind: bytes
    """Its Content-Type, empty where it has none."""


def read_query(query: bytes) -> Iterator[Pair]:
    """Read `a=1&b=2`, where a plus is a blank; parts without a name are left out."""
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name:
            yield _unquoted(name), _unquoted(value)


def read_form(content_type: str, body: bytes) -> Iterator[Pair]:
    """Read a form's body: multipart where its Content-Type says so, else urlencoded."""
    boundary = read_boundary(content_type)
    if not boundary:
        return read_query(body)
    return ((read_text(part.name), read_text(part.value)) for part in read_parts(boundary, body))


def read_boundary(content_type: str) -> bytes:
    """Read what parts the fields of a multipart form; empty where a body is none."""
    found = _BOUNDARY.match(content_type.strip())
    return b"" if found is None else (found[1] or found[2]).encode()


def read_parts(boundary: bytes, body: bytes) -> Iterator[Part]:
    """Read the fields and files of a multipart form; what has no name or no end of its head is left out."""
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, gap, value = part.partition(b"\r\n\r\n")
        named = _NAME.search(head)
        if gap and named is not None:
            file, kind = _FILE.search(head), _KIND.search(head)
            yield Part(
                named[1] or named[2] or b"",
                value,
                None if file is None else file[1] or file[2] or b"",
                b"" if kind is None else kind[1].strip(),
            )


def _unquoted(octets: bytes) -> str:
    return read_text(unquote_to_bytes(octets.replace(b"+", b" ")))


def read_text(octets: bytes) -> str:
    """Read octets as UTF-8, or as Windows-1252 when they are not."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return "".join([_LATIN[octet] for octet in octets])
