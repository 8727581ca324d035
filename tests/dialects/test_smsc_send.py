"""send.php beyond its acceptance cases: kinds of messages, lists, senders, groups, refusals, and any parameters."""

import re
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.dialects.smsc_world import ALEX, NOW, OTHER, PHONE, TO, Bureau, bureau_of, form

from depesza.core.facts import Account, Login, Sender, Token
from depesza.core.model import MICRO, Attached, Channel, Extras, Message
from depesza.services import documents
from depesza.wire import wap
from depesza.wire.gsm import Encoding, write_text
from depesza.wire.http import HttpAnswer

pytestmark = pytest.mark.anyio
FILE = b"\x89PNG" + b"x" * 300_000


async def fetch(url: str) -> HttpAnswer:
    """Serve the files of the tests."""
    if url.endswith("/short.jpg"):
        return HttpAnswer(200, b"x" * 100)
    if url.endswith("/gone.jpg"):
        return HttpAnswer(404, b"x" * 1000)
    if url.endswith("/inside.jpg"):
        return HttpAnswer(0, error="forbidden address: 127.0.0.1")
    return HttpAnswer(200, FILE, (("Content-Type", "image/jpeg"),))


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, with files to fetch."""
    async with bureau_of(sqlite_url, fetch=fetch, bases=("https://s.example",)) as bureau:
        yield bureau


async def taken(bureau: Bureau, **params: object) -> list[Message]:
    """Send, and give what the carrier was handed."""
    answer = await bureau.send(fmt=1, **params)
    assert answer.split(",")[1][0] != "-", answer
    await bureau.quiet()
    return bureau.sent


async def refused(bureau: Bureau, **params: object) -> list[tuple[object, ...]]:
    """Send what is refused, and give how its messages are written down."""
    answer = await bureau.send(fmt=1, **params)
    assert answer.split(",")[1][0] == "-", answer
    return await bureau.rows("SELECT receiver, refusal FROM messages WHERE price = 0 AND state = 13 ORDER BY id")


def extras(message: Message) -> Extras:
    assert message.content.extras is not None
    return message.content.extras


# kinds


async def test_a_flash_text_is_of_class_0(bureau: Bureau) -> None:
    (message,) = await taken(bureau, flash=1)
    assert (message.content.flash, message.content.extras) == (0, None)


async def test_octets_keep_their_header_and_their_codes(bureau: Bureau) -> None:
    (message,) = await taken(bureau, bin=1, mes=b"\x03\x24\x01\x01\x00\xff\x0a\n~~~\npid: 64, dcs: 0x15")
    assert (write_text(message.body, Encoding.BINARY), message.parts) == (b"\x00\xff\x0a", 1)
    assert extras(message) == Extras(udh=b"\x24\x01\x01", pid=64, dcs=21)


async def test_lines_of_a_binary_list_share_their_header(bureau: Bureau) -> None:
    assert len(await taken(bureau, bin=2, list=f"{PHONE}:00AA\n{OTHER}:00BB")) == 2
    assert await bureau.send(fmt=1, bin=2, list=f"{PHONE}:00AA\n{OTHER}:03240101BB") == "0,-1"


async def test_a_push_has_a_link_and_a_title(bureau: Bureau) -> None:
    (message,) = await taken(bureau, push=1, mes="http://a.example/\nПривет", translit=1)
    assert wap.read_push(write_text(message.body, Encoding.BINARY)) == wap.Indication("http://a.example/", "Privet")
    assert (extras(message).push, extras(message).udh, message.content.alphabet) == (
        True, bytes.fromhex("05040B8423F0"), "binary",
    )  # fmt: skip
    assert await bureau.send(push=1, fmt=1, mes="http://a.example/\n\x01") == "0,-1"


async def test_a_silent_message_has_no_text(bureau: Bureau) -> None:
    await bureau.lead(Channel.PING)
    (message,) = await taken(bureau, ping=1, mes="")
    assert (message.content.channel, message.body, extras(message).pid) == (Channel.PING, "", 0x40)


MAIL = {"mail": 1, "subj": "S", "sender": "me@x.example", "phones": "you@y.example"}
CHANNELS: list[tuple[Channel, dict[str, object], str]] = [
    (Channel.MAIL, MAIL, "you@y.example"),
    (Channel.MMS, {"mms": 1, "subj": "S"}, TO),
    (Channel.VIBER, {"viber": 1}, TO),
    (Channel.WHATSAPP, {"bot": "wa:79990001122"}, TO),
    (Channel.TELEGRAM, {"tg": 1, "phones": "@somebody", "smsreq": 30}, "@somebody"),
    (Channel.SOCIAL, {"mes": "__SOC__Hello!"}, TO),
]


@pytest.mark.parametrize(("channel", "params", "receiver"), CHANNELS, ids=[row[0].value for row in CHANNELS])
async def test_every_channel_is_routed_and_priced_on_its_own(
    bureau: Bureau, channel: Channel, params: dict[str, object], receiver: str
) -> None:
    await bureau.add("senders", Sender(account=ALEX, name="@x.example", kind="mail"))
    assert await refused(bureau, **params) == [(receiver, "no_route")]
    await bureau.lead(channel, 2_500_000)
    bureau.clock.move(60)
    (message,) = await taken(bureau, **params)
    assert (message.content.channel, message.receiver, message.body) == (channel, receiver, "Hello!")
    assert message.price == 2_500_000


async def test_what_a_channel_needs_goes_along(bureau: Bureau) -> None:
    await bureau.lead(Channel.TELEGRAM)
    await bureau.lead(Channel.CALL, 10_000)
    (first,) = await taken(bureau, bot="@shop_bot", smsreq=30, pp=77)
    assert extras(first) == Extras(bot="@shop_bot", confirm=30, partner=77)
    *_, second = await taken(bureau, call=1, voice="w2, en", param="20,30,3", mes="one two " * 10)
    assert extras(second) == Extras(voice="w2,en", ring=(20, 30, 3))
    assert (second.parts, second.price) == (6, 60_000)


# files


async def attached(bureau: Bureau, file: Attached) -> bytes:
    """Read a file as a connector does."""
    found = await bureau.store.look(documents.find, int(file.document), bureau.clock())
    assert found is not None
    pages = [await bureau.store.look(documents.read_page, found.content, n) for n in range(found.pages)]
    assert found.size == file.size == len(b"".join(pages))
    return b"".join(pages)


async def test_files_are_kept_beside_the_message(bureau: Bureau) -> None:
    await bureau.lead(Channel.MMS)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file0"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        + FILE + b"\r\n--x--\r\n"
    )  # fmt: skip
    target = f"/sys/send.php?login=alex&psw=123&mms=1&subj=S&phones={PHONE}&fileurl=http://f.example/b%2520b.jpg"
    reply = await bureau.ask(target, body, kind="multipart/form-data; boundary=x")
    assert reply.body == b"OK - 1 SMS, ID - 1234"
    await bureau.quiet()
    first, second = extras(bureau.sent[0]).files
    assert (first.name, first.media, second.name, second.media) == ("a.png", "image/png", "b b.jpg", "image/jpeg")
    assert [await attached(bureau, file) for file in (first, second)] == [FILE, FILE]
    assert await bureau.store.look(documents.list_own, 100, bureau.clock()) == []


@pytest.mark.parametrize("name", ["short.jpg", "gone.jpg", "inside.jpg", "a.exe"])
async def test_a_file_that_cannot_be_had_is_an_error(bureau: Bureau, name: str) -> None:
    await bureau.lead(Channel.MMS)
    assert await bureau.send(mms=1, subj="S", fileurl=f"http://f.example/{name}", fmt=1) == "0,-1"


async def test_the_price_of_files_keeps_none_of_them(bureau: Bureau) -> None:
    await bureau.lead(Channel.CALL, 10_000)
    assert await bureau.send(call=1, mes="", fileurl="http://f.example/a.wav", cost=1, fmt=1) == "0.19,19"
    assert await bureau.rows("SELECT * FROM documents") == []


# texts


async def test_texts_are_written_in_latin_letters_and_cut(bureau: Bureau) -> None:
    (message,) = await taken(bureau, mes="щ" * 100, translit=1, maxsms=1)
    assert (len(message.body), message.parts) == (160, 1)


async def test_links_become_short_before_a_text_is_cut(bureau: Bureau) -> None:
    (message,) = await taken(bureau, mes="x" * 130 + " https://long.example/" + "y" * 90, tinyurl=1, maxsms=1)
    text, _, code = message.body.partition(" https://s.example/")
    assert (text, len(code), message.parts) == ("x" * 130, 7, 1)
    assert await bureau.send(mes="https://long.example/" + "y" * 200, tinyurl=1, cost=1) == "1.40 (1 SMS)"


async def test_comments_are_for_the_sender_only(bureau: Bureau) -> None:
    (message,) = await taken(bureau, mes="Hello\n~~~\nfor Ann")
    assert message.body == "Hello"
    await taken(bureau, list=f"{PHONE}:one\\n~~~\\nfirst\n{OTHER}:two")
    rows = await bureau.rows("SELECT ref, comment FROM client_refs ORDER BY message")
    assert rows == [("1234", "for Ann"), ("1235", "first"), ("1235", "")]


async def test_a_number_may_get_several_texts_of_one_list_but_none_twice(bureau: Bureau) -> None:
    sent = await taken(bureau, list=f"{PHONE}:one\n{PHONE},{OTHER}:two\n{OTHER}:two")
    assert [(message.receiver[-1], message.body) for message in sent] == [("9", "one"), ("9", "two"), ("8", "two")]


async def test_utf8_is_detected_where_the_account_says_so(bureau: Bureau) -> None:
    await bureau.change_account(detect_utf8=True)
    (message,) = await taken(bureau, mes="Привет".encode())
    assert message.body == "Привет"


# senders


async def test_only_senders_that_are_registered_may_be_named(bureau: Bureau) -> None:
    await bureau.add("senders", Sender(account=ALEX, name="+79037676877", kind="numeric"))
    await bureau.add("senders", Sender(account=ALEX, name="wait", status="waitingValidation"))
    names = ["ivan", "79037676877", ".", ""]
    for name in names:
        bureau.clock.move(60)
        await taken(bureau, sender=name)
    assert [message.content.sender for message in bureau.sent] == ["ivan", "+79037676877", "", ""]
    for name in ("bob", "wait"):
        assert (await bureau.send(sender=name, fmt=1)).endswith(",-6")
    assert await bureau.send(sender="a name too long", fmt=1) == "0,-1"
    rows = await bureau.rows("SELECT refusal FROM messages WHERE state = 13")
    assert rows == [("forbidden_sender",)] * 2


async def test_the_account_says_who_it_is_from_when_nobody_is_named(bureau: Bureau) -> None:
    await bureau.add("senders", Sender(account=ALEX, name="anna", created=NOW))
    assert (await taken(bureau))[0].content.sender == "ivan"
    await bureau.change_account(sender="anna")
    assert (await taken(bureau, mes="x"))[1].content.sender == "anna"


# receivers


async def test_mixed_receivers_are_told_apart(bureau: Bureau) -> None:
    phones = f"{PHONE},123,7{'8' * 10}"
    told = f"1234,1\n{PHONE},25001,1.40,,\n123,,0.00,22,249\n7{'8' * 10},,0.00,25,248"
    assert await bureau.send(phones=phones, fmt=1, op=1) == told
    lines = told.split("\n")
    assert await bureau.send(phones=phones, fmt=1, err=1) == "\n".join(["1235,1", *lines[2:]])
    assert await bureau.send(phones=PHONE, fmt=1, err=1) == "1236,1"
    rows = await bureau.rows("SELECT refusal FROM messages m JOIN client_refs r ON r.message = m.id WHERE ref = '1234'")
    assert sorted(rows) == [("",), ("bad_number",), ("no_price",)]


@pytest.mark.parametrize(
    ("phones", "code"), [("123", 7), ("123,78888888888", 8), ("78888888888", 8), (f"{PHONE},123", 0)]
)
async def test_an_error_is_that_of_the_last_receiver_left(bureau: Bureau, phones: str, code: int) -> None:
    answer = await bureau.send(phones=phones, fmt=1, id="mine")
    assert answer == (f"mine,-{code}" if code else "mine,1")


async def test_no_money_is_told_of_a_whole_request(bureau: Bureau) -> None:
    await bureau.spend_to(2_000_000)
    assert await bureau.send(phones=f"{PHONE},{OTHER}", fmt=1) == "1234,-3"
    assert await bureau.send(phones=PHONE, fmt=1) == "1235,1"
    assert await bureau.balance() == "0.60"


async def test_a_group_means_those_who_are_in_it(bureau: Bureau) -> None:
    for name, phone in (("A", TO), ("B", f"+{OTHER}")):
        await bureau.get("phones", add=1, name=name, phone=phone)
    await bureau.get("phones", add_group=1, name="friends", num=5)
    assert (await bureau.send(phones="G7", fmt=1, id="g7")) == "g7,-7"
    groups = await bureau.rows("SELECT id FROM card_groups WHERE slot = 5")
    await bureau.get("phones", move_group=2, grp=groups[0][0], phone=f"{PHONE},{OTHER}")
    sent = await taken(bureau, phones=f"{PHONE},G5")
    assert [message.receiver for message in sent] == [TO, f"+{OTHER}"]
    # whoever shares contacts shares groups, however far below
    row = Account(id=2001, owner=100, name="below", currency="RUR", parent=ALEX, payer=ALEX, home="smsc")
    shares = ("contacts",)
    await bureau.add("accounts", replace(row, shares=shares))
    await bureau.add("accounts", replace(row, id=2002, name="deep", parent=2001, shares=shares))
    await bureau.add("tokens", Token(id=2003, account=2002, name="deep", digest=bureau.vault.digest("DEEP")))
    answer = await bureau.ask("/sys/send.php?apikey=DEEP&phones=G5&mes=Hi&fmt=1")
    assert answer.body == b"1,2"


async def test_who_is_on_the_black_list_gets_nothing(bureau: Bureau) -> None:
    await bureau.get("phones", add_black=1, phone=PHONE)
    assert await refused(bureau) == [(TO, "opted_out")]
    assert (await bureau.send(phones=f"{PHONE},{OTHER}", fmt=1, id="both")) == "both,1"


# times


async def test_messages_are_spread_over_a_period(bureau: Bureau) -> None:
    phones = ",".join(f"7999000000{n}" for n in range(6))
    await taken(bureau, phones=phones, period=0.1, freq=2, valid="00:01")
    assert len(bureau.sent) == 2
    rows = await bureau.rows("SELECT due, expires FROM messages ORDER BY id")
    step, last = 2 * 60 * MICRO, NOW + 5 * 60 * MICRO
    assert rows == [(due, last) for due in (NOW, NOW, NOW + step, NOW + step, NOW + 2 * step, NOW + 2 * step)]
    await bureau.later(240)
    assert len(bureau.sent) == 6


async def test_a_message_is_tried_as_long_as_is_asked_or_else_as_the_account_says(bureau: Bureau) -> None:
    for params in ({}, {"valid": 2}, {"valid": "00:30", "time": "+60"}):
        bureau.clock.now = NOW
        await bureau.send(id="x", mes=str(params), **params)
    await bureau.change_limits(lifetime=5)
    await bureau.send(id="x", mes="y")
    hour = 3600 * MICRO
    rows = await bureau.rows("SELECT expires FROM submissions ORDER BY id")
    assert [(int(str(row[0])) - NOW) / hour for row in rows] == [24, 2, 1.5, 5 / 60]


async def test_hours_of_the_account_move_messages_and_their_validity(bureau: Bureau) -> None:
    await bureau.change_limits(hours="14-18")
    await bureau.send()
    two = 2 * 3600 * MICRO
    assert await bureau.rows("SELECT due, expires FROM messages") == [(NOW + two, NOW + two + 24 * 3600 * MICRO)]


# numbers that are looked up


async def test_numbers_are_looked_up_and_what_is_wrong_with_others_is_written_down(bureau: Bureau) -> None:
    phones = f"{PHONE},123,78888888888"
    assert await bureau.send(hlr=1, mes="", phones=phones, fmt=1, cost=1) == "0.30,1"
    assert await bureau.send(hlr=1, mes="", phones=phones, fmt=1, cost=3) == "1234,1,0.30,101.60"
    assert await bureau.rows("SELECT number, price, tag FROM lookups") == [(TO, 300_000, "1234")]
    assert await bureau.rows("SELECT receiver, refusal FROM messages ORDER BY id") == [
        ("123", "bad_number"), ("+78888888888", "no_price"),
    ]  # fmt: skip
    await bureau.spend_to(100_000)
    assert await bureau.send(hlr=1, mes="", phones=OTHER, fmt=1) == "1235,-3"
    assert await bureau.send(hlr=1, mes="", phones=OTHER, time="+60", fmt=1) == "0,-1"


# limits


async def test_a_flood_to_one_number_is_stopped(bureau: Bureau) -> None:
    await bureau.change_limits(flood=3)
    for n in range(3):
        bureau.clock.move(59)
        await taken(bureau, mes=str(n))
    assert await bureau.send(mes="4", fmt=1, op=1) == "1237,-6"
    assert await bureau.send(mes="5", phones=f"{PHONE},{OTHER}", fmt=1, err=1) == f"1238,1\n{PHONE},25001,0.00,23,251"
    bureau.clock.move(60)
    assert await bureau.send(mes="6", fmt=1) == "1239,1"


async def test_limits_of_a_day_and_codes_of_receivers(bureau: Bureau) -> None:
    await bureau.change_limits(day=2, codes=("7", "-7998"))
    assert await refused(bureau, phones="79980000000") == [("+79980000000", "forbidden_number")]
    assert await refused(bureau, phones="380501234567") == [
        ("+79980000000", "forbidden_number"), ("+380501234567", "forbidden_number"),
    ]  # fmt: skip
    assert await bureau.send(phones=f"{PHONE},{OTHER},79999999997", fmt=1, err=1) == (
        "1236,2\n79999999997,25001,0.00,23,247"
    )
    bureau.clock.move(86_400)
    assert await bureau.send(fmt=1) == "1237,1"


async def test_an_account_without_mailings_writes_to_one_at_a_time(bureau: Bureau) -> None:
    await bureau.change_limits(mailings=False)
    denied = await refused(bureau, phones=f"{PHONE},{OTHER}")
    assert denied == [(TO, "mailing"), (f"+{OTHER}", "mailing")]
    assert await bureau.send(fmt=1) == "1235,1"


async def test_a_price_may_be_asked_five_times_a_minute(bureau: Bureau) -> None:
    answers = [await bureau.send(cost=1, fmt=1) for _ in range(6)]
    assert answers == ["1.40,1"] * 5 + ["0,-9"]
    assert await bureau.send(cost=1, fmt=1, mes="x") == "1.40,1"
    assert await bureau.send(cost=1, fmt=1, mes="x", phones=123) == "0,-7"


async def test_another_address_waits_until_it_is_confirmed(bureau: Bureau) -> None:
    await bureau.change_limits(new_addresses=True)

    async def send(client: str, mes: str) -> bytes:
        target = f"/sys/send.php?login=alex&psw=123&fmt=1&{form({'phones': PHONE, 'mes': mes})}"
        return (await bureau.ask(target, client=client)).body

    assert await send("192.0.2.1", "a") == b"1234,1"
    assert await send("192.0.2.2", "b") == b"1235,-6"
    assert await bureau.rows("SELECT refusal FROM messages WHERE state = 13") == [("new_address",)]
    login: Login = bureau.store.facts.login_named["alex"]
    await bureau.change("logins", login, ips=("192.0.2.0/24",))
    assert await send("192.0.2.2", "c") == b"1236,1"


async def test_a_visitor_who_sends_too_much_reads_a_picture(bureau: Bureau) -> None:
    await bureau.change_limits(day_address=1)
    assert await bureau.send(mes="1", userip="192.0.2.9", fmt=1) == "1234,1"
    assert await bureau.send(mes="2", userip="192.0.2.9", fmt=1) == "1235,-6"
    assert await bureau.send(mes="3", userip="192.0.2.8", fmt=1) == "1236,1"
    assert await bureau.send(mes="3", fmt=1) == "1237,1"
    assert await bureau.get("imgcode", userip="nobody") == "ERROR = 1 (parameters error)"

    async def code() -> object:
        assert (await bureau.raw("imgcode", userip="192.0.2.9")).startswith(b"\x89PNG")
        return (await bureau.rows("SELECT count FROM tallies WHERE key = 'picture 192.0.2.9'"))[0][0]

    seen = await code()
    assert await bureau.send(mes="4", userip="192.0.2.9", imgcode=seen, fmt=1) == "1238,1"
    assert await bureau.send(mes="5", userip="192.0.2.9", imgcode=seen, fmt=1) == "1239,-6"
    await code()
    assert await bureau.send(mes="6", userip="192.0.2.9", imgcode=1, fmt=1) == "1240,-6"
    seen = await code()
    bureau.clock.move(600)
    assert await bureau.send(mes="7", userip="192.0.2.9", imgcode=seen, fmt=1) == "1241,-6"


async def test_mail_leaves_and_is_paid_also_where_sending_is_virtual(bureau: Bureau) -> None:
    await bureau.lead(Channel.MAIL, 100_000)
    await bureau.change_account(virtual=True)
    await bureau.add("senders", Sender(account=ALEX, name="@x.example", kind="mail"))
    sent = await taken(bureau, mail=1, subj="S", sender="me@x.example", phones="you@y.example")
    assert (len(sent), await bureau.balance()) == (1, "101.80")


@pytest.mark.parametrize(
    ("sender", "registered", "answer"),
    [
        ("me@x.example", "me@x.example", "1234,1"),
        ("Me <Me@X.example>", "me@x.example", "1234,1"),
        ("me@x.example", "@x.example", "1234,1"),
        ("me@x.example", "you@x.example", "1234,-6"),
        ("me@y.x.example", "@x.example", "1234,-6"),
        ("me@x.example@evil.example", "@x.example", "0,-1"),
    ],
)
async def test_mail_is_from_an_address_of_the_accounts(
    bureau: Bureau, sender: str, registered: str, answer: str
) -> None:
    await bureau.lead(Channel.MAIL)
    await bureau.add("senders", Sender(account=ALEX, name=registered, kind="mail", created=-1))
    mail = {"mail": 1, "subj": "S", "sender": sender, "phones": "you@y.example"}
    assert await bureau.send(fmt=1, **mail) == answer
    await bureau.change("senders", bureau.store.facts.sender[ALEX, registered], status="disable")
    assert (await bureau.send(fmt=1, mes="again", **mail)).endswith("-6") or answer == "0,-1"
    assert (await taken(bureau))[-1].content.sender == "ivan"  # no text is from an address of mail


# any parameters at all

NAMES = [
    "phones", "mes", "id", "sender", "translit", "tinyurl", "time", "tz", "period", "freq", "flash", "bin", "push",
    "hlr", "ping", "mms", "mail", "soc", "viber", "whatsapp", "tg", "bot", "smsreq", "fileurl", "call", "voice",
    "param", "subj", "charset", "cost", "list", "nl", "valid", "maxsms", "imgcode", "userip", "err", "op", "pp",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([b"0", b"1", b"2", b"3", b"", PHONE.encode(), b"G5", b"me@x.example", b"http://f.example/a.jpg",
                     b"__CALL__x", b"00AA", b"a\nb", b"79999999999:a\n79999999998:b", b"code", b"+5", b"9-18"]),
    st.binary(max_size=12),
)  # fmt: skip


async def test_any_parameters_get_an_answer_in_the_format_asked_for(bureau: Bureau) -> None:
    for channel in Channel:
        if channel not in (Channel.SMS, Channel.PING, Channel.HLR):
            await bureau.lead(channel, 1000)
    await bureau.change_limits(wrong_sends=0)
    begins = ("ERROR = |OK - |[0-9.]+ \\(", "[^,]+,", "<result>\n", "\\{\n")
    asked: list[tuple[dict[str, bytes], int]] = []

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=7), st.integers(0, 3), st.booleans())
    def gather(params: dict[str, bytes], fmt: int, usual: bool) -> None:
        asked.append((({"phones": PHONE.encode(), "mes": b"Hello"} if usual else {}) | params, fmt))

    gather()
    for params, fmt in asked:
        reply = await bureau.ask(f"/sys/send.php?login=alex&psw=123&fmt={fmt}&{form(params)}")
        assert reply.status == 200
        text = reply.body.decode("cp1251" if "1251" in reply.content_type else "utf-8", "replace")
        assert re.match(begins[fmt], text), (params, fmt, text)
