"""What a carrier does to a message id between its submit response and its receipt, learnt from receipts.

An id may come back in another base, case or padding. `IdHabits` counts which changes fit the receipts seen;
from them it lists, for a receipt's id, the ids that the submit response may have had, and says which of those
found is meant and how sure that is. No value here is ever altered: learning gives a new one.
spec: carriers/C.1 rule 16, carriers/A row 2
"""

import re
from collections.abc import Collection, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Base = Literal["same", "hex-dec", "dec-hex"]
Case = Literal["same", "lower", "upper"]

_KEEP = -1
_NATURAL = 0
_WIDTHS = (8, 10, 12, 16, 20)
"""Zero-padded lengths that are tried before any was seen."""
_ENOUGH = 3
"""Votes that make a change trustworthy."""
_FULL = 20
"""Votes after which agreement teaches nothing new."""
_WINDOW = 40
"""Votes kept; then all are halved, so that a carrier may change its ways."""
_AMPLE = 10
"""Votes that can tell the right change from one that fits by chance, where ids are short and dense: the
right one fits nearly always, hexadecimal read as decimal in some 60 of 100."""
_LONG = 8
"""Ids of this length do not meet by chance."""

_HEX = re.compile(r"[0-9A-Fa-f]{1,16}")
_DEC = re.compile(r"[0-9]{1,20}")
_DIGITS = re.compile(r"[0-9A-Fa-f]{1,20}")
"""What may be a number at all; anything else, or longer, is opaque."""


class Change(Struct, frozen=True, gc=False, order=False):
    """One way from a receipt's id to the submit response's id."""

    base: Base = "same"
    case: Case = "same"
    """`lower` or `upper` letters of the result; for `dec-hex` never `same`."""
    width: int = _KEEP
    """-1 leaves the zeros alone, 0 takes those in front away, n pads to n digits."""

    def apply(self, receipt_id: str) -> str | None:
        """Make the submit id that this change would come from; None when the id has not the form for it."""
        if self.base == "same":
            return self._recased(receipt_id)
        if self.base == "hex-dec":
            result = str(int(receipt_id, 16)) if _HEX.fullmatch(receipt_id) else None
        else:
            result = format(int(receipt_id), "x") if _DEC.fullmatch(receipt_id) else None
        if result is None:
            return None
        return (result.upper() if self.case == "upper" else result).rjust(self.width, "0")

    def _recased(self, receipt_id: str) -> str | None:
        if self.case != "same":
            receipt_id = receipt_id.lower() if self.case == "lower" else receipt_id.upper()
        if self.width == _KEEP:
            return receipt_id
        if not _DIGITS.fullmatch(receipt_id):
            return None
        return (receipt_id.lstrip("0") or "0").rjust(self.width, "0")

    def describe(self) -> str:
        """Say it in words."""
        bases = {
            "same": "",
            "hex-dec": "decimal answers come back in hexadecimal",
            "dec-hex": "hexadecimal answers come back in decimal",
        }
        words = [bases[self.base]] if self.base != "same" else []
        if self.case != "same":
            words.append(f"answers have {self.case}-case letters")
        if self.width > 0:
            words.append(f"answers have {self.width} digits")
        elif self.width == _NATURAL and self.base == "same":
            words.append("answers have no leading zeros")
        return ", ".join(words) or "as given"


SAME = Change()
Vote = tuple[Change, int]


class Match(Struct, frozen=True, gc=False):
    """Which of the ids found is meant, and what to do about it."""

    submit_id: str | None
    """None: none of those found fits."""
    certain: bool = False
    """Take it now. Otherwise park the receipt, match it again when habits have settled, and take this one
    only when the time for parking is over."""
    rivals: tuple[str, ...] = ()
    """Others that were found and would fit by another change: the ambiguity to report."""


NOTHING = Match(None)


