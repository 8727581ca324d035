"""SMSC's service over SOAP by clients that know nothing but its description: zeep, and PHP's SoapClient where it is.

spec: smsc/4.3 smsc/4.4
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import zeep
from msgspec import Struct
from tests.dialects.smsc_world import PHONE, Bureau, bureau_of
from zeep.exceptions import Fault

from depesza.net.http_server import HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

HERE = Path(__file__).parent
GUIDE = (HERE.parents[1] / "docs" / "guides" / "soap.md").read_text("utf-8")
PHP = shutil.which("php")
SOAP_IN_PHP = PHP is not None and b"soap" in subprocess.run([PHP, "-m"], capture_output=True, check=True).stdout.split()

WHO = {"login": "alex", "psw": "123"}
SMS = WHO | {"phones": PHONE, "mes": "Hello!"}
ASKED = WHO | {"phone": PHONE, "id": "1234"}

Call = tuple[str, dict[str, str]]
Client = Callable[[str, Sequence[Call]], list[Any]]
"""Makes calls one after the other; gives the answers, results without their wrapper."""


def call_with_zeep(address: str, calls: Sequence[Call]) -> list[Any]:
    """Be a program in Python."""
    client = zeep.Client(address, settings=zeep.Settings(strict=True))
    answers = []
    for operation, fields in calls:
        try:
            answers.append(zeep.helpers.serialize_object(client.service[operation](**fields), dict))
        except Fault as fault:
            answers.append({"fault": fault.code, "text": fault.message})
    return answers


def call_with_php(address: str, calls: Sequence[Call]) -> list[Any]:
    """Be a program in PHP."""
    script = str(HERE / "php" / "soap_client.php")
    ran = subprocess.run(
        [str(PHP), script, address, json.dumps(calls)], capture_output=True, timeout=30, check=True, text=True
    )
    return [next(iter(answer.values())) if len(answer) == 1 else answer for answer in json.loads(ran.stdout)]


CLIENTS: list[Client] = [call_with_zeep, *([call_with_php] if SOAP_IN_PHP else [])]


class Office(Struct, frozen=True):
    """SMSC's cases, behind a listener."""

    bureau: Bureau
    url: str

    async def calls(self, client: Client, *made: Call, script: str = "soap") -> list[Any]:
        """Let a client make calls; what is empty is left out, which zeep makes None of."""
        found = await asyncio.to_thread(client, f"{self.url}/sys/{script}.php?wsdl", made)
        return [{name: text for name, text in each.items() if text} for each in found]


@pytest.fixture
async def office(sqlite_url: str) -> AsyncIterator[Office]:
    """Open the doors."""
    async with bureau_of(sqlite_url) as bureau:
        server = HttpServer(bureau.smsc.handle, host="127.0.0.1", port=0)
        await server.start()
        yield Office(bureau, server.url)
        await server.stop(1.0)


@pytest.mark.parametrize("client", CLIENTS)
async def test_case_53_the_balance_over_soap(office: Office, client: Client) -> None:
    assert await office.calls(client, ("get_balance", WHO)) == [{"balance": "101.90", "error": "0"}]


@pytest.mark.parametrize("client", CLIENTS)
async def test_all_operations(office: Office, client: Client) -> None:
    assert await office.calls(
        client,
        ("get_sms_cost", SMS),
        ("get_sms_cost2", SMS | {"mes": "Привет " * 20, "query": "translit=0&maxsms=1"}),
        ("send_sms", SMS | {"sender": "ivan"}),
        ("send_sms2", SMS | {"mes": "Привет <всем> & всё", "id": "own", "query": "flash=1&valid=02:00&fmt=1"}),
        ("send_sms2", SMS | {"query": "cost=1"}),
    ) == [
        {"cost": "1.40", "cnt": "1", "error": "0"},
        {"cost": "1.40", "cnt": "1", "error": "0"},
        {"id": "1234", "balance": "100.50", "cost": "1.40", "cnt": "1", "error": "0"},
        {"id": "own", "balance": "99.10", "cost": "1.40", "cnt": "1", "error": "0"},
        {"cost": "1.40", "cnt": "1", "error": "0"},
    ]
    bureau = office.bureau
    await bureau.quiet()
    first, second = bureau.sent
    assert (first.content.sender, first.content.text) == ("ivan", "Hello!")
    assert (second.content.flash, second.content.text) == (0, "Привет <всем> & всё")
    bureau.clock.move(5)
    await bureau.report(first)
    short = {
        "status": "1", "last_date": "15.01.2026 12:00:05", "last_timestamp": "1768467605", "err": "0", "error": "0",
    }  # fmt: skip
    full = short | {
        "send_date": "15.01.2026 12:00:00", "send_timestamp": "1768467600", "phone": PHONE, "cost": "1.40",
        "sender_id": "ivan", "status_name": "Доставлено", "message": "Hello!", "sms_cnt": "1",
    }  # fmt: skip
    assert await office.calls(
        client,
        ("get_status", ASKED),
        ("get_status", ASKED | {"all": "1"}),
        ("get_status2", ASKED | {"query": "all=2"}),
        ("get_status2", ASKED | {"query": "del=1"}),
        ("get_status", ASKED),
    ) == [
        short,
        full,
        full | {"operator": "МТС", "region": "Москва"},
        {"error": "0"},
        {"status": "-3", "last_timestamp": "0", "err": "0", "error": "0"},
    ]


