"""The receipt autopilot: a carrier's habits, learnt from its first receipts instead of set by hand.

Before a receipt: `candidates(receipt)` are the ids to look up. After the look-up: `match(receipt, found)`
says which is meant; `learn(receipt, found, arrived)` gives the habits with this receipt counted, once a
receipt, matched or not.
The value is immutable, small, and kept by the connector between runs (msgspec writes and reads it).

There is no canonical form of an id to index by: `10` may be ten or sixteen until the base is known, and an
index made before that would have to be remade. A few candidates in one look-up do the same work.
spec: carriers/A row 2, carriers/C.3
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct
from msgspec.structs import replace

from depesza.wire.smpp.id_habits import NOTHING, IdHabits, Match, is_long
from depesza.wire.smpp.receipt import ReceiptText

_WINDOW = 20
_ENOUGH = 3
_QUARTER = 900
_EARLIEST = -48
_LATEST = 56
"""Quarter hours of the zones in use: UTC-12 to UTC+14."""
_SKEW = 240
"""Seconds that a carrier's clock may be ahead; what is left of a quarter hour may be the receipt's delay."""

Tally = tuple[tuple[str, int], ...]
Quarters = tuple[tuple[int, int], ...]


class Habits(Struct, frozen=True):
    """What is known of one carrier's receipts."""

    text_ids: IdHabits = IdHabits()
    """Ids in the text."""
    tlv_ids: IdHabits = IdHabits()
    """Ids in receipted_message_id."""
    forms: Tally = ()
    """Kinds of receipt among the first ones, the commonest first."""
    offsets: Quarters = ()
    """Quarter hours between the carrier's clock and UTC with their votes, the best first."""

    @property
    def settled(self) -> bool:
        """Tell whether some source of ids is understood: then parked receipts are worth another match."""
        return self.tlv_ids.settled or self.text_ids.settled

    @property
    def confidence(self) -> float:
        """How far matches can be relied on, by the better of both sources; under 1."""
        return max(self.tlv_ids.confidence, self.text_ids.confidence)

    @property
    def utc_offset(self) -> timedelta | None:
        """The zone of the carrier's dates; None until enough receipts agree."""
        total = sum(count for _, count in self.offsets)
        if total < _ENOUGH or self.offsets[0][1] < 0.6 * total:
            return None
        return timedelta(seconds=_QUARTER * self.offsets[0][0])

    def likely(self, receipt: ReceiptText) -> tuple[str, ...]:
        """Give the one or two ids to look up first: enough once habits have settled."""
        first = [self.tlv_ids.likely(receipt.tlv_id)] if receipt.tlv_id else []
        if receipt.text_id:
            first.append(self.text_ids.likely(receipt.text_id))
        return tuple(dict.fromkeys(first))

    def candidates(self, receipt: ReceiptText) -> tuple[str, ...]:
        """List all submit ids that the receipt may mean, the likeliest first, none twice."""
        ids = list(self.likely(receipt))
        if receipt.tlv_id:
            ids += self.tlv_ids.candidates(receipt.tlv_id)
        if receipt.text_id:
            ids += self.text_ids.candidates(receipt.text_id)
        return tuple(dict.fromkeys(ids))

    def match(self, receipt: ReceiptText, found: Collection[str]) -> Match:
        """Choose among the candidates found, by the source that is understood, the TLV before the text.

        While neither is understood, an id that two differing sources could both mean is not certain.
        """
        by_tlv = self.tlv_ids.match(receipt.tlv_id, found) if receipt.tlv_id else NOTHING
        by_text = self.text_ids.match(receipt.text_id, found) if receipt.text_id else NOTHING
        if not receipt.ids_disagree:
            return by_tlv if by_tlv.certain or by_text.submit_id is None else by_text
        if self.tlv_ids.has_habits != self.text_ids.has_habits:
            known, other = (by_tlv, by_text) if self.tlv_ids.has_habits else (by_text, by_tlv)
            return known if known.submit_id else Match(other.submit_id, rivals=other.rivals)
        joined = _joined(by_tlv, by_text)
        if self.tlv_ids.has_habits or is_long(joined.submit_id or ""):
            return joined
        return replace(joined, certain=False)

    def learn(self, receipt: ReceiptText, found: Collection[str], arrived: datetime) -> "Habits":
        """Count a receipt and the candidates found for it; `arrived` is an aware time.

        Gives the same value back when there is nothing new, so that it need not be written again. Once
        settled, one receipt in sixteen is enough to notice that a carrier changes.
        """
        text_ids = self.text_ids.learn(receipt.text_id, found) if receipt.text_id else self.text_ids
        tlv_ids = self.tlv_ids.learn(receipt.tlv_id, found) if receipt.tlv_id else self.tlv_ids
        forms, offsets = self._forms_with(receipt), self._offsets_with(receipt, arrived)
        if text_ids is self.text_ids and tlv_ids is self.tlv_ids and forms is self.forms and offsets is self.offsets:
            return self
        return Habits(text_ids, tlv_ids, forms, offsets)

    def miss(self, receipt: ReceiptText) -> "Habits":
        """Count a receipt whose message was not found."""
        return replace(
            self,
            text_ids=self.text_ids.miss() if receipt.text_id else self.text_ids,
            tlv_ids=self.tlv_ids.miss() if receipt.tlv_id else self.tlv_ids,
        )

    def saw(self, submit_id: str) -> "Habits":
        """Notice the form of an id in a submit response; gives the same value back nearly always."""
        if submit_id[:1] != "0":
            return self
        text_ids, tlv_ids = self.text_ids.saw(submit_id), self.tlv_ids.saw(submit_id)
        if text_ids is self.text_ids and tlv_ids is self.tlv_ids:
            return self
        return replace(self, text_ids=text_ids, tlv_ids=tlv_ids)

    def done_at(self, receipt: ReceiptText) -> datetime | None:
        """Give the receipt's done date as an aware time; None where the zone is neither told nor learnt."""
        done = receipt.done_date
        if done is None or done.tzinfo is not None:
            return done
        offset = self.utc_offset
        return None if offset is None else done.replace(tzinfo=timezone(offset))

    def describe(self) -> tuple[str, ...]:
        """Say what is known, a line each: ids of both sources, text, clock."""
        offset = self.utc_offset
        forms = ", ".join(f"{form} ({count})" for form, count in self.forms)
        return (
            f"ids in the text: {self.text_ids.describe()}",
            f"ids in the TLV: {self.tlv_ids.describe()}",
            f"receipts: {forms or 'none yet'}",
            "clock: " + (str(timezone(offset)) if offset is not None else "zone not known yet"),
        )

    def _forms_with(self, receipt: ReceiptText) -> Tally:
        if sum(count for _, count in self.forms) >= _WINDOW:
            return self.forms
        votes = dict(self.forms)
        form = _form(receipt)
        votes[form] = votes.get(form, 0) + 1
        return tuple(sorted(votes.items(), key=lambda vote: -vote[1]))

    def _offsets_with(self, receipt: ReceiptText, arrived: datetime) -> Quarters:
        quarters = _quarters(receipt.done_date, arrived)
        if quarters is None:
            return self.offsets
        total = sum(count for _, count in self.offsets)
        if total >= _WINDOW and self.offsets[0] == (quarters, total):
            return self.offsets
        shift = 1 if total >= _WINDOW else 0
        votes = {known: count >> shift for known, count in self.offsets if count >> shift}
        votes[quarters] = votes.get(quarters, 0) + 1
        return tuple(sorted(votes.items(), key=lambda vote: -vote[1]))


