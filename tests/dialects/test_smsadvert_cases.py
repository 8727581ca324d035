"""SMSAdvert's acceptance cases, each under its number. spec: smsadvert/8"""

import json
import re
from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsadvert_world import BACK, NOW, TO, TOKEN, Booth, booth_of
from tests.store.world import ONE

from depesza.core.devices import Limits
from depesza.core.model import MICRO, State
from depesza.net.guard import Guard
from depesza.net.http_client import HttpClient
from depesza.wire.http import HttpCall

pytestmark = pytest.mark.anyio

NUMBER = "Numéro de téléphone invalide!"
SHORT = "Saisissez un minimum de caractères 3!"
LONG = "Saisissez un maximum de caractères 480!"
MANY = "Maximum 1000 numéros de téléphone!"
DATE, URL, VALUE = "Date invalide!", "Adresse URL invalide!", "Valeur invalide!"
SUCCESS = "Your message has been successfully submitted!"
LETTER = "a"
EMOJI = "\N{GRINNING FACE}"


@pytest.fixture
async def booth(sqlite_url: str) -> AsyncIterator[Booth]:
    """The setting of all cases."""
    async with booth_of(sqlite_url) as booth:
        yield booth


def numbers(count: int) -> list[str]:
    """Write so many different numbers."""
    return [f"+40740{n:06}" for n in range(count)]


async def test_smsadvert_case_01_a_text_by_the_network(booth: Booth) -> None:
    answer = await booth.post(sendAsShort=True)
    await booth.quiet()
    assert answer.status == 200
    assert answer.json == {"successMessage": SUCCESS, "msgId": answer.id, "unitsCost": 1}
    assert re.fullmatch(r"[0-9a-f]{24}", answer.id)
    assert [message.receiver for message in booth.network.sent] == [TO]
    assert not booth.phone.sent


async def test_smsadvert_case_02_the_same_without_the_final_slash(booth: Booth) -> None:
    answer = await booth.post("/api/sms", sendAsShort=True)
    assert (answer.status, answer.json["successMessage"]) == (200, SUCCESS)
    await booth.quiet()
    assert len(booth.network.sent) == 1


async def test_smsadvert_case_03_an_own_phone_sends_unless_asked_otherwise(booth: Booth) -> None:
    answer = await booth.post()
    await booth.quiet()
    assert (answer.status, answer.json["unitsCost"]) == (200, 0)
    assert [offer.text for offer in booth.phone.sent] == ["Bonjour"]
    assert not booth.network.sent
    assert await booth.balance() == 5_000


async def test_smsadvert_case_04_a_text_waits_for_a_phone(booth: Booth) -> None:
    booth.phone.online = False
    await booth.send()
    assert await booth.count() == 1
    booth.phone.online = True
    await booth.later(3_600)
    assert await booth.states() == [State.SENT]
    assert await booth.count() == 0
    assert not booth.network.sent


async def test_smsadvert_case_05_the_network_takes_over_where_no_phone_is(booth: Booth) -> None:
    booth.phone.online = False
    await booth.send(failover="short")
    assert len(booth.network.sent) == 1
    assert await booth.balance() == 4_999


async def test_smsadvert_case_06_the_network_takes_over_after_an_error_of_the_phone(booth: Booth) -> None:
    booth.phone.error = "Send result: RESULT_ERROR_NO_SERVICE"
    id = await booth.send(failover="short", callback=BACK)
    (message,) = booth.network.sent
    assert not booth.told
    await booth.report(message)
    assert booth.news == [{"status": "delivered", "msgId": id}]


async def test_smsadvert_case_07_what_a_phone_delivered_costs_nothing(booth: Booth) -> None:
    id = await booth.send(failover="short", callback=BACK)
    await booth.phone.deliver()
    await booth.quiet()
    assert not booth.network.sent
    assert booth.news == [{"status": "delivered", "msgId": id}]
    assert await booth.balance() == 5_000


