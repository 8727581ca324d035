"""How long to wait before the next try: growing, with some chance in it so that many do not come at once.

spec: carriers/C.1#19 #23
"""

_FIRST_RETRY = 0.05
_LONGEST_RETRY = 2.0
_LONGEST_SHIFT = 16


def growing(tries: int, first: float, most: float, chance: float) -> float:
    """Give the seconds before try `tries` + 1: `first`, doubled each time up to `most`, less up to a third.

    `chance` is from 0 up to 1.
    """
    whole = min(first * 2.0 ** min(tries, _LONGEST_SHIFT), most)
    return float(whole * (1 - chance / 3))


def retry(tries: int, chance: float) -> float:
    """Give the seconds before a throttled part is tried again, after `tries` tries (from 1)."""
    return growing(tries - 1, _FIRST_RETRY, _LONGEST_RETRY, chance)
