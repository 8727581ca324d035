"""What a message looks like as a mail, and that nobody writes headers by writing texts."""

from base64 import b64encode
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from typing import Any

import dkim as verifier
import msgspec
import pytest
from connector_heard import content, message
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import NOW

from depesza.connectors.mail.settings import Settings
from depesza.connectors.mail.writing import Mailed, Unsendable, write
from depesza.core.model import Attached, Channel, Extras, Message, Priority
from depesza.wire import dkim, tickets

TICKET = tickets.write(77, b"key")
USUAL = Settings(host="h", sender="sms@house.example", bounces="bounces@house.example")
PICTURE = Attached("1", "logo & co.png", "image/png", 3)
PAPER = Attached("2", "счёт №1.pdf", "application/pdf", 3)
OCTETS = (b"PNG", b"PDF")


def letter(text: str = "Hello", sender: str = "shop@sms.example", subject: str = "News", **more: Any) -> Message:
    files = more.pop("files", ())
    receiver = more.pop("receiver", "user@example.org")
    extras = Extras(subject=subject, files=files)
    return message(77, content(text, sender, channel=Channel.MAIL, extras=extras, **more), receiver)


def written(of: Message, chosen: Settings = USUAL, signer: dkim.Signer | None = None) -> Mailed:
    files = of.content.extras.files if of.content.extras else ()
    return write(of, OCTETS[: len(files)], chosen, signer, TICKET, NOW)


def read(mailed: Mailed) -> EmailMessage:
    return message_from_bytes(mailed.envelope.octets, policy=default)


def said(part: MIMEPart | None) -> str:
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def test_a_plain_text_is_a_plain_mail() -> None:
    mailed = written(letter("Привет, <мир>!\nДва", "Магазин <shop@sms.example>", "Новости"))
    mail = read(mailed)
    assert mail["From"].addresses[0].display_name == "Магазин"
    assert mail["From"].addresses[0].addr_spec == "shop@sms.example"
    assert (mail["To"], mail["Subject"]) == ("user@example.org", "Новости")
    assert mail["Message-ID"] == f"<{TICKET}@house.example>"
    assert mail["Date"].datetime.timestamp() == NOW // 1_000_000
    assert mail.get_content_type() == "text/plain"
    assert said(mail) == "Привет, <мир>!\nДва\n"
    assert mailed.envelope.octets.isascii()
    assert max(map(len, mailed.envelope.octets.split(b"\r\n"))) <= 78
    assert b"\n" not in mailed.envelope.octets.replace(b"\r\n", b"")
    assert mailed.envelope.sender == f"bounces+{TICKET}@house.example"


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("shop@sms.example", "shop@sms.example"),
        ('"My Shop" <shop@sms.example>', "My Shop <shop@sms.example>"),
        ("Shop, Ltd. <shop@sms.example>", '"Shop, Ltd." <shop@sms.example>'),
        ("Shop", "Shop <sms@house.example>"),
        ("shop@münchen.example", "shop@xn--mnchen-3ya.example"),
    ],
)
def test_senders_are_addresses_with_or_without_a_name_or_names_alone(sender: str, shown: str) -> None:
    assert str(read(written(letter(sender=sender)))["From"]) == shown


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"sender": "a@b@c"}, "bad_sender"),
        ({"sender": "Shop"}, "bad_sender"),
        ({"sender": "магазин@sms.example"}, "bad_sender"),
        ({"receiver": "+33600000001"}, "bad_destination"),
        ({"receiver": "a b@example.org"}, "bad_destination"),
        ({"receiver": "user@example.org\r\nRCPT TO:<x@y.z>"}, "bad_destination"),
        ({"receiver": "юзер@example.org"}, "bad_destination"),
        ({"receiver": "user@" + "й" * 70 + ".example"}, "bad_destination"),
        ({"text": "\ud800"}, "unencodable"),
    ],
)
def test_what_cannot_be_a_mail_is_refused(changes: dict[str, str], refusal: str) -> None:
    with pytest.raises(Unsendable) as error:
        written(letter(**changes), msgspec.structs.replace(USUAL, sender=""))
    assert error.value.refusal == refusal


def test_without_an_address_for_bounces_they_go_to_the_sender() -> None:
    mailed = written(letter(), msgspec.structs.replace(USUAL, bounces=""))
    assert (mailed.envelope.sender, mailed.envelope.notify) == ("shop@sms.example", False)
    assert mailed.remote == f"{TICKET}@sms.example"


@pytest.mark.parametrize(
    ("more", "marked"),
    [({}, False), ({"count": 2}, True), ({"batch": "7"}, True), ({"priority": Priority.BULK}, True)],
)
def test_mass_mail_says_so_and_how_to_leave(more: dict[str, Any], marked: bool) -> None:
    chosen = msgspec.structs.replace(USUAL, unsubscribe="https://house.example/leave?a=1")
    mail = read(written(letter(**more), chosen))
    assert mail["List-Unsubscribe"] == ("<https://house.example/leave?a=1>" if marked else None)
    assert mail["Auto-Submitted"] == ("auto-generated" if marked else None)


