"""What the operator has a say in: templates, senders that prove themselves, operators' restrictions. spec: ovh/4.7"""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of
from tests.store.world import ONE

from depesza.core.facts import Owner
from depesza.core.model import State
from depesza.core.planning import Policy
from depesza.core.restrictions import Restriction
from depesza.dialects.contract import Context
from depesza.dialects.ovh import Ovh
from depesza.services import validation, wordings
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

NUMBER = "+33601020399"
AMERICAN = "+12025550123"
CODE = {"name": "code", "activity": "authentification", "message": "Your code is #VALUE#.", "description": "login"}


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases, where texts to North America need a template."""
    async with desk_of(sqlite_url) as desk:
        policy = Policy(template_prefixes=("1",))
        desk.world.ovh = Ovh(Context(desk.store, desk.world.vault, desk.lanes, policy, desk.clock, desk.lists))
        yield desk


async def judge(desk: Desk, status: str, comment: str = "") -> None:
    await desk.store.run(wordings.judge, ONE, "code", status, comment, desk.clock.now, "test")


async def outgoing(desk: Desk, **body: object) -> dict[str, Any]:
    """Send one message and show it."""
    report: Any = await desk.send(**body)
    shown: Any = await desk.good("GET", f"/outgoing/{report['ids'][0]}")
    return shown


# templates


async def test_a_template_is_asked_for_approved_and_used(desk: Desk) -> None:
    assert await desk.good("POST", "/templatesControl", CODE) is None
    assert await desk.good("GET", "/templatesControl") == ["code"]
    assert await desk.good("GET", "/templatesControl/code") == {
        "activity": "authentification", "comment": "", "datetime": "2026-05-28T22:26:40+02:00", "description": "login",
        "message": "Your code is #VALUE#.", "name": "code", "status": "waitingValidation",
    }  # fmt: skip
    text = {"receivers": [AMERICAN], "message": "Your code is 1234."}
    refused = await outgoing(desk, **text)
    assert (refused["deliveryReceipt"], refused["ptt"], refused["credits"]) == (16, 1999, 0)
    await judge(desk, "enable")
    assert (await outgoing(desk, **text))["ptt"] == 0
    assert (await outgoing(desk, receivers=[AMERICAN], message="Buy now"))["ptt"] == 1999
    assert (await outgoing(desk, message="Buy now"))["ptt"] == 0, "other countries take any text"
    assert await desk.balance() == 98


async def test_a_template_that_was_refused_is_asked_for_again(desk: Desk) -> None:
    await desk.good("POST", "/templatesControl", CODE)
    again = {"message": "Code #VALUE#", "description": "shorter"}
    assert (await desk.ask("POST", "/templatesControl/code/relaunchValidation", again)).status == 400
    await judge(desk, "refused", "too vague")
    shown: Any = await desk.good("GET", "/templatesControl/code")
    assert (shown["status"], shown["comment"]) == ("refused", "too vague")
    assert (await desk.ask("PUT", "/templatesControl/code", {"status": "enable"})).status == 400
    assert await desk.good("POST", "/templatesControl/code/relaunchValidation", again) is None
    shown = await desk.good("GET", "/templatesControl/code")
    assert (shown["status"], shown["message"], shown["comment"]) == ("waitingValidation", "Code #VALUE#", "")


async def test_a_new_text_is_approved_anew_and_a_new_description_is_not(desk: Desk) -> None:
    await desk.good("POST", "/templatesControl", CODE)
    await judge(desk, "enable")
    whole: Any = await desk.good("GET", "/templatesControl/code")
    await desk.good("PUT", "/templatesControl/code", whole | {"description": "d", "status": "disable"})
    shown: Any = await desk.good("GET", "/templatesControl/code")
    assert (shown["status"], shown["description"]) == ("disable", "d")
    await desk.good("PUT", "/templatesControl/code", {"message": "Another #VALUE#"})
    shown = await desk.good("GET", "/templatesControl/code")
    assert shown["status"] == "waitingValidation"
    assert await desk.good("DELETE", "/templatesControl/code") is None
    assert (await desk.ask("GET", "/templatesControl/code")).status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"activity": "spam"}, 400),
        ({"message": " "}, 400),
        ({"message": None}, 400),
        ({"name": "a\tb"}, 400),
        ({}, 409),
    ],
)
async def test_a_template_has_to_make_sense(desk: Desk, change: dict[str, object], status: int) -> None:
    await desk.good("POST", "/templatesControl", CODE)
    assert (await desk.ask("POST", "/templatesControl", CODE | change)).status == status
    assert await desk.good("GET", "/templatesControl") == ["code"]


# senders


async def code_of(desk: Desk) -> str:
    """Read the code off the phone that got it."""

    async def text(tx: Tx) -> str:
        rows = await tx.query(
            "SELECT s.text FROM messages m JOIN submissions s ON s.id = m.submission ORDER BY m.id DESC"
        )
        return str(rows[0][0])

    found = re.match(r"(\w+):", await desk.store.look(text))
    assert found is not None
    return found[1]


async def test_a_number_proves_itself_by_the_code_that_it_gets(desk: Desk) -> None:
    assert await desk.good("POST", "/senders", {"sender": NUMBER}) == NUMBER
    shown: Any = await desk.good("GET", f"/senders/{NUMBER}")
    assert (shown["status"], shown["validationMedia"]) == ("waitingValidation", "sms")
    assert await desk.balance() == 100, "it is free"
    assert (await desk.good("GET", "/outgoing"), await desk.good("GET", "/jobs")) == ([], [])
    wrong = await desk.ask("POST", f"/senders/{NUMBER}/validate", {"code": "AAAAA?"})
    assert (wrong.status, "Invalid value for code" in wrong.text) == (400, True)
    assert await desk.good("POST", f"/senders/{NUMBER}/validate", {"code": (await code_of(desk)).lower()}) is None
    assert (await outgoing(desk, sender=NUMBER))["sender"] == NUMBER
    assert (await desk.ask("POST", f"/senders/{NUMBER}/validate", {"code": "AAAAAA"})).status == 400
    assert (await desk.ask("POST", "/senders", {"sender": NUMBER})).status == 409


async def test_a_code_can_not_be_guessed_for_long_and_a_new_one_can_be_asked_for(desk: Desk) -> None:
    await desk.good("POST", "/senders", {"sender": NUMBER})
    right = await code_of(desk)
    for _ in range(validation.TRIES):
        assert (await desk.ask("POST", f"/senders/{NUMBER}/validate", {"code": "?"})).status == 400
    late = await desk.ask("POST", f"/senders/{NUMBER}/validate", {"code": right})
    assert (late.status, "ask for a new one" in late.text) == (400, True)
    await desk.good("POST", "/senders", {"sender": NUMBER})
    fresh = await code_of(desk)
    assert fresh != right
    desk.clock.move(3601)
    assert (await desk.ask("POST", f"/senders/{NUMBER}/validate", {"code": fresh})).status == 400


async def test_nobody_s_phone_is_flooded(desk: Desk) -> None:
    await desk.good("POST", "/senders", {"sender": NUMBER})
    assert (await desk.ask("POST", "/senders", {"sender": NUMBER})).status == 409
    await desk.good("DELETE", f"/senders/{NUMBER}")
    await desk.good("POST", "/senders", {"sender": NUMBER})

    async def texts(tx: Tx) -> int:
        return int((await tx.query("SELECT COUNT(*) FROM messages"))[0][0])

    assert await desk.store.look(texts) == 1, "the code that was sent still serves"
    for n in range(1, validation.MOST):
        await desk.good("POST", "/senders", {"sender": f"+3360102030{n}"})
    assert (await desk.ask("POST", "/senders", {"sender": "+33601020388"})).status == 429


async def test_names_of_the_owner_are_enabled_at_once(desk: Desk) -> None:
    async def rename(tx: Tx) -> None:
        row = tx.facts.owner[100]
        names = {"organisation": "Société Générale de Café", "firstname": "Zoé", "lastname": "Łuczak"}
        tx.put("owners", msgspec.convert(msgspec.structs.asdict(row) | names, Owner))

    await desk.store.run(rename)
    found: Any = await desk.good("GET", "/sendersAvailableForValidation")
    assert found == [{"referer": "nichandle", "sender": name} for name in ("SocieteGene", "uczak", "Zoe uczak")]
    assert await desk.good("GET", "/sendersAvailableForValidation?referer=domain") == []
    assert (await desk.ask("GET", "/sendersAvailableForValidation?referer=moon")).status == 400
    await desk.good("POST", "/senders", {"sender": "SocieteGene"})
    shown: Any = await desk.good("GET", "/senders/SocieteGene")
    assert (shown["status"], shown["referer"]) == ("enable", "nic")
    assert len(await desk.good("GET", "/sendersAvailableForValidation")) == 2


# restrictions


async def test_restrictions_are_told_and_honoured(desk: Desk) -> None:
    async def restrict(tx: Tx) -> None:
        tx.put(
            "restrictions",
            Restriction(id=1, code="ALPHA", country="FR", operators=("sfr",), substitution="+33700000009"),
        )
        tx.put("restrictions", Restriction(id=2, code="BLOCKED", prefix="48", messages=("not yet",)))
        tx.put("restrictions", Restriction(id=3, code="DLR", country="FR"))

    await desk.store.run(restrict)
    told = await desk.good("GET", "/exceptions?receiver=%2B33601020304")
    assert told == [
        {
            "countrySuffixe": "33", "messages": [], "operators": "sfr", "restrictionCode": "ALPHA",
            "substitution": "+33700000009",
        },
        {"countrySuffixe": "33", "messages": [], "operators": "", "restrictionCode": "DLR", "substitution": None},
    ]  # fmt: skip
    assert await desk.good("GET", "/exceptions?receiver=%2B33781020304") == [told[1]]
    report: Any = await desk.send(receivers=[PEER, "+33781020304", "+48601234567"])
    assert report["totalCreditsRemoved"] == 2
    shown: Any = [await desk.good("GET", f"/outgoing/{id}") for id in report["ids"]]
    assert [(each["sender"], each["ptt"]) for each in shown] == [("+33700000009", 0), ("MyApp", 0), ("MyApp", 202)]
    assert (await desk.message(report["ids"][2])).state is State.REJECTED
    await desk.answer("Oui", "+33700000009")
    assert len(await desk.good("GET", "/incoming")) == 1


@pytest.mark.parametrize("query", ["", "?receiver=", "?receiver=12"])
async def test_exceptions_are_those_of_a_receiver(desk: Desk, query: str) -> None:
    assert (await desk.ask("GET", f"/exceptions{query}")).status == 400
