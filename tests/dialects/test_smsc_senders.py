"""senders.php: names and numbers that messages are from. spec: smsc/3.10"""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.smsc_world import ALEX, OTHER, PHONE, TO, Bureau, Q, bureau_of

from depesza.core.facts import Account, Sender
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.senders import read_name
from depesza.services import documents, sender_forms, senders

pytestmark = pytest.mark.anyio

NONE = '{\n"error": "record not found",\n"error_code": 3\n}'
WRONG = '{\n"error": "parameters error",\n"error_code": 1\n}'
FAILED = '{\n"error": "operation error",\n"error_code": 5\n}'
OK = '{\n"result": "OK"\n}'


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    """The setting of the acceptance cases, where the same may be asked often."""
    async with bureau_of(sqlite_url) as bureau:
        await bureau.change_limits(same_asks=0)
        yield bureau


async def ask(bureau: Bureau, query: str, **params: object) -> str:
    return await bureau.get("senders", query, fmt=3, **params)


async def listed(bureau: Bureau, query: str = "") -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(await ask(bureau, f"get=1&{query}"))
    return found


async def approve(bureau: Bureau, name: str, status: str = "enable") -> None:
    await bureau.store.run(senders.change, ALEX, name, {"status": status})


async def test_senders_are_listed_with_their_states(bureau: Bureau) -> None:
    assert await ask(bureau, "get=1") == '[{\n"id": 1234,\n"sender": "ivan",\n"cmt": "",\n"status": "active"\n}]'
    assert await ask(bureau, "add=1&sender=Shop", cmt="магазин") == '{\n"id": 1235,\n"sender": "Shop"\n}'
    assert await bureau.get("senders", "get=1", fmt=0) == (
        "id = 1234, sender = ivan, cmt = , status = active\nid = 1235, sender = Shop, cmt = магазин, status = pending"
    )
    await approve(bureau, "Shop", "refused")
    assert [row["sender"] for row in await listed(bureau)] == ["ivan"]
    assert [row["status"] for row in await listed(bureau, "all=1")] == ["active", "rejected"]
    await approve(bureau, "Shop", "disable")
    assert [row["status"] for row in await listed(bureau, "all=1")] == ["active", "disabled"]


async def test_an_account_without_senders_has_an_empty_list(bureau: Bureau) -> None:
    assert await ask(bureau, "del=1&sender=ivan") == OK
    assert await ask(bureau, "get=1") == "[]"
    assert await ask(bureau, "del=1&sender=ivan") == NONE


async def test_a_name_is_asked_for_in_four_forms(bureau: Bureau) -> None:
    forms = (
        "ID = {}",
        "{}",
        "<sender>\n<id>{}</id>\n<sender>{}</sender>\n</sender>",
        '{{\n"id": {},\n"sender": "{}"\n}}',
    )
    for fmt, form in enumerate(forms):
        assert await bureau.get("senders", f"add=1&sender=Shop {fmt}", fmt=fmt) == form.format(
            1234 + fmt, f"Shop {fmt}"
        )
    assert await ask(bureau, "add=1&sender=Shop 1") == FAILED
    assert await bureau.send(sender="Shop 1") == "ERROR = 6 (message is denied), ID - 1238"
    await approve(bureau, "Shop 1")
    bureau.clock.move(60)
    assert await bureau.send(sender="Shop 1") == "OK - 1 SMS, ID - 1239"


async def test_the_list_is_paged_and_filtered(bureau: Bureau) -> None:
    await listed(bureau)
    bureau.clock.move(86_400)
    for name in ("A", "B", "C"):
        await ask(bureau, f"add=1&sender={name}&mts=1&mts_step=2")
    assert [row["sender"] for row in await listed(bureau, "cnt=2")] == ["ivan", "A"]
    assert [row["sender"] for row in await listed(bureau, "prev_id=1235&cnt=1")] == ["B"]
    assert [row["sender"] for row in await listed(bureau, "from_date=16.01.2026")] == ["A", "B", "C"]
    assert await listed(bureau, "from_date=17.01.2026") == []
    shown = (await listed(bureau, "operators=1&prev_id=1236"))[0]
    assert (shown["mts"], shown["mts_step"], shown["mega"], len(shown)) == ("1", "2", "", 14)


async def test_what_was_told_is_kept_for_the_operator_with_its_papers(bureau: Bureau) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="inn"\r\n\r\n7701\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file0"; filename="proof.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%PDF\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    reply = await bureau.ask(f"/sys/senders.php?{Q}&add=1&sender=Shop&fio=Ivan&mega=1&fmt=1", body, kind=kind)
    assert reply.body == b"1234"
    form = (await bureau.store.look(sender_forms.show, ALEX))["Shop"]
    assert form.fields == {"inn": "7701", "fio": "Ivan", "mega": "1"}
    assert await ask(bureau, "chg=1&id=1234&fio=Petr&cmt=new") == OK
    assert (await bureau.store.look(sender_forms.show, ALEX))["Shop"].fields["fio"] == "Petr"
    assert bureau.store.facts.sender[ALEX, "Shop"].description == "new"
    (paper,) = await bureau.store.look(documents.list_topic, ALEX, senders.papers_of("Shop"), bureau.clock())
    assert (paper.name, paper.size) == ("proof.pdf", 4)
    assert await ask(bureau, "del=1&id=1234") == OK
    assert await ask(bureau, "chg=1&id=1234&cmt=x") == NONE


