"""The longest beginning of a text that needs no more than so many parts. spec: smsc/2.1"""

from bisect import bisect_right

import regex

from depesza.wire.gsm import Encoding
from depesza.wire.segment import count, limits

_GRAPHEME = regex.compile(r"\X")


def cut(text: str, most: int, encoding: Encoding | None = None, extra: int = 0) -> str:
    """Cut a text so that it needs at most `most` parts, between graphemes.

    Where the first grapheme alone needs more, it is cut between characters, as parts are. `encoding` and `extra` are
    those of `segment.count`; without an encoding the beginning that is left may be GSM-7 where the whole was not.
    `Unencodable` as there.
    """

    def parts(end: int) -> int:
        return count(text[:end], encoding, extra=extra)[2]

    if parts(len(text)) <= most:
        return text
    fits = limits(Encoding.GSM7, extra=extra)[0] * most  # no encoding has more characters in a part
    window = text[: fits + 1]
    ends = [found.end() for found in _GRAPHEME.finditer(window)]
    kept = bisect_right(ends, most, key=parts)
    if kept:
        return text[: ends[kept - 1]]
    return text[: bisect_right(range(1, len(window) + 1), most, key=parts)]
