"""PDF pages of plain text, for invoices and the like: A4, one font in two weights, nothing embedded. iso 32000-1

The fonts that every reader has know Western letters only; what else there is comes out as a question mark, so that
callers transliterate before.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

WIDTH, HEIGHT, MARGIN = 595, 842, 64
"""Points: a page of A4, and its margin."""
_CHARSET = "cp1252"


class Line(Struct, frozen=True, gc=False):
    """A line of text; an empty one is a gap."""

    text: str = ""
    size: int = 11
    bold: bool = False
    right: str = ""
    """A second text on the same line, in a column of its own."""


def write_pdf(lines: Sequence[Line], title: str) -> bytes:
    """Write lines as a document, on as many pages as they need."""
    pages = list(_pages(lines)) or [b""]
    first = 6  # after the catalogue, the list of pages, two fonts and what the document is called
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} /MediaBox [0 0 {WIDTH} {HEIGHT}] >>".encode(),
        *(_font(name) for name in ("Helvetica", "Helvetica-Bold")),
        b"<< /Title (" + _escaped(title) + b") >>",
    ]
    for n, content in enumerate(pages):
        fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
        page = f"<< /Type /Page /Parent 2 0 R /Resources {fonts} /Contents {first + 2 * n + 1} 0 R >>"
        objects += [page.encode(), b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)]
    return _file(objects)


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _pages(lines: Sequence[Line]) -> Iterator[bytes]:
    """Write the content of each page."""
    drawn: list[bytes] = []
    y = HEIGHT - MARGIN
    for line in lines:
        y -= line.size + 5
        if y < MARGIN and drawn:
            yield b"\n".join(drawn)
            drawn, y = [], HEIGHT - MARGIN - line.size - 5
        for x, text in ((MARGIN, line.text), (WIDTH * 2 // 3, line.right)):
            if text:
                font = 2 if line.bold else 1
                drawn.append(b"BT /F%d %d Tf %d %d Td (%s) Tj ET" % (font, line.size, x, y, _escaped(text)))
    if drawn:
        yield b"\n".join(drawn)


def _escaped(text: str) -> bytes:
    octets = text.translate(dict.fromkeys(range(32), " ")).encode(_CHARSET, "replace")
    return octets.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _file(objects: Sequence[bytes]) -> bytes:
    """Put the objects together, with the table of where each begins."""
    written = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for n, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (n, content)
    start = len(written)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    written += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\n" % (len(objects) + 1)
    return bytes(written) + b"startxref\n%d\n%%%%EOF\n" % start
