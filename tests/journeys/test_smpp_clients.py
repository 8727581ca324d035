"""Clients of others as customers over SMPP, through one list of steps: smpplib, smpp34 and the npm package `smpp`.

The third runs where there is node and scripts/install-node has put the package.
"""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import smpp34
import smpplib.client
import smpplib.exceptions
from msgspec import Struct
from smpp_road import NAME, PASSWORD, SENDER, platform, port_of, simulated

from depesza.wire import udh
from depesza.wire.smpp import status
from depesza.wire.smpp.tlvs import MESSAGE_PAYLOAD, RECEIPTED_MESSAGE_ID
from depesza.wire.smpp.tlvs import MESSAGE_STATE as STATE

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

HERE = Path(__file__).parent / "node"
NODE = shutil.which("node") if (HERE / "node_modules" / "smpp").is_dir() else None
PATIENCE = 30.0
LONG = b"abcdefghij" * 25
UDHI = 0x40


def step(to: str, octets: bytes, *, payload: bytes = b"", source: str = SENDER, **fields: int) -> dict[str, Any]:
    """Write one submit that asks for a receipt."""
    return {
        "source_addr_ton": 5, "source_addr": source, "dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": to,
        "registered_delivery": 1, "octets": octets.hex(), "payload": payload.hex(), "data_coding": 0, "esm_class": 0,
        **fields,
    }  # fmt: skip


STEPS = [
    step("33601020304", b"Bonjour \x05t\x05"),
    step("33601020305", "Привет".encode("utf-16-be"), data_coding=8),
    step("33601020306", udh.concat(9, 2, 1) + LONG[:153], esm_class=UDHI),
    step("33601020306", udh.concat(9, 2, 2) + LONG[153:], esm_class=UDHI),
    step("33601020307", b"", payload=b"plain text", data_coding=4),
    step("33601020901", b"Bonjour"),
    step("33601020304", b"Bonjour", source="Nobody"),
    step("33601020950", b"Oui ou non ?", source="38184", registered_delivery=0),
]
DELIVERED, UNDELIVERABLE = 2, 5
STATES = Counter({DELIVERED: 5, UNDELIVERABLE: 1})
NEWS = 7
TEXTS = {
    "33601020304": ["Bonjour été"], "33601020305": ["Привет"], "33601020306": [LONG.decode()],
    "33601020307": ["plain text"],
}  # fmt: skip


class Heard(Struct):
    """What a client was answered and told."""

    answers: list[tuple[int, str]]
    receipts: list[tuple[str, int]]
    """Id and message_state."""
    replies: list[tuple[str, str]]
    """Addresses of sender and receiver."""


Talk = Callable[[int], Awaitable[Heard]]


async def talk_smpp34(port: int) -> Heard:
    """Take the steps with smpp34."""
    client = smpp34.Client("127.0.0.1", port, NAME, PASSWORD, bind_type="TRX")
    session = await client.connect()
    heard = Heard([], [], [])
    for each in STEPS:
        fields = dict(each)
        to, octets, payload = fields.pop("destination_addr"), fields.pop("octets"), fields.pop("payload")
        tlvs = [smpp34.Tlv(MESSAGE_PAYLOAD.tag, bytes.fromhex(payload))] if payload else []
        answer = await session.submit_sm(to, bytes.fromhex(octets), tlvs=tlvs, **fields)
        heard.answers.append((answer.command_status, answer.message_id or ""))
    for _ in range(NEWS):
        pdu = await asyncio.wait_for(session.next(), 10)
        assert isinstance(pdu, smpp34.DeliverSmEvent)
        tlvs = {tlv.tag: tlv for tlv in pdu.tlvs}
        if pdu.esm_class & 0x3C:
            told = tlvs[RECEIPTED_MESSAGE_ID.tag].value.rstrip(b"\0").decode()
            heard.receipts.append((told, tlvs[STATE.tag].value[0]))
        else:
            heard.replies.append((pdu.source_addr, pdu.destination_addr))
    await session.unbind()
    await client.stop()
    return heard


async def talk_smpplib(port: int) -> Heard:
    """Take the steps with smpplib, which blocks."""
    return await asyncio.to_thread(_block, port)


def _block(port: int) -> Heard:
    heard = Heard([], [], [])
    client = smpplib.client.Client("127.0.0.1", port, timeout=10, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: _answered(heard, pdu))
    client.set_message_received_handler(lambda pdu: _told(heard, pdu))
    client.set_error_pdu_handler(lambda pdu: None)
    client.connect()
    client.bind_transceiver(system_id=NAME, password=PASSWORD)
    for each in STEPS:
        fields = dict(each)
        octets, payload = bytes.fromhex(fields.pop("octets")), bytes.fromhex(fields.pop("payload"))
        message = {"message_payload": payload} if payload else {"short_message": octets}
        count = len(heard.answers)
        client.send_message(**fields, **message)
        while len(heard.answers) == count:
            client.read_once(auto_send_enquire_link=False)
    while len(heard.receipts) + len(heard.replies) < NEWS:
        client.read_once(auto_send_enquire_link=False)
    client.unbind()
    client.disconnect()
    return heard


def _answered(heard: Heard, pdu: Any) -> None:
    heard.answers.append((pdu.status, (pdu.message_id or b"").decode()))


def _told(heard: Heard, pdu: Any) -> int:
    if pdu.receipted_message_id:
        heard.receipts.append((pdu.receipted_message_id.rstrip(b"\0").decode(), pdu.message_state))
    else:
        heard.replies.append((pdu.source_addr.decode(), pdu.destination_addr.decode()))
    return 0


async def talk_node(port: int) -> Heard:
    """Take the steps with the npm package."""
    assert NODE is not None
    given = json.dumps({"steps": STEPS, "news": NEWS})
    process = await asyncio.create_subprocess_exec(
        NODE, "smpp_customer.js", "127.0.0.1", str(port), NAME, PASSWORD, given, cwd=HERE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    found = json.loads(out)
    return Heard(*([tuple(row) for row in found[kind]] for kind in ("answers", "receipts", "replies")))


TALKS = {"smpplib": talk_smpplib, "smpp34": talk_smpp34} | ({"node": talk_node} if NODE else {})


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
async def test_one_list_of_steps(sqlite_url: str, talk: Talk) -> None:
    async with simulated() as simulator, platform(sqlite_url, simulator.port) as app:
        heard = await asyncio.wait_for(talk(port_of(app)), PATIENCE)
        codes = [code for code, _ in heard.answers]
        assert codes == [status.ROK] * 6 + [status.RINVSRCADR, status.ROK]
        asked = [id for code, id in heard.answers[:7] if not code]
        assert sorted(id for id, _ in heard.receipts) == sorted(asked)
        assert Counter(state for _, state in heard.receipts) == STATES
        assert heard.replies == [("33601020950", "38184")]
        for phone, texts in TEXTS.items():
            inbox = simulator.carrier.centre.phones.inbox(phone)
            assert [text.text for text in inbox] == texts
        assert app.smpp is not None and app.smpp.faults == 0
