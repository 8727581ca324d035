"""SMSC's parameters out of whatever carried them, in whatever character set. spec: smsc/1.1 smsc/1.4"""

import json
from math import isfinite
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.charsets import CHARSETS, KOI8, UTF8, WINDOWS, find_charset
from depesza.dialects.smsc.parameters import File, Given, read_parameters
from depesza.wire.http import HttpRequest

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=B"


def request(query: str = "", body: bytes = b"", kind: str = FORM) -> HttpRequest:
    path = "/sys/send.php"
    return HttpRequest("POST", f"{path}?{query}", path, query, {"content-type": kind}, body, "192.0.2.1", "http")


def read(query: str = "", body: bytes = b"", kind: str = FORM, *, rest: bool = False) -> Given:
    return read_parameters(request(query, body, kind), rest=rest)


@pytest.mark.parametrize(
    ("query", "body", "kind", "texts"),
    [
        ("", b"", "", {}),
        ("a=1&b=", b"", FORM, {"a": "1", "b": ""}),
        ("", b"a=1&A=2", FORM, {"a": "1", "A": "2"}),
        ("a=1&b=2", b"b=3&c=4", FORM, {"a": "1", "b": "3", "c": "4"}),
        ("a=1", b"a=", FORM, {"a": ""}),
        ("a=1&a=2", b"", "", {"a": "2"}),
        ("phones=1&phones=2", b"", "", {"phones": "1,2"}),
        ("phones=1", b"phones=2", FORM, {"phones": "2"}),
        ("a=x+y%2Bz&fl%5B5%5D=1&&=3&b", b"", "", {"a": "x y+z", "fl[5]": "1", "b": ""}),
        ("a=1%zz%4", b"", "", {"a": "1%zz%4"}),
        ("", b"a=1", "text/plain", {"a": "1"}),
        ("a=1", b'--B\r\nContent-Disposition: form-data; name="mes"\r\n\r\n%41+\r\n--B--', MULTIPART,
         {"a": "1", "mes": "%41+"}),
        ("a=1&b=2", b'{"a": 3, "c": null}', JSON, {"a": "3", "b": "2"}),
        ("", b'{"a":true,"b":false,"c":1.5,"d":79999999999,"e":2.0,"f":"x"}', JSON + "; charset=utf-8",
         {"a": "1", "b": "0", "c": "1.5", "d": "79999999999", "e": "2", "f": "x"}),
        ("", b'{"phones":[79999999999,"79999999998",null],"list":["7:a","8:b"]}', JSON,
         {"phones": "79999999999,79999999998", "list": "7:a\n8:b"}),
    ],
)  # fmt: skip
def test_parameters_come_from_query_and_body(query: str, body: bytes, kind: str, texts: dict[str, str]) -> None:
    found = read(query, body, kind)
    assert (found.texts, found.fault) == (texts, "")


@pytest.mark.parametrize(
    ("mes", "charset", "text"),
    [
        ("%CF%F0%E8%E2%E5%F2", "", "Привет"),
        ("%CF%F0%E8%E2%E5%F2", "&charset=", "Привет"),
        ("%F0%D2%C9%D7%C5%D4", "&charset=koi8-r", "Привет"),
        ("%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82", "&charset=utf-8", "Привет"),
        ("%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82", "&charset=UTF-8", "Привет"),
        ("%D0%9F", "", "Рџ"),
        ("%98", "", "\x98"),
        ("a%FFb", "&charset=utf-8", "a\ufffdb"),
    ],
)
def test_case_27_28_the_charset_decodes_what_is_sent(mes: str, charset: str, text: str) -> None:
    for found in (read(f"mes={mes}{charset}"), read("", f"mes={mes}{charset}".encode())):
        assert found.get("mes") == text


def test_the_charset_may_come_after_the_text_and_in_another_place() -> None:
    assert read("charset=koi8-r", b"mes=%F0%D2%C9%D7%C5%D4").get("mes") == "Привет"


def test_another_charset_is_an_error_that_waits_for_the_caller_to_be_known() -> None:
    found = read("mes=%CF&charset=cp866&fmt=3&login=alex")
    assert (found.get("mes"), found.get("login"), found.charset, found.fmt) == ("П", "alex", WINDOWS, 3)
    with pytest.raises(Refused) as refused:
        found.check()
    assert refused.value.code == 1
    read("mes=1").check()


