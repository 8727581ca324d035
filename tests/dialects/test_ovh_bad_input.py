"""Nothing that a client writes makes our fault: every operation, every parameter, every nasty value."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from tests.dialects.ovh_cases_world import PEER, Desk, desk_of

from depesza.dialects.ovh.route import Route
from depesza.dialects.ovh.routes import ORDER, SMS

pytestmark = pytest.mark.anyio

RULES = [(method, "/*") for method in ("GET", "POST", "PUT", "DELETE")]
OPERATIONS = [row for row in (*SMS, *ORDER) if row.done]
VALUES: tuple[object, ...] = (
    "", "\0", "a\0b", "é" * 3000, "null", "' OR 1=1 --", "9" * 40, "1e400", "-1", -1, 0, 1.5, 2**70, True, None, [],
    ["\0"], [None], {}, {"responseType": "\0", "quotaLeft": 1e300, "text": {}, "cgiUrl": 7, "quotaStatus": []},
)  # fmt: skip
PATHS = ["%00", "a%00b", quote("é" * 200), "-1", "99999999999999999999", "%2B33601020304", ".."]


@pytest.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    """The setting of all cases, with rights for everything."""
    async with desk_of(store_url, RULES) as desk:
        yield desk


async def ids(desk: Desk) -> dict[str, str]:
    """Make objects; gives the path parameters that name them."""
    sent = (await desk.send(differedPeriod=100))["ids"]
    assert isinstance(sent, list)
    await desk.send("/users/api1/jobs")
    cart = await desk.good("POST", "//order/cart", {"ovhSubsidiary": "FR"})
    assert isinstance(cart, dict)
    return {
        "cartId": cart["cartId"],
        "serviceName": "sms-xx11111-1",
        "id": str(sent[0]),
        "number": PEER,
        "login": "api1",
        "sender": "MyApp",
        "slotId": "1",
    }


def path_of(row: Route, params: dict[str, str]) -> str:
    """Fill the path of a row; objects of which there are none are asked for as well."""
    return "/1.0" + row.path.format_map(defaultdict(lambda: "1", params))


def body_names(row: Route) -> set[str]:
    """Name the fields of a row's body or query, those of whole objects too."""
    names = {param.name for param in row.parameters() if param.place != "path" and param.name}
    if row.method == "PUT":
        names |= {
            "callBack", "stopCallBack", "description", "smsResponse", "automaticRecreditAmount", "password",
            "creditThresholdForAutomaticRecredit", "quotaInformations", "alertThresholdInformations",
            "ipRestrictions", "status", "autoUpdate",
        }  # fmt: skip
    return names


async def test_no_value_of_a_parameter_is_our_fault(desk: Desk) -> None:
    params = await ids(desk)
    good = {"message": "x", "receivers": [PEER], "sender": "MyApp", "login": "u9", "reason": "r", "slotId": 1}
    good |= {
        "quantity": 100,
        "planCode": "sms-100",
        "duration": "P0D",
        "pricingMode": "default",
        "cartId": params["cartId"],
    }
    asked = 0
    for row in OPERATIONS:
        if row.method == "DELETE":
            continue
        for name in sorted(body_names(row)):
            for value in VALUES:
                if row.method == "GET":
                    target = f"{path_of(row, params)}?{name}={quote(str(value))}"
                    answer = await desk.world.call("GET", target)
                else:
                    body = json.dumps(good | {name: value}).encode()
                    answer = await desk.world.ask(desk.world.signed(row.method, path_of(row, params), body))
                asked += 1
                assert answer.status in (200, 400, 402, 403, 404, 409), (row.path, name, value, answer.text)
    assert asked > 500


async def test_no_value_in_a_path_is_our_fault(desk: Desk) -> None:
    params = await ids(desk)
    for row in OPERATIONS:
        for name in row.names:
            for value in PATHS:
                answer = await desk.world.call(row.method, path_of(row, params | {name: value}))
                assert answer.status in (200, 400, 403, 404, 409), (row.method, row.path, name, value, answer.text)
