"""What operators are known not to take, as noted by who runs the platform: told to clients, honoured where it can.

Two codes change what is sent: `BLOCKED` refuses the message, `ALPHA` replaces a name that would be refused by a
number. The others are told only: nobody but the receiver's operator can act on them.
"""

from collections.abc import Collection

from msgspec import Struct

from depesza.core.lookup import carrier_of

CODES = ("ALPHA", "BAD_DLR", "BLOCKED", "CODING", "DLR", "FLASHONLY", "MSISDN")


class Restriction(Struct, frozen=True, kw_only=True):
    """One row; empty conditions fit everything."""

    id: int
    code: str
    """One of `CODES`."""
    country: str = ""
    """ISO code of the receiver."""
    prefix: str = ""
    """Digits the receiver begins with."""
    operators: tuple[str, ...] = ()
    """How the names of the operators begin whose ranges are meant; none: all."""
    messages: tuple[str, ...] = ()
    """Said to people."""
    substitution: str = ""
    """With `ALPHA`: the number that a name is replaced by."""

    def fits(self, digits: str, country: str) -> bool:
        """Tell whether a receiver is meant; `digits` are E.164 without plus."""
        if self.country not in ("", country) or not digits.startswith(self.prefix):
            return False
        return not self.operators or _is_one_of(carrier_of(digits), self.operators)


def _is_one_of(carrier: str, names: Collection[str]) -> bool:
    return carrier != "" and carrier.casefold().startswith(tuple(name.casefold() for name in names))


class Restrictions:
    """All rows, the oldest first."""

    def __init__(self, rows: Collection[Restriction]) -> None:
        self._rows = sorted(rows, key=lambda row: row.id)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def of(self, digits: str, country: str) -> list[Restriction]:
        """List what is known of a receiver."""
        return [row for row in self._rows if row.fits(digits, country)]

    def judge(self, digits: str, country: str, sender: str) -> tuple[str, str]:
        """Tell why a message is refused (a name of `core.refusals`, or empty), and from whom it leaves."""
        for row in self.of(digits, country):
            if row.code == "BLOCKED":
                return "barred", sender
            if row.code == "ALPHA" and not sender.lstrip("+").isdigit():
                if not row.substitution:
                    return "bad_sender", sender
                sender = row.substitution
        return "", sender
