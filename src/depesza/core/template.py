"""Texts with columns: `Hello #name#` merged with the rows of a receivers file. spec: ovh/4.4

A column is named between two hashes, in any case, with or without spaces around it. What names no column of
the row stays as it was written, so hashtags, lone hashes and `##` survive.
"""

from collections.abc import Mapping
from functools import lru_cache


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Give the form in which two names of a column are compared."""
    return name.strip().casefold()


class Template:
    """A text cut at its hashes once, to be filled for many rows."""

    __slots__ = ("_folded", "_pieces", "names", "text")

    def __init__(self, text: str) -> None:
        """Cut the text; every piece that stands between two hashes may be a name."""
        self.text = text
        self._pieces = text.split("#")
        # the first piece is before any hash and the last one has none behind it
        self._folded = ["", *map(fold, self._pieces[1:-1]), ""] if len(self._pieces) > 2 else []
        self.names = frozenset(filter(None, self._folded))
        """Folded names that a row may fill."""

    def fill(self, row: Mapping[str, str]) -> str:
        """Replace the columns that the row has; values are not searched for columns again."""
        if not self.names:
            return self.text
        values = {fold(column): value for column, value in row.items()}
        pieces, folded = self._pieces, self._folded
        out = [pieces[0]]
        place, last = 1, len(pieces) - 1
        while place <= last:
            name = folded[place]
            if name and name in values:
                out += values[name], pieces[place + 1]
                place += 2
            else:
                # not a column, so its closing hash may open the next name: "#sale for #name#"
                out += "#", pieces[place]
                place += 1
        return "".join(out)
