"""Rows in every table of a database at any revision: of every kind the least value, the most and the oddest."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from revision_harness import UNTOLD, revisions
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, Numeric, Table, select
from sqlalchemy.schema import Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.types import JSON

from ticketflow.db import Database
from ticketflow.db.tables import chunk, metadata
from ticketflow.db.types import LongText

LEAST, NULL, PLAIN, ODD, MOST = PLACES = range(5)
SMALL = (LEAST, NULL, ODD)
"""Rows that cost nothing to copy."""
WORDS = {place: f"lid 東京 grüße word{place}" for place in PLACES}
"""What full text knows each chunk by."""
ODD_TEXT = "Grüße 🙂👩‍🔧, 東京; 'quoted' \"twice\" \\ % :name NULL\r\nanother line\t"
ODD_JSON = {"b": 1, "a": 1.0, "z": [None, True, "東京 🙂", -0.0], "deep": {"y": 0.1, "x": 1e-300, "": []}}
TEXT, LONG_TEXT, BYTES = 16_000, 50_000, 1 << 20
"""The most: characters of four bytes that TiDB's TEXT holds, more than TEXT does, one artefact's part."""

Row = dict[str, Any]
Rows = dict[str, list[Row]]

MEANT: dict[str, Callable[[str, Row], Row]] = {}
"""By revision, what its migration means to make of a row of a table. Any other row stays as it is."""


def fill(database: Database, places: Sequence[int] = PLACES) -> Rows:
    """Rows in every table; what was written. No run in them is live, so the product leaves them alone."""
    tables = _tables(database)
    ids = {table.name for table in tables if "id" in table.c}
    written = {
        table.name: [{column.name: _value(table, column, place, ids) for column in table.c} for place in places]
        for table in tables
    }
    if "encoder" in written:
        written["encoder"] = []  # one that nobody knows would keep the chunks from being searched
    put(database, written)
    return written


def put(database: Database, rows: Rows) -> None:
    """Store rows, such as were read from another database of the same revision."""
    with database.write() as session:
        for table in _tables(database):
            if rows.get(table.name):
                session.execute(table.insert(), rows[table.name])
        terms = [(row["id"], row["terms"]) for row in rows[chunk.name]]
        database.dialect.chunks_changed(session.connection, [], terms)


def read(database: Database) -> Rows:
    """Every row of every table."""
    tables = _tables(database)
    with database.read() as session:
        return {table.name: [dict(row) for row in session.execute(select(table)).mappings()] for table in tables}


def told(rows: Rows) -> dict[str, list[str]]:
    """Rows to be compared: in one order, and with 1, 1.0 and True told apart."""
    return {name: sorted(repr(sorted(row.items())) for row in some) for name, some in rows.items()}


def meant(written: Rows, revision: str, now: str) -> Rows:
    """What is to have become of rows that were written at a revision."""
    known = revisions()
    for later in known[known.index(revision) + 1 : known.index(now) + 1]:
        change = MEANT.get(later, lambda _table, row: row)
        written = {name: [change(name, row) for row in rows] for name, rows in written.items()}
    return written


def assert_kept(wanted: Rows, found: Rows, *, others: bool = False) -> None:
    """Each row is there with its values; columns may be new and, where `others` wrote as well, rows."""
    for name, rows in wanted.items():
        there = told({name: [{column: row[column] for column in rows[0]} for row in found[name]]})[name]
        kept = told({name: rows})[name]
        assert set(kept) <= set(there) if others else kept == there, name


def keys(database: Database) -> dict[str, list[str]]:
    """The columns of each table's primary key."""
    return {table.name: [column.name for column in table.primary_key] for table in _tables(database)}


def _tables(database: Database) -> list[Table]:
    """The tables that are there, parents first, with the columns that are there and the types that we give them."""
    found = MetaData()
    with database.connection(writes=False) as connection:
        found.reflect(connection, only=lambda name, _: not name.startswith(UNTOLD))
    return [_typed(table) for table in found.sorted_tables]


def _typed(found: Table) -> Table:
    known = metadata.tables.get(found.name)
    columns: list[Column[Any]] = []
    for column in found.c:
        kind = known.c[column.name].type if known is not None and column.name in known.c else column.type
        columns.append(Column(column.name, kind, nullable=column.nullable, primary_key=column.primary_key))
    alone = [one for one in (*found.constraints, *found.indexes) if _is_unique(one)]
    unique = {column.name for one in alone for column in one.columns}
    return Table(found.name, MetaData(), *columns, info={"unique": unique})


def _is_unique(one: Any) -> bool:
    return isinstance(one, PrimaryKeyConstraint | UniqueConstraint) or (isinstance(one, Index) and one.unique)


def _value(table: Table, column: "Column[Any]", place: int, ids: set[str]) -> Any:
    if column.nullable and place == NULL:
        return None
    owner = table.name if column.name == "id" else column.name.removesuffix("_id")
    if owner in ids and not isinstance(column.type, Integer):
        return f"{owner}-{place}"  # one place's rows belong together, and foreign keys hold
    if column.name in table.info["unique"]:
        return place + 1 if isinstance(column.type, Integer) else f"{column.name}{place}"
    if column is table.c.get("terms"):
        return WORDS[place]
    if table.name == "chunk_counter":  # as many chunks as that are made room for
        return place + 1
    return _of_kind(column, place)


def _of_kind(column: "Column[Any]", place: int) -> Any:
    kind = column.type
    if isinstance(kind, JSON):
        return {LEAST: {}, ODD: ODD_JSON, MOST: [ODD_JSON] * 100}.get(place, {"a": [1, 1.5, "b"]})
    if column.name in ("vector", "second_vector"):
        least, most = np.array([], np.float16), np.array([65504, -65504, 6e-8, -0.0], np.float16)
        return {LEAST: least, MOST: most}.get(place, np.array([0.5, -0.25], np.float16)).tobytes()
    if isinstance(kind, LargeBinary):
        return {LEAST: b"", ODD: bytes(range(256)), MOST: bytes(range(256)) * (BYTES // 256)}.get(place, b"plain")
    if isinstance(kind, Boolean):
        return place in (ODD, MOST)
    if isinstance(kind, Integer):
        bits = 63 if isinstance(kind, BigInteger) else 31
        return {LEAST: -(2**bits), ODD: 0, MOST: 2**bits - 1}.get(place, 7)
    if isinstance(kind, Float | Numeric):
        return {LEAST: -1.7976931348623157e308, ODD: 0.1 + 0.2, MOST: 1.7976931348623157e308}.get(place, 1.0)
    length = getattr(kind, "length", None) or (LONG_TEXT if kind is LongText else TEXT)
    return {LEAST: "", ODD: ODD_TEXT[:length], MOST: "🙂" * length}.get(place, "plain"[:length])
