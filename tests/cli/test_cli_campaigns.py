"""`depesza campaign`: listed, watched, paused, resumed and cancelled beside a server, which does the work."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.cli.called import Cli
from tests.store.world import ONE, POLICY, furnish, submission

from depesza.cli import campaigns as commands
from depesza.core.fairness import Lanes
from depesza.core.ids import uuid_of
from depesza.services import audiences, campaign_steps, campaigns
from depesza.services.audiences import Page, Staged
from depesza.store.contract import Store
from depesza.store.opening import open_store
from depesza.store.tx import Tx

NOW = 1_780_000_000_000_000


async def begin(tx: Tx) -> int:
    """Write a campaign for three rows."""
    id = await audiences.stage(tx, ONE, NOW)
    await audiences.add(tx, id, 0, Page([(f"+3360102030{n}", {}) for n in range(3)], (), ""))
    audience = await audiences.lend(tx, Staged(id, 3, 0, ()), ONE, NOW)
    wish, origin = submission(text="Hello", tag="t"), campaigns.Origin("spring")
    return await campaigns.begin(tx, tx.facts.account[ONE], wish, audience, 3_000_000, NOW, origin)


class Server:
    """What a server does with the store when it is asked to."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.id = self._do(self._begin)

    def _do(self, work: Callable[[Store], Awaitable[int]]) -> int:
        async def sit() -> int:
            store = await open_store(self._url, lambda: NOW)
            try:
                await store.join(12_000_000)
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(sit())

    @staticmethod
    async def _begin(store: Store) -> int:
        await store.run(furnish)
        return await store.run(begin)

    def work(self) -> None:
        """Carry out what can be carried out of the campaign."""

        async def steps(store: Store) -> int:
            while True:
                step = await store.run(campaign_steps.step, self.id, Lanes(), POLICY, NOW)
                if step.over or step.wait:
                    return step.taken

        self._do(steps)


@pytest.fixture
def server(both: Cli, both_url: str) -> Server:
    """A store with a campaign, of each kind."""
    return Server(both_url)


def test_a_campaign_is_listed_and_shown(both: Cli, server: Server) -> None:
    (row,) = both("campaign", "list", "--json").json
    assert (row["id"], row["account"], row["name"], row["status"]) == (server.id, "sms-xx11111-1", "spring", "running")
    assert both("campaign", "list", "sms-xx11111-2", "--json").json == []
    assert "spring" in both("campaign", "list").out
    server.work()
    found = both("campaign", "show", uuid_of(server.id), "--json").json
    told = ("status", "processed", "total", "pending", "credits", "estimated")
    assert tuple(found[name] for name in told) == ("inserted", 3, 3, 3, 3, 3)


def test_a_campaign_is_paused_resumed_and_cancelled(both: Cli, server: Server) -> None:
    id = str(server.id)
    server.work()
    for command, status in (("pause", "inserted (paused)"), ("resume", "inserted"), ("cancel", "cancelled")):
        said = both("campaign", command, id)
        assert (said.status, said.err) == (0, "")
        again = both("campaign", command, id)
        assert (again.status, id in again.err) == (1, True)
        server.work()
        assert both("campaign", "show", id, "--json").json["status"] == status


def test_a_campaign_is_watched_until_it_has_ended(both: Cli, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    both("campaign", "cancel", str(server.id))
    waited = 0

    async def work_meanwhile(seconds: float) -> None:
        nonlocal waited
        waited += 1
        await asyncio.to_thread(server.work)

    monkeypatch.setattr(commands, "wait", work_meanwhile)
    said = both("campaign", "show", str(server.id), "--watch")
    assert waited == 1
    assert said.err.startswith("to_cancel: 0 of 3 rows, 0 waiting")
    assert "cancelled" in said.out


@pytest.mark.parametrize("id", ["1", "x", "00000000-0000-4000-8000-000000000001", "9" * 30])
def test_a_campaign_that_is_not_there(both: Cli, server: Server, id: str) -> None:
    said = both("campaign", "show", id)
    assert (said.status, said.out) == (1, "")
    assert f"there is no campaign {id}" in said.err
