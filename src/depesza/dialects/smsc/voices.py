"""Who speaks in a call, and how often it rings. spec: smsc/2.1"""

import re

from msgspec import Struct

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.codes import PARAMETERS

VOICE = "m3"
"""Who speaks unless another is asked for."""
_VOICE = re.compile(r"([mw][234]?)(?:,\s*([A-Za-z]{2,3}(?:-[A-Za-z]{2})?))?")
_NUMBER = re.compile(r"[0-9]{1,4}")


class Ring(Struct, frozen=True, gc=False):
    """How a call is tried."""

    seconds: int = 25
    """How long it rings."""
    pause: int = 0
    """Seconds between tries; 0 for pauses that grow from 3 to 14."""
    tries: int = 8


USUAL = Ring()


def read_voice(text: str) -> str:
    """Read a voice, with a language behind a comma (`m`, `w2,en`)."""
    if not text:
        return VOICE
    found = _VOICE.fullmatch(text.strip())
    if found is None:
        raise Refused(*PARAMETERS)
    return f"{found[1]},{found[2].lower()}" if found[2] else found[1]


def read_ring(text: str) -> Ring:
    """Read `w,i,n`; what is empty or missing is as usual, and so is all of it when one value is impossible."""
    if not text:
        return USUAL
    values = [part.strip() for part in text.split(",")]
    if len(values) > 3 or any(value and not _NUMBER.fullmatch(value) for value in values):
        return USUAL
    seconds, pause, tries = (int(value) if value else None for value in [*values, "", ""][:3])
    if (seconds or 0) > 99 or (pause or 0) > 3600 or (tries or 0) > 9:
        return USUAL
    return Ring(
        seconds=25 if seconds is None else min(max(seconds, 10), 35),
        pause=0 if pause is None else max(pause, 10),
        tries=8 if tries is None else max(tries, 1),
    )
