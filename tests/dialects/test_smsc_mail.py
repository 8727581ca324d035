"""The door for mail: lines as send.php's parameters, answers by mail, mail that becomes texts; over real sockets."""

import asyncio
import shutil
import smtplib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsc_world import ALEX, NOW, OTHER, PHONE, Bureau, bureau_of
from tests.journeys.authority import make_authority

from depesza.core.facts import Sender
from depesza.core.model import MICRO, Channel, State
from depesza.dialects.smsc import MailDoor, Options
from depesza.dialects.smsc.mail_line import read_line
from depesza.net.tls import client_context
from depesza.services import details, mail_addresses
from depesza.store.tx import Tx
from depesza.wire.dsn import NotABounce
from depesza.wire.mail import Mail
from depesza.wire.mailbody import Letter

pytestmark = pytest.mark.anyio

DOMAIN = "sms.example"
SEND = f"send@send.{DOMAIN}"
LINE = f"alex:123:0::0,1,:{PHONE}:Hi: there"
SENDER = "program@client.example"
SWAKS = shutil.which("swaks")


class Post:
    """The door, and a client's mail program."""

    def __init__(self, bureau: Bureau, door: MailDoor) -> None:
        self.bureau = bureau
        self.door = door

    async def mail(self, octets: bytes, to: str = SEND, sender: str = SENDER) -> tuple[int, str]:
        """Hand in a mail as it is; gives what the server says of it, or of its recipient."""
        return await asyncio.to_thread(self._mail, octets, to, sender)

    def _mail(self, octets: bytes, to: str, sender: str) -> tuple[int, str]:
        with smtplib.SMTP("127.0.0.1", self.door.port, "client.example", timeout=10) as client:
            client.ehlo()
            client.mail(sender)
            code, said = client.rcpt(to)
            if code == 250:
                code, said = client.data(octets)
        return code, said.decode()

    async def line(self, line: str, *headers: str, sender: str = SENDER) -> tuple[int, str]:
        """Mail a line in UTF-8."""
        head = "\r\n".join(["Content-Type: text/plain; charset=utf-8", *headers, "", ""])
        return await self.mail(f"{head}{line}\r\n".encode(), sender=sender)

    async def answers(self) -> list[tuple[str, str]]:
        """List the mails that are owed: to whom, and what they say."""
        rows = await self.bureau.rows("SELECT fact FROM notices WHERE kind = 'mail' ORDER BY id")
        mails = [msgspec.json.decode(bytes(row[0]), type=Mail) for row in rows]  # type: ignore[arg-type]
        return [(mail.to, mail.text.removesuffix("\n")) for mail in mails]

    async def details(self, **told: str) -> None:
        """Tell something of alex's account."""
        await self.bureau.store.run(_tell, told)


async def _tell(tx: Tx, told: dict[str, str]) -> None:
    details.write(
        tx, ALEX, {name.replace("mfl", "mfl[") + "]" if "mfl" in name else name: v for name, v in told.items()}
    )


async def no_bounce(octets: bytes, recipients: Sequence[str]) -> None:
    """Know of no mail of ours."""
    raise NotABounce("none")


@asynccontextmanager
async def post_of(url: str, **options: object) -> AsyncIterator[Post]:
    """Open the door in the setting of the acceptance cases."""
    async with bureau_of(url) as bureau:
        door = bureau.smsc.mail_door(Options(port=0, domain=DOMAIN, **options), no_bounce)  # type: ignore[arg-type]
        await door.start()
        try:
            yield Post(bureau, door)
        finally:
            await door.stop(1.0)


@pytest.fixture
async def post(sqlite_url: str) -> AsyncIterator[Post]:
    """The door on SQLite."""
    async with post_of(sqlite_url) as post:
        yield post


