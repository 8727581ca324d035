"""Messages of SMSGate's API without phones: taken, listed, folded, taken back. spec: devices/9"""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.smsgate_world import OTHER, PHONE, Gate, gate_of

from depesza.core.model import State

pytestmark = pytest.mark.anyio


@pytest.fixture
async def gate(sqlite_url: str) -> AsyncIterator[Gate]:
    """The setting."""
    async with gate_of(sqlite_url) as gate:
        yield gate


async def test_a_message_is_taken_shown_and_delivered(gate: Gate) -> None:
    answer = await gate.ask("POST", "/messages", {"textMessage": {"text": "Hello"}, "phoneNumbers": [PHONE]})
    assert answer.status == 202, answer.text
    assert isinstance(answer.json, dict)
    name = answer.json["id"]
    assert answer.headers["Location"] == f"/api/3rdparty/v1/messages/{name}"
    (id,) = await gate.ids(name)
    await gate.desk.deliver(id)
    assert await gate.state(name) == "Delivered"
