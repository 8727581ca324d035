"""Texts that come in: whose they are, what they cost, what they change. spec: ovh/4.6"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from tests.store.world import ONE, OUT, POLICY, TWO, balance, furnished, submission
from tests.support import Clock

from depesza.core.facts import Sender
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Inbound
from depesza.core.optout import ASKED, MASS
from depesza.core.phone import spellings
from depesza.services import accounts, bars, inbox, lists
from depesza.services.lists import Search
from depesza.services.submit import submit
from depesza.store.contract import Store
from depesza.store.tx import Row, Tx

pytestmark = pytest.mark.anyio

PEER = "+33601020304"


async def write_to(store: Store, account: int, clock: Clock, **options: object) -> None:
    """Let an account write to the peer from the short number."""
    wanted = submission(PEER, answerable=True, **options)
    await store.run(submit, store.facts.account[account], wanted, Lanes(), POLICY, clock.now)


async def answer(store: Store, clock: Clock, *texts: str, recipient: str = "38184", sender: str = PEER) -> list[int]:
    """Let texts come in together."""
    inbounds = [Inbound(OUT, sender, recipient, text, clock.now) for text in texts]
    return await store.run(inbox.take_inbound, inbounds, POLICY, clock.now)


async def everything(tx: Tx) -> list[Row]:
    """Read all texts received."""
    return await tx.query("SELECT account, sender, text, price FROM inbounds ORDER BY id")


async def test_the_account_that_wrote_last_gets_the_answer(store: Store, clock: Clock) -> None:
    await furnished(store)
    await write_to(store, ONE, clock)
    await write_to(store, TWO, clock)
    ids = await answer(store, clock, "Hello")
    assert await store.look(lists.incoming, TWO, Search()) == ids
    assert await store.look(lists.incoming, ONE, Search()) == []


async def test_a_text_of_nobody_is_kept_and_costs_nothing(store: Store, clock: Clock) -> None:
    await furnished(store)
    await answer(store, clock, "Hello", sender="+33611111111")
    rows = await store.look(everything)
    assert [tuple(row) for row in rows] == [(0, "+33611111111", "Hello", 0)]


async def test_a_reply_to_an_empty_wallet_is_kept_without_a_price(store: Store, clock: Clock) -> None:
    await furnished(store, credits=1)
    await write_to(store, ONE, clock)
    await answer(store, clock, "Hello", "again")
    assert [row[3] for row in await store.look(everything)] == [0, 0]
    assert await store.look(balance) == 0


@pytest.mark.parametrize(
    ("texts", "stopped", "counted"),
    [
        (("STOP",), [PEER], 1),
        (("STOP", "stop", "Stop."), [PEER], 1),
        (("STOP", "START"), [], 0),
        (("STOP", "START", "STOP"), [PEER], 1),
        (("START",), [], 0),
    ],
)
async def test_stop_and_start_in_one_commit(
    store: Store, clock: Clock, texts: tuple[str, ...], stopped: list[str], counted: int
) -> None:
    await furnished(store)
    await write_to(store, ONE, clock)
    await answer(store, clock, *texts)
    assert await store.look(lists.stopped, ONE) == stopped
    assert (await store.run(optouts)) == counted
    # the next service sees it as it is
    await answer(store, clock, "START", "STOP")
    assert await store.look(lists.stopped, ONE) == [PEER]
    assert (await store.run(optouts)) == 1


async def test_start_takes_back_stop_and_no_bar_of_the_accounts_own(store: Store, clock: Clock) -> None:
    await furnished(store)
    await store.run(bars.bar, ONE, [PEER], MASS, clock.now)
    await write_to(store, ONE, clock)
    await answer(store, clock, "STOP")
    assert await store.look(kinds) == [ASKED | MASS]
    assert (await store.run(optouts)) == 1
    await answer(store, clock, "START")
    assert await store.look(kinds) == [MASS]
    assert (await store.run(optouts)) == 1
    await answer(store, clock, "START")
    assert await store.look(kinds) == [MASS]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"smpp": True}, [["url"], ["smpp"]]),
        ({"smpp": True, "response_type": "cgi"}, [["url"], ["url"]]),
        ({"smpp": True, "response_type": "cgi", "smpp_texts": True}, [["smpp", "url"], ["smpp", "url"]]),
        ({"response_type": "cgi", "smpp_texts": True}, [["url"], ["url"]]),
    ],
)
async def test_an_account_may_collect_all_that_people_write(
    store: Store, clock: Clock, fields: dict[str, object], told: list[list[str]]
) -> None:
    await furnished(store, response_url="http://h/cb", **fields)
    await store.run(_put, "senders", Sender(account=ONE, name="+33700000001", kind="virtual"))
    await write_to(store, ONE, clock)
    await answer(store, clock, "Hello")
    assert await store.look(_ways) == (told[0] if "response_type" in fields else [])
    await store.run(_forget)
    await answer(store, clock, "Hello", recipient="+33700000001", sender="+33601020399")
    assert await store.look(_ways) == told[1]


async def _put(tx: Tx, table: str, row: Struct) -> None:
    tx.put(table, row)


async def _ways(tx: Tx) -> list[str]:
    urls = [row[0] for row in await tx.query("SELECT url FROM notices WHERE kind = 'reply' ORDER BY url DESC")]
    return ["url" if url.startswith("http") else "smpp" for url in urls]


async def _forget(tx: Tx) -> None:
    tx.write("DELETE FROM notices")


async def kinds(tx: Tx) -> list[int]:
    """Read what numbers are barred from."""
    return [row[0] for row in await tx.query("SELECT kind FROM optouts")]


async def optouts(tx: Tx) -> int:
    """Read the account's count of stopped numbers."""
    return (await tx.wallet(ONE)).optouts


async def test_stop_for_one_account_is_none_for_another(store: Store, clock: Clock) -> None:
    await furnished(store)
    await write_to(store, ONE, clock)
    await answer(store, clock, "STOP")
    assert await store.look(lists.stopped, TWO) == []


async def test_nul_is_left_out_of_what_came(store: Store, clock: Clock) -> None:
    await furnished(store)
    await write_to(store, ONE, clock)
    await answer(store, clock, "He\0llo")
    assert [row[2] for row in await store.look(everything)] == ["Hello"]


async def test_a_disabled_answer_of_nothing_is_not_sent(store: Store, clock: Clock) -> None:
    await furnished(store)
    await store.run(accounts.change, ONE, {"response_type": "text"})
    await write_to(store, ONE, clock)
    await answer(store, clock, "Hello")
    assert await store.look(balance) == 98 * MICRO
    assert await store.look(lists.waiting, ONE, 0, clock.now) == []


@given(st.sampled_from(["38184", "+38184", "0038184"]))
def test_a_number_has_the_same_spellings_however_it_came(written: str) -> None:
    assert set(spellings(written)) == {"38184", "+38184", "0038184"}
