"""Texts and files out of mails, however they were written."""

import time
from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depesza.wire import mailbody
from depesza.wire.mailbody import Unreadable, read

LINE = "alex:123:0::0,1,:79999999999:Привет: всем"


def plain(body: bytes, kind: str = "text/plain; charset=utf-8", *more: str) -> bytes:
    return "\r\n".join([f"Content-Type: {kind}", *more, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("mail", "text"),
    [
        (plain(LINE.encode() + b"\r\n"), LINE),
        (plain(LINE.encode("koi8-r"), "text/plain"), LINE),
        (b"\r\n" + LINE.encode("koi8-r"), LINE),
        (LINE.encode("koi8-r") + b"\r\n\r\n", LINE),  # no header at all
        (plain(LINE.encode("cp1251"), "text/plain; charset=windows-1251"), LINE),
        (plain(b"0J/RgNC40LLQtdGC", "text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"), "Привет"),
        (plain(b"=D0=9F=\r\n=D1=80", "text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable"), "Пр"),
        (plain(b"Hi\r\n[text]\r\na:b\r\nc\r\n[/text]\r\n-- \r\nJohn"), "a:b\nc"),
        (plain(b"Hi [TEXT]a:b"), "a:b"),
        (plain(b"<p>Hi</p><div>[text]a:b<br>c &amp; d[/text]</div>", "text/html; charset=utf-8"), "a:b\nc & d"),
        (plain(b"one \r\ntwo\r\n three\r\n", "text/plain; charset=utf-8; format=flowed"), "one two\nthree"),
        (plain(b"one \r\ntwo", "text/plain; charset=utf-8; format=flowed; delsp=yes"), "onetwo"),
        (plain(b"", "multipart/mixed; boundary=x"), ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_the_text_of_a_mail(mail: bytes, text: str) -> None:
    assert read(mail).text == text


def test_a_mail_with_alternatives_and_files() -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Счёт №5", "Алекс <alex@example.org>"
    mail.set_content(LINE, charset="koi8-r")
    mail.add_alternative("<p>another</p>", subtype="html")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="../рис.png")
    mail.add_attachment("notes", filename="notes.txt")
    found = read(mail.as_bytes())
    assert (found.text, found.subject, found.sender) == (LINE, "Счёт №5", "alex@example.org")
    assert [(file.name, file.kind) for file in found.files] == [("рис.png", "image/png"), ("notes.txt", "text/plain")]
    assert found.files[0].octets == b"\x89PNG"
    assert not found.automatic


def test_pictures_within_html_are_no_files() -> None:
    mail = EmailMessage()
    mail.set_content("<p>hello <img src='cid:a'></p>", subtype="html")
    mail.add_related(b"\x89PNG", "image", "png", cid="<a>")
    found = read(mail.as_bytes())
    assert (found.text, found.files) == ("hello", ())


@pytest.mark.parametrize(
    ("header", "automatic"),
    [("Auto-Submitted: auto-replied", True), ("Auto-Submitted: no", False), ("Precedence: bulk", True),
     ("List-Id: <x>", True), ("X-Any: x", False)],
)  # fmt: skip
def test_who_expects_no_answer(header: str, automatic: bool) -> None:
    assert read(f"{header}\r\n\r\nhello".encode()).automatic is automatic


@pytest.mark.parametrize("raw", ["Subject: =?koi8-r?B?8NLJ18XU?=", "Subject: Привет", "Subject: =?x?Q?=D0?="])
def test_subjects_in_any_form(raw: str) -> None:
    octets = raw.encode("koi8-r") if "П" in raw else raw.encode()
    assert read(octets + b"\r\n\r\n").subject in ("Привет", "п")


@pytest.mark.parametrize(
    "mail",
    [
        plain(b"x", "text/plain; charset=utf-16"),
        plain(b"x", "text/plain; charset=rot13"),
        plain(b"Subject: x\r\n\r\nhello", "message/rfc822"),
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(40)),
        plain(b"--b\r\n\r\n\r\n" * 200, "multipart/mixed; boundary=b"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(mail: bytes) -> None:
    with pytest.raises(Unreadable):
        read(mail)


_PIECES = st.sampled_from([
    b"\r\n", b"\r\n\r\n", b"--b", b"--b--", b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: ",
    b"text/plain; charset=", b"utf-8", b"text/html", b"Content-Transfer-Encoding: base64", b"quoted-printable",
    b"Content-Disposition: attachment; filename*=", b"utf-8''%D0%9F", b"filename*0*=", b"Subject: =?utf-8?B?", b"?=",
    b"From: <", b"[text]", b"[/text]", b"<![if", b"x-uuencode", b"begin 644 x\r\n!!\r\n", b"message/rfc822", b"\xff",
])  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(st.one_of(_PIECES, st.binary(max_size=8))).map(b"".join)))
@example(b"Content-Type: text/plain; charset*=x'y'%FF\r\n\r\n")
@example(b"Content-Disposition: attachment; filename*=bad'x'%FF\r\n\r\n")
@example(b'From: \xff"\r\nSubject: =?utf-8?B?!?=\r\n\r\n')
def test_no_octets_raise_anything_else(octets: bytes) -> None:
    try:
        letter = read(octets)
    except Unreadable:
        return
    assert "\r\n" not in letter.text
    assert all("/" not in file.name for file in letter.files)


@pytest.mark.parametrize(
    "octets",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 12_000,
        b"Content-Type: text/html\r\n\r\n" + b"<" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b"<![" * 33_000,
        b"Subject: " + b"=?utf-8?Q?a?= " * 7_000 + b"\r\n\r\n",
        b"From: " + b"<(" * 50_000 + b"\r\n\r\n",
        b"Content-Type: text/plain" + b"; a" * 1_300 + b"\r\n\r\n",
        b"Content-Type: text/plain" + b';"' * 1_900 + b"\r\n\r\n",
        b"Content-Type: text/plain" + b"; a" * 33_000 + b"\r\n\r\n",
        b"[text]" * 16_000,
        b"Content-Type: text/plain; format=flowed\r\n\r\n" + b" " * 100_000,
    ],
)
def test_none_takes_long(octets: bytes) -> None:
    begun = time.monotonic()
    with suppress(Unreadable):
        read(octets[: 100 * 1024])
    assert time.monotonic() - begun < 2.0, octets[:50]


def test_a_mail_is_text_in_a_character_set_of_one_octet_a_colon() -> None:
    assert all(":".encode(name) == b":" for name in mailbody._CHARSETS)
