"""An SQLite database as SQL text: what it holds can be read, and compared line by line.

The full-text index is left to SQLite: it is made anew from the rows that it speaks of.
"""

import sqlite3
from collections.abc import Iterator

INDEXED = "chunk_fts"
"""The virtual table of full text. SQLite keeps tables of its own behind it, whose names begin with this."""


def dump(database: sqlite3.Connection) -> Iterator[str]:
    """Statements that make the same database, rows before the triggers that would multiply them."""
    made = [
        (str(kind), str(name), str(statement))
        for kind, name, statement in database.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        )
    ]
    tables = [(name, statement) for kind, name, statement in made if kind == "table" and not name.startswith(INDEXED)]
    yield "PRAGMA foreign_keys = OFF"
    yield "BEGIN"
    yield from (statement for _, statement in tables)
    for name, _ in tables:
        yield from _rows(database, name)
    if any("AUTOINCREMENT" in statement for _, statement in tables):
        yield "DELETE FROM sqlite_sequence"
        yield from _rows(database, "sqlite_sequence")
    yield from (statement for kind, _, statement in made if kind == "index")
    for kind, name, statement in made:
        if kind == "table" and name == INDEXED:
            yield statement
            yield f"INSERT INTO {INDEXED} ({INDEXED}) VALUES ('rebuild')"
    yield from (statement for kind, _, statement in made if kind == "trigger")
    yield "COMMIT"


def _rows(database: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [str(row[1]) for row in database.execute(f'PRAGMA table_info("{table}")')]
    quoted = " || ', ' || ".join(f'quote("{column}")' for column in columns)
    for (values,) in database.execute(f'SELECT {quoted} FROM "{table}" ORDER BY rowid'):
        yield f'INSERT INTO "{table}" VALUES ({values})'
