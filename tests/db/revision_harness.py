"""The revisions of the schema, databases at each of them, and what two schemas have in common."""

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import databases
from ticketflow.clock import Clock, SystemClock
from ticketflow.db import Database, migrations
from ticketflow.db.tables import metadata

SEARCH = {"chunk_change"} if databases.SERVER is None else {"chunk_term"}
"""What the dialect adds for full text and the change log; `chunk_fts` brings tables of its own."""
UNTOLD = (*SEARCH, "alembic_version", "chunk_fts", "sqlite_")
"""How the names of tables begin that `db/tables.py` does not speak of."""


def revisions() -> list[str]:
    """Every revision, oldest first."""
    config = AlembicConfig()
    config.set_main_option("script_location", migrations.SCRIPTS)
    config.set_main_option("path_separator", "os")
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def at_revision(path: Path, revision: str | None, clock: Clock | None = None) -> Database:
    """A database without rows at a revision; at None, without tables."""
    database = databases.open_url(databases.url(path, empty=True), clock or SystemClock())
    if revision is not None:
        migrations.upgrade(database, revision)
    return database


def differences(database: Database) -> list[Any]:
    """What the database and the tables that the code speaks of do not have in common."""

    def told(_object: object, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or not str(name).startswith(UNTOLD)

    with database.connection(writes=False) as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": told, "compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))


def definition(database: Database) -> dict[str, str]:
    """How the database itself describes whatever is in it, by name: tables with their keys, indexes and triggers."""
    with database.connection(writes=False) as connection:
        if databases.SERVER is None:
            made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
        else:
            names = [str(row[0]) for row in connection.exec_driver_sql("SHOW TABLES")]
            made = [connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one() for name in names]
    return {str(name): str(text) for name, text in made}