async def test_a_number_proves_itself_by_a_code(bureau: Bureau) -> None:
    assert json.loads(await ask(bureau, f"add=1&sender=8{PHONE[1:]}"))["sender"] == PHONE
    assert await ask(bureau, f"check_code=1&sender={PHONE}&code=123456") == NONE
    assert await ask(bureau, f"send_code=1&sender={PHONE}") == OK
    assert await ask(bureau, f"send_code=1&sender={PHONE}") == FAILED
    await bureau.later(1)
    (message,) = bureau.sent
    assert message.receiver == TO
    code = message.body[:6]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert await ask(bureau, f"check_code=1&sender={PHONE}&code={wrong}") == FAILED
    assert await bureau.balance() == "101.90"
    assert await ask(bureau, f"check_code=1&sender={PHONE}&code={code}") == OK
    assert bureau.store.facts.sender[ALEX, TO].status == "enable"
    assert await ask(bureau, f"check_code=1&sender={PHONE}&code={code}") == NONE
    assert await bureau.send(sender=PHONE, phones=OTHER) == "OK - 1 SMS, ID - 1235"


async def test_an_address_of_mail_proves_itself_by_a_code(sqlite_url: str) -> None:
    async with bureau_of(sqlite_url, mails=True) as bureau:
        assert json.loads(await ask(bureau, "add=1&sender=Me@X.example"))["sender"] == "me@x.example"
        assert await ask(bureau, "send_code=1&sender=me@x.example") == OK
        rows = await bureau.rows("SELECT url, fact FROM notices WHERE kind = 'mail'")
        assert rows[0][0] == "mailto:me@x.example"
        code = json.loads(bytes(rows[0][1]))["text"][:6]  # type: ignore[arg-type]
        assert await ask(bureau, f"check_code=1&sender=ME@x.example&code={code}") == OK
        assert bureau.store.facts.sender[ALEX, "me@x.example"].status == "enable"
        assert json.loads(await ask(bureau, "add=1&sender=@x.example"))["sender"] == "@x.example"
        assert await ask(bureau, "send_code=1&sender=@x.example") == WRONG


async def test_no_address_proves_itself_where_no_mail_is_sent(bureau: Bureau) -> None:
    await ask(bureau, "add=1&sender=me@x.example")
    assert await ask(bureau, "send_code=1&sender=me@x.example") == FAILED


async def test_a_code_is_guessed_five_times_and_lives_an_hour(bureau: Bureau) -> None:
    await ask(bureau, f"add=1&sender={PHONE}")
    await ask(bureau, f"send_code=1&sender={PHONE}")
    await bureau.later(1)
    code = bureau.sent[0].body[:6]
    for guess in range(5):
        assert await ask(bureau, f"check_code=1&sender={PHONE}&code=guess{guess}") == FAILED
    assert await ask(bureau, f"check_code=1&sender={PHONE}&code={code}") == NONE
    assert await ask(bureau, f"send_code=1&sender={PHONE}") == OK
    await bureau.later(3600)
    assert await ask(bureau, f"check_code=1&sender={PHONE}&code={bureau.sent[1].body[:6]}") == NONE


async def test_senders_of_the_account_above_are_listed_where_they_are_shared(bureau: Bureau) -> None:
    facts = bureau.store.facts
    below = Account(id=2001, owner=100, name="below", currency="RUR", parent=ALEX, shares=("senders",), home="smsc")
    await bureau.add("accounts", below)
    await bureau.add("senders", Sender(account=2001, name="mine"))
    await bureau.change("logins", facts.login_named["alex"], account=2001)
    assert {row["sender"] for row in await listed(bureau)} == {"mine", "ivan"}


BAD = (
    "", "add=1", "add=1&sender=", "add=1&sender=much_too_long", "add=1&sender=Магазин",
    f"add=1&sender=S&fio={'x' * 2001}",
    "add=1&sender=S%00", "chg=1&cmt=x", "chg=1&sender=ivan", "chg=1&id=x&cmt=x", "del=1", "del=1&id=1,2",
    "send_code=1", "send_code=1&sender=ivan", "check_code=1&sender=ivan&code=1", "get=1&cnt=x", "get=1&all=2",
    "get=1&from_date=soon",
)  # fmt: skip


async def test_bad_requests_change_nothing(bureau: Bureau) -> None:
    before = bureau.store.facts.senders
    for query in BAD:
        assert await bureau.get("senders", query, fmt=3) == WRONG, query
    assert bureau.store.facts.senders == before
    assert await bureau.rows("SELECT * FROM sender_forms") == []


async def test_a_file_may_be_too_large(sqlite_url: str) -> None:
    async with bureau_of(sqlite_url, largest_document=3) as bureau:
        body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n1234\r\n--b--\r\n'
        target = f"/sys/senders.php?{Q}&add=1&sender=Shop&fmt=1"
        assert (await bureau.ask(target, body, kind="multipart/form-data; boundary=b")).body == b"0,-1"
        assert (ALEX, "Shop") not in bureau.store.facts.sender


@settings(max_examples=100)
@given(st.text(max_size=20))
def test_any_sender_is_read_or_refused(text: str) -> None:
    try:
        name, kind = read_name(text, "RU")
    except Refused as refused:
        assert refused.code == 1
    else:
        assert name.isascii()
        assert len(name) <= (11 if kind == "alpha" else 16)
