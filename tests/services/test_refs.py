"""Submissions under ids of the client's own: taken, written down, priced, looked up; with files and limits."""

import msgspec
import pytest
from tests.store.world import ONE, POLICY, balance, furnished, submission
from tests.support import NOW

from depesza.core.facts import Account, Limits
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Channel, Extras, Submission
from depesza.core.pricing import Price
from depesza.services import attachments, audit, documents, lookups, refs, visitors
from depesza.services.attachments import File
from depesza.services.refs import Guard
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio
ANN, BOB = "+33601020304", "+33601020305"


def account(store: Store) -> Account:
    return store.facts.account[ONE]


async def send(
    store: Store, wanted: Submission, ref: str = "", comments: tuple[str, ...] = (), digest: str = "", now: int = NOW
) -> refs.Sent:
    return await store.run(
        refs.send, account(store), wanted, ref, comments, Guard(digest), Lanes(), POLICY, now
    )  # fmt: skip


async def put(tx: Tx, table: str, row: msgspec.Struct) -> None:
    tx.put(table, row)


async def test_receivers_are_written_down_under_the_id_the_refused_ones_too(store: Store) -> None:
    await furnished(store)
    wanted = submission(ANN, "123", ANN, texts=("a", "b", "c"), verbatim=True, each=True, judged={1: "bad_number"})
    sent = await send(store, wanted, "mine", ("x", "y", "z"))
    assert [(row.receiver, row.parts, row.refusal) for row in sent.rows] == [
        (ANN, 1, ""), ("123", 1, "bad_number"), (ANN, 1, ""),
    ]  # fmt: skip
    assert (sent.ref, sent.price, sent.balance) == ("mine", 2 * MICRO, 98 * MICRO)
    found = await store.look(refs.find, ONE, "mine", ANN)
    assert found is not None
    assert (found.id, found.comment) == (sent.rows[2].message, "z")
    assert await store.look(refs.called, ONE, "mine") == [(sent.rows[2].message, ANN), (sent.rows[1].message, "123")]
    assert await store.look(refs.called, ONE, "other") == []
    assert [(await send(store, submission())).ref for _ in range(2)] == ["1", "2"]


async def test_what_was_sent_a_moment_ago_is_not_sent_again(store: Store) -> None:
    await furnished(store)
    await send(store, submission(), digest="d")
    with pytest.raises(refs.Repeated):
        await send(store, submission(), digest="d")
    await send(store, submission(), digest="e")
    await send(store, submission(), digest="d", now=NOW + 60 * MICRO)
    assert await store.look(balance) == 97 * MICRO


async def test_a_price_is_told_and_nothing_kept(store: Store) -> None:
    lanes = await furnished(store)
    told = await store.run(refs.price, account(store), submission(ANN, BOB), Guard(), lanes, POLICY, NOW)
    assert (told.ref, told.price, [row.price for row in told.rows]) == ("", 2 * MICRO, [MICRO, MICRO])
    assert await store.look(balance) == 100 * MICRO
    assert (await send(store, submission())).ref == "1"


async def test_numbers_are_looked_up_as_far_as_there_is_a_price_and_money(store: Store) -> None:
    await furnished(store, credits=1)
    await store.run(put, "prices", Price(id=9, micro=600_000, prefix="33", channel=Channel.HLR))
    wanted = submission(ANN, "+41791234567", "123", channel=Channel.HLR, verbatim=True, judged={2: "bad_number"})
    sent = await send(store, wanted, "a")
    assert [row.refusal for row in sent.rows] == ["", "no_price", "bad_number"]
    assert (sent.price, sent.balance) == (600_000, 400_000)
    assert len(await store.look(lookups.listing, ONE)) == 1
    poor = await send(store, submission(BOB, channel=Channel.HLR, verbatim=True), "b")
    assert [row.refusal for row in poor.rows] == ["no_credits"]
    assert await store.look(refs.find, ONE, "b", BOB) is not None
    assert len(await store.look(lookups.listing, ONE)) == 1
    assert (await store.look(audit.audit, 0)).clean


async def test_hours_move_every_message_of_its_own_time(store: Store) -> None:
    await furnished(store, timezone="UTC")
    await store.run(put, "limits", Limits(account=ONE, hours="21-23"))
    hour = 3600 * MICRO  # it is 20:26:40
    opening = NOW + 33 * 60 * MICRO + 20 * MICRO
    wanted = submission(ANN, BOB, dues=(NOW, NOW + hour), expires=NOW + 2 * hour)
    await send(store, wanted, "a")
    rows = await store.look(_rows, "SELECT due, expires FROM messages ORDER BY id")
    end = opening + 2 * hour
    assert rows == [(opening, end), (NOW + hour, end)]


async def _rows(tx: Tx, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await tx.query(sql)]


async def test_files_become_documents(store: Store) -> None:
    await furnished(store)
    octets = bytes(range(256)) * 2048
    files = (File("a.bin", "application/octet-stream", octets), File("b", "", b""))
    wanted = submission(extras=Extras(partner=5), expires=NOW + MICRO)
    await store.run(
        attachments.send, account(store), wanted, files, "a", (), Guard(), Lanes(), POLICY, NOW
    )  # fmt: skip
    ((written,),) = await store.look(_rows, "SELECT extras FROM submissions")
    first, second = msgspec.json.decode(str(written), type=Extras).files
    assert (first.name, first.size, second.size) == ("a.bin", len(octets), 0)
    found = await store.look(documents.find, int(first.document), NOW)
    assert found is not None
    assert found.ready
    pages = [await store.look(documents.read_page, found.content, n) for n in range(found.pages)]
    assert b"".join(pages) == octets
    assert found.expires == NOW + MICRO + attachments.KEPT


async def test_a_visitor_has_a_day_and_a_picture(store: Store) -> None:
    await furnished(store)

    async def may(shown: str = "", now: int = NOW) -> bool:
        return await store.run(visitors.admit, ONE, "192.0.2.1", shown, 2, 1, now)

    assert [await may(), await may(), await may(), await may("12345")] == [True, True, False, False]
    await store.run(visitors.show, ONE, "192.0.2.1", 12345, NOW)
    assert [await may("12345"), await may("12345")] == [True, False]
    assert await may(now=NOW + 86_400 * MICRO)
