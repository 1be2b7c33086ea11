"""The one commit: `Database.write()` is a transaction, `Database.read()` a consistent look.

Callers pass the Session down; nobody below commits.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, Select, Table
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ticketflow.clock import Clock
from ticketflow.db.dialect import OVERLOADED, Dialect
from ticketflow.errors import KeyTaken, StorageUnavailable

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


class Session:
    """One open transaction. `now` is its time: every row it writes carries the same."""

    def __init__(self, connection: Connection, dialect: Dialect, now: int, *, writes: bool) -> None:
        self.connection = connection
        self.dialect = dialect
        self.now = now
        self.writes = writes
        self.pending_events: dict[str, list[dict[str, Any]]] = {}  # kept here for `events`, by workspace
        self._after_commit: list[Callable[[], None]] = []
        self._before_commit: list[Callable[[], None]] = []

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement (with a list of parameter rows: executemany)."""
        return self.connection.execute(statement, parameters)

    def insert_once(self, table: Table, row: dict[str, Any]) -> bool:
        """Insert a row unless one with the same key exists; whether it was inserted."""
        return self.dialect.insert_once(self.connection, table, row)

    def held(self, statement: S) -> S:
        """`statement`, holding the rows it finds until the commit where this transaction writes.

        What is read and then written in dependence of it belongs here: on TiDB nothing else keeps two transactions
        from doing so at once. On SQLite the transaction is alone anyway.
        """
        return statement.with_for_update() if self.writes else statement

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
    """An engine with its dialect and clock (default: the dialect's own). Safe to share between threads."""

    def __init__(self, url: str, dialect: Dialect, clock: Clock | None = None) -> None:
        self.url = url
        self.dialect = dialect
        self.engine: Engine = dialect.engine(url)
        self.clock = clock or dialect.clock(self.engine)
        self._local = threading.local()

    @contextmanager
    def read(self) -> Generator[Session]:
        """A transaction that sees one state of the database and writes nothing."""
        with self._transaction(writes=False) as session:
            yield session

    @contextmanager
    def write(self) -> Generator[Session]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Raises StorageUnavailable when the database is locked for too long, gone, its disk is full or all connections
        to it are waiting, and KeyTaken when another transaction stored the same key.
        """
        with self._transaction(writes=True) as session:
            yield session

    @contextmanager
    def _transaction(self, *, writes: bool) -> Generator[Session]:
        if getattr(self._local, "open", False):
            raise RuntimeError("a transaction is open in this thread; pass its Session down instead of opening another")
        with self._answering():
            now = self.clock.now()
        self._local.open = True
        try:
            with self.connection(writes=writes) as connection, connection.begin():
                session = Session(connection, self.dialect, now, writes=writes)
                yield session
                session.finish()
        finally:
            self._local.open = False
        session.announce()

    @contextmanager
    def connection(self, *, writes: bool) -> Generator[Connection]:
        """A bare connection, for changes of the schema. Raises StorageUnavailable as transactions do."""
        with self._answering(), self.engine.connect().execution_options(writes=writes) as connection:
            yield connection

    @contextmanager
    def _answering(self) -> Generator[None]:
        try:
            yield
        except IntegrityError as error:
            raise KeyTaken(
                "Somebody stored the same, or removed what it belongs to, at the same moment.",
                remedy="Look at what is there now; then try again.",
            ) from error
        except PoolTimeoutError as error:
            raise StorageUnavailable(
                "Every connection to the database is waiting for its answer.",
                remedy=OVERLOADED,
            ) from error
        except DBAPIError as error:
            unavailable = self.dialect.unavailable(error)
            if unavailable is None:
                raise
            raise unavailable from error

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