class IdHabits(Struct, frozen=True):
    """What was learnt about the ids of one source (text or TLV) of one carrier."""

    votes: tuple[Vote, ...] = ()
    """Each change with the receipts that it fits, the best first."""
    matched: int = 0
    """Receipts behind the votes."""
    missed: int = 0
    """Receipts of late whose message was not found."""
    widths: tuple[int, ...] = ()
    """Lengths seen of ids with leading zeros, beside the usual ones."""
    doubts: int = 0
    """Receipts that did not fit the leader since it is no longer counted, less those that did."""

    @property
    def leader(self) -> Change:
        """The change that fits most receipts; the identity before any was seen."""
        return self.votes[0][0] if self.votes else SAME

    @property
    def settled(self) -> bool:
        """Tell whether enough receipts agree: the moment to match parked receipts again."""
        return self.matched >= _AMPLE and self.votes[0][1] >= 0.8 * self.matched

    @property
    def confidence(self) -> float:
        """How far the leader can be relied on: 0 knows nothing, 1 is never reached."""
        count = self.votes[0][1] if self.votes else 0
        return count / (self.matched + self.missed + 2)

    def likely(self, receipt_id: str) -> str:
        """Give the one id to look up first."""
        return self.leader.apply(receipt_id) or receipt_id

    def candidates(self, receipt_id: str) -> tuple[str, ...]:
        """List the submit ids that this receipt may mean, the likeliest first, none twice."""
        return tuple(self._ranked(receipt_id))

    def match(self, receipt_id: str, found: Collection[str]) -> Match:
        """Choose among the candidates that the store has (`found` may hold other ids as well).

        Pass only messages whose receiver is the receipt's sender, where the carrier gives addresses:
        that alone rules out nearly all chance meetings. What has been learnt wins over the identity,
        the identity over what has not.
        """
        if len(found) == 1 and self._is_full and self.likely(receipt_id) in found:
            return Match(self.likely(receipt_id), certain=True)
        ranked = self._ranked(receipt_id)
        present = [candidate for candidate in ranked if candidate in found]
        if not present:
            return NOTHING
        best, rivals = present[0], tuple(present[1:])
        if self.has_habits:
            return Match(best, self._stands_out(receipt_id, best, bool(rivals), ranked), rivals)
        return Match(best, not rivals and (best == receipt_id or is_long(best)), rivals)

    def _stands_out(self, receipt_id: str, best: str, has_rivals: bool, ranked: dict[str, int]) -> bool:
        """Tell whether the votes leave no doubt, also against ids that may just not be recorded yet."""
        if self._is_full:
            return best == self.likely(receipt_id)
        others = max((count for candidate, count in ranked.items() if candidate != best), default=0)
        if ranked[best] < _ENOUGH or others > 0.7 * ranked[best]:
            return False
        return not has_rivals or self.matched >= _AMPLE

    @property
    def _is_full(self) -> bool:
        return self.matched >= _FULL and self.settled

    @property
    def has_habits(self) -> bool:
        """Tell whether some change can be trusted, be it one of several."""
        return bool(self.votes) and self.votes[0][1] >= _ENOUGH

    def learn(self, receipt_id: str, found: Collection[str]) -> "IdHabits":
        """Count which changes lead from a receipt's id to an id that the store has.

        One look-up may fit several changes; over many, the right one fits nearly always, others do not.
        """
        if self._is_full and found:
            return self._confirmed() if self.leader.apply(receipt_id) in found else self._doubted()
        wider = self
        for submit_id in found:
            wider = wider.saw(submit_id)
        explained = [(change, change.apply(receipt_id)) for change in wider._changes()]
        fitting = [(change, result) for change, result in explained if result in found]
        if not fitting or _says_nothing(fitting):
            return wider
        return wider._counted([change for change, _ in fitting])

    def _confirmed(self) -> "IdHabits":
        if not self.doubts and not self.missed:
            return self
        return replace(self, doubts=max(0, self.doubts - 1), missed=max(0, self.missed - 1))

    def _doubted(self) -> "IdHabits":
        """Doubt the leader; after ten times more doubts than fits, let the votes be counted again."""
        if self.doubts + 1 < _AMPLE:
            return replace(self, doubts=self.doubts + 1)
        votes = tuple((change, count // 4) for change, count in self.votes if count >= 4)
        return IdHabits(votes, self.matched // 4, self.missed, self.widths)

    def _counted(self, explained: list[Change]) -> "IdHabits":
        shift = 1 if self.matched >= _WINDOW else 0
        votes = {change: count >> shift for change, count in self.votes}
        for change in explained:
            votes[change] = votes.get(change, 0) + 1
        order = {change: place for place, change in enumerate(self._changes())}
        ranked = sorted(votes.items(), key=lambda vote: (-vote[1], order.get(vote[0], len(order))))
        kept = tuple(vote for vote in ranked if vote[1])
        return IdHabits(kept, (self.matched >> shift) + 1, max(0, self.missed - 1), self.widths)

    def miss(self) -> "IdHabits":
        """Count a receipt whose message was not found."""
        return replace(self, missed=min(self.missed + 1, _WINDOW))

    def saw(self, submit_id: str) -> "IdHabits":
        """Notice the length of a zero-padded id in a submit response; cheap, for every response."""
        width = len(submit_id)
        if submit_id[:1] != "0" or width in _WIDTHS or width in self.widths or len(self.widths) >= 4:
            return self
        if not _DIGITS.fullmatch(submit_id):
            return self
        return replace(self, widths=(*self.widths, width))

    def describe(self) -> str:
        """Say in one line what is known."""
        if not self.votes:
            return f"nothing learnt yet, {self.missed} not found"
        change, count = self.votes[0]
        return (
            f"{change.describe()} ({count} of the last {self.matched} matched, {self.missed} not found,"
            f" confidence {self.confidence:.0%})"
        )

    def _ranked(self, receipt_id: str) -> dict[str, int]:
        """Give each candidate with the votes of the best change that leads to it, the likeliest first."""
        scores: dict[str, int] = {}
        for change, count in self.votes:
            candidate = change.apply(receipt_id)
            if candidate is not None:
                scores.setdefault(candidate, count)
        for change in self._changes():
            candidate = change.apply(receipt_id)
            if candidate is not None:
                scores.setdefault(candidate, 0)
        if scores[receipt_id] < _ENOUGH > max(scores.values()):
            return {receipt_id: scores[receipt_id]} | scores  # nothing learnt yet: the identity leads
        return scores

    def _changes(self) -> Iterator[Change]:
        """Go through all changes, the plainest first: of two that explain the same, that one leads."""
        widths = (*self.widths, *_WIDTHS)
        yield SAME
        yield Change(case="lower")
        yield Change(case="upper")
        yield from _rebased(_NATURAL)
        yield Change(width=_NATURAL)
        for width in widths:
            yield Change(width=width)
            yield from _rebased(width)
        for width in (_NATURAL, *widths):
            yield Change(case="lower", width=width)
            yield Change(case="upper", width=width)


def _rebased(width: int) -> Iterator[Change]:
    yield Change("hex-dec", width=width)
    yield Change("dec-hex", "lower", width)
    yield Change("dec-hex", "upper", width)


def is_long(one: str) -> bool:
    """Tell whether an id is too long to be met by chance; zeros in front do not count."""
    return len(one.lstrip("0")) >= _LONG


def _says_nothing(fitting: list[tuple[Change, str | None]]) -> bool:
    """Tell whether an id (such as 7) is the same in another base."""
    plain = {result for change, result in fitting if change.base == "same"}
    return any(result in plain for change, result in fitting if change.base != "same")
