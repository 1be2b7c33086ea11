"""How a schema is changed on TiDB: so that a change cut short can be run again, and texts compare byte by byte.

TiDB commits each statement of a migration by itself; a process that dies leaves the first of them behind.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

COLLATION = "CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
_MAKES = re.compile(r"\s*(CREATE TABLE|CREATE INDEX|CREATE UNIQUE INDEX|ALTER TABLE \S+ ADD COLUMN) (?!IF NOT EXISTS)")


@contextmanager
def repeatable(connection: Connection) -> Generator[None]:
    """Until the end of the block, what a statement makes and what is there already is left as it is."""
    event.listen(connection, "before_cursor_execute", _rewrite, retval=True)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", _rewrite)


def _rewrite(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    made = _MAKES.match(statement)
    if made is None:
        return statement, parameters
    written = f"{made[1]} IF NOT EXISTS {statement[made.end() :].rstrip()}"
    return f"{written} {COLLATION}" if made[1] == "CREATE TABLE" else written, parameters
