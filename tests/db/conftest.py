"""The conformance suite's databases: each test that takes `database` runs on every one of them."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ticketflow.db import Database, migrations
from ticketflow.db.sqlite import SQLite
from ticketflow.domain import Workspace
from ticketflow.store import workspaces
from ticketflow.testing import FrozenClock


@cache
def _migrated() -> bytes:
    """A fresh SQLite database: migrating costs a hundred times what copying does."""
    with tempfile.TemporaryDirectory() as folder:
        made = Database(f"sqlite:///{folder}/template.db", SQLite(), FrozenClock())
        migrations.upgrade(made)
        made.close()
        return Path(folder, "template.db").read_bytes()


def _sqlite(folder: Path) -> Database:
    path = folder / "conformance.db"
    path.write_bytes(_migrated())
    return Database(f"sqlite:///{path}", SQLite(), FrozenClock())


DATABASES = {"sqlite": _sqlite}


@pytest.fixture(params=list(DATABASES))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database."""
    opened = DATABASES[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def workspace(database: Database) -> Workspace:
    """A workspace in it."""
    with database.write() as session:
        return workspaces.ensure(session, "acme")


@pytest.fixture
def other(database: Database) -> Workspace:
    """A second workspace, whose rows must never be seen or changed from the first."""
    with database.write() as session:
        return workspaces.ensure(session, "rival")