def test_values_may_be_utf8_where_an_account_says_so() -> None:
    utf8, windows = "%D0%9F%D1%80", "%CF%F0"
    assert read(f"mes={utf8}&subj=x").with_utf8_detected().get("mes") == "Пр"
    assert read(f"mes={windows}").with_utf8_detected().get("mes") == "Пр"
    assert read(f"mes={utf8}&subj={windows}").with_utf8_detected().get("mes") == "РџСЂ"
    assert read(f"mes={utf8}&charset=windows-1251").with_utf8_detected().get("mes") == "РџСЂ"
    assert read(f"mes={utf8}").with_utf8_detected().charset is WINDOWS


@pytest.mark.parametrize(
    ("query", "rest", "fmt"),
    [("", False, 0), ("", True, 3), ("fmt=1", True, 1), ("fmt=3", False, 3), ("fmt=4", False, 0), ("fmt=x", True, 0),
     ("fmt=", True, 3), ("fmt=+2", False, 2)],
)  # fmt: skip
def test_the_format_of_the_answer(query: str, rest: bool, fmt: int) -> None:
    assert read(query, rest=rest).fmt == fmt


def test_json_is_utf8_and_so_is_its_answer() -> None:
    body = '{"mes":"Привет","fmt":3}'.encode()
    for found in (read("", body, JSON), read("", body, FORM, rest=True), read("", b"\xef\xbb\xbf" + body, JSON)):
        assert (found.get("mes"), found.fmt, found.charset, found.fault) == ("Привет", 3, UTF8, "")
    assert read("mes=%D0%9F", rest=True).get("mes") == "П"
    assert read("", b"mes=1", FORM, rest=True).get("mes") == "1"


def test_json_in_another_charset_is_read_by_its_name() -> None:
    text = '{"mes": "Привет", "charset": "windows-1251"}'
    for body in (text.encode("windows-1251"), text.encode()):
        found = read("", body, JSON)
        assert (found.get("mes"), found.charset) == ("Привет", WINDOWS)
    assert read("charset=koi8-r", '{"mes":"Да"}'.encode("koi8-r"), JSON).get("mes") == "Да"


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b'{"a":{"b":1}}', b'{"a":1e999}', b"{" * 5000, b'"\\ud800"', b"\xff"]
)
def test_bad_json_is_error_1_and_keeps_the_query(body: bytes) -> None:
    found = read("login=alex&fmt=1", body, JSON)
    assert (found.get("login"), found.fmt) == ("alex", 1)
    with pytest.raises(Refused):
        found.check()


def test_files_come_under_any_name() -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="file0"; filename="\xcf.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n\x00\xff"
        b'\r\n--B\r\nContent-Disposition: form-data; name="redsquare"; filename="a.gif"\r\n\r\nGIF'
        b'\r\n--B\r\nContent-Disposition: form-data; name="none"; filename=""\r\n\r\n'
        b'\r\n--B\r\nContent-Disposition: form-data; name="mes"\r\n\r\n\xcf\r\n--B--\r\n'
    )
    found = read("login=alex", body, MULTIPART)
    assert found.files == (File("П.txt", "text/plain", b"\0\xff"), File("a.gif", "", b"GIF"))
    assert found.texts == {"login": "alex", "mes": "П"}


def test_octets_stay_within_reach() -> None:
    assert read("mes=%00%FF%2B+").octets("mes") == b"\0\xff+ "
    assert read("", '{"mes":"\\u0000ÿ"}'.encode(), JSON).octets("mes") == b"\0\xff"
    assert read("mes=1", b'{"mes":"2"}', JSON).octets("mes") == b"2"
    assert read().octets("mes") == b""
    with pytest.raises(Refused):
        read("", '{"mes":"П"}'.encode(), JSON).octets("mes")


def test_no_text_holds_a_nul() -> None:
    with pytest.raises(Refused):
        read("name=%00").get("name")
    assert read().get("name", "x") == "x" and "name" not in read()


