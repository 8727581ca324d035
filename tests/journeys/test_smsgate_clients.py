"""SMSGate's own clients for programs, unmodified, with a carrier and with a phone. spec: devices/10"""

import asyncio
import hmac
import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from android_sms_gateway import client as sms
from android_sms_gateway import domain
from android_sms_gateway.enums import LimitPeriod, ProcessState, WebhookEvent
from android_sms_gateway.errors import APIError, NotFoundError, UnauthorizedError
from road import PHONE, SERVICE, Road, apply, built, until

from depesza.services import enrolment
from depesza.services.enrolment import Pass
from depesza.simulator.phone import Phone, PhoneSettings, loopback_client
from depesza.store.tx import Tx

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

T = TypeVar("T")
HERE = Path(__file__).parent / "node"
NODE = shutil.which("node") if (HERE / "node_modules" / "android-sms-gateway").is_dir() else None
LOGIN, PASSWORD = "programs", "a password of programs"


class Program:
    """A customer's program."""

    def __init__(self, road: Road) -> None:
        self.road = road
        self.base = f"{road.app.url}/api/3rdparty/v1"

    async def call(self, act: Callable[[sms.APIClient], T], token: str = "") -> T:
        """Do something with the client, signed in with login and password or a token."""

        def work() -> T:
            login, secret = (None, token) if token else (LOGIN, PASSWORD)
            with sms.APIClient(login, secret, base_url=self.base) as client:
                return act(client)

        return await asyncio.to_thread(work)

    async def send(self, **fields: object) -> domain.MessageState:
        """Send a text."""
        message = {"text_message": domain.TextMessage("Hello"), "phone_numbers": [PHONE]} | fields
        return await self.call(lambda client: client.send(domain.Message(**message)))  # type: ignore[arg-type]

    async def comes_to(self, id: str, state: ProcessState) -> domain.MessageState:
        """Ask until a message is in a state."""
        found: list[domain.MessageState] = []

        async def asked() -> bool:
            found.append(await self.call(lambda client: client.get_state(id)))
            return found[-1].state is state

        await until(asked)
        return found[-1]


@pytest.fixture
async def road(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Road]:
    """A platform with a carrier, whose customer has a user for programs."""
    async with built(sqlite_url, monkeypatch, keys=False) as made:
        await apply(made.app, {"users": [{"account": SERVICE, "login": LOGIN, "password": PASSWORD}]})
        yield made


@pytest.fixture
async def program(road: Road) -> Program:
    """A customer's program."""
    return Program(road)


@asynccontextmanager
async def phone(road: Road) -> AsyncIterator[Phone]:
    """Let a phone join the account; it does nothing by itself."""
    await apply(road.app, {"connectors": [{"name": "phones", "kind": "phones", "settings": {}}]})
    app, store = road.app, road.app.store
    code = enrolment.new_code(app.vault.octets)
    account = store.facts.account_named[SERVICE].id
    await store.run(enrolment.issue, account, Pass.CODE, app.vault.digest(code), code[:2], app.now())
    settings = PhoneSettings(url=f"{app.url}/api/mobile/v1", code=code)
    async with loopback_client() as client:
        made = Phone(settings, client, lambda: app.now() / 1e6)
        await made.join()
        yield made


async def works(device: Phone) -> None:
    """Let a phone pull until it has sent something."""

    async def pulled() -> bool:
        await device.pull()
        return bool(device.sent)

    await until(pulled)


