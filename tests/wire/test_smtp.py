"""The server's half of SMTP: what is answered to what, and that no octets break it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.wire.smtp import Login, Mailed, Recipient, Reply, Room, Secure, Session, Settings

SETTINGS = Settings("mx.test", 10_000, tls=True, recipients=2, commands=50, faults=3)
ROOM = Room(1000, 200)


def talk(*said: bytes, session: Session | None = None, room: Room = ROOM) -> tuple[Session, list[int], list[Mailed]]:
    """Say all of it; recipients, logins and mails are taken."""
    session = session or Session(SETTINGS)
    mails = []
    for octets in said:
        event = session.receive(octets)
        while event is not None:
            if isinstance(event, Recipient):
                event = session.admit(room)
            elif isinstance(event, Login):
                event = session.admit_login()
            elif isinstance(event, Mailed):
                mails.append(event)
                event = session.say(Reply(250, "OK"))
            else:
                session.sealing()
                event = session.secured()
    return session, codes(session), mails


def codes(session: Session) -> list[int]:
    lines = session.outgoing().decode().split("\r\n")
    return [int(line[:3]) for line in lines if line[3:4] == " "]


def mail(lines: bytes, *, sender: str = "a@b.c") -> bytes:
    """Write the commands for a mail; its lines end with their line ends."""
    return f"MAIL FROM:<{sender}>\r\nRCPT TO:<send@x.y>\r\nDATA\r\n".encode() + lines + b".\r\n"


HELLO = b"EHLO me\r\n"


@pytest.mark.parametrize("size", [1, 3, 7, 10_000])
def test_mails_come_whole_however_the_octets_are_cut(size: int) -> None:
    octets = HELLO + mail(b"Subject: x\r\n\r\n...\r\n.x\r\n") + mail(b"", sender="") + b"QUIT\r\n"
    session, said, mails = talk(*[octets[n : n + size] for n in range(0, len(octets), size)])
    assert mails == [
        Mailed("a@b.c", ("send@x.y",), b"Subject: x\r\n\r\n..\r\nx\r\n"),
        Mailed("", ("send@x.y",), b""),
    ]
    assert said == [220, 250, 250, 250, 354, 250, 250, 250, 354, 250, 221]
    assert session.closed


@pytest.mark.parametrize(
    ("lines", "octets"),
    [
        (b"", b""), (b"a\r\n", b"a\r\n"), (b"..\r\n", b".\r\n"), (b"...a\r\n.b\r\n", b"..a\r\nb\r\n"),
        (b"a\n.\nb\r\n", b"a\n.\nb\r\n"), (b"\r\na\r\n", b"\r\na\r\n"),
        (b"a\r.\r\n..\r.\nb\r\n", b"a\r.\r\n.\r.\nb\r\n"),
    ],
)  # fmt: skip
def test_only_a_point_on_a_line_of_its_own_ends_a_mail(lines: bytes, octets: bytes) -> None:
    _, said, mails = talk(HELLO + mail(lines))
    assert [found.octets for found in mails] == [octets]
    assert said == [220, 250, 250, 250, 354, 250]


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        (b"MAIL FROM:<a@b.c>\r\n", [503]),
        (HELLO + b"RCPT TO:<a@b.c>\r\n", [250, 503]),
        (HELLO + b"DATA\r\n", [250, 503]),
        (HELLO + b"MAIL FROM:<>\r\nDATA\r\n", [250, 250, 503]),
        (HELLO + b"MAIL FROM:<>\r\nMAIL FROM:<>\r\n", [250, 250, 503]),
        (HELLO + b"MAIL FROM:a@b.c\r\nRCPT TO:a@b.c\n", [250, 250, 250]),
        (HELLO + b"mail from: <@x.y:a@b.c> size=10 body=8bitmime\r\n", [250, 250]),
        (HELLO + b"MAIL FROM:<> SIZE=10001\r\nMAIL FROM:<> RET=HDRS\r\n", [250, 552, 555]),
        (HELLO + b"MAIL FROM:<> SIZE=1001\r\nRCPT TO:<a@b.c>\r\n", [250, 250, 552]),
        (HELLO + b"MAIL FROM:<>\r\n" + b"RCPT TO:<a@b.c>\r\n" * 3, [250, 250, 250, 250, 452]),
        (HELLO + b"MAIL FROM:<>\r\nRCPT TO:<>\r\nRCPT TO:<a@b.c> NOTIFY=NEVER\r\n", [250, 250, 501, 555]),
        (HELLO + b"MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\nNOOP\r\nVRFY x\r\n", [250, 250, 250, 250, 250, 252]),
        (b"HELO me\r\nMAIL TO:<>\r\nEXPN x\r\n", [250, 501, 500]),
        (b"x\r\n" * 5, [500, 500, 500, 421]),
        (b"NOOP\r\n" * 60, [250] * 50 + [421]),
        (b"x" * 3000, [500]),
        (b"AUTH PLAIN AGEAYg==\r\n", [538]),
        (b"QUIT\r\nNOOP\r\n", [221]),
    ],
)
def test_what_is_answered(said: bytes, answers: Sequence[int]) -> None:
    assert talk(said)[1] == [220, *answers]


def test_a_mail_that_is_too_large_is_read_to_its_end_and_forgotten() -> None:
    _, said, mails = talk(HELLO + mail(b"x" * 998 + b"\r\n"), mail(b"y" * 999 + b"\r\n"), mail(b"z\r\n"))
    assert said == [220, 250, *(250, 250, 354, 250), *(250, 250, 354, 552), *(250, 250, 354, 250)]
    assert [found.octets for found in mails] == [b"x" * 200, b"z\r\n"], "and no more is kept than anybody reads"


def test_nothing_that_was_said_before_tls_counts() -> None:
    session, said, _ = talk(HELLO + b"MAIL FROM:<a@b.c>\r\nSTARTTLS\r\nRCPT TO:<a@b.c>\r\n")
    assert said == [220, 250, 250, 220]
    _, said, _ = talk(b"MAIL FROM:<>\r\nEHLO me\r\nSTARTTLS\r\n", session=session)
    assert said == [503, 250, 503]


@pytest.mark.parametrize(
    ("said", "login"),
    [
        (b"AUTH PLAIN AGFsZXgAMTIz\r\n", Login("alex", "123")),
        (b"auth plain\r\nAGFsZXgAMTIz\r\n", Login("alex", "123")),
        (b"AUTH LOGIN\r\nYWxleA==\r\nMTIz\r\n", Login("alex", "123")),
        (b"AUTH LOGIN YWxleA==\r\nMTIz\r\n", Login("alex", "123")),
        (b"AUTH LOGIN\r\n*\r\n", None),
        (b"AUTH PLAIN YQ==\r\n", None),
        (b"AUTH PLAIN \xff\r\n", None),
        (b"AUTH CRAM-MD5\r\n", None),
    ],
)
def test_logins(said: bytes, login: Login | None) -> None:
    session, _, _ = talk(HELLO + b"STARTTLS\r\n")
    assert session.secure
    assert talk(said, session=session)[0].login == login


_WORDS = st.sampled_from([
    b"EHLO x", b"HELO", b"MAIL FROM:<a@b>", b"MAIL FROM:<> SIZE=", b"RCPT TO:<a@b>", b"DATA", b"\r\n", b"\n", b".",
    b"\r\n.\r\n", b"RSET", b"QUIT", b"STARTTLS\r\n", b"AUTH LOGIN", b"AUTH PLAIN ", b"\xff", b"<", b">", b" ", b"=",
])  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(_WORDS, st.binary(max_size=20)), max_size=30))
def test_no_octets_break_a_session(said: list[bytes]) -> None:
    session, answers, mails = talk(*said)
    assert all(220 <= code < 600 for code in answers)
    assert all(len(found.octets) <= ROOM.kept for found in mails)
    assert len(session._buffer) <= 3000


def test_nothing_is_read_while_something_is_to_be_decided() -> None:
    session = Session(SETTINGS)
    assert session.receive(HELLO + b"MAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nQUIT\r\n") == Recipient("a@b.c")
    assert codes(session) == [220, 250, 250] and not session.closed
    assert session.say(Reply(550, "No")) is None
    assert codes(session) == [550, 221] and session.closed
    assert isinstance(Session(SETTINGS).receive(b"STARTTLS\r\n"), Secure)
