"""Mail among texts: what the engine hands a connector is of its channel, whatever links and routes do meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from scripted import Engine, Scripted, states, taken, until
from tests.store.world import ONE, OUT, POLICY, submission

from depesza.connectors import Setup, World, build
from depesza.connectors.contract import Link
from depesza.core.facts import ConnectorFact
from depesza.core.model import MICRO, Channel, Extras, Receipt, State
from depesza.core.pricing import Price
from depesza.core.routing import Route
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

MAILER, OTHER = 211, 212
ADDRESS = "alice@example.org"


async def furnish(tx: Tx) -> None:
    """Add two carriers of mail, their route and a price."""
    for id in (MAILER, OTHER):
        tx.put("connectors", ConnectorFact(id=id, name=f"mail {id}", kind="virtual", settings="{}"))
    tx.put("routes", Route(id=310, connectors=(MAILER, OTHER), channel=Channel.MAIL))
    tx.put("prices", Price(id=410, micro=MICRO, channel=Channel.MAIL))


async def post(store: Store, engine: Engine, receiver: str, channel: Channel = Channel.MAIL) -> int:
    wish = submission(receiver, channel=channel, verbatim=True, extras=Extras(subject="Hi"))
    return (await store.run(submit, store.facts.account[ONE], wish, engine.turns, POLICY, engine.clock())).ids[0]


@pytest.fixture
async def desk(engine: Engine) -> Engine:
    await engine.store.run(furnish)
    return engine


async def test_each_connector_is_handed_its_channel(desk: Engine) -> None:
    texts, mails = desk.attach(OUT), desk.attach(MAILER)
    ids = [await post(desk.store, desk, "+33601020304", Channel.SMS), await post(desk.store, desk, ADDRESS)]
    await until(lambda: texts.sent and mails.sent)
    assert [[message.id for message in each.sent] for each in (texts, mails)] == [[id] for id in ids]
    (mail,) = mails.sent
    assert (mail.receiver, mail.content.channel, mail.content.extras) == (ADDRESS, Channel.MAIL, Extras(subject="Hi"))


async def test_mail_that_one_refuses_goes_to_the_other_and_then_nowhere(desk: Engine) -> None:
    texts, mails, other = desk.attach(OUT), desk.attach(MAILER), desk.attach(OTHER)
    id = await post(desk.store, desk, ADDRESS)
    await until(lambda: mails.held)
    mails.refuse(mails.held[id], "rejected")
    await desk.quiet()
    await desk.due(1)
    await until(lambda: other.held)
    other.refuse(other.held[id], "rejected")
    await desk.quiet()
    assert (await desk.store.look(states))[id] == (State.FAILED, 0, "rejected")
    assert not texts.sent


@pytest.mark.parametrize("gone", [False, True])
async def test_mail_waits_for_a_carrier_of_mail(desk: Engine, gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("depesza.engine.dispatcher.FAILOVER_AFTER", 0.0)
    texts = desk.attach(OUT)
    if not gone:
        desk.attach(MAILER, up=False)
    id = await post(desk.store, desk, ADDRESS)
    desk.dispatcher.tick()
    await desk.dispatcher.gather_strays()
    await desk.quiet()
    assert not texts.sent
    other = desk.attach(OTHER)
    desk.dispatcher.tick()
    await desk.dispatcher.gather_strays()
    await until(lambda: [message.id for message in other.sent] == [id])
    assert not texts.sent


async def test_a_mail_is_delivered_and_then_read(desk: Engine) -> None:
    mails = desk.attach(MAILER)
    mails.answer = taken(desk.clock)
    id = await post(desk.store, desk, ADDRESS)
    await until(lambda: mails.sent)
    await desk.quiet()
    told = [State.DELIVERED, State.READ, State.DELIVERED, State.FAILED]
    seen = []
    for state in told:
        receipt = Receipt(MAILER, (f"r{id}.0",), state, "", desk.clock())
        await desk.store.run(progress.take_receipts, [receipt], desk.clock())
        seen.append((await desk.store.look(states))[id][0])
    assert seen == [State.DELIVERED, State.READ, State.READ, State.READ]


@pytest.fixture
async def carrier(desk: Engine) -> AsyncIterator[Engine]:
    """The same with the virtual carrier instead of a scripted one."""
    loop = asyncio.get_running_loop()
    world = World(loop.time, desk.clock, lambda: 0.5, loop.call_later)
    made = build("virtual", Setup(MAILER, "mail", b'{"scale": 0.005}'), desk, world)
    desk.connectors[MAILER] = made
    desk.dispatcher.attach(made)
    made.start()
    await until(lambda: made.link is Link.UP)
    yield desk
    await made.stop(0.0)


async def test_the_virtual_carrier_takes_a_mail_to_its_end(carrier: Engine) -> None:
    texts: Scripted = carrier.attach(OUT)
    read = await post(carrier.store, carrier, ADDRESS)
    failed = await post(carrier.store, carrier, "alice901@example.org")
    for _ in range(400):
        found = await carrier.store.look(states)
        if found[read][0] == State.READ and found[failed][0] == State.FAILED:
            break
        await asyncio.sleep(0.005)
    assert (found[read][0], found[failed]) == (State.READ, (State.FAILED, 0, "undeliverable"))
    assert not texts.sent
