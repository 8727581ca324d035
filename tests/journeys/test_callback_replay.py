"""`depesza callback` beside a running server: the log as operators read it, and callbacks told again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from road import PHONE, SERVICE, Ear, apply, settings, until
from structlog.testing import capture_logs
from tests.cli.called import Said
from tests.store.world import ONE, POLICY, furnish, submission

from depesza.app import App
from depesza.cli import main
from depesza.dialects import TELL
from depesza.dialects.contract import Voice
from depesza.engine import notifier
from depesza.services.submit import submit
from depesza.settings import CallbackSettings, ClusterSettings

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

KEY = "a key of sixteen octets"


class Desk:
    """A server that runs, a customer's web server, and the operator's command line."""

    def __init__(self, app: App, ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
        self.app = app
        self.ear = ear
        self._capsys = capsys

    async def callback(self, *words: str | int) -> Said:
        """Run `depesza callback` beside the server."""
        self._capsys.readouterr()
        status = await asyncio.to_thread(main, ["callback", *map(str, words)])
        captured = self._capsys.readouterr()
        return Said(status, captured.out, captured.err)

    async def listed(self, *words: str | int) -> Any:
        """List callbacks as JSON."""
        said = await self.callback("list", "--json", *words)
        assert said.status == 0, said.err
        return said.json

    async def wait_for(self, state: str, count: int) -> Any:
        """Wait until so many callbacks stand so; gives them, the newest first."""

        async def there() -> bool:
            return len(await self.listed("--state", state)) == count

        await until(there)
        return await self.listed("--state", state)

    async def send(self) -> int:
        """Send one message."""
        account, now = self.app.store.facts.account[ONE], self.app.now()
        return (await self.app.store.run(submit, account, submission(), self.app.turns, POLICY, now)).ids[0]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the server's log out of what commands print."""
    with capture_logs():
        yield


@pytest.fixture
async def desk(
    store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Desk]:
    """A server with a virtual carrier, whose customer wants to know the ends."""
    monkeypatch.setattr(notifier, "LOOK", 0.1)
    monkeypatch.setenv("DEPESZA_STORE_URL", store_url)
    monkeypatch.setenv("DEPESZA_SECURITY_KEY", KEY)
    ear = Ear()
    await ear.start()
    app = App(
        replace(
            settings(store_url), cluster=ClusterSettings(lease=1), callbacks=CallbackSettings(schedule=(0.05, 0.05))
        )
    )
    await app.start()
    await app.store.run(furnish)
    await apply(app, {"accounts": [{"name": SERVICE, "callback": f"{ear.url}/cb", "notices": "final"}]})
    yield Desk(app, ear, capsys)
    await app.stop(5.0)
    await ear.stop()


async def test_what_was_given_up_is_told_again_while_the_server_runs(desk: Desk) -> None:
    desk.ear.answers = [(503, "later")] * 3
    message = await desk.send()
    (row,) = await desk.wait_for("given-up", 1)
    told = {"account": SERVICE, "dialect": "ovh", "kind": "receipt", "message": message, "url": f"{desk.ear.url}/cb"}
    assert row | told | {"state": "given-up", "tries": 3, "answer": "503", "next_try": None} == row
    assert row["ms"] >= 0 and row["last"] > row["owed"]

    assert (await desk.callback("replay", "--given-up", "--host", "127.0.0.1")).out == "1 to be told again\n"
    await desk.ear.wait_for(4)
    (row,) = await desk.wait_for("done", 1)
    assert (row["tries"], row["answer"]) == (1, "200")

    shown = await desk.callback("show", row["id"], "--json")
    assert [each["answer"] for each in shown.json["log"]] == ["503", "503", "503", "200"]
    assert shown.json["call"]["method"] == "GET"
    assert {shown.json["call"]["url"]} == {desk.ear.url + heard.target for heard in desk.ear.heard}
    plain = await desk.callback("show", row["id"])
    assert f"GET {desk.ear.url}/cb?id={message}&dlr=1" in plain.out


async def test_what_was_told_since_some_time_or_by_number_is_told_again(desk: Desk) -> None:
    ids = [await desk.send() for _ in range(3)]
    rows = await desk.wait_for("done", 3)
    assert sorted(row["message"] for row in rows) == sorted(ids)
    assert (await desk.callback("replay", "--since", "1h")).out == "3 to be told again\n"
    await desk.ear.wait_for(6)
    await desk.wait_for("done", 3)
    said = await desk.callback("replay", rows[0]["id"], 5)
    assert (said.status, said.err) == (1, "depesza: there is no callback 5\n")
    (last,) = (await desk.ear.wait_for(7))[6:]
    assert (last.query["id"], last.query["receiver"]) == (str(rows[0]["message"]), PHONE)
    assert await desk.listed("--since", "2099-01-01", "--account", SERVICE) == []


WRONG = [
    (("replay",), "name callbacks by their numbers"),
    (("replay", "5", "--given-up"), "name callbacks by their numbers"),
    (("replay", "5", "--host", "x"), "go with --given-up or --since"),
    (("replay", "--since", "yesterday"), "--since yesterday"),
    (("list", "--limit", "0"), "--limit is at least 1"),
    (("list", "--account", "nobody"), "there is no account nobody"),
    (("show", "5"), "there is no callback 5"),
]


@pytest.mark.parametrize(("words", "why"), WRONG)
def test_what_is_called_wrongly_says_why(
    words: tuple[str, ...],
    why: str,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DEPESZA_STORE_URL", sqlite_url)
    assert main(["callback", *words]) in (1, 2)
    assert why in capsys.readouterr().err


async def test_every_dialect_that_has_a_voice_can_be_shown(desk: Desk) -> None:
    assert TELL.keys() == {dialect.name for dialect in desk.app.front.dialects if isinstance(dialect, Voice)}
