"""Schema changes: `upgrade` to this version's revision, `check` that the database is at it."""

import threading
from functools import cache

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ticketflow.db.session import Database
from ticketflow.errors import MigrationNeeded

SCRIPTS = "ticketflow.db:migrations"
_one_at_a_time = threading.Lock()  # alembic's context is one for the process


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to `revision`. Safe to run again, and safe when another process does the same."""
    config = _config()
    with _one_at_a_time, database.connection(writes=True) as connection, database.dialect.migrating(connection):
        config.attributes["connection"] = connection
        config.attributes["dialect"] = database.dialect
        command.upgrade(config, revision)
        connection.commit()


def current(database: Database) -> str | None:
    """The revision the database is at, None for an empty one."""
    with database.connection(writes=False) as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str:
    """The revision that this version of the product needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("the package holds no migrations")
    return revision


def check(database: Database) -> None:
    """Raise MigrationNeeded unless the database is at this version's revision."""
    found, needed = current(database), head()
    if found != needed:
        raise MigrationNeeded(
            f"The database is at revision {found or 'none'}; this version needs {needed}.",
            remedy="Run `ticketflow db upgrade`.",
        )


def _config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config
