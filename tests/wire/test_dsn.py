"""Mails about mails: notifications of the standard form and others are understood, and none harms the reader."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depesza.wire import Malformed, dsn, hypertext, tickets
from depesza.wire.dsn import NotABounce, Told

KEY = b"key"
TICKET = tickets.write(77, KEY)


def report(
    fields: str, *, about: str = f"Message-ID: <{TICKET}@house.example>\n", media: str = "delivery-status"
) -> bytes:
    return f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: bounces@house.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type={media}; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.
--b
Content-Type: message/{media}

Reporting-MTA: dns; mx.example
Arrival-Date: Thu, 28 May 2026 20:26:40 +0000

{fields}
--b
Content-Type: text/rfc822-headers

{about}Subject: News

--b--
""".replace("\n", "\r\n").encode()


FIELDS = {
    "Final-Recipient: rfc822; user@example.org\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <user@example.org>:\n  no such user": Told(
        "failed", "5.1.1", "550 5.1.1 <user@example.org>: no such user", "user@example.org"
    ),
    "Original-Recipient: rfc822;user@example.org\nFinal-Recipient: rfc822;u2@else.example\nAction: Delivered\n"
    "Status: 2.0.0": Told("delivered", "2.0.0", "", "user@example.org"),
    "Final-Recipient: rfc822; user@example.org\nAction: delayed (will be tried)\nStatus: 4.4.1 (no answer)": Told(
        "delayed", "4.4.1", "", "user@example.org"
    ),
    "Final-Recipient: rfc822; user@example.org\nAction: relayed\nStatus: 2.1.9": Told(
        "relayed", "2.1.9", "", "user@example.org"
    ),
    "Final-Recipient: rfc822; list@example.org\nAction: expanded\nDiagnostic-Code: smtp; 250 2.1.5 ok": Told(
        "expanded", "2.1.5", "250 2.1.5 ok", "list@example.org"
    ),
}


@pytest.mark.parametrize(("fields", "told"), FIELDS.items(), ids=[told.action for told in FIELDS.values()])
@pytest.mark.parametrize("media", ["delivery-status", "global-delivery-status"])
def test_a_notification_says_what_became_of_a_receiver(fields: str, told: Told, media: str) -> None:
    bounce = dsn.read(report(fields, media=media))
    assert bounce.told == (told,)
    assert tickets.find(next(clue for clue in bounce.clues if tickets.find(clue, KEY)), KEY) == 77


def test_each_receiver_of_an_alias_is_told() -> None:
    one = "Final-Recipient: rfc822; a@example.org\nAction: {}\nStatus: 2.0.0\n"
    bounce = dsn.read(report(one.format("delivered") + "\n" + one.format("failed")))
    assert [told.action for told in bounce.told] == ["delivered", "failed"]


def test_the_envelopes_id_goes_before_everything() -> None:
    octets = report(next(iter(FIELDS)), about="").replace(
        b"Reporting-MTA", f"Original-Envelope-Id: {TICKET.upper()}\r\nReporting-MTA".encode()
    )
    assert tickets.find(dsn.read(octets).clues[0], KEY) == 77


QMAIL = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example
To: bounces+{TICKET}@house.example
Subject: failure notice

Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<user@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.7.1 blocked
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Subject: 5.1.1 is not the reason
"""
EXIM = f"""\
X-Failed-Recipients: user@example.org
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example>
To: shop@sms.example
Subject: Mail delivery failed: returning message to sender

  user@example.org
    host mx2.example [192.0.2.2]
    SMTP error from remote mail server after RCPT TO:<user@example.org>: 550 unknown user

------ This is a copy of the message, including all the headers. ------

Message-ID: <{TICKET}@house.example>
"""
SENDMAIL = f"""\
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>
To: bounces+{TICKET}@house.example
Subject: Warning: could not send message for past 4 hours

**      THIS IS A WARNING MESSAGE ONLY      **
Deferred: 450 4.4.1 Connection timed out
"""
EXCHANGE = f"""\
From: Microsoft Outlook <postmaster@mx.example>
To: bounces+{TICKET}@house.example
Subject: Undeliverable: News

