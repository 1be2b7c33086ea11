"""The databases that tests run on: SQLite files, or databases of the TiDB that TICKETFLOW_TEST_DATABASE_URL names.

A test speaks of a path. On SQLite the database is that file; on TiDB the file holds the URL of a database on the
server, which goes back into a pool when its test is over: making one takes seconds, emptying one milliseconds.
"""

import os
import pickle
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from ticketflow.clock import Clock, SystemClock
from ticketflow.db import Database, migrations
from ticketflow.db.dialects import dialect_of

SERVER = os.environ.get("TICKETFLOW_TEST_DATABASE_URL") or None
on_sqlite_only = pytest.mark.skipif(SERVER is not None, reason="tells of SQLite's own ways")
on_tidb_only = pytest.mark.skipif(SERVER is None, reason="needs TiDB: make test-tidb, or TICKETFLOW_TEST_DATABASE_URL")

_idle: list[str] = []
_lent: dict[Path, str] = {}


def url(path: Path, *, empty: bool = False) -> str:
    """The URL of the database at `path`; a new one is migrated on TiDB unless it is to be `empty`, without tables."""
    if SERVER is None:
        return f"sqlite:///{path}"
    if not path.exists():
        _lent[path] = _made() if empty else _idle_one() or _migrated(_made())
        path.write_text(_lent[path])
    return path.read_text()


def open_at(path: Path, clock: Clock | None = None) -> Database:
    """The database at `path`, as it is."""
    return open_url(url(path), clock)


def open_url(named: str, clock: Clock | None = None) -> Database:
    """A database by its URL, as another process opens it."""
    return Database(named, dialect_of(named), clock)


def migrated(path: Path, clock: Clock | None = None) -> Database:
    """A new, migrated database at `path`."""
    if SERVER is None:
        path.write_bytes(_template())
    return open_at(path, clock)


def read(path: Path) -> bytes:
    """Everything in the database at `path`, for `write`."""
    if SERVER is None:
        return path.read_bytes()
    database = open_at(path)
    with database.engine.connect() as connection:
        rows = {table: connection.exec_driver_sql(f"SELECT * FROM `{table}`").all() for table in _tables(connection)}
    database.close()
    return pickle.dumps({table: [tuple(row) for row in found] for table, found in rows.items() if found})


def write(path: Path, content: bytes) -> None:
    """Make the database at `path` one that holds `content`."""
    if SERVER is None:
        path.write_bytes(content)
        return
    path.unlink(missing_ok=True)
    database = open_at(path)
    with database.engine.begin() as connection:
        for table, rows in pickle.loads(content).items():
            marks = ", ".join(["%s"] * len(rows[0]))
            connection.exec_driver_sql(f"INSERT INTO `{table}` VALUES ({marks})", rows)
    database.close()


def take_back(folder: Path) -> None:
    """Put the databases of a folder, and those whose file is gone, back into the pool."""
    for path in [path for path in _lent if path.is_relative_to(folder) or not path.exists()]:
        give_back(path)


def give_back(path: Path) -> None:
    """Put the database at `path` back into the pool before its test is over: for tests that need many, in turn."""
    named = _lent.pop(path, None)
    if named is None:
        return
    try:
        _emptied(named)
    except Exception:  # noqa: BLE001  a test may leave one in any state
        _admin().raw_connection().cursor().execute(f"DROP DATABASE IF EXISTS `{make_url(named).database}`")
    else:
        _idle.append(named)
    path.unlink(missing_ok=True)


def drop_all() -> None:
    """Leave nothing on the server."""
    for named in [*_idle, *_lent.values()]:
        with _admin().connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS `{make_url(named).database}`")
    _idle.clear()
    _lent.clear()


@cache
def _template() -> bytes:
    """A fresh SQLite database: migrating costs a hundred times what copying does."""
    with tempfile.TemporaryDirectory() as folder:
        made = open_url(f"sqlite:///{folder}/template.db", SystemClock())
        migrations.upgrade(made)
        made.close()
        return Path(folder, "template.db").read_bytes()


@cache
def _admin() -> Engine:
    assert SERVER is not None
    return dialect_of(SERVER).engine(SERVER)


@cache
def _numbers() -> Any:
    return iter(range(1_000_000))


def _idle_one() -> str | None:
    try:
        return _idle.pop()  # without a look before: threads of a test share the pool
    except IndexError:
        return None


def _made() -> str:
    assert SERVER is not None
    name = f"ticketflow_test_{os.getpid()}_{next(_numbers())}"
    with _admin().connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE `{name}`")
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def _migrated(named: str) -> str:
    database = open_url(named, SystemClock())
    migrations.upgrade(database)
    database.close()
    return named


def _tables(connection: Any) -> list[str]:
    # Those that others refer to come first.
    found = {str(row[0]) for row in connection.exec_driver_sql("SHOW TABLES")} - {"alembic_version"}
    first = ("workspace", "ticket", "article", "artefact", "intake_source", "webhook_endpoint", "channel")
    return [*first, *sorted(found.difference(first))]


def _emptied(named: str) -> None:
    database = open_url(named, SystemClock())
    try:
        migrations.check(database)
        with database.engine.connect() as connection:
            for table in reversed(_tables(connection)):
                connection.exec_driver_sql(f"DELETE FROM `{table}`")
            connection.commit()
    finally:
        database.close()
