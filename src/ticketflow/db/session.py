"""The one commit: `Database.write()` is a transaction, `Database.read()` a consistent look.

Callers pass the Session down; nobody below commits.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from ticketflow.clock import Clock
from ticketflow.db.dialect import Dialect
from ticketflow.errors import StorageUnavailable


class Session:
    """One open transaction. `now` is its time: every row it writes carries the same."""

    def __init__(self, connection: Connection, dialect: Dialect, now: int) -> None:
        self.connection = connection
        self.dialect = dialect
        self.now = now
        self.pending_events: dict[str, list[dict[str, Any]]] = {}  # kept here for `events`, by workspace
        self._after_commit: list[Callable[[], None]] = []
        self._before_commit: list[Callable[[], None]] = []

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement (with a list of parameter rows: executemany)."""
        return self.connection.execute(statement, parameters)

    def before_commit(self, action: Callable[[], None]) -> None:
        """Run `action` last inside the transaction: the event log uses it to hold its counter row shortly."""
        self._before_commit.append(action)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction is durable; never when it rolled back."""
        self._after_commit.append(action)

    def finish(self) -> None:
        """Run what was registered for the end of the transaction."""
        while self._before_commit:
            self._before_commit.pop(0)()

    def announce(self) -> None:
        """Run what was registered for after the commit."""
        while self._after_commit:
            self._after_commit.pop(0)()


class Database:
    """An engine with its dialect and clock. Safe to share between threads."""

    def __init__(self, url: str, dialect: Dialect, clock: Clock) -> None:
        self.url = url
        self.dialect = dialect
        self.clock = clock
        self.engine: Engine = dialect.engine(url)
        self._local = threading.local()

    @contextmanager
    def read(self) -> Generator[Session]:
        """A transaction that sees one state of the database and writes nothing."""
        with self._transaction(writes=False) as session:
            yield session

    @contextmanager
    def write(self) -> Generator[Session]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Raises StorageUnavailable when the database is locked for too long, gone, or its disk is full.
        """
        with self._transaction(writes=True) as session:
            yield session

    @contextmanager
    def _transaction(self, *, writes: bool) -> Generator[Session]:
        if getattr(self._local, "open", False):
            raise RuntimeError("a transaction is open in this thread; pass its Session down instead of opening another")
        self._local.open = True
        try:
            with self.connection(writes=writes) as connection, connection.begin():
                session = Session(connection, self.dialect, self.clock.now())
                yield session
                session.finish()
        finally:
            self._local.open = False
        session.announce()

    @contextmanager
    def connection(self, *, writes: bool) -> Generator[Connection]:
        """A bare connection, for changes of the schema. Raises StorageUnavailable as transactions do."""
        try:
            with self.engine.connect().execution_options(writes=writes) as connection:
                yield connection
        except DBAPIError as error:
            # DatabaseError itself, no kind of it, is how SQLite says that the file is no database.
            if isinstance(error, OperationalError) or type(error) is DatabaseError:
                raise self._unavailable(error) from error
            raise

    def _unavailable(self, error: DBAPIError) -> StorageUnavailable:
        if self.dialect.full_disk(error):
            return StorageUnavailable("The database's disk is full.", remedy="Free some space; nothing was lost.")
        remedy = "Try again in a moment."
        if type(error) is DatabaseError:
            remedy = "Restore it from a backup, or name another home folder."
        elif "unable to open" in str(error.orig) or "readonly" in str(error.orig):
            remedy = "Check that it is a file and that you may write to it and to its folder."
        return StorageUnavailable(f"The database did not answer: {error.orig}.", remedy=remedy)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
