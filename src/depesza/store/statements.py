"""The SQL of the store, read from `queries/*.sql` and completed for one database.

A statement with `values:` takes many rows at once. The text stands once; in front of it each driver puts the virtual
table `v`: for SQLite a VALUES list with parameters (one step of the engine, so the interpreter's lock is released
once for the whole list), for PostgreSQL `unnest` over one array a column.
"""

import re
from functools import cache
from importlib import resources
from typing import Literal

from msgspec import Struct
from sqlalchemy import BigInteger, Integer, LargeBinary

from depesza.store import schema

Database = Literal["sqlite", "pg"]

PARAMETER = re.compile(r"\?(\d+)")
"""A numbered parameter, as the queries write it."""
_V = re.compile(r"\bFROM v\b")
_ONLY = re.compile(r"/\*(pg|sqlite) (.*?)\*/", re.DOTALL)
_HEADER = re.compile(r"^-- (name|values|columns): *(.*)$")


class Statement(Struct, frozen=True):
    """One named statement, completed for a database."""

    name: str
    sql: str
    values: tuple[tuple[str, str], ...] = ()
    """Name and type of each column of `v`."""
    columns: tuple[str, ...] = ()
    insert: str = ""
    """The table, when it is a plain insert."""


def _parse(source: str, database: Database) -> dict[str, Statement]:
    found: dict[str, Statement] = {}
    for block in source.split("-- name:")[1:]:
        heads: dict[str, str] = {}
        body: list[str] = []
        for line in ("-- name:" + block).splitlines():
            head = _HEADER.match(line)
            if head:
                heads[head[1]] = head[2].strip()
            elif not line.startswith("--"):
                body.append(line)
        text = _ONLY.sub(lambda only: only[2] if only[1] == database else "", "\n".join(body).strip())
        if database == "pg":
            text = PARAMETER.sub(r"$\1", text)
        values = tuple(
            (name, kind) for name, kind in (item.split() for item in heads.get("values", "").split(",") if item)
        )
        columns = tuple(item.strip() for item in heads.get("columns", "").split(",") if item)
        found[heads["name"]] = Statement(heads["name"], text, values, columns)
    return found


def _pg_type(kind: object) -> str:
    if isinstance(kind, (BigInteger, Integer)):
        return "bigint"
    return "bytea" if isinstance(kind, LargeBinary) else "text"


def _insert(name: str, conflict: str) -> Statement:
    table = schema.metadata.tables[name]
    values = tuple((column.name, _pg_type(column.type)) for column in table.columns)
    return Statement(name, conflict, values, insert=name)


@cache
def load(database: Database) -> dict[str, Statement]:
    """Read all statements, completed for `database`."""
    found = {name: _insert(name, conflict) for name, conflict in schema.INSERTS.items()}
    for name in ("hot.sql", "work.sql", "lists.sql", "devices.sql"):
        source = resources.files("depesza.store").joinpath("queries", name).read_text("utf-8")
        found |= _parse(source, database)
    return found


@cache
def sqlite_text(statement: Statement, rows: int) -> str:
    """Write the statement for `rows` rows with parameters in their order; a query's rows become one JSON value."""
    width = len(statement.values)
    group = "(" + ",".join("?" * width) + ")"
    tuples = ",".join([group] * rows)
    if statement.insert:
        names = ", ".join(name for name, _ in statement.values)
        return f"INSERT INTO {statement.insert} ({names}) VALUES {tuples} {statement.sql}"
    # not a WITH clause in front: the driver counts rows only of statements that begin with their verb
    columns = ", ".join(f"column{n} AS {name}" for n, (name, _) in enumerate(statement.values, 1))
    text = _V.sub(f"FROM (SELECT {columns} FROM (VALUES {tuples})) AS v", statement.sql) if rows else statement.sql
    if not statement.columns:
        return text
    wanted = ", ".join(statement.columns)
    return f"SELECT json_group_array(json_array({wanted})) FROM ({text})"


@cache
def pg_text(statement: Statement) -> str:
    """Write the statement with `v` made from one array a column."""
    arrays = ", ".join(f"${n}::{kind}[]" for n, (_, kind) in enumerate(statement.values, 1))
    names = ", ".join(name for name, _ in statement.values)
    if statement.insert:
        return f"INSERT INTO {statement.insert} ({names}) SELECT * FROM unnest({arrays}) AS v({names}) {statement.sql}"
    return f"WITH v AS (SELECT * FROM unnest({arrays}) AS v({names})) {statement.sql}"