async def test_the_python_client_sends_by_the_carrier_and_is_told(program: Program) -> None:
    ear = program.road.ear
    events = (WebhookEvent.SMS_SENT, WebhookEvent.SMS_DELIVERED)
    hooks = [
        await program.call(
            lambda client, e=event: client.create_webhook(domain.Webhook(None, f"{ear.url}/{e.name}", e))
        )  # type: ignore[misc]
        for event in events
    ]
    assert await program.call(lambda client: client.get_webhooks()) == sorted(hooks, key=lambda each: str(each.id))
    sent = await program.send(id="order-1", ttl=600)
    assert sent.id == "order-1"
    state = await program.comes_to(sent.id, ProcessState.Delivered)
    assert [(each.phone_number, each.state, each.error) for each in state.recipients] == [
        (PHONE, ProcessState.Delivered, None)
    ]
    heard = await ear.wait_for(2)
    assert [json.loads(each.body)["event"] for each in heard] == ["sms:sent", "sms:delivered"]
    secret = program.road.app.vault.webhook_secret_text(program.road.app.store.facts.account_named[SERVICE].id)
    for each in heard:
        expected = hmac.digest(secret.encode(), each.body + each.headers["X-Timestamp"].encode(), "sha256").hex()
        assert each.headers["X-Signature"] == expected
    for hook in hooks:
        await program.call(partial(sms.APIClient.delete_webhook, _id=str(hook.id)))
    assert await program.call(lambda client: client.get_webhooks()) == []
    with pytest.raises(APIError, match="409"):
        await program.send(id="order-1")
    with pytest.raises(NotFoundError):
        await program.call(lambda client: client.get_state("nothing"))
    listed = await program.call(
        lambda client: client.get_messages(
            query=domain.MessagesQueryFilter(from_=datetime.now(UTC) - timedelta(hours=1), state="Delivered"),
            pagination=domain.QueryPagination(limit=5),
            sort="created_at",
        )
    )
    assert [each.id for each in listed] == ["order-1"]


async def test_the_python_clients_tokens_and_settings(program: Program) -> None:
    made = await program.call(
        lambda client: client.generate_token(domain.TokenRequest(["messages:list", "tokens:manage"], ttl=600))
    )
    assert await program.call(lambda client: client.get_messages(), made.access_token) == []
    assert made.refresh_token is not None
    renewed = await program.call(lambda client: client.refresh_token(made.refresh_token or ""))
    await program.call(lambda client: client.revoke_token(renewed.id))
    with pytest.raises(UnauthorizedError):
        await program.call(lambda client: client.get_messages(), renewed.access_token)
    wanted = domain.DeviceSettings(messages=domain.SettingsMessages(limit_period=LimitPeriod.PER_HOUR, limit_value=9))
    await program.call(lambda client: client.update_settings(wanted))
    await program.call(lambda client: client.patch_settings(domain.DeviceSettings(ping=domain.SettingsPing(30))))
    shown = await program.call(lambda client: client.get_settings())
    assert (shown.messages, shown.ping) == (wanted.messages, domain.SettingsPing(30))
    assert (await program.call(lambda client: client.health_check())).status.value == "pass"


async def test_case_37_the_python_client_and_a_phone(program: Program) -> None:
    async with phone(program.road) as device:
        (listed,) = await program.call(lambda client: client.list_devices())
        assert listed.id == device.id
        waiting = await program.send()
        assert waiting.state is ProcessState.Pending
        await program.call(lambda client: client.cancel_message(waiting.id))
        cancelled = await program.comes_to(waiting.id, ProcessState.Cancelled)
        assert cancelled.recipients[0].state is ProcessState.Cancelled
        assert await device.pull() == []

        sent = await program.send(sim_number=1, device_id=device.id)
        await works(device)
        state = await program.comes_to(sent.id, ProcessState.Delivered)
        assert state.device_id == device.id
        assert (device.sent[0].text, device.sent[0].number) == ("Hello", PHONE)

        assert await device.receive(PHONE, "Hello to you") < 300
        (text,) = await program.call(lambda client: client.list_inbox_messages())
        assert (text.message_type, text.sender, text.content_preview) == ("SMS", PHONE, "Hello to you")
        now = datetime.now(UTC)
        again = domain.InboxRefreshRequest(since=now - timedelta(days=1), until=now)
        await program.call(lambda client: client.refresh_inbox(again))
        await program.call(lambda client: client.remove_device(device.id))
        assert await program.call(lambda client: client.list_devices()) == []


CIPHER = "$aes-256-cbc/pbkdf2-sha1$i=75000$c2FsdCBvZiAxNiBvY3RldA==$" + "QUJDRA+/" * 60 + "=="
CIPHERED = {"text_message": domain.TextMessage(CIPHER), "phone_numbers": [CIPHER[:200]], "is_encrypted": True}


