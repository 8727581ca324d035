"""smpplib as a client of the simulator: texts, parts, receipts, a reply, refusals."""

import asyncio
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.wire.smpp.status import RINVDSTADR, RINVPASWD

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

SHORT = "Bonjour, c'est l'été"
CYRILLIC = "Привет, как дела?"
LONG = "Le magasin ouvre à neuf heures et ferme à dix-neuf heures. " * 4


class Peer:
    """A blocking client, for a thread of its own."""

    def __init__(self, port: int) -> None:
        self.ids: list[str] = []
        self.statuses: list[int] = []
        self.receipts: list[Any] = []
        self.replies: list[Any] = []
        self.client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=True)
        self.client.set_message_sent_handler(self._sent)
        self.client.set_message_received_handler(self._received)
        self.client.connect()

    def note_refusals(self) -> None:
        """Keep the statuses of refused submits instead of raising."""
        self.client.set_error_pdu_handler(lambda pdu: self.statuses.append(pdu.status))

    def bind(self, password: str = "demo") -> None:
        self.client.bind_transceiver(system_id="demo", password=password)

    def send(self, to: str, text: str) -> int:
        parts, coding, esm_class = smpplib.gsm.make_parts(text)
        for part in parts:
            self.client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                source_addr="Shop",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                destination_addr=to,
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=1,
            )
        return len(parts)

    def hear(self, pdus: int) -> None:
        """Read so many PDUs."""
        for _ in range(pdus):
            self.client.read_once(auto_send_enquire_link=False)

    def leave(self) -> None:
        self.client.unbind()
        self.client.disconnect()

    def _sent(self, pdu: Any) -> None:
        if not pdu.status:  # refusals come here too
            self.ids.append(pdu.message_id.decode())

    def _received(self, pdu: Any) -> int:
        (self.receipts if pdu.receipted_message_id else self.replies).append(pdu)
        return 0


def _talk(port: int) -> Peer:
    peer = Peer(port)
    peer.bind()
    peer.note_refusals()
    parts = sum(peer.send("33601020304", text) for text in (SHORT, CYRILLIC, LONG))
    peer.hear(2 * parts)
    peer.send("33601020951", "Envoyez STOP")
    peer.hear(3)
    peer.send("33601020903", "x")
    peer.hear(1)
    peer.leave()
    return peer


async def test_smpplib_sends_and_hears_of_it() -> None:
    async with Simulator(SimulatorSettings(time_scale=0.02)) as simulator:
        peer = await asyncio.wait_for(asyncio.to_thread(_talk, simulator.port), 20)
        texts = [text.text for text in simulator.carrier.centre.phones.inbox("33601020304")]
        assert simulator.carrier.counts.faults == 0
    assert texts == [SHORT, CYRILLIC, LONG]
    # The C string in a TLV keeps its closing NUL there.
    told = [pdu.receipted_message_id.rstrip(b"\0").decode() for pdu in peer.receipts]
    assert sorted(told) == sorted(peer.ids) and len(told) == 5
    assert {pdu.message_state for pdu in peer.receipts} == {smpplib.consts.SMPP_MESSAGE_STATE_DELIVERED}
    assert [(pdu.source_addr, pdu.short_message) for pdu in peer.replies] == [(b"33601020951", b"STOP")]
    assert peer.statuses == [RINVDSTADR]


def _fail_to_bind(port: int) -> int:
    peer = Peer(port)
    with pytest.raises(smpplib.exceptions.PDUError) as caught:
        peer.bind("wrong")
    peer.client.disconnect()
    return int(caught.value.args[1])


async def test_smpplib_is_told_that_its_password_is_wrong() -> None:
    async with Simulator(SimulatorSettings()) as simulator:
        assert await asyncio.wait_for(asyncio.to_thread(_fail_to_bind, simulator.port), 20) == RINVPASWD
