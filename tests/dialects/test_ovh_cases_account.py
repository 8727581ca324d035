"""The vendor's acceptance cases of lists, users, credits and senders, each under its number. spec: ovh/6"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import MAIL, Sender
from depesza.services import accounts, orders, senders
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:9/r.csv"
# seed 000's rows, as its page prints them
ROWS = b"""number;name;age
+33601020304;Krzysztof;47
+33601020305;Anna;31
+33601020306;Jan;22
"""
# seed 001's form: blanks before the separators; numbers made international
FRENCH = "Numero ;nom ;prenom ;adresse\n+33662000000 ;Dupond ;Pierre ;Paris\n+33662000001;Durand;Zoé ;Lyon\n".encode()


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases, on each store."""
    async with desk_of(store_url) as desk:
        desk.files[URL] = ROWS
        yield desk


async def load_41(desk: Desk, **more: object) -> object:
    """Load a list as case 41 does."""
    body = {"csvUrl": URL, "description": "Liste de mes clients", "slotId": 1, **more}
    return await desk.good("POST", "/receivers", body)


async def messages(desk: Desk, tag: str) -> dict[str, str]:
    """Give the texts sent under a tag, by receiver."""
    found = {}
    ids = await desk.good("GET", f"/outgoing?tag={tag}")
    assert isinstance(ids, list)
    for id in ids:
        shown = await desk.good("GET", f"/outgoing/{id}")
        assert isinstance(shown, dict)
        found[shown["receiver"]] = shown["message"]
    return found


async def test_case_41_a_list_is_loaded_into_a_slot(desk: Desk) -> None:
    assert await load_41(desk) == {
        "slotId": 1,
        "description": "Liste de mes clients",
        "records": 3,
        "autoUpdate": False,
        "canAutoUpdate": True,
        "datetime": "2026-05-28T22:26:40+02:00",
    }
    assert await desk.good("GET", "/receivers") == [1]
    desk.files[URL] = FRENCH
    again = await load_41(desk, autoUpdate=True)
    assert isinstance(again, dict)
    assert (again["records"], again["autoUpdate"]) == (2, True)
    assert await desk.good("GET", "/receivers/1") == again


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"slotId": 10}, 400),
        ({"slotId": None}, 400),
        ({"csvUrl": "http://127.0.0.1:9/none.csv"}, 400),
        ({"csvUrl": "file:///etc/hosts"}, 400),
        ({"csvUrl": None}, 400),
        ({"csvUrl": None, "documentId": "d1"}, 404),
        ({"documentId": "d1"}, 400),
        ({"csvUrl": None, "documentId": "d1", "autoUpdate": True}, 400),
    ],
)
async def test_case_41_a_list_that_cannot_be_loaded(desk: Desk, fields: dict[str, object], status: int) -> None:
    body = {"csvUrl": URL, "description": "d", "slotId": 1} | fields
    assert (await desk.ask("POST", "/receivers", body)).status == status
    assert await desk.good("GET", "/receivers") == []


async def test_case_42_a_job_for_a_slot_fills_its_columns(desk: Desk) -> None:
    await load_41(desk)
    report = await desk.good(
        "POST",
        "/jobs",
        {"message": "Bonjour #NAME#, #AGE# ans", "receiversSlotId": 1, "senderForResponse": True, "tag": "c1"},
    )
    assert isinstance(report, dict)
    assert (report["ids"], report["tag"], report["totalCreditsRemoved"]) == ([], "c1", 3)
    await desk.run_campaigns()
    assert await messages(desk, "c1") == {
        "+33601020304": "Bonjour Krzysztof, 47 ans",
        "+33601020305": "Bonjour Anna, 31 ans",
        "+33601020306": "Bonjour Jan, 22 ans",
    }
    assert await desk.balance() == 97
    await desk.run_campaigns()
    assert await desk.balance() == 97


async def test_case_42_a_list_that_updates_itself_is_fetched_again(desk: Desk) -> None:
    await load_41(desk, autoUpdate=True)
    desk.files[URL] = b"number;name\n+33601020309;Ewa\n"
    await desk.send(receivers="-", receiversSlotId="1", message="Hi #name#", tag="c2")
    await desk.run_campaigns()
    assert await messages(desk, "c2") == {"+33601020309": "Hi Ewa"}


