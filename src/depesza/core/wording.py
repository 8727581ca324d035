"""Templates for moderation: texts that an operator approved beforehand, with free zones. spec: ovh/4.13

A text fits when the template's words stand in it in their order, from its first letter to its last, and each
`#VALUE#` stands for one letter at least. (Texts filled from lists are another matter: `core.template`.)
"""

from collections.abc import Iterable

ZONE = "#VALUE#"
ACTIVITIES = ("alerting", "authentification", "transactional")


class Pattern:
    """One template, cut at its zones."""

    def __init__(self, text: str) -> None:
        self._words = _plain(text).split(ZONE)

    def fits(self, text: str) -> bool:
        """Tell whether a text was made from it."""
        text = _plain(text)
        first, *others = self._words
        if not others:
            return text == first
        *middle, last = others
        if not text.startswith(first):
            return False
        place = len(first) + 1
        # a word found as early as can be leaves most room for the rest
        for word in middle:
            place = text.find(word, place)
            if place < 0:
                return False
            place += len(word) + 1
        return text.endswith(last) and len(text) - len(last) >= place


def _plain(text: str) -> str:
    """Give a text as templates see it: line breaks of one kind, no blanks around."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


class Patterns:
    """All templates that an account may use."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._all = [Pattern(text) for text in texts]

    def fits(self, text: str) -> bool:
        """Tell whether a text was made from one of them."""
        return any(pattern.fits(text) for pattern in self._all)
