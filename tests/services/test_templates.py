"""Texts that accounts keep, and texts that operators are to know, on both stores. spec: smsc/3.8"""

import pytest
from tests.store.world import ONE, TWO, furnished
from tests.support import NOW

from depesza.services import operator_templates, templates
from depesza.services.accounts import Unknown
from depesza.services.operator_templates import OperatorTemplate
from depesza.services.templates import Template
from depesza.store.contract import Store

pytestmark = pytest.mark.anyio


async def test_a_text_is_kept_changed_and_forgotten(store: Store) -> None:
    await furnished(store)
    id = await store.run(templates.add, ONE, "sms", "greeting", "Hello", "MyApp", False)
    other = await store.run(templates.add, ONE, "", "below", "Yours", "", True)
    await store.run(templates.change, ONE, id, {"text": "Hi", "signature": True})
    assert await store.look(templates.find, ONE, id) == Template(id, "sms", "greeting", "Hi", "MyApp", True)
    assert [each.id for each in await store.look(templates.listing, ONE)] == [id, other]
    assert await store.look(templates.find, TWO, id) is None
    await store.run(templates.delete, ONE, id)
    for service, more in ((templates.change, ({"text": "x"},)), (templates.delete, ())):
        with pytest.raises(Unknown):
            await store.run(service, ONE, id, *more)  # type: ignore[arg-type]


def test_a_template_is_the_text_and_a_signature_stands_below_it() -> None:
    plain, below = [Template(1, "", "n", "Yours", "", signature) for signature in (False, True)]
    assert [plain.around(""), below.around("")] == ["Yours", "Yours"]
    assert [plain.around("Hello"), below.around("Hello")] == ["Hello", "Hello\nYours"]


async def test_texts_for_operators_are_listed_by_account_or_all(store: Store) -> None:
    await furnished(store)
    one = await store.run(operator_templates.add, ONE, "MyApp", "Code %w", ["mts_srv"], NOW)
    two = await store.run(operator_templates.add, TWO, "Shop", "Paid", [], NOW)
    first = OperatorTemplate(ONE, one, "MyApp", "Code %w", ("mts_srv",), NOW)
    assert await store.look(operator_templates.listing, ONE) == [first]
    assert await store.look(operator_templates.listing, 0) == [
        first,
        OperatorTemplate(TWO, two, "Shop", "Paid", (), NOW),
    ]
