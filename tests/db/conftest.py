"""The conformance suite's database: SQLite by default, TiDB under `make test-tidb`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import databases
from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.store import workspaces
from ticketflow.testing import FrozenClock


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run only where -m asks for them."""
    if not config.option.markexpr:
        for item in items:
            if item.get_closest_marker("slow") and "db" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="slow; run it with -m slow"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database."""
    opened = databases.migrated(tmp_path / "conformance.db", FrozenClock())
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