async def test_smsadvert_case_08_failover_means_nothing_on_the_network(booth: Booth) -> None:
    await booth.send(sendAsShort=True, failover="short")
    assert len(booth.network.sent) == 1
    assert not booth.phone.sent


@pytest.mark.parametrize(("flag", "by_network"), [("true", 1), ("false", 0), (1, 1), (0, 0), (None, 0), ("", 0)])
async def test_smsadvert_case_09_a_truth_in_many_spellings(booth: Booth, flag: object, by_network: int) -> None:
    await booth.send(sendAsShort=flag)
    assert (len(booth.network.sent), len(booth.phone.sent)) == (by_network, 1 - by_network)


@pytest.mark.parametrize("flag", ["yes", "True", 2, -1, 1.5, [], {}, "1"])
async def test_smsadvert_case_09_no_truth_at_all(booth: Booth, flag: object) -> None:
    answer = await booth.post(sendAsShort=flag)
    assert (answer.status, answer.json) == (400, {"errors": {"sendAsShort": VALUE}})


async def test_smsadvert_case_10_several_numbers_have_one_id(booth: Booth) -> None:
    await booth.send(phone="+40740123456, +40740123457,+40740123458", sendAsShort=True)
    assert [m.receiver for m in booth.network.sent] == ["+40740123456", "+40740123457", "+40740123458"]
    assert len({m.content.tag for m in booth.network.sent}) == 1


async def test_smsadvert_case_11_a_number_counts_once(booth: Booth) -> None:
    await booth.send(phone=f"{TO},{TO}", sendAsShort=True)
    assert len(booth.network.sent) == 1


@pytest.mark.parametrize("phone", [f"{TO},"])
async def test_smsadvert_case_12_a_comma_at_the_end_is_refused(booth: Booth, phone: str) -> None:
    answer = await booth.post(phone=phone)
    assert (answer.status, answer.json) == (400, {"errors": {"phone": NUMBER}})


@pytest.mark.parametrize("phone", [f"{TO},,+40740123457", f",{TO}", ",", " , "])
async def test_smsadvert_case_13_so_are_other_empty_places(booth: Booth, phone: str) -> None:
    answer = await booth.post(phone=phone)
    assert (answer.status, answer.json) == (400, {"errors": {"phone": NUMBER}})


@pytest.mark.parametrize(
    "phone",
    [
        "0740123456", "40740123456", "+0740123456", "+4074x", "", None, ..., 40740123456, [TO], "+", f"{TO},0740123456",
        "+4074012345678901", "0040740123456", "+40 740 123 456", "+\u0664\u0660740123456",
    ],
)  # fmt: skip
async def test_smsadvert_case_14_only_whole_numbers_are_taken(booth: Booth, phone: object) -> None:
    answer = await booth.post(phone=phone)
    assert (answer.status, answer.json) == (400, {"errors": {"phone": NUMBER}})


async def test_smsadvert_case_15_all_errors_are_told_together(booth: Booth) -> None:
    answer = await booth.post(phone="abc", shortTextMessage="ab")
    assert (answer.status, answer.json) == (400, {"errors": {"phone": NUMBER, "shortTextMessage": SHORT}})


@pytest.mark.parametrize(("length", "error"), [(2, SHORT), (3, ""), (480, ""), (481, LONG)])
async def test_smsadvert_case_16_the_length_of_a_text(booth: Booth, length: int, error: str) -> None:
    await check_text(booth, LETTER * length, error)


@pytest.mark.parametrize(("length", "error"), [(240, ""), (241, LONG)])
async def test_smsadvert_case_17_an_emoji_counts_twice(booth: Booth, length: int, error: str) -> None:
    await check_text(booth, EMOJI * length, error)


