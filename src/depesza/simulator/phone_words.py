"""What a simulated phone says: its SIM cards, its times, and how sending ends by the receiver's last digits."""

from datetime import UTC, datetime

from msgspec import Struct


class Card(Struct, frozen=True):
    """A SIM card."""

    number: str = "+40740000001"
    operator: str = "Orange"
    iccid: str = "8940100000000000001"

    def plain(self, place: int) -> dict[str, object]:
        """Write the card as the app does once it is registered."""
        return {
            "slotIndex": place - 1, "simNumber": place, "phoneNumber": self.number, "carrierName": self.operator,
            "iccid": self.iccid,
        }  # fmt: skip

    def redacted(self, place: int) -> dict[str, object]:
        """Write the card as the app does when it registers: only the last four characters of all."""
        shown = self.plain(place)
        return {name: _redacted(value) if isinstance(value, str) else value for name, value in shown.items()}


def _redacted(text: str) -> str:
    return "*" * len(text) if len(text) <= 4 else "*" * (len(text) - 4) + text[-4:]


class Fate(Struct, frozen=True):
    """How sending ends."""

    sentence: str = "Delivered."
    steps: tuple[tuple[str, str], ...] = (("Sent", ""), ("Delivered", ""))
    """What the phone reports after Processed, with errors."""
    sent: bool = True
    """Whether the text left the phone."""


def _failed(sentence: str, error: str, *before: str) -> Fate:
    return Fate(sentence, (*((state, "") for state in before), ("Failed", error)), bool(before))


FATES: dict[str, Fate] = {
    "981": _failed("The phone has no network.", "Send result: RESULT_ERROR_NO_SERVICE (4)"),
    "982": _failed(
        "The operator refuses it, for lack of credit perhaps.", "Send result: RESULT_ERROR_GENERIC_FAILURE (1)"
    ),
    "983": _failed("Android allows no more texts now.", "Send result: RESULT_ERROR_LIMIT_EXCEEDED (5)"),
    "984": _failed(
        "Sent; the receiver's network reports that it failed.", "Delivery result from SC +40740000099: 70", "Sent"
    ),
    "985": Fate("Sent; no delivery report ever comes.", (("Sent", ""),)),
    "986": Fate("Given to the radio, which never answers.", ()),
}
"""By the last three digits of the receiver; all other numbers get their text."""


def stamp(at: float) -> str:
    """Write a time as the app does: three decimals and an offset."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+00:00"


def unstamp(text: str) -> float:
    """Read a time."""
    return datetime.fromisoformat(text).timestamp()
