"""Databases of earlier revisions: filled table by table, or as a release left them (tools/keep_database.py)."""

import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, Numeric, Table, Text, select
from sqlalchemy.types import JSON

import databases
from ticketflow.clock import Clock, SystemClock
from ticketflow.db import Database, migrations
from ticketflow.db.tables import chunk, metadata
from ticketflow.db.types import Json

KEPT = Path(__file__).parent / "kept"
TEXT = "Grüße 🙂, 東京; 'quoted' \"twice\" \\ and\nanother line"
VALUES = {"a": 1.0, "b": 1, "z": [None, True, "東京"], "k": {"y": 0.1, "x": 1e-300}}
OURS = ("alembic_version", "chunk_fts", "chunk_term", "chunk_change", "sqlite_")
ROWS = 3

Rows = dict[str, list[dict[str, Any]]]


def revisions() -> list[str]:
    """Every revision but the newest, oldest first."""
    config = AlembicConfig()
    config.set_main_option("script_location", migrations.SCRIPTS)
    config.set_main_option("path_separator", "os")
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][:0:-1]


def at_revision(path: Path, revision: str, clock: Clock | None = None) -> Database:
    """An empty database at a revision."""
    database = databases.open_url(databases.url(path, empty=True), clock or SystemClock())
    migrations.upgrade(database, revision)
    return database


def tables_of(database: Database) -> list[Table]:
    """The tables that are there, parents first, with the columns that are there and the types that we give them."""
    found = MetaData()
    with database.connection(writes=False) as connection:
        found.reflect(connection, only=lambda name, _: not name.startswith(OURS))
    made = MetaData()
    for table in found.sorted_tables:
        known = metadata.tables.get(table.name)
        columns = []
        for column in table.columns:
            kind = known.c[column.name].type if known is not None and column.name in known.c else column.type
            columns.append(Column(column.name, kind, nullable=column.nullable, primary_key=column.primary_key))
        Table(table.name, made, *columns)
    order = [table.name for table in found.sorted_tables]
    parents = {
        table.name: [(list(key.column_keys), key.referred_table.name, [one.column.name for one in key.elements])
                     for key in table.foreign_key_constraints]
        for table in found.sorted_tables
    }  # fmt: skip
    for name in order:
        made.tables[name].info["parents"] = parents[name]
    return [made.tables[name] for name in order]


def fill(database: Database) -> Rows:
    """Rows in every table, with values of every kind; what was written."""
    written: Rows = {}
    numbers = itertools.count(1)
    tables = tables_of(database)
    with database.write() as session:
        for table in tables:
            rows = [_row(table, written, place, numbers) for place in range(ROWS)]
            session.execute(table.insert(), rows)
            written[table.name] = rows
    return written


def read(database: Database) -> Rows:
    """Every row of every table."""
    tables = tables_of(database)
    with database.read() as session:
        return {table.name: [dict(row) for row in session.execute(select(table)).mappings()] for table in tables}


def columns(database: Database) -> set[tuple[str, str, str]]:
    """Every column with its table and type."""
    found = MetaData()
    with database.connection(writes=False) as connection:
        found.reflect(connection)
    return {(table.name, column.name, str(column.type)) for table in found.tables.values() for column in table.columns}


def restored(path: Path, revision: str, clock: Clock) -> Database:
    """The kept database of a revision, on the database that is tested."""
    content = gzip.decompress((KEPT / f"{revision}.db.gz").read_bytes())
    if databases.SERVER is None:
        path.write_bytes(content)
        return databases.open_at(path, clock)
    file = path.with_suffix(".kept")
    file.write_bytes(content)
    source = databases.open_url(f"sqlite:///{file}", clock)
    target = at_revision(path, revision, clock)
    rows, tables = read(source), tables_of(target)
    with target.write() as session:
        for table in tables:
            if rows[table.name]:
                session.execute(table.insert(), rows[table.name])
        terms = [(row["id"], row["terms"]) for row in rows[chunk.name]]
        target.dialect.chunks_changed(session.connection, [], terms)
    source.close()
    return target


def _row(table: Table, written: Rows, place: int, numbers: Iterator[int]) -> dict[str, Any]:
    row = {column.name: _value(column, place, next(numbers)) for column in table.columns}
    for columns, parent, referred in table.info["parents"]:
        row |= {mine: written[parent][place][theirs] for mine, theirs in zip(columns, referred, strict=True)}
    return row


def _value(column: "Column[Any]", place: int, number: int) -> Any:
    if column.nullable and place == 1:
        return None
    kind = column.type
    if isinstance(kind, JSON) or kind is Json:
        return VALUES if place else {}
    if column.name == "vector":
        return np.array([0.5, -0.25, number], np.float16).tobytes()
    if isinstance(kind, LargeBinary):
        return bytes([0, 255, number % 256])
    if isinstance(kind, Boolean):
        return bool(place % 2)
    if isinstance(kind, (BigInteger, Integer)):
        return number
    if isinstance(kind, (Float, Numeric)):
        return number + 0.1
    if isinstance(kind, Text):
        return TEXT * (1 + 40 * place)
    length = getattr(kind, "length", None) or 190
    return f"{column.name}-{number}"[-length:] if place else f"ü{number}"[-length:]
