"""What accounts tell of their senders, on both stores. spec: smsc/3.10"""

import pytest
from tests.store.world import ONE, TWO, furnished
from tests.support import NOW

from depesza.core.facts import Sender
from depesza.services import documents, retention, sender_forms, senders
from depesza.services.accounts import Unknown
from depesza.services.attachments import File
from depesza.store.contract import Conflict, Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio

SHOP = Sender(account=ONE, name="Shop", status="waitingValidation", description="a shop", created=NOW)
PAPER = File("proof.pdf", "application/pdf", b"x" * (documents.PAGE + 1))


async def test_a_sender_is_asked_for_with_a_form_and_papers(store: Store) -> None:
    await furnished(store)
    id = await store.run(sender_forms.create, SHOP, {"fio": "Ivan"}, [PAPER])
    assert store.facts.sender[ONE, "Shop"] == SHOP
    assert (await store.look(sender_forms.show, ONE))["Shop"] == sender_forms.Form(id, {"fio": "Ivan"})
    (paper,) = await store.look(documents.list_topic, ONE, senders.papers_of("Shop"), NOW)
    assert (paper.name, paper.size, paper.pages, paper.ready) == ("proof.pdf", len(PAPER.octets), 2, True)
    pages = [await store.look(documents.read_page, paper.content, n) for n in range(paper.pages)]
    assert b"".join(pages) == PAPER.octets
    with pytest.raises(Conflict):
        await store.run(sender_forms.create, SHOP, {}, [])
    assert await store.look(sender_forms.name_of, ONE, id) == "Shop"
    with pytest.raises(Unknown):
        await store.look(sender_forms.name_of, TWO, id)


async def test_more_is_told_and_who_was_refused_waits_again(store: Store) -> None:
    await furnished(store)
    await store.run(sender_forms.create, SHOP, {"fio": "Ivan"}, [])
    await store.run(senders.change, ONE, "Shop", {"status": "refused"})
    await store.run(sender_forms.change, ONE, "Shop", None, {"inn": "77"}, [PAPER], NOW)
    assert store.facts.sender[ONE, "Shop"] == SHOP
    assert (await store.look(sender_forms.show, ONE))["Shop"].fields == {"fio": "Ivan", "inn": "77"}
    await store.run(sender_forms.change, ONE, "MyApp", "usual", {}, [], NOW)
    assert store.facts.sender[ONE, "MyApp"].description == "usual"
    with pytest.raises(Unknown):
        await store.run(sender_forms.change, ONE, "Nobody", "", {}, [], NOW)


async def test_senders_of_the_operator_get_their_ids_when_they_are_listed(store: Store) -> None:
    await furnished(store)
    assert await store.look(sender_forms.show, ONE) == {}
    forms = await store.run(sender_forms.listing, ONE)
    assert await store.run(sender_forms.listing, ONE) == forms == await store.look(sender_forms.show, ONE)
    assert list(forms) == ["MyApp"]


async def test_forms_and_papers_go_with_their_sender(store: Store) -> None:
    await furnished(store)
    await store.run(sender_forms.create, SHOP, {}, [PAPER])
    await store.run(sender_forms.listing, ONE)
    await store.run(senders.delete, ONE, "Shop")
    assert list(await store.look(sender_forms.show, ONE)) == ["MyApp"]
    assert await store.look(documents.list_topic, ONE, senders.papers_of("Shop"), NOW) == []
    await store.run(_drop)
    await store.run(retention.forget_rest, NOW, NOW)
    assert await store.look(sender_forms.show, ONE) == {}


async def _drop(tx: Tx) -> None:
    tx.drop("senders", account=ONE, name="MyApp")