async def test_case_42_a_list_replaced_while_its_job_runs_is_finished(desk: Desk) -> None:
    await load_41(desk)
    await desk.send(receivers="-", receiversSlotId="1", message="Hi #name#", tag="c3")
    desk.files[URL] = b"number;name\n+33601020309;Ewa\n"
    await load_41(desk)
    await desk.run_campaigns()
    assert len(await messages(desk, "c3")) == 3
    assert (await desk.good("GET", "/receivers/1"))["records"] == 1  # type: ignore[index]
    assert await desk.store.look(rows_kept) == 1


async def rows_kept(tx: Tx) -> int:
    """Count the rows of all lists."""
    return int((await tx.query("SELECT COUNT(*) FROM audience_rows"))[0][0])


async def test_case_42_a_list_dearer_than_the_balance_is_refused(desk: Desk) -> None:
    await desk.good("POST", "/transferCredits", {"smsAccountTarget": "sms-xx11111-2", "credits": 98})
    await load_41(desk)
    answer = await desk.ask(
        "POST", "/jobs", {"message": "x", "receiversSlotId": 1, "sender": "MyApp", "noStopClause": True}
    )
    assert answer.status == 402
    assert "Not enough credits (left: 2.00)" in answer.text
    await desk.run_campaigns()
    assert await desk.good("GET", "/outgoing") == []


async def test_case_42_a_row_that_grows_too_long_is_left_out(desk: Desk) -> None:
    desk.files[URL] = b"number;name\n+33601020304;" + b"a" * 1000 + b"\n+33601020305;Anna\n"
    await load_41(desk)
    await desk.send(receivers="-", receiversSlotId=1, message="Hi #name#", tag="c4")
    await desk.run_campaigns()
    assert await messages(desk, "c4") == {"+33601020305": "Hi Anna"}


async def test_case_43_the_file_of_a_slot(desk: Desk) -> None:
    await load_41(desk)
    assert await desk.good("GET", "/receivers/1/csv") == ROWS.decode()
    assert await desk.good("PUT", "/receivers/1", {"description": "new", "autoUpdate": True}) is None
    shown = await desk.good("GET", "/receivers/1")
    assert isinstance(shown, dict)
    assert (shown["description"], shown["autoUpdate"]) == ("new", True)
    assert await desk.good("DELETE", "/receivers/1") is None
    for method, path in (("GET", ""), ("GET", "/csv"), ("DELETE", "")):
        assert (await desk.ask(method, f"/receivers/1{path}")).status == 404


async def test_case_44_a_job_for_a_document(desk: Desk) -> None:
    desk.files["http://127.0.0.1:9/d.csv"] = FRENCH
    report = await desk.send(
        receivers="-",
        receiversDocumentUrl="http://127.0.0.1:9/d.csv",
        message="Bonjour #prenom# #nom#!",
        tag="c5",
    )
    assert report["ids"] == []
    await desk.run_campaigns()
    assert await messages(desk, "c5") == {
        "+33662000000": "Bonjour Pierre Dupond!",
        "+33662000001": "Bonjour Zoé Durand!",
    }
    assert await desk.store.look(rows_kept) == 0


# users. 45, 46


async def make_45(desk: Desk) -> None:
    """Make a user with a quota as case 45 does."""
    answer = await desk.ask("POST", "/users", {"login": "u2", "password": "Abcdef12"})
    assert (answer.status, answer.text) == (200, "null")
    assert await desk.good("GET", "/users") == ["api1", "u2"]
    body = {
        "quotaInformations": {"quotaLeft": 50, "quotaStatus": "active"},
        "ipRestrictions": ["127.0.0.1"],
        "callBack": "http://127.0.0.1:9/u2",
    }
    assert await desk.good("PUT", "/users/u2", body) is None


async def test_case_45_a_user_with_a_quota(desk: Desk) -> None:
    await make_45(desk)
    user = await desk.good("GET", "/users/u2")
    assert user == {
        "login": "u2",
        "password": "",
        "ipRestrictions": ["127.0.0.1"],
        "callBack": "http://127.0.0.1:9/u2",
        "stopCallBack": None,
        "quotaInformations": {"quotaLeft": 50, "quotaStatus": "active"},
        "alertThresholdInformations": {"alertEmail": "", "alertNumber": "", "alertThreshold": 0, "support": "both"},
    }
    account = await desk.good("GET", "")
    assert isinstance(account, dict)
    assert (account["creditsLeft"], account["creditsHoldByQuota"], account["userQuantityWithQuota"]) == (50, 50, 1)
    # a client that sends the whole object back changes nothing
    assert await desk.good("PUT", "/users/u2", user) is None
    assert await desk.good("GET", "/users/u2") == user


