"""Short links: made for each message, followed, counted, forgotten; on both stores."""

import msgspec
import pytest
from tests.store.world import ONE, POLICY, TWO, furnished, submission
from tests.support import NOW, Clock

from depesza.core.ids import first_at
from depesza.core.model import MICRO, Message, Outcome, Receipt, State, Submission
from depesza.services import links, progress, retention
from depesza.services.links import split
from depesza.services.submit import take
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

BASE = "https://s.example"
PAGE = "https://shop.example/basket?id=7&ref=sms"
DAY = 86_400 * MICRO


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("no link, not even example.org", []),
        (f"look: {PAGE}.", [PAGE]),
        (f"{PAGE} and HTTP://x.example, twice", [PAGE, "HTTP://x.example"]),
        ("(see http://x.example/a) or http://x.example/a_(b)", ["http://x.example/a", "http://x.example/a_(b)"]),
        ("«http://пример.рф/путь»!", ["http://пример.рф/путь"]),
        ('<a href="https://x.example/1">', ["https://x.example/1"]),
        (f"{BASE}/abc1234 is short already", []),
        ("https:// is none, ftp://x.example neither", []),
    ],
)
def test_links_are_found_in_a_text_without_what_follows_them(text: str, urls: list[str]) -> None:
    pieces = split(text, BASE)
    assert (pieces[1::2], "".join(pieces)) == (urls, text)


async def sent(store: Store, *receivers: str, **options: object) -> list[Message]:
    """Take a submission with short links; gives its messages."""
    wish: Submission = submission(*receivers, shorten=BASE, **options)
    lanes = await furnished(store)
    plan, _ = await store.run(take, store.facts.account[ONE], wish, lanes, POLICY, NOW)
    return list(plan.messages)


async def states(tx: Tx) -> list[State]:
    """Read where messages stand."""
    return [State(row[0]) for row in await tx.query("SELECT state FROM messages ORDER BY id")]


async def count(tx: Tx, table: str) -> int:
    """Count the rows of a table."""
    return int((await tx.query(f"SELECT COUNT(*) FROM {table}"))[0][0])


async def test_each_message_has_a_code_of_its_own_and_one_address_is_counted_once(store: Store) -> None:
    first, second = await sent(store, "+33601020304", "no number", "+33601020305", text=f"Here: {PAGE}!")
    codes = [message.body[len(f"Here: {BASE}/") : -1] for message in (first, second)]
    assert [message.body for message in (first, second)] == [f"Here: {BASE}/{code}!" for code in codes]
    assert len(set(codes)) == 2
    assert all(map(links.is_code, codes))
    assert [await store.look(links.find, code) for code in (*codes, "0000000")] == [PAGE, PAGE, ""]
    for at, code in ((NOW, codes[0]), (NOW, codes[1]), (NOW + DAY, codes[0]), (NOW, "0000000")):
        await store.run(links.follow, code, at)
    found = await store.look(links.counts, ONE, PAGE, 0, NOW + DAY)
    assert found is not None
    assert (found.url, found.total, found.month, found.day, found.yesterday) == (PAGE, 3, 3, 1, 2)
    assert found == await store.look(links.counts, ONE, "", found.id, NOW + DAY)
    later = await store.look(links.counts, ONE, PAGE, 0, NOW + 7 * DAY)
    assert later is not None
    assert (later.total, later.month, later.day, later.yesterday) == (3, 0, 0, 0)
    assert await store.look(links.counts, TWO, PAGE, found.id, NOW) is None


async def test_a_price_is_told_for_texts_as_long_as_those_that_leave() -> None:
    wish = submission("+33601020304", text=f"Here: {PAGE}!", texts=(f"And {PAGE}",), shorten=BASE)
    sized = links.sized(wish)
    assert (sized.text, sized.texts) == (f"Here: {BASE}/0000000!", (f"And {BASE}/0000000",))


async def test_a_text_without_links_stays_common_to_all(store: Store) -> None:
    (message,) = await sent(store, "+33601020304", text="Hello")
    assert message.text is None
    assert await store.look(count, "links") == 0


async def test_following_moves_a_message_that_arrived(store: Store, clock: Clock) -> None:
    (message,) = await sent(store, "+33601020304", text=PAGE)
    code = message.body.removeprefix(f"{BASE}/")
    await store.run(links.follow, code, NOW)
    assert await store.look(states) == [message.state]  # it has not even left
    await store.run(progress.claim, [message.id], message.connector)
    claimed = msgspec.structs.replace(message, state=State.SENDING)
    await store.run(progress.settle, message.connector, [(Outcome(message.id, NOW, ("r1",)), claimed)], {})
    receipt = Receipt(message.connector, ("r1",), State.DELIVERED, "", NOW)
    await store.run(progress.take_receipts, [receipt], NOW)
    await store.run(links.follow, code, NOW)
    assert await store.look(states) == [State.CLICKED]
    await store.run(retention.forget, first_at(NOW + DAY), 10)
    assert await store.look(count, "link_codes") == 0
    assert await store.look(links.find, code) == ""
    await store.run(retention.forget_rest, first_at(NOW + DAY), NOW + 400 * DAY)
    assert [await store.look(count, table) for table in ("links", "link_clicks")] == [0, 0]
