"""Lists of receivers as files. spec: ovh/4.4"""

import codecs
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed
from depesza.wire.csvlist import BadList, Line, read

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
    assert read(data).lines == WANTED


@pytest.mark.parametrize("name", ["number", "Numero", "NUMÉRO ", "phone", "Receiver"])
def test_the_column_of_the_number_has_many_names_and_may_stand_anywhere(name: str) -> None:
    found = read(f"nom;{name};age\nAnna;+33601020304;3\n".encode())
    assert found.number_column == name.strip()
    assert found.lines[0].number == "+33601020304"


def test_without_a_name_we_know_the_first_column_counts() -> None:
    assert read(b"gsm;nom\n+33601020304;Anna\n").lines[0].number == "+33601020304"


@pytest.mark.parametrize("data", [b"number\n+33601020304\n+33601020305", b"+33601020304\n+33601020305"])
def test_a_plain_list_with_a_name_or_without(data: bytes) -> None:
    assert [line.number for line in read(data).lines] == ["+33601020304", "+33601020305"]


def test_a_quoted_cell_keeps_separators_quotes_and_line_breaks() -> None:
    found = read(b'number;text\n+33601020304;"a;b ""c""\nd"\n')
    assert found.lines[0].fields["text"] == 'a;b "c"\nd'


def test_short_lines_are_filled_and_long_ones_cut() -> None:
    found = read(b"number;name\n+33601020304\n+33601020305;Anna;more\n")
    assert [line.fields for line in found.lines] == [
        {"number": "+33601020304", "name": ""},
        {"number": "+33601020305", "name": "Anna"},
    ]


def test_the_text_is_kept_as_it_came() -> None:
    assert read(codecs.BOM_UTF8 + PLAIN.encode()).text == PLAIN


@pytest.mark.parametrize(
    "data", [b"", b"\n \n;;\n", b"\x00\x01\x02binary", b"number\n" + b'"' + b"a" * 200_000, b";" * 300 + b"x"]
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(BadList):
        read(data)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    try:
        found = read(data)
    except Malformed:
        return
    assert all(set(line.fields) == set(found.columns) for line in found.lines)


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_what_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerow(["number", "name"])
    writer.writerows(rows)
    kept = [row for row in rows if any(row)]
    assert [(line.number, line.fields["name"]) for line in read(text.getvalue().encode()).lines] == kept
