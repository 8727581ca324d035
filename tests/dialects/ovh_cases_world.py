"""The setting of the vendor's acceptance cases: an account with 100 credits, sender, user, keys, and a carrier's part.

What the engine would do (hand over, receipts, texts that come in, pages of a campaign, callbacks) is asked of the
same services that the engine calls.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.dialects.ovh_auth_world import Answer, World, opened
from tests.store.world import ONE, OUT
from tests.support import NOW, Clock

from depesza.core.facts import User
from depesza.core.fairness import Lanes
from depesza.core.model import Inbound, Message, Outcome, Receipt, State
from depesza.core.planning import Policy
from depesza.dialects.contract import Context
from depesza.dialects.ovh import Ovh
from depesza.engine.loader import Loader
from depesza.net.http_link import Sink
from depesza.services import audiences, audit, campaign_steps, cleaning, errands, inbox, notices, progress, users
from depesza.services.errands import Step
from depesza.store.tx import Tx
from depesza.wire.http import HttpAnswer, HttpCall

ACCOUNT = "/1.0/sms/sms-xx11111-1"
PEER = "+33601020304"


class Desk:
    """A client's desk, with the carrier behind it and files that can be fetched."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = world.clock
        self.store = world.store
        self.lanes = Lanes()
        self.files: dict[str, bytes] = {}
        self.lists = Loader(world.store, self.download, Policy(), world.clock)
        world.ovh = Ovh(Context(world.store, world.vault, self.lanes, Policy(), world.clock, self.lists))

    async def download(self, url: str, sink: Sink) -> HttpAnswer:
        """Serve the files of this desk."""
        body = self.files.get(url)
        if body is None:
            return HttpAnswer(404)
        sink(body)
        return HttpAnswer(200)

    async def ask(self, method: str, path: str, value: object = None, **options: object) -> Answer:
        """Call below the account; a path that begins with `//` is below the version."""
        target = "/1.0" + path[1:] if path.startswith("//") else ACCOUNT + path
        return await self.world.call(method, target, value, **options)

    async def good(self, method: str, path: str, value: object = None) -> object:
        """Call, expect 200 and give the JSON."""
        answer = await self.ask(method, path, value)
        assert answer.status == 200, answer.text
        return answer.json

    async def send(self, path: str = "/jobs", **fields: object) -> dict[str, object]:
        """POST jobs with sensible fields; gives the report."""
        body = {"message": "Test message", "receivers": [PEER], "sender": "MyApp", "noStopClause": True} | fields
        report = await self.good("POST", path, {name: value for name, value in body.items() if value != "-"})
        assert isinstance(report, dict)
        return report

    async def balance(self, account: str = "sms-xx11111-1") -> float:
        """Read creditsLeft."""
        found = await self.good("GET", f"//sms/{account}")
        assert isinstance(found, dict)
        return float(found["creditsLeft"])

    # the carrier

    async def message(self, id: int) -> Message:
        """Read what the connector would get."""
        return (await self.store.look(progress.load, [id]))[0]

    async def hand_over(self, *ids: int) -> None:
        """Claim messages and let the carrier take them; its id is `r` and ours."""
        claimed = await self.store.run(progress.claim, list(ids), OUT)
        assert claimed == list(ids)
        messages = await self.store.look(progress.load, list(ids))
        settled = [(Outcome(m.id, self.clock.now, remotes=(f"r{m.id}",)), m) for m in messages]
        await self.store.run(progress.settle, OUT, settled, {})

    async def report(self, id: int, state: State = State.DELIVERED, refusal: str = "") -> None:
        """Let the carrier's receipt come."""
        receipt = Receipt(OUT, (f"r{id}",), state, refusal, self.clock.now)
        assert await self.store.run(progress.take_receipts, [receipt], self.clock.now) == [f"r{id}"]

    async def deliver(self, id: int) -> None:
        """Hand over and report as delivered."""
        await self.hand_over(id)
        await self.report(id)

    async def answer(self, text: str, recipient: str, sender: str = PEER) -> int:
        """Let a phone answer; gives the id of what was taken in."""
        inbound = Inbound(OUT, sender, recipient, text, self.clock.now)
        return (await self.store.run(inbox.take_inbound, [inbound], Policy(), self.clock.now))[0]

    async def run_campaigns(self) -> None:
        """Do the campaigner's work, as far as it goes now."""
        busy = True
        while busy:
            busy = False
            for errand in await self.store.look(errands.waiting):
                step = await self._step(errand.kind, errand.id)
                busy = busy or not step.wait

    async def _step(self, kind: str, id: int) -> Step:
        if kind == "sweep":
            return await self.store.run(audiences.sweep, id)
        if kind == "task":
            return await self.store.run(cleaning.step, id, self.clock.now)
        return await self.store.run(campaign_steps.step, id, self.lanes, Policy(), self.clock.now, 2)

    async def calls(self) -> list[HttpCall]:
        """Give the callbacks that are owed, in the order in which they were written."""
        owed = await self.store.look(notices.due, self.clock.now, 1000)
        return [self.world.ovh.call(notice, self.store.facts) for notice in sorted(owed, key=lambda row: row.id)]


async def add_user(tx: Tx) -> None:
    """Make the user of the setting."""
    await users.create(tx, User(id=0, account=ONE, login="api1", password=""))


@asynccontextmanager
async def desk_of(url: str, rules: Sequence[tuple[str, str]] | None = None) -> AsyncIterator[Desk]:
    """Open the setting; when the case is over, the books must be even."""
    async with opened(url, Clock(NOW)) as world:
        await world.store.run(add_user)
        await (world.with_keys(rules) if rules is not None else world.with_keys())
        yield Desk(world)
        found = await world.store.look(audit.audit, 0)
        assert found.clean, found.problems