@pytest.mark.parametrize("client", CLIENTS)
async def test_errors_are_codes_in_results(office: Office, client: Client) -> None:
    several = ASKED | {"phone": f"{PHONE},79999999998"}
    assert await office.calls(
        client,
        ("get_balance", WHO | {"psw": "bad"}),
        ("send_sms", SMS | {"phones": "123"}),
        ("send_sms", SMS | {"time": "99.99.26 12:00"}),
        ("send_sms", SMS),
        ("send_sms", SMS),
        ("send_sms2", SMS | {"query": "call=1", "mes": "code"}),
        ("get_sms_cost", SMS | {"phones": "123"}),
        ("get_status", several),
        ("get_status2", ASKED | {"query": "all=7"}),
        ("get_status2", ASKED | {"query": "charset=koi8-r"}),
    ) == [
        {"error": "2"},
        {"id": "1234", "error": "7"},
        {"error": "5"},
        {"id": "1235", "balance": "100.50", "cost": "1.40", "cnt": "1", "error": "0"},
        {"error": "9"},
        {"error": "1"},
        {"error": "7"},
        {"error": "1"},
        {"error": "1"},
        {"error": "1"},
    ]


def call_outlooks_service(address: str, calls: Sequence[Call]) -> list[Any]:
    """Be zeep, whose answers have no wrapper where they are one text."""
    client = zeep.Client(address, settings=zeep.Settings(strict=True))
    return [{"result": client.service[operation](**fields)} for operation, fields in calls]


@pytest.mark.parametrize("client", [call_outlooks_service, *([call_with_php] if SOAP_IN_PHP else [])])
async def test_the_service_of_outlook(office: Office, client: Client) -> None:
    user = "<userId>alex</userId><password>123</password>"
    head = f"<requiredService>SMS_SENDER</requiredService><to><recipient>{PHONE}</recipient></to>"
    body = '<content contentType="text/plain">Привет</content>'
    data = f"<user>{user}</user><xmsHead>{head}</xmsHead><xmsBody>{body}</xmsBody>"
    answers = await asyncio.to_thread(
        client,
        f"{office.url}/sys/oms.php?wsdl",
        [
            ("GetServiceInfo", {}),
            ("GetUserInfo", {"xmsUser": f"<xmsUser>{user}</xmsUser>"}),
            ("DeliverXms", {"xmsData": f"<xmsData>{data}</xmsData>"}),
            ("DeliverXmsBatch", {"packageXml": f'<xmsBatch><xmsData id="7">{data}</xmsData></xmsBatch>'}),
        ],
    )
    told = [answer if isinstance(answer, str) else answer["result"] for answer in answers]
    assert "<serviceInfo" in told[0]
    assert 'code="ok"' in told[1]
    assert 'code="ok"' in told[2]
    assert 'id="7"><error code="other" severity="failure"><content>duplicate request, wait a minute' in told[3]
    await office.bureau.quiet()
    assert [sent.content.text for sent in office.bureau.sent] == ["Привет"]


def snippet(language: str, url: str) -> str:
    """Give a snippet of the guide, for this platform and its login."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    for theirs, ours in (("http://127.0.0.1:8080", url), ("shop", "alex"), ("let me in", "123")):
        assert theirs in found
        found = found.replace(theirs, ours)
    return str(found)


LANGUAGES = [("python", [sys.executable, "-c"]), *([("php", [str(PHP), "-r"])] if SOAP_IN_PHP else [])]


@pytest.mark.parametrize(("language", "run"), LANGUAGES)
async def test_the_snippets_of_the_guide(office: Office, language: str, run: list[str]) -> None:
    written = [*run, snippet(language, office.url)]
    ran = await asyncio.to_thread(subprocess.run, written, capture_output=True, timeout=30, text=True, check=False)
    assert ran.stdout.startswith("0 1234 "), ran.stderr
    await office.bureau.quiet()
    assert [sent.content.text for sent in office.bureau.sent] == ["Привет"]
