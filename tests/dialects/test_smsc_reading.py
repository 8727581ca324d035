"""send.php's parameters, each with its range, its default and its error. spec: smsc/2.1"""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.core.model import MICRO
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import Kind
from depesza.dialects.smsc.numbers import Sort
from depesza.dialects.smsc.parameters import read_parameters
from depesza.dialects.smsc.prefixes import Binary
from depesza.dialects.smsc.reading import Letter, Wanted, read_send
from depesza.dialects.smsc.times import DAY, HOUR, MINUTE, Spread
from depesza.dialects.smsc.voices import Ring
from depesza.wire.http import HttpRequest

NOW = 1_768_467_600 * MICRO
"""15.01.2026 12:00:00 in Moscow."""
ONE, OTHER = "79999999999", "79999999998"
BASE = {"login": "alex", "psw": "123", "phones": ONE, "mes": "Hello!"}
PATH = "/sys/send.php"


def read(parameters: dict[str, str], home: str = "RU", **more: str) -> Wanted:
    query = urlencode(parameters | more, encoding="windows-1251")
    request = HttpRequest("GET", f"{PATH}?{query}", PATH, query, {}, b"", "192.0.2.1", "http")
    return read_send(read_parameters(request), NOW, home=home)


def send(**more: str) -> Wanted:
    return read(BASE, **more)


def addresses(letter: Letter) -> list[str]:
    return [named.address for named in letter.to]


def with_files(*names: str, **fields: str) -> Wanted:
    parts = [f'name="f"; filename="{name}"\r\n\r\nx' for name in names]
    body = "".join([f"--B\r\nContent-Disposition: form-data; {part}\r\n" for part in parts]) + "--B--\r\n"
    query = urlencode(BASE | fields)
    kind = {"content-type": "multipart/form-data; boundary=B"}
    request = HttpRequest("POST", f"{PATH}?{query}", PATH, query, kind, body.encode(), "192.0.2.1", "http")
    return read_send(read_parameters(request), NOW)


