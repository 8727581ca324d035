"""Files of spreadsheets: CSV and XLSX give the same rows; what is neither is refused with a reason."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from depesza.wire import sheets
from depesza.wire.csvlist import BadList


def workbook(*rows: tuple[object, ...]) -> bytes:
    """Write a workbook with one sheet."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ROWS = [{"group": "Amis", "prenom": "Zoé", "tel": "33601020304"}, {"group": "", "prenom": "Jan", "tel": "+336"}]

FILES = {
    "csv": "Group ; Prénom;Tel\nAmis;Zoé ;33601020304\n\n;Jan;+336\n".encode(),
    "utf-16": b"\xff\xfe" + "Group\tPrénom\tTel\nAmis\tZoé\t33601020304\n\tJan\t+336\n".encode("utf-16-le"),
    "xlsx": workbook(
        (None, None), ("Group ", "Prénom", "Tel"), ("Amis", "Zoé", 33601020304.0), (), (None, " Jan", "+336")
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_rows_come_by_the_folded_names_of_their_columns(kind: str) -> None:
    assert list(sheets.read(FILES[kind])) == ROWS


def test_a_plain_list_has_one_column() -> None:
    assert list(sheets.read(b"+33601020304\n+33601020305")) == [{"number": "+33601020304"}, {"number": "+33601020305"}]


def bomb() -> bytes:
    """A small archive of much more than we take."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/x.xml", "w") as entry:
        entry.write(bytes(1 << 20))
    return file.getvalue()


def archive() -> bytes:
    """An archive that is no workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.txt", "a")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old Excel \(\.xls\)"),
        (b"PK\x03\x04broken", "no workbook"),
        (FILES["xlsx"][:1000], "no workbook"),
        (archive(), "no workbook"),
        (b"", "empty"),
        (b"a;b\n\0", "not a text"),
    ],
)
def test_other_files_are_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(BadList, match=why):
        list(sheets.read(data))


def test_a_small_file_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_OCTETS", 1 << 19)
    with pytest.raises(BadList, match="too large"):
        list(sheets.read(bomb()))


@settings(max_examples=50)
@given(st.binary(max_size=200), st.integers(0, 5000), st.booleans())
def test_a_broken_file_is_read_or_refused(noise: bytes, place: int, inside: bool) -> None:
    data = FILES["xlsx"][:place] + noise + FILES["xlsx"][place + len(noise) :] if inside else noise
    try:
        for fields in sheets.read(data):
            assert all(isinstance(value, str) for value in fields.values())
    except BadList as error:
        assert str(error)
