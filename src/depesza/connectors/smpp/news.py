"""What deliver_sm and data_sm tell: receipts with their habits, and texts that people wrote.

spec: carriers/C.1#10 #13 - #18, carriers/C.3
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime

import msgspec

from depesza.connectors.smpp.settings import Settings
from depesza.connectors.smpp.words import state_of
from depesza.core.model import FINAL, MICRO, Receipt, State
from depesza.wire import Malformed, udh
from depesza.wire.smpp.codec import message_octets
from depesza.wire.smpp.flags import has_udh, is_intermediate, is_receipt
from depesza.wire.smpp.habits import Habits
from depesza.wire.smpp.id_habits import SAME, Change
from depesza.wire.smpp.pdus import DataSm, DeliverSm
from depesza.wire.smpp.receipt import ReceiptText, read_receipt
from depesza.wire.smpp.tlvs import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

_SAMPLE = 16
"""Once the habits have settled, one receipt in so many is learnt from, to notice that a carrier changes."""
_FEW = 3
"""Ids looked up once the habits have settled."""
_FIXED: dict[str, tuple[Change, ...]] = {
    "same": (Change(),),
    "hex": (Change("hex-dec", width=0), Change("hex-dec", width=10)),
    "decimal": (
        Change("dec-hex", "lower", 0),
        Change("dec-hex", "upper", 0),
        Change("dec-hex", "lower", 8),
        Change("dec-hex", "upper", 8),
    ),
}
_TLVS = re.compile(r"\n\[id=(?P<id>[^ \]]*) state=(?P<state>\d*) error=(?P<error>[0-9a-f]*)\]$")


class Reader:
    """Reads receipts of one carrier and learns its habits."""

    def __init__(self, connector: int, settings: Settings, habits: bytes) -> None:
        self._connector = connector
        self._settings = settings
        self._fixed = _FIXED.get(settings.receipt_ids)
        self.habits = _read_habits(habits)
        self._ids_are_plain = False
        self._note_habits()
        self._matched = 0
        self._done = ("", 0)
        """The done date read last and its time: many receipts share a minute."""
        self._said: tuple[Habits, float, str] | None = None

    def receipt(self, pdu: DeliverSm | DataSm, now: int) -> Receipt | None:
        """Read a receipt, None when it is a text from a person.

        What esm_class calls a receipt is one, even if it says nothing that we understand.
        """
        esm_class = pdu.esm_class
        intermediate = is_intermediate(esm_class)
        marked = intermediate or is_receipt(esm_class)
        if has_udh(esm_class) and not marked:
            return None
        octets = _without_header(message_octets(pdu), esm_class)
        told, state, error = None, None, None
        if pdu.tlvs:
            told, state = RECEIPTED_MESSAGE_ID.of(pdu), MESSAGE_STATE.of(pdu)
            error = NETWORK_ERROR_CODE.of(pdu)
        said = read_receipt(octets, told, state, error, marked=marked)
        if said is None and not marked:
            return None
        detail = octets.decode("latin-1")
        if told is not None or state is not None or error is not None:
            detail += _tlvs(told, state, error)
        return self._report(said, intermediate, detail, now, pdu.source_addr)

    def matched(self, receipt: Receipt, remote: str, found: Collection[str]) -> bool:
        """Learn from a receipt whose message was found; tell whether that changed anything.

        `found` are all ids of its `remotes` that the store has, where the caller knows them.
        """
        habits = self.habits
        self._matched += 1
        as_usual = habits.settled and remote in receipt.remotes[:1]
        if as_usual and self._matched % _SAMPLE:
            return False
        said = _again(receipt.detail)
        if said is None:
            return False
        arrived = datetime.fromtimestamp(receipt.at / MICRO, UTC)
        self.habits = habits.learn(said, found or (remote,), arrived)
        self._note_habits()
        return self.habits is not habits

    def _note_habits(self) -> None:
        """Notice when ids come back as they were given, and dates may mean something else than before."""
        habits = self.habits
        sources = (habits.text_ids, habits.tlv_ids)
        self._ids_are_plain = (
            self._fixed is None and habits.settled and all(source.leader == SAME for source in sources)
        )
        self._done = ("", 0)

    def said(self) -> tuple[float, str]:
        """Tell the confidence and what was learnt, for people; made anew only when that changed."""
        if self._said is None or self._said[0] is not self.habits:
            self._said = (self.habits, self.habits.confidence, "; ".join(self.habits.describe()))
        return self._said[1:]

    def saw(self, remote: str) -> None:
        """Notice the form of an id in an answer."""
        if remote[:1] == "0":
            self.habits = self.habits.saw(remote)
            self._note_habits()

    def _report(self, said: ReceiptText | None, intermediate: bool, detail: str, now: int, receiver: str) -> Receipt:
        if said is None:
            return Receipt(self._connector, (), State.SENT, "", now, 0, detail, receiver)
        state, reason = state_of(said.state, said.err or "", self._settings.errors)
        if intermediate and state in FINAL and state is not State.DELIVERED:
            state, reason = State.PENDING, ""  # it is being tried again
        remotes = self._remotes(said)
        return Receipt(self._connector, remotes, state, reason, now, self._carrier_at(said), detail, receiver)

    def _remotes(self, said: ReceiptText) -> tuple[str, ...]:
        if self._ids_are_plain:
            first, second = said.tlv_id, said.text_id
            if first == second or not second:
                return (first,) if first else ()
            return (first, second) if first else (second,)
        if self._fixed is not None:
            found = [change.apply(one) for one in said.ids for change in self._fixed]
            return tuple(dict.fromkeys(one for one in found if one)) or said.ids
        habits = self.habits
        if habits.settled:
            return tuple(dict.fromkeys((*habits.likely(said), *said.ids)))[:_FEW]
        return habits.candidates(said)

    def _carrier_at(self, said: ReceiptText) -> int:
        raw = said.done_raw
        if raw is None:
            return 0
        if raw != self._done[0]:
            self._done = (raw, self._read_done(said))
        return self._done[1]

    def _read_done(self, said: ReceiptText) -> int:
        done = said.done_date
        if done is not None and done.tzinfo is None:
            zone = self._settings.zone
            done = done.replace(tzinfo=zone) if zone is not None else self.habits.done_at(said)
        return int(done.timestamp() * MICRO) if done is not None else 0


def _without_header(octets: bytes, esm_class: int) -> bytes:
    if not has_udh(esm_class):
        return octets
    try:
        return udh.unpack(octets)[1]
    except Malformed:
        return octets


def _tlvs(told: str | None, state: int | None, error: bytes | None) -> str:
    """Write what the TLVs say behind the text, so that the detail alone can be read again."""
    return f"\n[id={told or ''} state={'' if state is None else state} error={(error or b'').hex()}]"


def _again(detail: str) -> ReceiptText | None:
    """Read a receipt from its detail."""
    match = _TLVS.search(detail)
    if match is None:
        return read_receipt(detail.encode("latin-1", "replace"), marked=True)
    told, state = match["id"] or None, match["state"]
    text = detail[: match.start()].encode("latin-1", "replace")
    return read_receipt(text, told, int(state) if state else None, marked=True)


def _read_habits(data: bytes) -> Habits:
    """Read what was learnt; what an older version wrote and we cannot read is learnt anew."""
    try:
        return msgspec.json.decode(data, type=Habits) if data else Habits()
    except msgspec.DecodeError:
        return Habits()


def write_habits(habits: Habits) -> bytes:
    """Write what was learnt."""
    return msgspec.json.encode(habits)
