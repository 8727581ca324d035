"""PDF documents: every object where the table says, every line on a page."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire.pdf import Line, write_pdf


def objects(document: bytes) -> list[bytes]:
    """Read a document by its table, as a reader does."""
    found = re.search(rb"startxref\n(\d+)\n%%EOF\n$", document)
    assert found is not None
    table = document[int(found[1]) :]
    head = re.match(rb"xref\n0 (\d+)\n0000000000 65535 f \n((?:\d{10} 00000 n \n)*)trailer\n", table)
    assert head is not None
    places = [int(line[:10]) for line in head[2].splitlines()]
    assert len(places) == int(head[1]) - 1
    read = []
    for n, place in enumerate(places, 1):
        begin = b"%d 0 obj\n" % n
        assert document[place:].startswith(begin)
        read.append(document[place + len(begin) : document.index(b"\nendobj\n", place)])
    return read


def test_lines_stand_on_pages_in_their_order() -> None:
    lines = [Line("Title (one)", 18, bold=True), Line(), Line("left", right="1.40 \\ RUR"), Line("Привет, café")]
    document = objects(write_pdf(lines, "a paper"))
    assert document[1] == b"<< /Type /Pages /Kids [6 0 R] /Count 1 /MediaBox [0 0 595 842] >>"
    length, content = re.fullmatch(rb"<< /Length (\d+) >>\nstream\n(.*)\nendstream", document[6], re.DOTALL).groups()  # type: ignore[union-attr]
    assert int(length) == len(content)
    assert content.splitlines() == [
        rb"BT /F2 18 Tf 64 755 Td (Title \(one\)) Tj ET",
        rb"BT /F1 11 Tf 64 723 Td (left) Tj ET",
        rb"BT /F1 11 Tf 396 723 Td (1.40 \\ RUR) Tj ET",
        b"BT /F1 11 Tf 64 707 Td (??????, caf\xe9) Tj ET",
    ]


@settings(max_examples=50)
@given(st.lists(st.builds(Line, st.text(max_size=30), st.integers(6, 40)), max_size=200), st.text(max_size=20))
def test_any_text_makes_a_document_that_can_be_read(lines: list[Line], title: str) -> None:
    document = objects(write_pdf(lines, title))
    drawn = sum(content.count(b" Tj ET") for content in document)
    assert drawn == sum(bool(line.text) for line in lines)
