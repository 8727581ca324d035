"""The campaigner carries out mailings by itself: the first time, and the next ones when their time has come."""

import pytest
from tests.engine.scripted import until
from tests.store.world import ONE, POLICY, furnished
from tests.support import NOW, Clock

from depesza.core.model import MICRO, Submission
from depesza.core.repeats import Every
from depesza.engine.campaigner import Campaigner
from depesza.services import mailings
from depesza.services.mailings import Order
from depesza.services.refs import Guard
from depesza.store.contract import Store
from depesza.store.work import Work

pytestmark = pytest.mark.anyio


async def test_a_mailing_is_carried_out_and_repeated_also_after_a_restart(store: Store, clock: Clock) -> None:
    lanes = await furnished(store)
    campaigner = Campaigner(store, lanes, POLICY, clock)
    sent: list[str] = []

    def hear(work: Work) -> None:
        sent.extend([message.receiver for message in work.messages])
        if work.errands:
            campaigner.reload()

    store.listen(hear)
    campaigner.start()
    wish = Submission(
        dialect="smsc", sender="MyApp", text="Hello", receivers=("+33601020304",), verbatim=True, each=True,
        expires=NOW + 3600 * MICRO,
    )  # fmt: skip
    order = Order(name="Hourly", every=Every.HOUR, times=1)
    account = store.facts.account[ONE]
    await store.run(mailings.add, account, wish, (), order, "", (), Guard(), lanes, POLICY, NOW)
    await until(lambda: sent == ["+33601020304"])
    await campaigner.stop()
    clock.move(3600)
    campaigner = Campaigner(store, lanes, POLICY, clock)  # as after a restart: the table tells
    campaigner.start()
    await until(lambda: len(sent) == 2)
    await campaigner.stop()