async def check_text(booth: Booth, text: str, error: str) -> None:
    """Send a text and look whether it is refused as it should be, or leaves as it was."""
    answer = await booth.post(shortTextMessage=text, sendAsShort=True)
    await booth.quiet()
    assert answer.status == (400 if error else 200)
    if error:
        assert answer.json == {"errors": {"shortTextMessage": error}}
    assert [message.body for message in booth.network.sent] == ([] if error else [text])


async def test_smsadvert_case_18_a_thousand_numbers(booth: Booth) -> None:
    thousand = numbers(1_000)
    assert (await booth.post(phone=",".join(thousand), startDate=NOW + 60_000)).status == 200
    assert (await booth.post(phone=",".join([*thousand, thousand[7]]), startDate=NOW + 60_000)).status == 200
    answer = await booth.post(phone=",".join(numbers(1_001)))
    assert (answer.status, answer.json) == (400, {"errors": {"phone": MANY}})
    assert await booth.count() == 2_000


async def test_smsadvert_case_19_nothing_leaves_before_its_start(booth: Booth) -> None:
    await booth.send(startDate=NOW + 60_000, sendAsShort=True)
    await booth.later(59.9)
    assert not booth.network.sent
    assert await booth.count() == 1
    await booth.later(0.1)
    assert len(booth.network.sent) == 1


@pytest.mark.parametrize("start", [1486883578036, "1486883578036", 1486883578036.0, -1, "", None, 0])
async def test_smsadvert_case_20_a_start_that_has_passed_means_now(booth: Booth, start: object) -> None:
    await booth.send(startDate=start, sendAsShort=True)
    assert len(booth.network.sent) == 1
    assert not await booth.events("warning")


async def test_smsadvert_case_21_seconds_are_taken_literally_with_a_warning(booth: Booth) -> None:
    await booth.send(startDate=1700000060, sendAsShort=True)
    assert len(booth.network.sent) == 1
    (warning,) = await booth.events("warning")
    assert "1700000060 looks like seconds" in warning


@pytest.mark.parametrize(
    "window",
    [
        {"startDate": NOW + 60_000, "endDate": NOW + 30_000},
        {"startDate": NOW + 60_000, "endDate": NOW + 60_000},
        {"endDate": NOW - 1},
        {"endDate": NOW},
        {"endDate": 0},
        {"endDate": "soon"},
        {"endDate": 1.5},
        {"endDate": True},
        {"startDate": NOW, "endDate": str(NOW)},
    ],
)
async def test_smsadvert_case_22_a_window_that_is_none(booth: Booth, window: dict[str, object]) -> None:
    answer = await booth.post(**window)
    assert (answer.status, answer.json) == (400, {"errors": {"endDate": DATE}})


@pytest.mark.parametrize("start", ["1e3", True, [], 0.5, NOW + 367 * 86_400_000, 10**40, "9" * 21, "\u0661"])
async def test_smsadvert_case_22_a_start_that_is_none(booth: Booth, start: object) -> None:
    answer = await booth.post(startDate=start)
    assert (answer.status, answer.json) == (400, {"errors": {"startDate": DATE}})


async def test_smsadvert_case_23_what_waited_in_vain_is_told(booth: Booth) -> None:
    booth.phone.online = False
    id = await booth.send(endDate=NOW + 60_000, callback=BACK)
    await booth.later(59.9)
    assert not booth.told
    await booth.later(0.1)
    assert booth.news == [{"status": "failed", "msgId": id}]
    booth.phone.online = True
    await booth.later(3_600)
    assert await booth.states() == [State.EXPIRED]
    assert not booth.phone.sent
    assert await booth.count() == 0
    assert len(booth.told) == 1


async def test_smsadvert_case_24_a_long_list_is_cut_at_its_end(booth: Booth) -> None:
    booth.phone.limits = Limits(gap=10)
    id = await booth.send(phone=",".join(numbers(10)), endDate=NOW + 35_000, callback=BACK)
    for _ in range(5):
        await booth.later(10)
    await booth.phone.deliver()
    await booth.quiet()
    ends = [fact["status"] for fact in booth.news]
    assert (len(booth.phone.sent), ends.count("delivered"), ends.count("failed")) == (4, 4, 6)
    assert {fact["msgId"] for fact in booth.news} == {id}