async def test_case_52_a_line_by_mail_is_a_flash_message(post: Post) -> None:
    assert await post.line(LINE) == (250, "2.0.0 Taken")
    await post.bureau.quiet()
    (sent,) = post.bureau.sent
    assert (sent.body, sent.content.flash, sent.receiver) == ("Hi: there", 0, f"+{PHONE}")
    assert await post.bureau.balance() == "100.50"
    assert await post.answers() == []


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        (f"alex:123:0::0,0,:{PHONE}:Hello!", "", "Hello!"),
        (f"alex:202cb962ac59075b964b07152d234b70:0::0,0,ivan,0:{PHONE}:Hello!", "", "Hello!"),
        (f":KEY1:0::0,0,:{PHONE}:Привет", "", "Привет"),
        (f"alex:123:0::1,0,:{PHONE}:Привет", "", "Privet"),
        (f"alex:123:0:0,2::{PHONE}:a\r\nb", "", "a\nb"),
        (f"alex:123:0::0,6,:{PHONE}:", "ping", ""),
        (f"alex:123:0::0,5,:{PHONE}:050A0307056048656C6C6F", "", "Hello"),
        (f"alex:123:0::0,10,:{PHONE}:Hello!", "viber", "Hello!"),
        (f"alex:123:0::0,9,:{PHONE}:Hello!", "call", "Hello!"),
    ],
)
async def test_what_a_line_sends(post: Post, line: str, kind: str, text: str) -> None:
    for channel in (Channel.PING, Channel.VIBER, Channel.CALL):
        await post.bureau.lead(channel)
    assert (await post.line(line))[0] == 250
    await post.bureau.quiet()
    assert [(sent.content.channel.value, sent.body) for sent in post.bureau.sent] == [(kind, text)]
    assert await post.answers() == []


async def test_a_list_by_mail(post: Post) -> None:
    await post.line(f"alex:123:77::0,0,ivan,::{PHONE}:Hello!\r\n{OTHER}:Hello\\nworld: you")
    await post.bureau.quiet()
    assert [(sent.receiver, sent.body) for sent in post.bureau.sent] == [
        (f"+{PHONE}", "Hello!"), (f"+{OTHER}", "Hello\nworld: you"),
    ]  # fmt: skip
    assert await post.bureau.get("status", id=77, phone=OTHER, fmt=1) == f"0,{NOW // MICRO},0"


async def test_octets_leave_as_they_came(post: Post) -> None:
    await post.mail(b"Content-Type: text/plain\r\n\r\nalex:123:0::0,4,:79999999999:\x00\xff:\xfe\r\n")
    await post.bureau.quiet()
    (sent,) = post.bureau.sent
    assert sent.body.encode("latin-1") == b"\xff:\xfe"


async def test_koi8_is_read_where_no_character_set_is_named(post: Post) -> None:
    await post.mail(f"alex:123:0::0,0,:{PHONE}:Привет".encode("koi8-r"))
    await post.bureau.quiet()
    assert [sent.body for sent in post.bureau.sent] == ["Привет"]


async def test_a_mail_with_subject_sender_and_file(post: Post) -> None:
    await post.bureau.lead(Channel.MAIL)
    await post.bureau.add("senders", Sender(account=ALEX, name="@client.example", kind="mail"))
    mail = EmailMessage()
    mail["Subject"] = "Счёт"
    mail.set_content("alex:123:0::0,8,shop@client.example:user@example.org:Here it is")
    mail.add_attachment(b"PDF", maintype="application", subtype="pdf", filename="счёт.pdf")
    assert (await post.mail(mail.as_bytes()))[0] == 250
    await post.bureau.quiet()
    (sent,) = post.bureau.sent
    assert sent.content.extras is not None
    assert (sent.content.sender, sent.content.extras.subject) == ("shop@client.example", "Счёт")
    assert [(file.name, file.size) for file in sent.content.extras.files] == [("счёт.pdf", 3)]