def _joined(by_tlv: Match, by_text: Match) -> Match:
    """Join what two sources say; where they lead apart, each is the other's rival."""
    if by_tlv.submit_id is None or by_text.submit_id is None:
        return by_text if by_tlv.submit_id is None else by_tlv
    if by_tlv.submit_id == by_text.submit_id:
        return by_tlv if by_tlv.certain else by_text
    first, second = (by_text, by_tlv) if by_text.certain and not by_tlv.certain else (by_tlv, by_text)
    rivals = (second.submit_id or "", *first.rivals, *second.rivals)
    return Match(first.submit_id, False, tuple(dict.fromkeys(rivals)))


def _form(receipt: ReceiptText) -> str:
    ids = "+".join(name for name, one in (("TLV", receipt.tlv_id), ("text", receipt.text_id)) if one)
    dates = f", dates of {len(receipt.done_raw)}" if receipt.done_raw else ", no dates"
    return f"{receipt.form}, id in {ids or 'neither'}{dates}"


def _quarters(done: datetime | None, arrived: datetime) -> int | None:
    """Measure a naive date against the arrival; a receipt is late rather than early."""
    if done is None or done.tzinfo is not None:
        return None
    ahead = (done.replace(tzinfo=UTC) - arrived).total_seconds()
    quarters = int((ahead + _QUARTER - _SKEW) // _QUARTER)
    return quarters if _EARLIEST <= quarters <= _LATEST else None