Your message wasn't delivered.
"""


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (QMAIL, Told("failed", "5.7.1", "Remote host said: 550 5.7.1 blocked")),
        (
            EXIM,
            Told(
                "failed",
                "",
                "SMTP error from remote mail server after RCPT TO:<user@example.org>: 550 unknown user",
                "user@example.org",
            ),
        ),
        (SENDMAIL, Told("delayed", "4.4.1", "Deferred: 450 4.4.1 Connection timed out")),
        (EXCHANGE, Told("failed")),
    ],
    ids=["qmail", "exim", "sendmail", "words only"],
)
def test_letters_to_people_are_understood(octets: str, told: Told) -> None:
    bounce = dsn.read(octets.encode())
    assert bounce.told == (told,)
    assert any(tickets.find(clue, KEY) == 77 for clue in bounce.clues)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n\r\nHello",
        b"From: friend@example.org\r\nSubject: Re: News\r\n\r\nThanks! 5.1.1 550 \r\n",
        b"Return-Path: <>\r\nFrom: friend@example.org\r\nAuto-Submitted: auto-replied\r\n"
        b"Subject: Re: delivery status\r\n\r\nI am away\r\n",
        b"From: postmaster@mx.example\r\nSubject: Your quota\r\n\r\nis nearly reached\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" * 40,
        b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    ],
)
def test_what_is_no_bounce_is_refused(octets: bytes) -> None:
    with pytest.raises(NotABounce):
        dsn.read(octets)


WORDS = st.sampled_from(
    [b"Content-Type: multipart/report; boundary=b\r\n", b"--b\r\n", b"--b--", b"\r\n", b"\n", b"\r", b"\0", b"\xff\xfe",
     b"Content-Type: message/delivery-status\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"Action: failed\r\n",
     b"Status: 5.1.1\r\n", b"From: MAILER-DAEMON@x\r\n", b"Subject: failure notice\r\n", b"Diagnostic-Code: smtp; 5",
     b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"charset=\xff; x*0*=a''b",
     b"Final-Recipient: rfc822;", b"=?utf-8?b?/w==?=", b"Content-Type: text/plain; charset=\"no\0such\"\r\n\r\n"]
)  # fmt: skip


@given(st.binary(max_size=2000) | st.lists(WORDS | st.binary(max_size=20), max_size=40).map(b"".join))
@settings(max_examples=100, deadline=2000)
@example(b"Content-Type: multipart/digest; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 20_000)
@example(b"From: MAILER-DAEMON@x\r\nSubject: failure notice\r\n\r\n" + b"5." * 60_000)
@example(b"From: MAILER-DAEMON@x\r\nSubject: failure notice\r\n\r\n" + b"<" * 120_000)
@example(b"X: " + b"(" * 100_000)
def test_no_octets_harm_the_reader(octets: bytes) -> None:
    try:
        bounce = dsn.read(octets)
    except Malformed:
        return
    assert bounce.told
    assert all(told.action in dsn.ACTIONS and re.fullmatch(r"|\d\.\d+\.\d+", told.status) for told in bounce.told)
    assert not any(tickets.find(clue, KEY) for clue in bounce.clues)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello", False),
        ("a < b and c > d, <name> <file 1>", False),
        ("<p>a tag that nothing ends", True),
        ("<b>bold</b>", True),
        ("one<br>two", True),
        ("<!DOCTYPE HTML><x>", True),
        ('see <img src="cid:x">', True),
        ("List<String></String>", False),
    ],
)
def test_which_texts_are_html(text: str, html: bool) -> None:
    assert hypertext.is_html(text) is html


def test_html_without_its_tags_is_a_text() -> None:
    html = (
        "<html><head><title>no</title><style>p {}</style></head><body><h1>News</h1>\n<p>Hello <b>you</b> &amp; me"
        "<br>bye</p><ul><li>one</li><li>two</li></ul><a href='https://x.example/'>here</a>"
        "<a href='mailto:a@b.c'>a@b.c</a><script>alert(1)</script></body></html>"
    )
    assert hypertext.plain(html) == ("News\n\nHello you & me\nbye\n\n- one\n\n- two\n\nhere (https://x.example/)a@b.c")


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["<", ">", "</", "<a ", "<!--", "&", ";", "<b", "'", "<![", "x"])).map("".join)
)
@settings(max_examples=100)
def test_no_html_harms_its_reader(html: str) -> None:
    hypertext.is_html(html)
    assert isinstance(hypertext.plain(html), str)
