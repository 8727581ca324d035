"""Messages that a carrier took a moment ago, in memory: most receipts come soon, and then need no reading.

Only a process that alone writes the database may keep them. Whatever moves a message by another way than its receipt
makes it forgotten here, and a row that is not here is in the tables.
"""

from depesza.store.rows import Row

MOST = 20_000
"""Messages kept: ten seconds of 2,000 a second."""


class Recent:
    """Rows of `find_remotes` from `id` on, by connector and remote id; each is given out once."""

    def __init__(self, most: int = MOST) -> None:
        """With `most` 0 nothing is kept."""
        self._most = most
        self._rows: dict[tuple[int, str], Row] = {}
        self._keys: dict[int, tuple[int, str]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def keep(self, connector: int, remote: str, row: Row) -> None:
        """Keep a message, in place of the oldest when there are too many."""
        rows = self._rows
        if len(rows) >= self._most:
            if not rows:
                return
            oldest = rows.pop(next(iter(rows)))
            self._keys.pop(oldest[0], None)
        key = (connector, remote)
        rows[key] = row
        self._keys[row[0]] = key

    def take(self, connector: int, remote: str) -> Row | None:
        """Give a message out, if it is here."""
        row = self._rows.pop((connector, remote), None)
        if row is not None:
            self._keys.pop(row[0], None)
        return row

    def forget(self, message: int) -> None:
        """Forget a message that moved by another way."""
        key = self._keys.pop(message, None)
        if key is not None:
            self._rows.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._keys.clear()
