"""The schema: built by migrations, the same as the tables that the code speaks of, and refused when it is another."""

from collections.abc import Iterator
from pathlib import Path

import process_harness
import pytest
import revision_harness
from revision_harness import SEARCH
from sqlalchemy import inspect, text

import databases
from ticketflow.db import Database, migrations
from ticketflow.db.tables import metadata
from ticketflow.errors import MigrationNeeded
from ticketflow.store import workspaces
from ticketflow.testing import FrozenClock


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    path = tmp_path / "empty.db"
    opened = databases.open_url(databases.url(path, empty=True), FrozenClock())
    yield opened
    opened.close()


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
    return {name for name in names if not name.startswith("chunk_fts")}


def test_from_empty_to_head(empty: Database) -> None:
    assert migrations.current(empty) is None
    migrations.upgrade(empty)
    assert migrations.current(empty) == migrations.head()
    migrations.check(empty)
    assert tables(empty) == {*metadata.tables, *SEARCH, "alembic_version"}


def test_upgrading_again_changes_nothing(database: Database) -> None:
    with database.write() as session:
        made = workspaces.ensure(session, "acme")
    migrations.upgrade(database)
    migrations.check(database)
    with database.read() as session:
        assert workspaces.get(session, made.id) == made


def test_what_is_migrated_is_what_the_code_speaks_of(database: Database) -> None:
    assert revision_harness.differences(database) == []


def test_every_key_begins_with_the_workspace_unless_the_id_is_the_worlds_own() -> None:
    whole = {"workspace", "run", "step_output", "effect", "api_key", "chunk", "browser_session", "one_time_token"}
    everybodys = {"workspace", "encoder"}
    for table in metadata.tables.values():
        if table.name not in whole | everybodys:
            assert next(iter(table.primary_key)).name == "workspace_id", table.name
        assert table.name in everybodys or "workspace_id" in table.c, table.name


@databases.on_sqlite_only
def test_search_is_made_too(database: Database) -> None:
    with database.engine.connect() as connection:
        names = {
            row.name
            for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type IN ('trigger', 'table')"))
        }
    triggers = {"chunk_inserted", "chunk_deleted", "chunk_retermed", "chunk_updated", "chunk_change_trimmed"}
    assert triggers | {"chunk_fts", "chunk_change"} <= names


def test_an_empty_database_is_refused_with_the_remedy(empty: Database) -> None:
    with pytest.raises(MigrationNeeded, match=r"revision none.*ticketflow db upgrade"):
        migrations.check(empty)


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_another_revision_is_refused_by_name(database: Database, revision: str) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(MigrationNeeded, match=f"revision {revision}; this version needs {migrations.head()}"):
        migrations.check(database)


def test_an_upgrade_that_fails_leaves_nothing_behind(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_connection: object) -> None:
        raise RuntimeError("no full text here")

    with monkeypatch.context() as patched:
        patched.setattr(empty.dialect, "create_search", refuse)
        with pytest.raises(RuntimeError, match="no full text"):
            migrations.upgrade(empty)
    if databases.SERVER is None:  # TiDB keeps what was made; it is made once all the same
        assert tables(empty) <= {"alembic_version"}
        with empty.read() as session:
            assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert migrations.current(empty) is None
    migrations.upgrade(empty)
    migrations.check(empty)


def test_several_processes_may_upgrade_at_once(tmp_path: Path) -> None:
    url = databases.url(tmp_path / "shared.db", empty=True)
    assert process_harness.in_processes(process_harness.upgrade, [(url,)] * 4) == [migrations.head()] * 4
    opened = databases.open_url(url, FrozenClock())
    migrations.check(opened)
    assert tables(opened) == {*metadata.tables, *SEARCH, "alembic_version"}
    opened.close()
