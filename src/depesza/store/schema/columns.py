"""The few kinds of columns that there are, the same in both databases."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, SmallInteger, Text

metadata = MetaData()
"""All tables."""

WHOLE = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes a key its row's own address only when its type is spelt INTEGER."""


def whole(name: str, *, key: bool = False, before: str | None = None) -> Column[int]:
    """Declare a whole number; `before` is its value in rows that are older than the column."""
    return Column(name, WHOLE, primary_key=key, nullable=False, autoincrement=False, server_default=before)


def small(name: str, *, key: bool = False, before: str | None = None) -> Column[int]:
    """Declare a flag, a state or a short count."""
    return Column(name, SmallInteger, primary_key=key, nullable=False, autoincrement=False, server_default=before)


def words(name: str, *, key: bool = False, null: bool = False, before: str | None = None) -> Column[str]:
    """Declare a text."""
    return Column(name, Text, primary_key=key, nullable=null, server_default=before)


def octets(name: str) -> Column[bytes]:
    """Declare octets, perhaps none."""
    return Column(name, LargeBinary, nullable=True)