def test_case_01_a_plain_request_leaves_the_rest_to_its_defaults() -> None:
    wanted = send()
    assert (wanted.kind, wanted.id, wanted.sender, wanted.due, wanted.spread) == (Kind.SMS, "", None, 0, None)
    assert (wanted.valid, wanted.cost, wanted.translit, wanted.max_parts, wanted.confirm) == (DAY, 0, 0, 0, 0)
    assert (wanted.shorten, wanted.tell_each, wanted.tell_bad, wanted.speaks_code) == (False, False, False, False)
    assert (wanted.voice, wanted.ring, wanted.files, wanted.bot, wanted.subject) == ("m3", Ring(), (), "", "")
    (letter,) = wanted.letters
    assert (letter.text, letter.comment, letter.binary, addresses(letter)) == ("Hello!", "", None, [f"+{ONE}"])


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("id", "10", "id", 10),
        ("id", "0", "id", ""),
        ("id", "a-1", "id", "a-1"),
        ("sender", "ivan", "sender", "ivan"),
        ("sender", "", "sender", ""),
        ("sender", ".", "sender", ""),
        ("translit", "2", "translit", 2),
        ("tinyurl", "1", "shorten", True),
        ("time", "+60", "due", NOW + HOUR),
        ("time", "0", "due", 0),
        ("period", "1.5", "spread", Spread(90 * MINUTE, MINUTE)),
        ("freq", "10", "spread", None),
        ("valid", "01:30", "valid", 90 * MINUTE),
        ("maxsms", "2", "max_parts", 2),
        ("cost", "3", "cost", 3),
        ("err", "1", "tell_bad", True),
        ("op", "1", "tell_each", True),
        ("subj", "Тема", "subject", "Тема"),
        ("smsreq", "10", "confirm", 10),
        ("voice", "w,en", "voice", "w,en"),
        ("param", "20,60,3", "ring", Ring(20, 60, 3)),
        ("imgcode", "xyz", "captcha", "xyz"),
        ("userip", "192.0.2.7", "visitor", "192.0.2.7"),
        ("pp", "42", "partner", 42),
        ("pp", "x", "partner", 0),
        ("flash", "1", "kind", Kind.FLASH),
        ("hlr", "1", "kind", Kind.HLR),
        ("soc", "1", "kind", Kind.SOCIAL),
        ("viber", "1", "kind", Kind.VIBER),
        ("whatsapp", "1", "kind", Kind.WHATSAPP),
        ("tg", "1", "kind", Kind.TELEGRAM),
        ("bot", "@my_bot", "kind", Kind.TELEGRAM),
        ("bot", "@my_bot", "bot", "@my_bot"),
        ("bot", "wa:79037676877", "kind", Kind.WHATSAPP),
        ("bot", "wa:79037676877", "bot", "79037676877"),
        ("nobody", "knows", "kind", Kind.SMS),
    ],
)
def test_each_parameter_is_read(name: str, value: str, field: str, expected: object) -> None:
    assert getattr(send(**{name: value}), field) == expected


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("phones", ["", " ,"]),
        ("mes", ["", "x" * 1001, "a\0b"]),
        ("id", ["x" * 41, "a b"]),
        ("sender", ["twelve chars", "Иван"]),
        ("translit", ["3", "x"]),
        ("tinyurl", ["2"]),
        ("period", ["0", "721", "x"]),
        ("freq", ["0", "1441"]),
        ("flash", ["2", "true"]),
        ("bin", ["3"]),
        ("push", ["1"]),  # no line feed in the text
        ("hlr", ["2"]),
        ("mail", ["1"]),  # no subject, no sender
        ("bot", ["my_bot", "wa:", "wa:abc"]),
        ("smsreq", ["9", "1000", "x"]),
        ("fileurl", ["http://a.example/f.png", "ftp://a.example/"]),  # an SMS carries no file
        ("voice", ["m5"]),
        ("cost", ["4", "-1"]),
        ("list", [f"{ONE}:a"]),
        ("valid", ["0", "25", "24:01"]),
        ("maxsms", ["0", "x", "-1"]),
        ("err", ["2"]),
        ("op", ["x"]),
        ("nl", []),
    ],
)
def test_a_value_out_of_range_is_error_1(name: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(Refused) as refused:
            send(**{name: value})
        assert (refused.value.code, refused.value.text) == (1, "parameters error")


def test_case_23_24_what_is_missing_goes_before_a_wrong_date() -> None:
    without = {name: value for name, value in BASE.items() if name != "mes"}
    for parameters, code in (
        (without | {"time": "x"}, 1),
        (BASE | {"time": "99.99.26 12:00"}, 5),
        (BASE | {"tz": "x"}, 5),
    ):
        with pytest.raises(Refused) as refused:
            read(parameters)
        assert refused.value.code == code


def test_case_19_bad_numbers_are_told_item_by_item() -> None:
    wanted = send(phones=f"{ONE};123,G5,{ONE}")
    assert [(named.written, named.bad, named.sort) for named in wanted.letters[0].to] == [
        (ONE, False, Sort.NUMBER),
        ("123", True, Sort.NUMBER),
        ("G5", False, Sort.GROUP),
    ]
    assert addresses(read(BASE, "UA", phones="0501234567").letters[0]) == ["+380501234567"]


def test_texts_of_a_thousand_characters_are_taken() -> None:
    comment = "\n~~~\n" + "c" * 1000
    (letter,) = send(mes="ж" * 1000 + comment).letters
    assert (len(letter.text), len(letter.comment)) == (1000, 1000)


def test_of_several_flags_the_first_in_order_wins() -> None:
    flags = ["hlr", "ping", "call", "mms", "mail", "viber", "whatsapp", "tg", "soc", "push", "bin", "flash"]
    for place, first in enumerate(flags):
        wanted = send(mes="\x03p\x01A\nff", sender="a@b.example", subj="s", **dict.fromkeys(flags[place:], "1"))
        assert wanted.kind == first
    assert send(flash="0", viber="").kind is Kind.SMS


@pytest.mark.parametrize(
    ("mes", "flag", "kind", "text"),
    [
        ("__CALL__code", {}, Kind.CALL, "code"),
        ("__FLASH__hi", {"viber": "1"}, Kind.VIBER, "hi"),
        ("__CALL__hi", {"flash": "1"}, Kind.CALL, "hi"),
        ("__PING__hi", {}, Kind.PING, ""),
        ("__WA__a\n~~~\nb", {}, Kind.WHATSAPP, "a"),
    ],
)
def test_a_prefix_is_one_flag_more(mes: str, flag: dict[str, str], kind: Kind, text: str) -> None:
    wanted = send(mes=mes, **flag)
    assert (wanted.kind, wanted.letters[0].text) == (kind, text)


def test_hlr_and_ping_need_no_text() -> None:
    for flag in ("hlr", "ping"):
        wanted = read({"phones": ONE}, **{flag: "1"})
        assert (wanted.kind, wanted.letters[0].text) == (flag, "")
        assert len(read({"list": f"{ONE}\n{OTHER}"}, **{flag: "1"}).letters) == 2


def test_case_34_binary_messages() -> None:
    expected = Binary(bytes.fromhex("0A03070560"), b"Hello, World!")
    octets = bytes.fromhex("050A0307056048656C6C6F2C20576F726C6421")
    (letter,) = send(bin="2", mes=octets.hex()).letters
    assert (letter.text, letter.binary) == ("", expected)
    assert send(bin="1", mes=octets.decode("latin-1")).letters[0].binary == expected
    assert [each.binary for each in read({"list": f"{ONE}:0041\n{OTHER}:0042"}, bin="2").letters] == [
        Binary(b"", b"A"),
        Binary(b"", b"B"),
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"bin": "2", "mes": "050"},
        {"bin": "2", "mes": "0541"},
        {"bin": "1", "mes": "\x05a"},
        {"bin": "2", "mes": "00" * 1003},
    ],
)
def test_a_broken_binary_message_is_error_1(more: dict[str, str]) -> None:
    with pytest.raises(Refused):
        send(**more)
    with pytest.raises(Refused):
        read({"list": f"{ONE}:0041"}, bin="1")