def test_html_has_a_plain_text_beside_it_and_files_in_their_places() -> None:
    html = '<p>Your <b>logo</b>: <file 1></p><p>Read <file 2>, <file 3> &amp; <a href="https://x.example">more</a></p>'
    mail = read(written(letter(html, files=(PICTURE, PAPER))))
    assert mail.get_content_type() == "multipart/mixed"
    plain = "Your logo: [logo & co.png]\n\nRead счёт №1.pdf, & more (https://x.example)\n"
    assert said(mail.get_body(("plain",))) == plain
    (related,) = [part for part in mail.walk() if part.get_content_type() == "multipart/related"]
    picture = list(related.iter_parts())[1]
    cid = picture["Content-ID"].strip("<>")
    assert f'<img src="cid:{cid}" alt="logo &amp; co.png">' in said(mail.get_body(("html",)))
    assert (picture.get_content(), picture.get_content_disposition()) == (b"PNG", "inline")
    (paper,) = mail.iter_attachments()
    assert (paper.get_filename(), paper.get_content_type(), paper.get_content()) == (
        "счёт №1.pdf",
        "application/pdf",
        b"PDF",
    )


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>Hi</p>", "<p>Hi</p>{}\n"),
        ("<html><body><p>Hi</p></BODY ></html>", "<html><body><p>Hi</p>{}</BODY ></html>\n"),
        ("Hi", None),
    ],
)
def test_a_picture_that_tells_of_opened_mails_stands_at_the_end_of_html(html: str, shown: str | None) -> None:
    mail = read(write(letter(html), (), USUAL, None, TICKET, NOW, "https://s.example/o/1.gif?a&b"))
    body = mail.get_body(("html",))
    if shown is None:
        assert body is None
    else:
        picture = '<img src="https://s.example/o/1.gif?a&amp;b" width="1" height="1" alt="">'
        assert said(body) == shown.format(picture)
        assert said(mail.get_body(("plain",))) == "Hi\n"


def test_a_file_may_be_the_value_of_an_attribute() -> None:
    mail = read(written(letter('<div><img width=10 src="<file 1>"></div>', files=(PICTURE,))))
    assert f'src="cid:1.{TICKET}@files"' in said(mail.get_body(("html",)))


def test_in_a_plain_text_the_name_stands_in_the_place_of_a_file() -> None:
    mail = read(written(letter("See <file 2>, not <file 0> or <file 9>", files=(PICTURE, PAPER))))
    assert said(mail.get_body(("plain",))) == "See [счёт №1.pdf], not <file 0> or <file 9>\n"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["logo & co.png", "счёт №1.pdf"]


@pytest.mark.parametrize("media", ["", "image", "text/plain; x=y", "multipart/mixed", "message/rfc822", "a/b\r\nX: y"])
def test_files_of_strange_types_are_octets(media: str) -> None:
    (part,) = read(written(letter(files=(Attached("1", "a\r\nX-Evil: 1.txt", media, 3),)))).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_content() == b"PNG"
    assert part["X-Evil"] is None


HEADERS = ["From", "To", "Subject", "Date", "Message-ID"]
BODY = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
NASTY = st.text(st.sampled_from('ab ,;:"<>()@\\.=?_éж\r\n\t\0\x0b\x85\u2028\u202e'), max_size=120)


@given(name=NASTY, subject=NASTY | st.text(max_size=300), text=NASTY | st.text(max_size=300), file=NASTY)
@settings(max_examples=100, deadline=None)
def test_nothing_that_a_client_writes_becomes_a_header(name: str, subject: str, text: str, file: str) -> None:
    sender = f"{name.replace('@', '')} <shop@sms.example>" if "<" not in name and ">" not in name else name
    try:
        mailed = written(letter(text, sender, subject, files=(Attached("1", file, "image/png", 3),)))
    except Unsendable:
        return
    mail = read(mailed)
    allowed = HEADERS + BODY if mail["Subject"] is not None else [*(set(HEADERS) - {"Subject"}), *BODY]
    assert sorted(mail.keys()) == sorted([name for name in allowed if name in mail])
    assert len(mail["From"].addresses) == 1
    assert mail["From"].addresses[0].addr_spec in ("shop@sms.example", "sms@house.example")
    assert mail["To"] == "user@example.org"
    assert mail["Message-ID"] == f"<{TICKET}@house.example>"
    assert sum(1 for part in mail.walk() if not part.is_multipart()) in (2, 3), "text, perhaps in HTML, and a file"


RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
@pytest.mark.parametrize(
    "text", ["Hello", "  two \t\r\n\r\n.\r\n..dots  \r\n\r\n\r\n", "Ж" * 500, "<p>Hi <file 1></p>", " "]
)
def test_the_signature_of_the_domain_is_verified_by_others(key: Any, text: str) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    mailed = written(
        letter(text, subject="Новости " * 30, files=(PICTURE,), count=2), USUAL, dkim.signer("house.example", "s1", pem)
    )
    if key is RSA:
        public = b"k=rsa; p=" + b64encode(
            RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )
    else:
        public = b"k=ed25519; p=" + b64encode(ED25519.public_key().public_bytes_raw())

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s1._domainkey.house.example."
        return b"v=DKIM1; " + public

    octets = mailed.envelope.octets
    assert verifier.verify(octets, dnsfunc=dns)
    assert not verifier.verify(octets.replace(b"user@example.org", b"else@example.org"), dnsfunc=dns)
    assert not verifier.verify(octets + b"more\r\n", dnsfunc=dns)


@pytest.mark.parametrize("pem", [b"", b"no key", RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)])
def test_a_key_that_cannot_sign_is_refused(pem: bytes) -> None:
    with pytest.raises(dkim.BadKey):
        dkim.signer("house.example", "s1", pem)
