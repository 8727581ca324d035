"""Lists of receivers as files. spec: ovh/4.4"""

import codecs
import csv
import io
import tempfile
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed
from depesza.wire.csvlist import BadList, Line, Reader


def read(data: bytes) -> Reader:
    """Read a file."""
    return Reader(io.BytesIO(data))


PLAIN = "number;name;age\n+33601020304;Krzysztof;47\n+33601020305;Zoé;31\n"
WANTED = (
    Line("+33601020304", {"number": "+33601020304", "name": "Krzysztof", "age": "47"}),
    Line("+33601020305", {"number": "+33601020305", "name": "Zoé", "age": "31"}),
)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        codecs.BOM_UTF8 + PLAIN.encode(),
        codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
        PLAIN.encode("cp1252"),
        PLAIN.replace(";", ",").encode(),
        PLAIN.replace(";", "\t").encode(),
        PLAIN.replace(";", "|").encode(),
        PLAIN.replace(";", " ; ").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("\n", "\n\n").encode(),
        PLAIN.replace("Krzysztof", '"Krzysztof"').encode(),
        PLAIN.rstrip("\n").encode(),
    ],
)
def test_many_forms_of_one_list(data: bytes) -> None:
    assert tuple(read(data)) == WANTED


@pytest.mark.parametrize("name", ["number", "Numero", "NUMÉRO ", "phone", "Receiver"])
def test_the_column_of_the_number_has_many_names_and_may_stand_anywhere(name: str) -> None:
    found = read(f"nom;{name};age\nAnna;+33601020304;3\n".encode())
    assert found.number_column == name.strip()
    assert next(found).number == "+33601020304"


def test_without_a_name_we_know_the_first_column_counts() -> None:
    assert next(read(b"gsm;nom\n+33601020304;Anna\n")).number == "+33601020304"


@pytest.mark.parametrize("data", [b"number\n+33601020304\n+33601020305", b"+33601020304\n+33601020305"])
def test_a_plain_list_with_a_name_or_without(data: bytes) -> None:
    assert [line.number for line in read(data)] == ["+33601020304", "+33601020305"]


def test_a_quoted_cell_keeps_separators_quotes_and_line_breaks() -> None:
    found = read(b'number;text\n+33601020304;"a;b ""c""\nd"\n')
    assert next(found).fields["text"] == 'a;b "c"\nd'


def test_short_lines_are_filled_and_long_ones_cut() -> None:
    found = read(b"number;name\n+33601020304\n+33601020305;Anna;more\n")
    assert [line.fields for line in found] == [
        {"number": "+33601020304", "name": ""},
        {"number": "+33601020305", "name": "Anna"},
    ]


def test_the_text_is_kept_as_it_came() -> None:
    found = read(codecs.BOM_UTF8 + PLAIN.encode())
    list(found)
    assert (found.text(), found.text()) == (PLAIN, "")


def test_the_text_comes_along_with_the_rows_read_from_it() -> None:
    found = read(PLAIN.encode())
    next(found)
    assert found.text() == "".join(PLAIN.splitlines(keepends=True)[:2])
    next(found)
    assert found.text() == PLAIN.splitlines(keepends=True)[2]


def test_a_long_list_is_never_held_whole() -> None:
    def lines() -> int:
        tracemalloc.start()
        found = Reader(file)
        count = 0
        for count, _ in enumerate(found, 1):
            if count % 1_000 == 0:
                found.text()
        return count

    with tempfile.TemporaryFile() as file:
        file.write(b"number;name\n" + b"".join(b"+3360%07d;Name %d\n" % (n, n) for n in range(30_000)))
        assert lines() == 30_000
        assert tracemalloc.get_traced_memory()[1] < 700_000
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data", [b"", b"\n \n;;\n", b"\x00\x01\x02binary", b"number\n" + b'"' + b"a" * 200_000, b";" * 300 + b"x"]
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(BadList):
        list(read(data))


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    try:
        found = read(data)
        lines = list(found)
    except Malformed:
        return
    assert all(set(line.fields) == set(found.columns) for line in lines)


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


FORMS = st.tuples(
    st.sampled_from(";,\t|"), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8-sig", "utf-8", "utf-16"])
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8), FORMS)
@settings(max_examples=100, deadline=None)
def test_what_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, str]], form: tuple[str, str, str]) -> None:
    separator, line_end, encoding = form
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["number", "name"])
    writer.writerows(rows)
    kept = [row for row in rows if any(row)]
    found = read(text.getvalue().encode(encoding))
    assert [(line.number, line.fields["name"]) for line in found] == kept
    assert found.text() == text.getvalue()