async def test_times_and_zones_of_a_line(post: Post) -> None:
    await post.line(f"alex:123:0:0202260900,2:0,0,:{PHONE}:Hello!")  # case 56's time
    ((due,),) = await post.bureau.rows("SELECT due FROM messages")
    assert due == NOW + (17 * 86_400 + 19 * 3600) * MICRO


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (f"alex:123:0::0,12,:{PHONE}:Hello!", "ERROR = 1 (parameters error)"),
        (f"alex:123:0::0,0,,2:{PHONE}:Hello!", "ERROR = 1 (parameters error)"),
        (f"alex:123:0::0,0,,0,0:{PHONE}:Hello!", "ERROR = 1 (parameters error)"),
        ("alex:123", "ERROR = 1 (parameters error)"),
        (f"alex:123:0::0,0,:{PHONE}:", "ERROR = 1 (parameters error)"),
        (f"alex:123:0:99992612,:0,0,:{PHONE}:Hello!", "ERROR = 5 (invalid date)"),
        (f"alex:123:0::0,0,anna:{PHONE}:Hello!", "ERROR = 6 (message is denied), ID - 1234"),
        ("alex:123:0::0,0,:123:Hello!", "ERROR = 7 (invalid number), ID - 1234"),
        ("alex:123:5::0,0,:123:Hello!", "ERROR = 7 (invalid number), ID - 5"),
        (f"alex:bad:0::0,0,:{PHONE}:Hello!", "ERROR = 2 (authorise error)"),
    ],
)
async def test_a_refusal_goes_to_the_sender_by_mail(post: Post, line: str, answer: str) -> None:
    assert await post.line(line) == (250, "2.0.0 Taken")
    assert await post.answers() == [(SENDER, answer)]
    await post.bureau.quiet()
    assert post.bureau.sent == []


async def test_the_price_is_told_and_nothing_sent(post: Post) -> None:
    await post.line(f"alex:123:0::0,0,,1:{PHONE}:Hello!")
    await post.bureau.quiet()
    assert (await post.answers(), post.bureau.sent) == ([(SENDER, "1.40 (1 SMS)")], [])
    assert await post.bureau.balance() == "101.90"


async def test_an_account_that_asks_is_told_of_each_message(post: Post) -> None:
    await post.details(**{mail_addresses.ANSWERS: "1"})
    await post.line(LINE)
    assert await post.answers() == [(SENDER, "OK - 1 SMS, ID - 1234")]


async def test_the_same_again_within_a_minute_is_refused(post: Post) -> None:
    for _ in range(2):
        assert (await post.line(LINE))[0] == 250
    assert await post.answers() == [(SENDER, "ERROR = 9 (duplicate request, wait a minute)")]
    await post.bureau.quiet()
    assert len(post.bureau.sent) == 1


@pytest.mark.parametrize(
    ("sender", "header"),
    [("", "X-Any: x"), (SENDER, "Auto-Submitted: auto-replied"), (SENDER, "Precedence: bulk"), (SEND, "X-Any: x"),
     ("no address", "X-Any: x")],
)  # fmt: skip
async def test_nobody_is_answered_who_answers_by_itself(post: Post, sender: str, header: str) -> None:
    assert (await post.line("alex:123:0", header, sender=sender))[0] == 250
    assert await post.answers() == []


async def test_nobody_is_told_of_logins_that_do_not_exist(post: Post) -> None:
    assert (await post.line(f"bob:123:0::0,0,:{PHONE}:Hello!"))[0] == 250
    assert await post.answers() == []


async def test_five_wrong_passwords_lock_an_address_and_no_flood_of_answers_follows(post: Post) -> None:
    for n in range(5):
        await post.line(f"alex:bad:{n}::0,0,:{PHONE}:Hello!")
    assert (await post.bureau.get("balance")) == "ERROR = 4 (ip is blocked)", "one gate for all doors"
    await post.line(LINE)
    assert [answer for _, answer in await post.answers()] == ["ERROR = 2 (authorise error)"] * 5
    post.bureau.clock.move(3601)
    await post.line(LINE)
    await post.bureau.quiet()
    assert [sent.body for sent in post.bureau.sent] == ["Hi: there"]