async def test_case_45_a_password_is_hashed(desk: Desk) -> None:
    await make_45(desk)
    row = desk.store.facts.user_named[ONE, "u2"]
    assert row.password.startswith("$argon2id$")
    assert desk.world.vault.check_password(row.password, "Abcdef12")
    await desk.good("PUT", "/users/u2", {"password": "another1"})
    assert desk.world.vault.check_password(desk.store.facts.user_named[ONE, "u2"].password, "another1")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/users", {"login": "api1", "password": "Abcdef12"}, 409),
        ("POST", "/users", {"login": "u3", "password": "short"}, 400),
        ("POST", "/users", {"password": "Abcdef12"}, 400),
        ("PUT", "/users/nobody", {"callBack": "http://127.0.0.1/"}, 404),
        ("PUT", "/users/api1", {"callBack": "not a url"}, 400),
        ("PUT", "/users/api1", {"ipRestrictions": ["999.1.1.1"]}, 400),
        ("PUT", "/users/api1", {"ipRestrictions": [f"10.0.0.{n}" for n in range(6)]}, 400),
        ("PUT", "/users/api1", {"quotaInformations": {"quotaLeft": -1}}, 400),
        ("PUT", "/users/api1", {"quotaInformations": {"quotaStatus": "perhaps"}}, 400),
        ("PUT", "/users/api1", {"quotaInformations": {"quotaLeft": 101, "quotaStatus": "active"}}, 402),
        ("GET", "/users/nobody", None, 404),
        ("GET", "/users/nobody/jobs", None, 404),
        ("DELETE", "/users/nobody", None, 404),
    ],
)
async def test_case_45_what_a_user_cannot_be(
    desk: Desk, method: str, path: str, body: dict[str, object] | None, status: int
) -> None:
    assert (await desk.ask(method, path, body)).status == status
    assert await desk.balance() == 100


async def test_case_46_a_user_spends_its_quota(desk: Desk) -> None:
    await make_45(desk)
    report = await desk.send("/users/u2/jobs")
    assert report["creditsLeft"] == 49
    shown = await desk.good("GET", "/users/u2")
    assert isinstance(shown, dict)
    assert shown["quotaInformations"]["quotaLeft"] == 49
    assert await desk.balance() == 50
    answer = await desk.ask(
        "POST",
        "/users/u2/jobs",
        {"message": "x", "receivers": [f"+336010203{n:02}" for n in range(50)], "sender": "MyApp"},
    )
    assert answer.status == 402
    assert await desk.good("DELETE", "/users/u2") is None
    assert await desk.balance() == 99
    assert await desk.good("GET", "/users") == ["api1"]


# credits. 47-51


async def test_case_47_credits_move_between_accounts(desk: Desk) -> None:
    answer = await desk.ask("POST", "/transferCredits", {"smsAccountTarget": "sms-xx11111-2", "credits": 10})
    assert (answer.status, answer.text) == (200, "null")
    assert await desk.balance() == 90
    assert await desk.balance("sms-xx11111-2") == 110


@pytest.mark.parametrize(
    ("target", "amount", "status"),
    [
        ("sms-zz99999-9", 10, 404),
        ("sms-xx11111-2", 101, 402),
        ("sms-xx11111-2", -5, 400),
        ("sms-xx11111-2", "many", 400),
        ("sms-xx11111-1", 5, 400),
        (None, 5, 400),
    ],
)
async def test_case_47_credits_that_cannot_move(desk: Desk, target: str | None, amount: object, status: int) -> None:
    body = {"smsAccountTarget": target, "credits": amount}
    assert (await desk.ask("POST", "/transferCredits", body)).status == status
    assert await desk.balance() == 100


ORDER = {"contracts", "details", "orderId", "prices", "url"}


async def test_case_48_an_order_is_priced(desk: Desk) -> None:
    found = await desk.good("GET", "//order/sms/sms-xx11111-1/credits?quantity=100")
    assert isinstance(found, dict)
    assert found.keys() == ORDER
    assert (found["orderId"], found["url"]) == (None, None)
    (line,) = found["details"]
    assert (line["quantity"], line["domain"]) == (100, "sms-xx11111-1")
    prices = found["prices"]
    total = prices["withoutTax"]["value"] + prices["tax"]["value"]
    assert prices["withTax"]["value"] == pytest.approx(total)
    assert line["totalPrice"] == {
        "currencyCode": "PLN",
        "text": "34.40 zł",
        "value": 34.4,
        "priceInUcents": 3_440_000_000,
    }
    assert (await desk.ask("GET", "//order/sms/sms-xx11111-1/credits?quantity=99")).status == 400
    assert await desk.good("GET", "//order/sms/sms-xx11111-1") == ["credits"]


