"""Clients of SMSC's API from npm and PyPI, unmodified: they are told another address, or reach us by the vendor's.

They run where scripts/install-node and scripts/install-clients have put them. node-smsc's own tests are not in its
package: where NODE_SMSC_CHECKOUT names a checkout of its repository with `npm install` done, they run here too.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from authority import make_authority
from road import Road, apply, until
from smsc_shop import LOGIN, OTHER, PASSWORD, PHONE, opened
from tunnel import Tunnel

from depesza.dialects.smsc.times import MOSCOW, write_date

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

HERE = Path(__file__).parent
NODE = shutil.which("node") if (HERE / "node" / "node_modules" / "node-smsc").is_dir() else None
PYTHON = HERE / "python" / ".venv" / "bin" / "python"
SUITE = Path(os.environ.get("NODE_SMSC_CHECKOUT", "")) / "test" / "init.spec.js"
PATIENCE = 60.0
OFFICIAL = "smsc.ru"


@pytest.fixture
async def road(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A platform with the shop that moves here."""
    async with opened(sqlite_url, monkeypatch, "/news?charset=utf-8&md5=topsecret") as made:
        yield made


async def run(folder: str, program: object, script: str, road: Road, **told: object) -> dict[str, Any]:
    """Run a script; gives the JSON that it prints."""
    usual = {"address": road.app.url, "login": LOGIN, "password": PASSWORD, "phone": PHONE, "other": OTHER}
    process = await asyncio.create_subprocess_exec(
        *(str(program), script, json.dumps(usual | told)),
        cwd=HERE / folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, complaints.decode()
    return json.loads(said)  # type: ignore[no-any-return]


async def delivered(road: Road, *texts: str) -> None:
    """Wait until the phone has these texts."""

    async def arrived() -> bool:
        return set(texts) <= {text["text"] for text in await road.inbox(PHONE)}

    await until(arrived)


if NODE is not None:

    async def test_every_call_of_the_npm_client(road: Road) -> None:
        day = write_date(road.app.now(), MOSCOW).split()[0]
        heard = await run("node", NODE, "smsc_client.js", road, day=day)
        assert heard["balance"] == heard["hashed"] | {"balance": "1000.00", "currency": "RUR"}
        _sent_by_npm(heard["send"])
        await delivered(road, "Привет от npm", "how are you", "from the body", "both", "Text of the template")
        jobs = heard["jobs"]
        assert all(jobs[name]["id"] for name in ("made", "templated", "mms"))
        assert (jobs["cancelled"], jobs["deleted"]) == ({"result": "OK"}, {"result": "OK"})
        assert jobs["shown"]["name"] == "Рассылка"
        _kept_by_npm(heard)
        _asked_by_npm(heard)
        assert heard["stranger"]["response"] == {"error": "authorise error", "error_code": 2}
        assert heard["twice"]["message"] == "duplicate request, wait a minute (9)"
        assert {heard["stranger"]["name"], heard["twice"]["name"]} == {"SmscApiError"}


def _sent_by_npm(sent: dict[str, Any]) -> None:
    id = sent["plain"]["id"]
    assert sent["plain"] == {"id": id, "cnt": 1, "cost": "1.40", "balance": "998.60"}
    assert sent["own"] == {"id": 10, "cnt": 1}
    assert [sent[name]["cnt"] for name in ("long", "mms", "mail", "form", "several")] == [5, 1, 1, 1, 2]
    assert [each["phone"] for each in sent["several"]["phones"]] == [PHONE, OTHER]
    assert sent["callback"][0] is None
    assert sent["callback"][1]["cnt"] == 1
    assert sent["price"] == {"cost": "1.40", "cnt": 1}
    shown = sent["shown"]
    assert (shown["status"], shown["status_name"], shown["sender_id"]) == (1, "Доставлено", "SHOP")
    assert (shown["message"], shown["operator"], shown["region"]) == ("Привет от npm", "МТС", "Москва")
    assert sent["removed"] == {"result": "OK"}
    assert [each["id"] for each in sent["list"]] == [10]


def _kept_by_npm(heard: dict[str, Any]) -> None:
    phones, ok = heard["phones"], {"result": "OK"}
    assert phones["card"] == phones["black"]
    assert [phones["white"], phones["changed"], *phones["groups"], *phones["gone"]] == [ok] * 8
    assert [(each["phone"], each["name"]) for each in phones["listed"]] == [("99999999999", "Контакт")]
    assert (phones["named"]["name"], phones["named"]["cnt"]) == ("Other name", "1")
    assert phones["none"]["response"]["error_code"] == 3
    templates = heard["templates"]
    assert templates["made"] == {
        "id": templates["id"], "format": "sms", "name": "t", "message": "one", "sender": "", "flag": 0,
    }  # fmt: skip
    assert (templates["changed"], templates["text"], templates["deleted"], templates["left"]) == (ok, "two", ok, None)
    users = heard["users"]
    assert users["made"]["id"]
    assert (users["changed"], users["paid"], users["idle"], users["none"]) == (ok, ok, [], [])
    assert users["balance"] == {"balance": "0.50"}


def _asked_by_npm(heard: dict[str, Any]) -> None:
    assert {"SHOP", "SMSC.ru"} <= {each["sender"] for each in heard["senders"]}
    assert heard["numbers"] == []
    operator = heard["operator"]
    assert (operator["country"], operator["operator"], operator["region"]) == ("Россия", "МТС", "Москва")
    assert (operator["mcc"], operator["mnc"], operator["tz"]) == ("250", "01", "0")
    assert heard["ported"] == [[], "Phone;mccmnc"]
    assert {each["phone"] for each in heard["history"]} == {PHONE}
    assert (heard["elsewhere"], heard["answers"], heard["accounts"]) == ([], [], [])
    assert [each["login"] for each in heard["sums"]] == [LOGIN]
    assert heard["prices"]["zones"]
    assert heard["links"]["response"]["error_code"] == 3


if NODE is not None and SUITE.is_file():

    async def test_the_npm_clients_own_tests(road: Road, tmp_path: Path) -> None:
        checkout = tmp_path / "node-smsc"
        await asyncio.to_thread(shutil.copytree, SUITE.parents[1], checkout, symlinks=True)
        init = {"login": LOGIN, "password": PASSWORD, "request": f"{road.app.url}/sys/"}
        await apply(road.app, {"accounts": [{"name": "shop", "virtual": True}]})  # as its tests want it
        config = {"init": init, "phone": PHONE, "email": "shop@example.org", "sublogin": "s", "subpassword": "secret12"}
        (checkout / "test" / "config.json").write_text(json.dumps(config))
        mocha = ("node_modules/.bin/_mocha", "--recursive", "test", "--reporter", "json", "--timeout", "20000")
        process = await asyncio.create_subprocess_exec(
            *(str(NODE), "--no-deprecation", "-r", str(HERE / "node" / "old_node.js"), *mocha),
            cwd=checkout,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        report = json.loads(said[said.index(b"{\n") :])
        assert [(each["fullTitle"], each["err"]) for each in report["failures"]] == []
        assert report["stats"]["passes"] >= 30


if PYTHON.exists():

    async def test_the_package_smsc(road: Road) -> None:
        sent = await run("python", PYTHON, "smsc_clients.py", road, what="send")
        assert [sent[name]["count"] for name in ("sms", "long", "flash", "viber", "both")] == [1, 1, 1, 1, 2]
        assert [sent[name]["cost"] for name in ("sms", "viber", "both")] == [1.4, 0.3, 2.8]
        assert sent["price"] == {"error": None, "count": 2, "cost": 2.8}
        assert sent["balance"] == {"error": None, "balance": 1000 - 3 * 1.4 - 0.3 - 2.8, "credit": 0, "currency": "RUR"}
        assert sent["stranger"]["error"] == [2, "authorise error"]
        assert sent["nobody"]["error"] == [7, "invalid number"]
        long = "Dlinnyj tekst " * 8
        await delivered(road, "Привет из Python", "Flash", "to both", long)
        id = str(sent["sms"]["message_id"])
        (heard,) = await road.ear.wait_for(1, lambda each: each.form["id"] == id and each.form["status"] == "1")
        assert heard.form["phone"] == PHONE
        shown = await run("python", PYTHON, "smsc_clients.py", road, what="status", id=id)
        assert (shown["status"], shown["name"], shown["message"]) == (1, "Доставлено", "Привет из Python")
        assert shown["last_date"].endswith("+03:00")
        assert "'error_code': 9" in shown["again"]  # one question for a list a minute, as the vendor has it

    async def test_the_package_smsc_client_whose_utf8_is_recognised(road: Road) -> None:
        await apply(road.app, {"accounts": [{"name": "shop", "detect_utf8": True}]})
        sent = await run("python", PYTHON, "smsc_clients.py", road, what="other")
        assert (sent["ok"], sent["id"]) == ("1 SMS", sent["wanted"])
        await delivered(road, "Привет из smsc_client")

    async def test_the_addresses_that_are_built_in_reach_us(
        sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_authority(tmp_path, "localhost", OFFICIAL)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        files = {"tls_cert": str(tmp_path / "server.pem"), "tls_key": str(tmp_path / "server.key")}
        async with opened(sqlite_url, monkeypatch, name="localhost", **files) as road:
            async with Tunnel(int(road.app.url.rpartition(":")[2]), [OFFICIAL]) as tunnel:
                monkeypatch.delenv("NO_PROXY")
                monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
                sent = await run("python", PYTHON, "smsc_clients.py", road, what="send", address="")
                assert sent["sms"]["count"] == 1
                sent = await run("python", PYTHON, "smsc_clients.py", road, what="other", address="")
                assert sent["ok"] == "1 SMS"
                assert set(tunnel.asked) == {f"{OFFICIAL}:443"}
            await delivered(road, "Привет из Python")