async def test_smsadvert_case_25_the_network_sends_once_what_a_silent_phone_holds(booth: Booth) -> None:
    booth.phone.silent = True
    await booth.send(failover="short", callback=BACK)
    (held,) = booth.phone.held
    assert held.valid <= booth.clock() + 90 * MICRO
    booth.phone.online = False
    await booth.later(149)
    assert not booth.network.sent
    await booth.later(2)
    assert len(booth.network.sent) == 1
    await booth.later(3_600)
    assert len(booth.network.sent) == 1
    assert await booth.states() == [State.SENT]


async def test_smsadvert_case_26_a_callback_is_tried_again(booth: Booth) -> None:
    booth.answers = [500, 500]
    await booth.send(sendAsShort=True, callback=BACK)
    await booth.report(booth.network.sent[0])
    for seconds in (29, 1, 89, 1, 600, 3_600):
        await booth.later(seconds)
    assert [at for at, _ in booth.told] == [0, 30, 120]
    assert len({call.body for _, call in booth.told}) == 1


async def test_smsadvert_case_26_it_is_given_up_after_six_hours(booth: Booth) -> None:
    booth.answers = [500] * 10
    await booth.send(sendAsShort=True, callback=BACK)
    await booth.report(booth.network.sent[0])
    for seconds in (30, 90, 480, 3_000, 18_000, 86_400):
        await booth.later(seconds)
    assert [at for at, _ in booth.told] == [0, 30, 120, 600, 3_600, 21_600]


@pytest.mark.parametrize("fields", [{"statusWebhook": BACK}, {"callback": "", "statusWebhook": BACK},
                                    {"callback": BACK, "statusWebhook": "ftp://never.read"}])  # fmt: skip
async def test_smsadvert_case_27_the_alias_of_n8n(booth: Booth, fields: dict[str, object]) -> None:
    id = await booth.send(sendAsShort=True, **fields)
    await booth.report(booth.network.sent[0], State.FAILED)
    ((_, call),) = booth.told
    assert (call.method, call.url) == ("POST", BACK)
    assert dict(call.headers)["Content-Type"] == "application/json"
    assert call.body == json.dumps({"status": "failed", "msgId": id}, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "url", ["ftp://x", "javascript:1", "http://", "/cb", 7, ["http://x"], "http://x:99999/", "http://a b/", "http://[/"]
)
async def test_smsadvert_case_28_only_web_addresses_are_called(booth: Booth, url: object) -> None:
    for field in ("callback", "statusWebhook"):
        answer = await booth.post(**{field: url})
        assert (answer.status, answer.json) == (400, {"errors": {field: URL}})


async def test_smsadvert_case_28_a_private_address_is_taken_and_blocked_when_called(booth: Booth) -> None:
    await booth.send(sendAsShort=True, callback="http://127.0.0.1/")
    await booth.report(booth.network.sent[0])
    ((_, call),) = booth.told
    client = HttpClient(Guard())
    answer = await client.call(HttpCall(call.method, call.url, call.headers, call.body))
    await client.close()
    assert (answer.status, answer.error[:9]) == (0, "forbidden")


async def test_smsadvert_case_29_failover_is_short_or_nothing(booth: Booth) -> None:
    for value in ("long", True, 1, ["short"], "SHORT"):
        answer = await booth.post(failover=value)
        assert (answer.status, answer.json) == (400, {"errors": {"failover": VALUE}})
    booth.phone.online = False
    for value in ("", None):
        await booth.send(failover=value)
    assert not booth.network.sent
    assert await booth.count() == 2


