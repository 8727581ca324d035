"""CSV files that we write: what any reader makes of them is what was put in."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire import table

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
CELLS = st.one_of(TEXTS, st.sampled_from(['"', ";", "\n", "\r\n", '";"', "a\nb", "é;ü"]), st.integers())


@settings(max_examples=100)
@given(st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5)))
def test_a_table_is_read_back_as_it_was_written(rows: list[list[str | int]]) -> None:
    data = table.write_head(["a", "b"]) + table.write_rows(rows)
    head, *found = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=";")
    assert head == ["a", "b"]
    assert found == [[str(cell) for cell in row] for row in rows]


def test_texts_are_quoted_and_numbers_are_bare() -> None:
    assert table.write_head(["id", "message"]) == b"id;message\n"
    rows = [(7, 'say "hi";\nbye'), (-1, ""), (0, "+33601020304")]
    assert table.write_rows(rows) == b'7;"say ""hi"";\nbye"\n-1;""\n0;"+33601020304"\n'
