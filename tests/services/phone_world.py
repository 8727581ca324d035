"""Phones of our own around a store: they pull and report through the services that their doors use, by a set clock."""

from collections.abc import Sequence

from tests.store.world import ONE, OUT, POLICY, furnished, submission
from tests.support import Clock

from depesza.core.devices import AttemptState, Kind, Limits, Wish
from depesza.core.facts import ConnectorFact
from depesza.core.fairness import Lanes
from depesza.core.model import Message, State, Way
from depesza.core.routing import Route
from depesza.engine.fleet import Fleet
from depesza.services import attempt_rows, attempts, devices, enrolment, progress
from depesza.services.attempt_rows import Attempt
from depesza.services.attempts import Offer, Report
from depesza.services.devices import Device, Sim, SimSaid
from depesza.services.enrolment import Newcomer
from depesza.store.contract import Store
from depesza.store.tx import Row, Tx

PHONES = 203
FREE = Limits(gap=0)
NO_SERVICE = "Send result: RESULT_ERROR_NO_SERVICE (radio)"
A = AttemptState


async def _furnish(tx: Tx, settings: str) -> None:
    tx.put("connectors", ConnectorFact(id=PHONES, name="phones", kind="phones", settings=settings))
    tx.put("routes", Route(id=300, connectors=(OUT,)))


async def _rows(tx: Tx, sql: str) -> list[Row]:
    return await tx.query(sql)


class PhoneWorld:
    """One platform with phones, and a carrier behind them that is never connected."""

    def __init__(self, store: Store, clock: Clock, lanes: Lanes) -> None:
        self.store = store
        self.clock = clock
        self.lanes = lanes
        self.fleet = Fleet(store, {}, lanes, clock)
        self._tokens = 0

    async def phone(
        self, *, sims: int = 1, version: str = "1.68.0", limits: Limits = FREE, account: int = ONE,
        kind: Kind = Kind.SMSGATE,
    ) -> Device:  # fmt: skip
        """Let a phone join that is online from now on."""
        self._tokens += 1
        cards = tuple(SimSaid(slot=slot) for slot in range(1, sims + 1))
        name, token = f"phone {self._tokens}", b"%d" % self._tokens
        newcomer = Newcomer(kind=kind, name=name, token=token, version=version, sims=cards)
        device = await self.store.run(enrolment.enrol_into, account, newcomer, self.clock.now)
        for slot in range(1, sims + 1):
            await self.store.run(devices.change_sim, device.id, slot, limits=limits)
        return device

    async def send(
        self, *receivers: str, way: Way = Way.PHONES_FIRST, wish: Wish | None = None, text: str = "Hello",
        expires: int = 0, **options: object,
    ) -> tuple[int, ...]:  # fmt: skip
        """Submit a text; gives the ids of its messages."""
        wanted = submission(*receivers, way=way, text=text, expires=expires, **options)
        account = self.store.facts.account[ONE]
        accepted = await self.store.run(
            attempts.submit_with, account, wanted, wish or Wish(), self.lanes, POLICY, self.clock.now
        )
        return accepted.ids

    async def turn(self) -> int:
        """Do what falls due now."""
        when = 0
        for _ in range(3):
            await self.store.insist(progress.make_due, self.lanes, self.clock.now, 1000)
            when = await self.fleet.turn()
        return when

    async def later(self, seconds: float, *seen: Device) -> None:
        """Let time pass, with a sign of life of some phones at its end, and do what falls due."""
        self.clock.move(seconds)
        for device in seen:
            await self.alive(device)
        await self.turn()

    async def alive(self, device: Device, **news: object) -> None:
        await self.store.run(devices.touch, device.id, self.clock.now, **news)  # type: ignore[arg-type]

    async def pull(self, device: Device) -> list[Offer]:
        """Let a phone ask what it is to send, the oldest first."""
        await self.alive(device)
        return await self.store.run(attempts.offers, device.id, self.clock.now, newest_first=False)

    async def tell(self, device: Device, attempt: int, *states: AttemptState, error: str = "") -> list[int]:
        """Let a phone report, one call after the other."""
        moved = []
        for state in states:
            said = [Report(attempt, state, error if state is A.FAILED else "")]
            moved += await self.store.run(attempts.report, device.id, said, self.clock.now)
        return moved

    # what is seen

    async def message(self, id: int) -> Message:
        (found,) = await self.store.look(progress.load, [id])
        return found

    async def state(self, id: int) -> State:
        return (await self.message(id)).state

    async def tried(self, id: int) -> list[Attempt]:
        return await self.store.look(attempt_rows.of_message, id)

    async def sims(self, *phones: Device) -> list[Sim]:
        return await self.store.look(devices.sims, [phone.id for phone in phones])

    async def by_network(self) -> list[int]:
        """List the messages that wait for the carrier."""
        sql = f"SELECT id FROM messages WHERE connector = {OUT} AND state = 1 ORDER BY id"
        rows = await self.store.look(_rows, sql)
        return [row[0] for row in rows]

    async def events(self, id: int, kind: str) -> int:
        rows = await self.store.look(_rows, f"SELECT 1 FROM events WHERE message = {id} AND kind = '{kind}'")
        return len(rows)

    async def slots(self, ids: Sequence[int]) -> list[int]:
        """Tell which SIM each message was given to first; 0 for none."""
        found = [await self.tried(id) for id in ids]
        return [tried[0].slot if tried else 0 for tried in found]


async def phone_world(store: Store, clock: Clock, settings: str = "{}", **account: object) -> PhoneWorld:
    """Furnish a store with a carrier and phones before it."""
    lanes = await furnished(store, credits=10_000, **account)
    await store.run(_furnish, settings)
    return PhoneWorld(store, clock, lanes)