async def test_smsadvert_case_30_who_calls(booth: Booth) -> None:
    body = json.dumps({"phone": TO, "shortTextMessage": "Bonjour"}).encode()
    for token in (None, "", "wrong", f"Basic {TOKEN}", f"{TOKEN}x", "Bearer ", "x" * 5_000, "\u00e9"):
        answer = await booth.ask("POST", "/api/sms/", body, token)
        assert (answer.status, list(answer.json)) == (401, ["errorMessage"])
    for token in (TOKEN, f"Bearer {TOKEN}", f"bearer  {TOKEN} "):
        assert (await booth.ask("POST", "/api/sms/", body, token)).status == 200
    await booth.change_account(enabled=False)
    assert (await booth.post()).status == 403


@pytest.mark.parametrize("body", [b"[]", b"{bad", b"", b"7", b"\xff", b'"x"', b"[" * 100_000, b'{"phone":"\\ud800"}'])
async def test_smsadvert_case_31_a_body_must_be_an_object(booth: Booth, body: bytes) -> None:
    answer = await booth.ask("POST", "/api/sms/", body)
    assert (answer.status, list(answer.json)) == (400, ["errorMessage"])


async def test_smsadvert_case_32_when_the_database_is_gone(sqlite_url: str) -> None:
    async with booth_of(sqlite_url) as booth:
        healthy = booth.advert._context.store

        class Gone:
            """A store whose disk is gone."""

            facts = healthy.facts

            async def run(self, *args: object) -> None:
                """Fail."""
                raise OSError("no such disk")

        object.__setattr__(booth.advert, "_context", _with_store(booth, Gone()))
        answer = await booth.post(sendAsShort=True)
        assert (answer.status, answer.json) == (500, {"errorMessage": "There was a database error!"})
        await booth.later(3_600)
        assert not booth.network.sent


def _with_store(booth: Booth, store: object) -> object:
    import msgspec

    return msgspec.structs.replace(booth.advert._context, store=store)


@pytest.mark.parametrize(
    "path", ["/api/Devices/list/all/", "/api//Devices/list/all/", "/api/devices/list/all", "/API/DEVICES/LIST/ALL"]
)
async def test_smsadvert_case_33_own_phones(booth: Booth, path: str) -> None:
    answer = await booth.ask("GET", path)
    assert (answer.status, answer.json) == (200, {"devices": []})
    assert (await booth.ask("GET", path, token=None)).status == 401


async def test_smsadvert_case_34_units_and_the_queue(booth: Booth) -> None:
    account = await booth.ask("GET", "/api/user/account")
    assert (account.status, account.json) == (200, {"_id": f"{ONE:024x}", "email": "", "units": 5_000})
    queue = await booth.ask("GET", "/api/messagequeue/count/api/")
    assert (queue.status, queue.json) == (200, {"count": 0})


async def test_smsadvert_case_35_errors_in_the_account_s_language(booth: Booth) -> None:
    await booth.change_token(language="en")
    answer = await booth.post(phone="abc", shortTextMessage="ab")
    assert answer.json == {
        "errors": {"phone": "Invalid phone number!", "shortTextMessage": "Enter at least 3 characters!"}
    }
    assert (await booth.post()).json["successMessage"] == SUCCESS


async def test_smsadvert_case_36_the_same_twice_is_sent_twice(booth: Booth) -> None:
    first = await booth.send(sendAsShort=True)
    await booth.later(1)
    assert await booth.send(sendAsShort=True) != first
    assert len(booth.network.sent) == 2


async def test_smsadvert_case_37_no_units_left(booth: Booth) -> None:
    await booth.change_account(credit_limit=-5_000 * MICRO)
    for fields in ({"sendAsShort": True}, {"failover": "short"}):
        answer = await booth.post(**fields)
        assert (answer.status, list(answer.json)) == (402, ["errorMessage"])
    assert (await booth.post()).status == 200


async def test_smsadvert_case_38_unknown_fields_are_ignored(booth: Booth) -> None:
    await booth.send(sender="Shop", nonsense={"a": [1]}, sendAsShort=True)
    assert booth.network.sent[0].content.sender == "MyApp"