async def test_case_48_what_can_be_ordered(sqlite_url: str) -> None:
    async with desk_of(sqlite_url, [("GET", "/order/*")]) as desk:
        assert await desk.good("GET", "//order/sms") == ["sms-xx11111-1", "sms-xx11111-2"]


async def test_case_49_an_order_waits_for_the_operator(desk: Desk) -> None:
    found = await desk.good("POST", "//order/sms/sms-xx11111-1/credits", {"quantity": 100})
    assert isinstance(found, dict)
    assert found.keys() == ORDER
    assert found["url"].startswith(f"http://127.0.0.1:8080/order/{found['orderId']}/")
    assert await desk.balance() == 100
    (waiting,) = await desk.store.look(orders.listed, "waiting")
    assert waiting.id == found["orderId"]
    await desk.store.run(orders.approve, waiting.id, desk.clock.now, "tests")
    assert await desk.balance() == 200
    for decide in (orders.approve, orders.refuse):
        with pytest.raises(accounts.Unknown):
            await desk.store.run(decide, waiting.id, desk.clock.now, "tests")
    assert await desk.balance() == 200


async def test_case_50_an_automatic_order_at_the_threshold(desk: Desk) -> None:
    await desk.good("POST", "/transferCredits", {"smsAccountTarget": "sms-xx11111-2", "credits": 88})
    body = {"automaticRecreditAmount": 100, "creditThresholdForAutomaticRecredit": 10}
    answer = await desk.ask("PUT", "", body)
    assert (answer.status, answer.text) == (200, "null")
    await desk.send(receivers=[PEER, "+33601020305", "+33601020306"])
    assert await desk.balance() == 109
    assert (await desk.ask("PUT", "", {"automaticRecreditAmount": 300})).status == 400
    shown = await desk.good("GET", "")
    assert isinstance(shown, dict)
    assert (shown["automaticRecreditAmount"], shown["creditThresholdForAutomaticRecredit"]) == (100, 10)
    await desk.good("PUT", "", {"automaticRecreditAmount": None})
    shown = await desk.good("GET", "")
    assert isinstance(shown, dict)
    assert shown["automaticRecreditAmount"] is None


async def test_case_51_a_price_list(desk: Desk) -> None:
    found = await desk.good("GET", "/seeOffers?countryDestination=pl&countryCurrencyPrice=pl&quantity=1000")
    assert isinstance(found, list)
    (offer,) = found
    assert (offer["quantity"], offer["countryDestination"], offer["language"]) == (1000, "pl", "pl")
    assert offer["price"] == pytest.approx(0.301)
    assert offer["totalPrice"] == pytest.approx(301)
    assert offer["smsQuantity"] == 1000
    assert {"giftPrice", "giftQuantity"} <= offer.keys()
    for wrong in ("quantity=999", "quantity=1000&countryDestination=qq", "countryCurrencyPrice=zz"):
        base = {"countryDestination": "pl", "countryCurrencyPrice": "pl", "quantity": "1000"}
        base |= dict(item.split("=") for item in wrong.split("&"))
        asked = "&".join(f"{name}={value}" for name, value in base.items())
        assert (await desk.ask("GET", f"/seeOffers?{asked}")).status == 400


# senders. 52


async def test_case_52_a_sender_needs_a_reason_and_an_approval(desk: Desk) -> None:
    answer = await desk.ask("POST", "/senders", {"sender": "NewCo", "description": "d"})
    assert answer.status == 400
    assert "Please provide a reason" in answer.text
    made = await desk.good("POST", "/senders", {"sender": "NewCo", "description": "d", "reason": "our brand"})
    assert made == "NewCo"
    shown = await desk.good("GET", "/senders/NewCo")
    assert isinstance(shown, dict)
    assert (shown["status"], shown["type"], shown["referer"]) == ("waitingValidation", "alpha", "custom")
    assert (await desk.ask("GET", "/senders/BAH%20BOUH")).status == 404
    assert await desk.good("GET", "/senders") == ["MyApp", "NewCo"]
    # only the operator approves
    assert (await desk.ask("PUT", "/senders/NewCo", {"status": "enable"})).status == 400
    body = {"message": "x", "receivers": [PEER], "sender": "NewCo"}
    assert (await desk.ask("POST", "/jobs", body)).status == 400
    await desk.store.run(senders.change, ONE, "NewCo", {"status": "enable"})
    assert (await desk.ask("POST", "/jobs", body)).status == 200
    # the owner switches it off and on, and removes it
    assert await desk.good("PUT", "/senders/NewCo", {"status": "disable", "description": "e"}) is None
    assert (await desk.ask("POST", "/jobs", body)).status == 400
    assert await desk.good("PUT", "/senders/NewCo", {"status": "enable"}) is None
    assert await desk.good("DELETE", "/senders/NewCo") is None
    assert (await desk.ask("DELETE", "/senders/NewCo")).status == 404


