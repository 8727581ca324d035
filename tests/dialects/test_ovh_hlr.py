"""Look-ups as OVH's clients ask for them. spec: ovh/4.8"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of

from depesza.core.lookup import Finding
from depesza.engine.inquirer import Inquirer
from depesza.services import lookups
from depesza.store.work import Work

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:9/r.csv"
FOUND = Finding(
    msisdn=PEER, valid=True, reachable=True, ported=True, mcc="208", mnc="15", operator="Free Mobile", network="SFR",
    country="FR",
)  # fmt: skip


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases."""
    async with desk_of(sqlite_url) as desk:
        yield desk


async def ask(desk: Desk, **body: object) -> dict[str, Any]:
    """POST hlr; gives the report."""
    report: Any = await desk.good("POST", "/hlr", body or {"receivers": [PEER]})
    return report


async def test_case_56_a_number_is_looked_up(desk: Desk) -> None:
    inquirer = Inquirer(desk.store, {}, desk.clock)

    def hear(work: Work) -> None:
        if work.lookups:
            inquirer.wake()

    desk.store.listen(hear)
    inquirer.start()
    report = await ask(desk)
    assert report == {
        "ids": report["ids"],
        "invalidReceivers": [],
        "tag": "",
        "totalCreditsRemoved": 0.1,
        "validReceivers": [PEER],
    }
    (id,) = report["ids"]
    assert await desk.balance() == 99.9
    assert await desk.good("GET", "/hlr") == [id]
    shown: object = {}
    for _ in range(200):
        shown = await desk.good("GET", f"/hlr/{id}")
        if isinstance(shown, dict) and shown["status"] == "done":
            break
    await inquirer.stop()
    assert shown == {
        "datetime": "2026-05-28T22:26:40+02:00",
        "id": id,
        "msisdn": PEER,
        "operatorCode": "20810",
        "ported": False,
        "reachable": True,
        "roaming": False,
        "status": "done",
        "valid": True,
    }


async def test_case_56_what_a_network_found_is_shown(desk: Desk) -> None:
    (id,) = (await ask(desk))["ids"]
    before = await desk.good("GET", f"/hlr/{id}")
    assert isinstance(before, dict)
    assert (before["status"], before["valid"], before["operatorCode"]) == ("todo", False, "")
    await desk.store.run(lookups.settle, {id: FOUND}, desk.clock.now)
    shown = await desk.good("GET", f"/hlr/{id}")
    assert isinstance(shown, dict)
    assert (shown["status"], shown["ported"], shown["operatorCode"]) == ("done", True, "20815")
    assert await desk.good("GET", f"/hlr/{id}/operator") == {
        "country": "France",
        "countryCode": "33",
        "network": "SFR",
        "operator": "Free Mobile",
        "region": "",
    }


async def test_numbers_come_from_a_file_too_and_each_is_asked_about_once(desk: Desk) -> None:
    desk.files[URL] = b"number\n+33601020305\n" + PEER.encode() + b"\nnobody\n"
    report = await ask(desk, receivers=[PEER, "12"], receiversDocumentUrl=URL)
    assert report["validReceivers"] == [PEER, "+33601020305"]
    assert report["invalidReceivers"] == ["12", "nobody"]
    assert report["totalCreditsRemoved"] == 0.2


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "receivers is required"),
        ({"receivers": [f"+3360{n:07}" for n in range(10_001)]}, 400, "at most 10000"),
        ({"receivers": [f"+3360{n:07}" for n in range(1_001)]}, 402, "Not enough credits (left: 100.00)"),
        ({"receivers": {"a": 1}}, 400, "Invalid value for receivers"),
    ],
)
async def test_what_can_not_be_asked_costs_nothing(desk: Desk, body: object, status: int, said: str) -> None:
    answer = await desk.ask("POST", "/hlr", body)
    assert (answer.status, said in answer.text) == (status, True), answer.text
    assert await desk.balance() == 100
    assert await desk.good("GET", "/hlr") == []


async def test_only_bad_numbers_make_an_empty_report(desk: Desk) -> None:
    assert await ask(desk, receivers=["12"]) == {
        "ids": [], "invalidReceivers": ["12"], "tag": "", "totalCreditsRemoved": 0, "validReceivers": [],
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/hlr/12345678", "/hlr/12345678/operator", "/outgoing/12345678/hlr"])
async def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    assert (await desk.ask("GET", path)).status == 404


async def test_the_operator_of_a_message_s_receiver_costs_nothing(desk: Desk) -> None:
    sent: Any = [await desk.send(), await desk.send("/users/api1/jobs")]
    (id,), (mine,) = (report["ids"] for report in sent)
    found = await desk.good("GET", f"/outgoing/{id}/hlr")
    assert found == {"country": "France", "countryCode": "33", "network": "SFR", "operator": "SFR", "region": ""}
    assert await desk.good("GET", f"/users/api1/outgoing/{mine}/hlr") == found
    assert (await desk.ask("GET", f"/users/api1/outgoing/{id}/hlr")).status == 404
    assert await desk.balance() == 98