def test_case_32_a_list_has_a_letter_a_line() -> None:
    text = f"ivan,2|{ONE}:Hello!\n{ONE},{OTHER}:Hello\\nworld!\n~~~"
    wanted = read({"list": text, "nl": "1", "phones": "", "mes": ""}, sender="petr", time="1601260900")
    assert [(addresses(letter), letter.text) for letter in wanted.letters] == [
        ([f"+{ONE}"], "Hello!"),
        ([f"+{ONE}", f"+{OTHER}"], "Hello\nworld!\n~~~"),
    ]
    assert wanted.sender == "ivan" and wanted.due == 1_768_536_000 * MICRO


@pytest.mark.parametrize(
    "text", [f"{ONE}:", f"{ONE}:a\n{OTHER}:{'x' * 1001}", "hello", f"{ONE}:__CALL__a\n{OTHER}:__MMS__b"]
)
def test_a_list_with_a_line_that_cannot_be_is_error_1(text: str) -> None:
    with pytest.raises(Refused):
        read({"list": text})


def test_a_list_travels_on_one_channel() -> None:
    wanted = read({"list": f"{ONE}:__VIBER__a\n{OTHER}:b"})
    assert (wanted.kind, [letter.text for letter in wanted.letters]) == (Kind.VIBER, ["a", "b"])


def test_mail_needs_subject_text_and_sender() -> None:
    needed = {"subj": "s", "mes": "<file 1>", "sender": "shop@example.com", "mail": "1"}
    wanted = with_files("a.exe", phones="b@example.com", **needed)
    assert (wanted.kind, wanted.letters[0].to[0].sort, wanted.files[0].octets) == (Kind.MAIL, Sort.MAIL, b"x")
    for name in ("subj", "mes", "sender"):
        with pytest.raises(Refused):
            send(**(needed | {"phones": "b@example.com", name: ""}))


def test_mms_takes_its_own_files_and_a_subject_for_a_text() -> None:
    wanted = with_files("a.JPG", "b.3gp", mms="1", mes="", subj="s")
    assert ([file.name for file in wanted.files], wanted.letters[0].text) == (["a.JPG", "b.3gp"], "")
    for refused in ({"mms": "1", "mes": ""}, {"mms": "1", "mes": "", "subj": ""}):
        with pytest.raises(Refused):
            with_files("a.jpg", **refused)
    for name in ("a.exe", "noending"):
        with pytest.raises(Refused):
            with_files(name, mms="1")


def test_a_call_speaks_a_text_or_plays_a_file() -> None:
    assert with_files("a.mp3", call="1", mes="").kind is Kind.CALL
    assert send(call="1", mes="", fileurl="https://a.example/x.mp3").file_url == "https://a.example/x.mp3"
    assert send(call="1", mes="code").speaks_code and not send(mes="code").speaks_code
    with pytest.raises(Refused):
        send(call="1", mes="")
    with pytest.raises(Refused):
        with_files("a.mp3")


@pytest.mark.parametrize(
    "url",
    ["a.example/x", "ftp://a.example/x", "http://", "http://a b/", "http://a.example:99999/", "http://a/" + "x" * 2000],
)
def test_a_file_is_fetched_from_a_whole_address(url: str) -> None:
    with pytest.raises(Refused):
        send(viber="1", fileurl=url)


def test_push_is_a_link_and_a_title() -> None:
    assert send(push="1", mes="http://a.example/\nTitle").letters[0].text == "http://a.example/\nTitle"
    for mes in ("\nTitle", "http://a.example/\n"):
        with pytest.raises(Refused):
            send(push="1", mes=mes)


def test_telegram_knows_names() -> None:
    assert addresses(send(tg="1", phones="@anna_b,#77").letters[0]) == ["@anna_b", "#77"]
    assert send(phones="@anna_b").letters[0].to[0].bad


NAMES = [
    *("phones", "mes", "id", "sender", "translit", "time", "tz", "period", "freq", "bin", "push", "hlr", "mms"),
    *("mail", "bot", "call", "voice", "param", "subj", "cost", "list", "nl", "valid", "maxsms", "pp", "fileurl"),
]


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=30) | st.text("0123456789+-:,. \n", max_size=12)))
def test_no_value_does_worse_than_error_1_or_5(values: dict[str, str]) -> None:
    query = urlencode({"phones": ONE, "mes": "x", "charset": "utf-8"} | values, errors="replace")
    try:
        read_send(read_parameters(HttpRequest("GET", PATH, PATH, query, {}, b"", "192.0.2.1", "http")), NOW)
    except Refused as refused:
        assert refused.code in (1, 5)
