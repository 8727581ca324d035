"""XML of strangers: what is read, what is refused, and that nothing else ever happens."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed
from depesza.wire.markup import DEEPEST, LARGEST, MOST, escape, read_document

BOMB = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><l>&c;</l>"""

BAD = {
    "a bomb of entities": BOMB,
    "a file of ours": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
    "an address": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
    "parameter entities": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]><x/>',
    "a bare document type": b"<!DOCTYPE x><x/>",
    "an entity that nobody made": b"<x>&boo;</x>",
    "too deep": b"<x>" * (DEEPEST + 1) + b"</x>" * (DEEPEST + 1),
    "too many": b"<x>" + b"<y/>" * MOST + b"</x>",
    "too many attributes": b"<x " + b" ".join([b'a%d="1"' % n for n in range(MOST + 1)]) + b"/>",
    "too large": b"<x>" + b" " * LARGEST + b"</x>",
    "nothing": b"",
    "not closed": b"<x><y></y>",
    "two roots": b"<x/><x/>",
    "no UTF-8": "<x>Привет</x>".encode("cp1251"),
    "a prefix that nobody made": b"<a:x/>",
    "an attribute twice": b'<x a="1" a="2"/>',
    "NUL": b"<x>\0</x>",
}


@pytest.mark.parametrize("octets", BAD.values(), ids=BAD.keys())
def test_what_is_no_plain_document_is_refused_at_once(octets: bytes) -> None:
    start = time.process_time()
    with pytest.raises(Malformed):
        read_document(octets)
    assert time.process_time() - start < 1


@given(st.binary(max_size=60) | st.text("<>/&;!x='\" \n[]CDATA?-:", max_size=40).map(str.encode))
@example(b"<x/>")
@settings(max_examples=100)
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        assert read_document(octets).name
    except Malformed as error:
        assert str(error)


def test_names_texts_and_attributes_whatever_the_prefix() -> None:
    root = read_document(
        '<?xml version="1.0" encoding="utf-16"?><a:x xmlns:a="urn:1" a:k="1" l="2">Да <b>1</b><![CDATA[<нет>]]>'
        '<c xmlns="urn:2"> 3 </c><b>4</b></a:x>'.encode()
    )
    assert (root.name, root.space, root.attributes) == ("x", "urn:1", {"urn:1 k": "1", "l": "2"})
    assert root.text == "Да <нет>"
    assert ([each.text for each in root.all("b")], root.told("c"), root.find("c", "d")) == (["1", "4"], "3", None)
    assert root.find("c") is not None
    assert root.children[1].space == "urn:2"


@given(st.text(max_size=30))
@settings(max_examples=100)
def test_a_text_comes_back_but_for_what_xml_cannot_say(text: str) -> None:
    root = read_document(f"<x>{escape(text)}</x>".encode())
    assert root.text == re.sub("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", " ", re.sub("\r\n?", "\n", text))


def test_marks_surrogates_and_controls_are_escaped() -> None:
    assert escape("<&>\"'\0\ud800\ufffe\n") == "&lt;&amp;&gt;&quot;'   \n"