@settings(max_examples=100)
@given(
    st.sampled_from(sorted(CHARSETS)), st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1), st.binary())
)
def test_every_octet_arrives(name: str, values: dict[str, bytes]) -> None:
    values = {key: value for key, value in values.items() if key not in ("phones", "charset", "fmt")}
    query = "&".join(f"{quote_from_bytes(key.encode(), '')}={quote_from_bytes(value)}" for key, value in values.items())
    found = read(f"charset={name}&{query}")
    assert {key: found.octets(key) for key in values} == values
    assert found.charset.name == name and len(found.texts) == len(values) + 1


@settings(max_examples=100)
@given(st.sampled_from(sorted(CHARSETS)), st.text(st.characters(codec="koi8-r")))
def test_what_python_writes_is_read_back(name: str, text: str) -> None:
    charset = CHARSETS[name]
    if charset is not WINDOWS or text.encode("windows-1251", "ignore").decode("windows-1251", "ignore") == text:
        assert read(urlencode({"mes": text, "charset": name}, encoding=name)).texts["mes"] == text
        assert charset.read(charset.write(text)) == text
    assert read("", json.dumps({"mes": text}).encode(), JSON).texts["mes"] == text


@settings(max_examples=100)
@given(st.text(st.characters(codec="ascii")), st.binary(), st.sampled_from([FORM, JSON, MULTIPART, ""]), st.booleans())
def test_nothing_makes_the_reader_fail(query: str, body: bytes, kind: str, rest: bool) -> None:
    found = read(query, body, kind, rest=rest)
    assert found.fmt in range(4)
    found.with_utf8_detected()


FLAT = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
MEMBERS = FLAT | st.recursive(st.lists(FLAT, max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=5)
BROKEN = st.dictionaries(st.text(max_size=3), FLAT, max_size=2) | st.sampled_from([float("nan"), float("-inf")])


def is_number(value: object) -> bool:
    """Tell whether JSON can say it."""
    if isinstance(value, list):
        return all(map(is_number, value))
    return not isinstance(value, float) or isfinite(value)


@settings(max_examples=100)
@given(st.dictionaries(st.text("phoneslistm", min_size=1, max_size=6), MEMBERS, max_size=4), st.booleans())
def test_members_of_json_become_texts_whatever_they_are(members: dict[str, object], rest: bool) -> None:
    found = read("fmt=1", json.dumps(members).encode(), JSON, rest=rest)
    if not is_number([*members.values()]):
        assert found.fault and set(found.texts) == {"fmt"}
        return
    assert found.fault == ""
    assert set(found.texts) == {"fmt", *(name for name, value in members.items() if value is not None)}
    assert all(found.texts[name] == value for name, value in members.items() if isinstance(value, str))


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=6), MEMBERS, max_size=3), st.text(max_size=6), BROKEN, st.integers(0, 30))
def test_an_object_inside_an_object_or_a_broken_end_is_a_fault(
    members: dict[str, object], name: str, broken: object, cut: int
) -> None:
    whole = json.dumps({**members, name: [broken]}).encode()
    for body in (whole, whole[: -1 - cut % (len(whole) - 2)], b"[%b]" % whole):
        found = read("", body, JSON)
        with pytest.raises(Refused):
            found.check()


@pytest.mark.parametrize(
    ("text", "windows", "koi8"),
    [
        ("Привет", "Привет".encode("cp1251"), "Привет".encode("koi8-r")),
        ("café", b"cafe", b"cafe"),
        ("Єї", "Єї".encode("cp1251"), b"??"),
        ("1 → 2 👍", b"1 ? 2 ?", b"1 ? 2 ?"),
        ("＂＼＜", b"???", b"???"),
        ("\ud800", b"?", b"?"),
    ],
)
def test_characters_that_a_charset_lacks_are_replaced(text: str, windows: bytes, koi8: bytes) -> None:
    assert (WINDOWS.write(text), KOI8.write(text)) == (windows, koi8)


def test_charsets_are_found_in_any_case() -> None:
    assert [find_charset(name) for name in ("KOI8-R", " Utf-8", "windows-1251", "cp1251", "")] == [
        KOI8,
        UTF8,
        WINDOWS,
        None,
        None,
    ]