async def test_addresses_of_mail_are_no_senders_of_texts(desk: Desk) -> None:
    await desk.store.run(senders.create, Sender(account=ONE, name="shop@example.org", kind=MAIL))
    assert await desk.good("GET", "/senders") == ["MyApp"]
    assert (await desk.ask("GET", "/senders/shop%40example.org")).status == 404
    body = {"message": "x", "receivers": [PEER], "sender": "shop@example.org"}
    assert (await desk.ask("POST", "/jobs", body)).status == 400


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        ("MyApp", 409),
        ("A" * 15, 400),
        ("A" * 12, 400),
        ("12345", 400),
        ("<b>", 400),
        ("BAH BOUH", 200),
        ("+33700000001", 200),
        ("0033700000001", 200),
    ],
)
async def test_case_52_names_that_senders_may_have(desk: Desk, sender: str, status: int) -> None:
    assert (await desk.ask("POST", "/senders", {"sender": sender, "reason": "r"})).status == status


async def test_case_53_an_estimate(desk: Desk) -> None:
    found = await desk.good("POST", "//sms/estimate", {"message": "Hello", "noStopClause": True, "senderType": "alpha"})
    assert found == {"characters": 5, "charactersClass": "7bits", "maxCharactersPerPart": 160, "parts": 1}


@pytest.mark.parametrize(
    ("message", "no_stop", "kind", "expected"),
    [
        ("Hello", False, "alpha", (16, "7bits", 160, 1)),
        ("Hello", False, "shortcode", (5, "7bits", 160, 1)),
        ("a" * 150, False, "alpha", (161, "7bits", 153, 2)),
        ("я" * 71, True, "numeric", (71, "unicode", 67, 2)),
        ("€", True, "virtual", (2, "7bits", 160, 1)),
    ],
)
async def test_case_53_estimates_count_what_will_leave(
    desk: Desk, message: str, no_stop: bool, kind: str, expected: tuple[int, str, int, int]
) -> None:
    body = {"message": message, "noStopClause": no_stop, "senderType": kind}
    found = await desk.good("POST", "//sms/estimate", body)
    assert isinstance(found, dict)
    assert tuple(found.values()) == expected


async def test_case_58_an_account_of_nobody_has_no_jobs(desk: Desk) -> None:
    answer = await desk.ask("POST", "//sms/sms-zz99999-9/jobs", {"message": "x"})
    assert answer.status == 404
    assert "This service does not exist" in answer.text


async def test_the_account_as_it_is_shown(desk: Desk) -> None:
    shown = await desk.good("GET", "")
    assert isinstance(shown, dict)
    expected = {"name": "sms-xx11111-1", "status": "enable", "creditsLeft": 100, "callBack": None, "smpp": False}
    assert {name: shown[name] for name in expected} == expected
    # a client that sends the whole object back changes nothing
    assert await desk.good("PUT", "", shown) is None
    assert await desk.good("GET", "") == shown


async def test_a_disabled_account_sends_nothing(desk: Desk) -> None:
    await desk.store.run(accounts.change, ONE, {"enabled": False})
    answer = await desk.ask("POST", "/jobs", {"message": "x", "receivers": [PEER], "sender": "MyApp"})
    assert answer.status == 403
    shown = await desk.good("GET", "")
    assert isinstance(shown, dict)
    assert shown["status"] == "disable"


async def test_a_user_that_comes_and_goes_leaves_the_books_even(desk: Desk) -> None:
    await make_45(desk)
    await desk.send("/users/u2/jobs")
    await desk.send(differedPeriod=5)
    (id,) = await desk.good("GET", "/jobs")  # type: ignore[misc]
    await desk.good("DELETE", f"/jobs/{id}")
    await desk.good("DELETE", "/users/u2")
    assert await desk.balance() == 99