@pytest.mark.parametrize(
    "to",
    ["user@example.org", f"anybody@{DOMAIN}", f"send@{DOMAIN}.example", f"send@mail2sms.{DOMAIN}", "send",
     f"bounces+1.000000000000@{DOMAIN}", f"alex.0123456789abcdef@mail2sms.{DOMAIN}", f"send%x.y@send.{DOMAIN}"],
)  # fmt: skip
async def test_nothing_is_passed_on(post: Post, to: str) -> None:
    assert (await post.mail(b"hello", to))[0] == 550


async def test_a_mail_that_is_too_large(post: Post) -> None:
    assert (await post.line("alex:123:0::0,0,::" + f"{PHONE}:Hello!\r\n" * 7000))[0] == 552
    assert (await post.mail(b"Content-Type: text/plain; charset=utf-16\r\n\r\nhello"))[0] == 554
    assert (await post.line(LINE))[0] == 250


async def test_too_many_mails_from_an_address(sqlite_url: str) -> None:
    async with post_of(sqlite_url, rate=3) as post:
        codes = [(await post.line(f"alex:123:{n + 1}::0,0,:{PHONE}:Hello!"))[0] for n in range(5)]
        assert codes == [250] * 3 + [450] * 2
        assert dict(post.door.counts) == {("line", "taken"): 3, ("any", "hurried"): 2}


# mail that becomes texts


async def private(post: Post, numbers: str = "") -> str:
    """Give alex an address, and the numbers that are written to."""
    if numbers:
        await post.details(mph=numbers)
    serial = await post.bureau.store.run(mail_addresses.renew, ALEX)
    key = post.bureau.vault.secret_for(mail_addresses.PURPOSE)
    return f"alex.{mail_addresses.secret(ALEX, serial, key)}@mail2sms.{DOMAIN}"


def letter(text: str = "The lift is stuck.\r\nSend help.", subject: str = "Тревога") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "House <house@home.example>", subject
    mail.set_content(text)
    return mail.as_bytes()


@pytest.mark.parametrize(
    ("told", "texts"),
    [
        ({}, ["house@home.example\nТревога\nThe lift is stuck.\nSend help."]),
        ({"mfl1": "1"}, ["house@home.example\nThe lift is stuck.\nSend help."]),
        ({"mfl2": "1"}, ["house@home.example\nТревога"]),
        ({"mfl3": "1"}, ["Тревога\nThe lift is stuck.\nSend help."]),
        ({"mfl3": "1", "mfl4": "1", "mlen": "12"}, ["Trevoga\nThe"]),
        ({"mfl1": "1", "mfl2": "1", "mfl3": "1"}, []),
        ({"mh1": "9", "mh2": "18", "mfl3": "1"}, ["Тревога\nThe lift is stuck.\nSend help."]),
        ({"mh1": "13", "mh2": "18"}, []),
        ({"mph": "123x"}, []),
        ({"mfl0": "1"}, []),
    ],
)
async def test_what_a_mail_to_a_private_address_says(post: Post, told: dict[str, str], texts: list[str]) -> None:
    to = await private(post, PHONE)
    await post.details(**told)
    code, _ = await post.mail(letter(), to)
    await post.bureau.quiet()
    assert [sent.body.rstrip() for sent in post.bureau.sent] == texts
    assert code in ((250,) if texts or "mh1" in told else (550, 554))
    assert await post.answers() == [], "who writes there is no client"


async def test_what_comes_too_early_waits_for_its_hour(post: Post) -> None:
    to = await private(post, PHONE)
    await post.details(mh1="13", mh2="18")
    await post.mail(letter(), to)
    ((due, state),) = await post.bureau.rows("SELECT due, state FROM messages")
    assert (due, state) == (NOW + 3600 * MICRO, State.SCHEDULED)