async def test_case_39_an_encrypted_message_reaches_the_phone_byte_for_byte(program: Program) -> None:
    with pytest.raises(APIError, match="400"):  # no carrier could send it
        await program.send(**CIPHERED)
    async with phone(program.road) as device:
        sent = await program.call(partial(_send_encrypted, phone_numbers=[CIPHER[:200], CIPHER[:150]]))
        assert (sent["isEncrypted"], [each["phoneNumber"] for each in sent["recipients"]]) == (
            True, [CIPHER[:200], CIPHER[:150]],
        )  # fmt: skip
        await works(device)

        async def both() -> bool:
            await device.pull()
            return len(device.sent) == 2

        await until(both)
        assert {(each.text, each.number) for each in device.sent} == {(CIPHER, CIPHER[:200]), (CIPHER, CIPHER[:150])}


async def test_case_39_an_encrypted_message_never_goes_by_the_network(program: Program) -> None:
    async with phone(program.road) as device:
        sent = await program.call(partial(_send_encrypted, phone_numbers=["$cipher$981"]))  # the phone finds no network

        async def over() -> bool:
            await device.pull()
            found = await program.call(partial(_state, id=sent["id"]))
            return bool(found["state"] == "Failed")

        await until(over)
        (recipient,) = (await program.call(partial(_state, id=sent["id"])))["recipients"]
    assert recipient["phoneNumber"] == "$cipher$981"
    assert "NO_SERVICE" in recipient["error"]
    store = program.road.app.store
    assert set(await store.look(_connectors)) <= set(store.facts.phones)


async def _connectors(tx: Tx) -> list[int]:
    """Name the connectors that messages went to last."""
    return [row[0] for row in await tx.query("SELECT connector FROM messages")]


def _state(client: sms.APIClient, id: str) -> dict[str, Any]:
    """Ask for a state as the client does, which would want the passphrase to show it."""
    assert client.http is not None
    return client.http.get(f"{client.base_url}/messages/{id}", headers=client.headers)


def _send_encrypted(client: sms.APIClient, phone_numbers: list[str]) -> dict[str, Any]:
    """Send ciphertext as the client does, which would want the passphrase to show its answer."""
    assert client.http is not None
    message = domain.Message(**CIPHERED | {"phone_numbers": phone_numbers})  # type: ignore[arg-type]
    return client.http.post(f"{client.base_url}/messages", payload=message.asdict(), headers=client.headers)


GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "smsgate.md"
SNIPPET = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_the_snippets_of_the_guide_do_what_it_says(program: Program) -> None:
    snippets = SNIPPET.findall(GUIDE.read_text("utf-8"))
    assert [language for language, _ in snippets] == ["sh", "python", "sh"]
    for language, text in snippets:
        text = text.replace("http://127.0.0.1:8080", program.road.app.url).replace("api1", LOGIN)
        text = text.replace("Secret12", PASSWORD)
        if language == "sh":
            text = text.replace(f"{LOGIN}:{PASSWORD}", f"'{LOGIN}:{PASSWORD}'")
        command = {"sh": ["bash", "-euo", "pipefail", "-c", text], "python": [sys.executable, "-c", text]}[language]
        ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "Sent" in ran.stdout or "Pending" in ran.stdout or "Processed" in ran.stdout or "Delivered" in ran.stdout
    listed = await program.call(lambda client: client.get_messages())
    assert len(listed) == 3


if NODE is not None:

    async def test_case_38_the_npm_client(road: Road) -> None:
        told = {
            "address": f"{road.app.url}/api/3rdparty/v1",
            "login": LOGIN,
            "password": PASSWORD,
            "receiver": PHONE,
            "hook": f"{road.ear.url}/npm",
        }
        process = await asyncio.create_subprocess_exec(
            *(str(NODE), "smsgate_client.js", json.dumps(told)),
            cwd=HERE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complaints = await asyncio.wait_for(process.communicate(), 40)
        assert process.returncode == 0, complaints.decode()
        heard = json.loads(said)
        assert heard["state"]["state"] == "Delivered"
        assert heard["state"]["recipients"] == [{"phoneNumber": PHONE, "state": "Delivered"}]
        assert (heard["settings"], heard["devices"], heard["left"]) == ({}, [], [])
        assert heard["changed"] == {
            "messages": {"limitPeriod": "PerHour", "limitValue": 7},
            "ping": {"intervalSeconds": 30},
        }
        assert heard["webhooks"] == [heard["webhook"]]
        assert (heard["refused"], heard["logs"], heard["health"]["status"]) == (404, 501, "pass")
        (call,) = await road.ear.wait_for(1)
        assert json.loads(call.body)["payload"]["messageId"] == heard["sent"]["id"]
