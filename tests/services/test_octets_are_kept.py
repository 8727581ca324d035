"""Binary messages on both stores: every octet, header, protocol and coding comes back as it was submitted."""

import pytest
from tests.store.world import ONE, POLICY, furnished, submission
from tests.support import Clock

from depesza.core.model import Channel, Extras
from depesza.services import progress
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.wire.gsm import Encoding, read_text, write_text

pytestmark = pytest.mark.anyio
EVERY = bytes(range(256))


async def test_every_octet_is_kept_with_its_header(store: Store, clock: Clock) -> None:
    lanes = await furnished(store, credits=10_000)
    extras = Extras(udh=bytes.fromhex("05040b8423f0"), pid=0x40, dcs=0xF5)
    text = read_text(EVERY, Encoding.BINARY)
    wanted = submission("+33601020304", text=text, alphabet="binary", extras=extras, channel=Channel.PING)
    accepted = await store.run(submit, store.facts.account[ONE], wanted, lanes, POLICY, clock.now)
    (found,) = await store.look(progress.load, list(accepted.ids))
    assert write_text(found.body, Encoding.BINARY) == EVERY
    assert (found.content.extras, found.content.channel) == (extras, Channel.PING)


async def test_parts_of_octets_are_counted_with_their_header(store: Store, clock: Clock) -> None:
    lanes = await furnished(store, credits=10_000)
    extras = Extras(udh=bytes.fromhex("05040b8423f0"))
    for octets, parts in ((133, 1), (134, 2), (256, 2), (257, 3)):
        wanted = submission("+33601020304", text=("\r\n" * octets)[:octets], alphabet="binary", extras=extras)
        accepted = await store.run(submit, store.facts.account[ONE], wanted, lanes, POLICY, clock.now)
        (found,) = await store.look(progress.load, list(accepted.ids))
        assert found.parts == parts