async def test_numbers_in_the_mail_and_in_the_address(post: Post) -> None:
    to = await private(post, PHONE)
    named = to.replace("@", f"+{OTHER}+79999999996@")
    assert (await post.mail(letter(), named))[0] == 550, "the account does not want that"
    await post.details(mfl5="1", mfl6="1", mfl1="1", mfl3="1")
    await post.mail(letter(f"{OTHER}, +7 (999) 999-99-97\r\nCome!"), to)
    await post.mail(letter("Go!"), to.upper())
    await post.mail(letter("Stay!"), named)
    await post.bureau.quiet()
    assert [(sent.receiver, sent.body.strip()) for sent in post.bureau.sent] == [
        (f"+{OTHER}", "Come!"), ("+79999999997", "Come!"), (f"+{PHONE}", "Go!"), (f"+{OTHER}", "Stay!"),
        ("+79999999996", "Stay!"),
    ]  # fmt: skip


async def test_a_mail_that_is_handed_in_twice_is_taken_once(post: Post) -> None:
    to = await private(post, PHONE)
    for _ in range(2):
        assert (await post.mail(letter(), to))[0] == 250
    await post.bureau.quiet()
    assert len(post.bureau.sent) == 1


async def test_an_address_is_renewed_and_closed(post: Post) -> None:
    first = await private(post, PHONE)
    second = await private(post)
    assert (await post.mail(letter(), first))[0] == 550
    assert (await post.mail(letter(), second))[0] == 250
    await post.bureau.store.run(mail_addresses.close, ALEX)
    assert (await post.mail(letter(), second))[0] == 550
    assert await private(post) not in (first, second)


# programs


if SWAKS is not None:

    async def test_swaks(post: Post) -> None:
        command = [
            SWAKS, "--server", "127.0.0.1", "--port", str(post.door.port), "--to", SEND, "--from", SENDER,
            "--helo", "me", "--pipeline", "--header", "Content-Type: text/plain; charset=utf-8", "--body", LINE,
        ]  # fmt: skip
        running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said, _ = await running.communicate()
        assert running.returncode == 0, said
        await post.bureau.quiet()
        assert [sent.body for sent in post.bureau.sent] == ["Hi: there"]


async def test_who_has_logged_in_needs_no_password_in_the_line(sqlite_url: str, tmp_path: Path) -> None:
    make_authority(tmp_path, "localhost")
    pem, key = str(tmp_path / "server.pem"), str(tmp_path / "server.key")

    def work(port: int, shown: tuple[str, str]) -> None:
        with smtplib.SMTP("127.0.0.1", port, "me", timeout=10) as client:
            client._host = "localhost"  # type: ignore[attr-defined]
            client.starttls(context=client_context(ca_file=str(tmp_path / "ca.pem")))
            client.login(*shown)
            client.sendmail(SENDER, SEND, f"Subject: x\n\n::0::0,0,:{PHONE}:Hello!")

    async with post_of(sqlite_url, tls_cert=pem, tls_key=key) as post:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            await asyncio.to_thread(work, post.door.port, ("alex", "bad"))
        await asyncio.to_thread(work, post.door.port, ("alex", "123"))
        await post.bureau.quiet()
        assert [sent.body for sent in post.bureau.sent] == ["Hello!"]
        post.door.renew_certificates(force=True)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.lists(st.sampled_from([":", ",", "0", "alex", "8", "\r\n", "\0"])).map("".join))
def test_no_line_raises(text: str, marks: str) -> None:
    for octets in (text.encode(), marks.encode(), (marks + text).encode("koi8-r", "replace")):
        found = read_line(Letter(octets, "koi8-r", "x"))
        assert {"login", "psw"} <= found.texts.keys()


async def test_the_vendors_own_way_with_smtplib(post: Post) -> None:
    """As the vendor's sample for Python does it: no From, no To, no Subject."""
    body = f"Content-Type: text/plain; charset=utf-8\n\nalex:123:0::0,1,:{PHONE}:Hi: there"

    def send() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", post.door.port, timeout=10) as client:
            return client.sendmail(SENDER, SEND, body)

    assert await asyncio.to_thread(partial(send)) == {}
    await post.bureau.quiet()
    assert [(sent.body, sent.content.flash) for sent in post.bureau.sent] == [("Hi: there", 0)]
