"""TiDB's ways: pessimistic writes that read what is committed, native vectors, and a table of postings for full text.

MySQL's protocol and SQL, so it needs the extra `ticketflow[tidb]`. What each line answers is told in adr/0013.
"""

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import URL, Connection, Engine, Executable, Table, create_engine, event, func, text
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from ticketflow.clock import Clock
from ticketflow.db import tidb_ddl
from ticketflow.db.dialect import POOL, IdRange
from ticketflow.db.tidb_clock import ClusterClock
from ticketflow.db.types import dump_json
from ticketflow.errors import Misconfigured, NotReady, StorageUnavailable

if TYPE_CHECKING:
    from ticketflow.db.tidb_search import TiDBSearch

CONNECT_SECONDS = 10  # also for the look whether a connection still lives
ANSWER_SECONDS = 30  # longer than any statement of ours takes; a server that hangs is then given up
SCHEMA_SECONDS = 3_600  # an index over all that is stored takes its time
LOCK_WAIT_SECONDS = 20  # below the lease, so that a step's commit fails before it is another worker's
MIGRATION_SECONDS = 300  # that a process waits for another one's
POSTINGS_TOGETHER = 2_000  # rows a statement

SESSION = (
    "SET SESSION transaction_isolation = 'READ-COMMITTED', time_zone = '+00:00', "
    f"innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}, group_concat_max_len = 4194304"
)
IN_THE_WAY = {1205, 1213, 8002, 8022, 8028, 9007}
"""Lock waits, deadlocks, write conflicts, a schema that changed: the same transaction may succeed when repeated."""
DUPLICATE, DENIED, NO_DATABASE, DISK_FULL = 1062, {1044, 1045}, 1049, {1021, 3675}

TERMS = "chunk_term"
_HELD = f"SELECT chunk_id FROM {TERMS} WHERE term = %s AND chunk_id BETWEEN %s AND %s"
_COUNTED = f"SELECT term, count(*) FROM {TERMS} WHERE term IN ({{}}) AND chunk_id BETWEEN %s AND %s GROUP BY term"
_COSINES = "SELECT id, 1 - vec_cosine_distance({}, %s) FROM chunk WHERE {} = %s AND id IN ({})"
_WRITE = f"INSERT INTO {TERMS} (term, chunk_id) VALUES (%s, %s)"
_FORGET = f"DELETE FROM {TERMS} WHERE (term, chunk_id) IN ({{}})"


class TiDB:
    """A cluster, or one server, for installations that one machine does not hold."""

    name = "tidb"
    native_vectors = True

    def engine(self, url: str) -> Engine:
        """See Dialect.engine. Raises Misconfigured where the driver is not installed."""
        wanted = make_url(url).set(drivername="mysql+pymysql")
        try:
            engine = _engine(
                wanted,
                ANSWER_SECONDS,
                **POOL,
                pool_pre_ping=True,
                pool_reset_on_return=None,  # every transaction of ours ends by itself
                hide_parameters=True,
                json_serializer=dump_json,
            )
        except ModuleNotFoundError as error:
            raise Misconfigured(
                "TICKETFLOW_DATABASE_URL names a TiDB, and its driver is not installed.",
                remedy="Run `pip install 'ticketflow[tidb]'`.",
            ) from error
        event.listen(engine, "begin", _begin)
        self._engine = engine
        return engine

    @cached_property
    def _search(self) -> "TiDBSearch":
        from ticketflow.db.tidb_search import TiDBSearch

        return TiDBSearch(self._engine)

    def clock(self, engine: Engine) -> Clock:
        """See Dialect.clock: the cluster's own time, so that leases mean the same on every machine."""
        return ClusterClock(engine)

    def upsert(self, table: Table, keys: Sequence[str], update: Iterable[str]) -> Executable:
        """See Dialect.upsert."""
        statement = insert(table)
        # VALUES() rather than a row alias, which TiDB does not know.
        return statement.on_duplicate_key_update({name: func.VALUES(table.c[name]) for name in update})

    def insert_once(self, connection: Connection, table: Table, row: dict[str, Any]) -> bool:
        """See Dialect.insert_once. Not INSERT IGNORE, which would also cut a text that is too long."""
        try:
            connection.execute(table.insert(), row)
        except IntegrityError as error:
            if _code(error) != DUPLICATE:
                raise
            return False
        return True

    @contextmanager
    def migrating(self, connection: Connection) -> Generator[None]:
        """See Dialect.migrating. Changes of the schema cannot be rolled back here, so they are made repeatable."""
        driver: Any = connection.connection.driver_connection
        lock = {"name": f"ticketflow {connection.engine.url.database}"[:64]}
        _take(connection, lock)
        try:
            connection.commit()  # a transaction begun before the wait would not know the tables made meanwhile
            driver._read_timeout = SCHEMA_SECONDS
            with tidb_ddl.repeatable(connection):
                yield
        finally:
            with suppress(DBAPIError):  # a lost connection has released it
                connection.execute(text("SELECT release_lock(:name)"), lock)

    def create_search(self, connection: Connection) -> None:
        """See Dialect.create_search."""
        connection.exec_driver_sql(
            f"CREATE TABLE {TERMS} (term VARCHAR(64) NOT NULL, chunk_id BIGINT NOT NULL, "
            "PRIMARY KEY (term, chunk_id) CLUSTERED)"
        )

    def chunks_changed(
        self, connection: Connection, gone: Iterable[tuple[int, str]], new: Iterable[tuple[int, str]]
    ) -> None:
        """See Dialect.chunks_changed."""
        for rows in _portions(_pairs(gone)):
            marks = ", ".join(["(%s, %s)"] * len(rows))
            connection.exec_driver_sql(_FORGET.format(marks), tuple(value for row in rows for value in row))
        for rows in _portions(_pairs(new)):
            connection.exec_driver_sql(_WRITE, rows)

    def document_frequency(self, connection: Connection, terms: Sequence[str], ids: IdRange, cap: int) -> list[int]:
        """See Dialect.document_frequency. Callers remember common terms, so what lies over the cap is counted once."""
        if not terms:
            return []
        marks = ", ".join(["%s"] * len(terms))
        rows = connection.exec_driver_sql(_COUNTED.format(marks), (*terms, *ids))
        counted = {str(term): int(count) for term, count in rows}
        return [min(counted.get(term, 0), cap) for term in terms]

    def postings(
        self, connection: Connection, conjunctions: Sequence[Sequence[str]], ids: IdRange, limit: int
    ) -> list[NDArray[np.int64]]:
        """See Dialect.postings."""
        if not conjunctions:
            return []
        parts: list[str] = []
        parameters: list[Any] = []
        for number, terms in enumerate(conjunctions):
            held, values = _holding(terms, ids)
            # Numbered, because the parts of UNION ALL run at once and come in any order.
            parts.append(
                f"SELECT {number}, group_concat(chunk_id) FROM ({held} ORDER BY chunk_id DESC LIMIT %s) AS l{number}"
            )
            parameters += [*values, limit]
        rows = connection.exec_driver_sql(" UNION ALL ".join(parts), tuple(parameters))
        found = {int(number): listed or "" for number, listed in rows}
        lists = (np.fromstring(found[number], np.int64, sep=",") for number in range(len(conjunctions)))
        return [np.sort(ids)[::-1] for ids in lists]

    def nearest(
        self,
        connection: Connection,
        ids: IdRange,
        column: str,
        vector: NDArray[np.float32],
        required: Mapping[str, str],
        limit: int,
    ) -> list[int]:
        """See NativeVectors.nearest."""
        return self._search.nearest(connection, ids, column, vector.tolist(), required, limit)

    def cosines(
        self,
        connection: Connection,
        chunk_ids: Sequence[int],
        columns: tuple[str, str],
        encoder: str,
        vector: NDArray[np.float32],
    ) -> dict[int, float]:
        """See NativeVectors.cosines."""
        if not chunk_ids:
            return {}
        marks = ", ".join(["%s"] * len(chunk_ids))
        values = (str(vector.tolist()), encoder, *chunk_ids)
        rows = connection.exec_driver_sql(_COSINES.format(*columns, marks), values)
        return {int(chunk_id): float(cosine) for chunk_id, cosine in rows if cosine is not None}

    def ranked(self, connection: Connection, terms: Sequence[str], ids: IdRange, limit: int) -> list[int] | None:
        """See Dialect.ranked."""
        return self._search.ranked(connection, ids, terms, limit)

    def search_means(self, connection: Connection) -> list[str]:
        """See Dialect.search_means."""
        from ticketflow.db import tidb_indexes

        return tidb_indexes.told(tidb_indexes.probe(connection))

    def index(self, engine: Engine, column: str, dimension: int) -> list[str]:
        """See Dialect.index."""
        from ticketflow.db import tidb_indexes

        with _patient(engine) as patient:
            return tidb_indexes.create(patient, column, dimension)

    def unindex(self, engine: Engine) -> list[str]:
        """See Dialect.unindex."""
        from ticketflow.db import tidb_indexes

        with _patient(engine) as patient:
            return tidb_indexes.drop(patient)

    def tidy(self, connection: Connection, *, first: bool) -> bool:
        """See Dialect.tidy: the store merges by itself."""
        return False

    def shred(self, engine: Engine) -> None:
        """See Dialect.shred: the store drops old versions of a row by itself, after `tidb_gc_life_time`."""

    def unavailable(self, error: DBAPIError) -> StorageUnavailable | None:
        """See Dialect.unavailable."""
        code = _code(error)
        if code in IN_THE_WAY or "retry limit" in str(error.orig):
            return StorageUnavailable("Another transaction was in the way; nothing was written.", remedy="Try again.")
        if code in DISK_FULL or "disk full" in str(error.orig).lower():
            return StorageUnavailable("The database's disk is full.", remedy="Free some space; nothing was lost.")
        if not isinstance(error, OperationalError) and not error.connection_invalidated:
            return None
        remedy = "Check that it runs and that TICKETFLOW_DATABASE_URL names it; then try again."
        if code in DENIED:
            remedy = "Check the user, its password and its privileges in TICKETFLOW_DATABASE_URL."
        elif code == NO_DATABASE:
            remedy = "Create it with CREATE DATABASE, or name another in TICKETFLOW_DATABASE_URL."
        return StorageUnavailable(f"The database did not answer: {_sentence(error)}.", remedy=remedy)


def _engine(url: URL, answer_seconds: int, **options: Any) -> Engine:
    arguments = {
        "charset": "utf8mb4",
        "init_command": SESSION,
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": CONNECT_SECONDS,
        "write_timeout": answer_seconds,
    }
    engine = create_engine(url, connect_args=arguments, **options)

    # While a connection is made, or tried after a rest, a short limit holds. PyMySQL has no public way to change it.
    @event.listens_for(engine, "checkout")
    def begin_use(driver: Any, _record: Any, _proxy: Any) -> None:
        driver._read_timeout = answer_seconds

    @event.listens_for(engine, "checkin")
    def end_use(driver: Any, _record: Any) -> None:
        if driver is not None:
            driver._read_timeout = CONNECT_SECONDS

    return engine


@contextmanager
def _patient(engine: Engine) -> Generator[Engine]:
    patient = _engine(engine.url, SCHEMA_SECONDS)
    try:
        yield patient
    finally:
        patient.dispose()


def _begin(connection: Connection) -> None:
    # Read committed holds for pessimistic transactions only: whoever waited for a lock then sees what it waited for.
    # An optimistic one keeps the state it began with, which is what a reader wants.
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN PESSIMISTIC" if writes else "BEGIN OPTIMISTIC")


def _take(connection: Connection, lock: dict[str, str]) -> None:
    # Asked for again and again: the server's own wait fails where many wait.
    deadline = time.monotonic() + MIGRATION_SECONDS
    while time.monotonic() < deadline:
        try:
            if connection.execute(text("SELECT get_lock(:name, 1)"), lock).scalar() == 1:
                return
        except OperationalError:
            if connection.invalidated:
                raise
        time.sleep(0.05)
    raise NotReady("Another process is changing the schema.", remedy="Wait until it has ended.")


def _code(error: DBAPIError) -> int | None:
    found = error.orig.args[:1] if error.orig is not None else ()
    return found[0] if found and isinstance(found[0], int) else None


def _sentence(error: DBAPIError) -> str:
    parts = error.orig.args if error.orig is not None else ()
    return str(parts[1]).strip(" .") if len(parts) > 1 else str(error.orig)


def _holding(terms: Sequence[str], ids: IdRange) -> tuple[str, list[Any]]:
    """The chunks that hold every term, and the statement's values. The first term leads; the others are looked up."""
    if len(terms) == 1:
        return _HELD, [terms[0], *ids]
    others = [f"t{number}" for number in range(1, len(terms))]
    joins = " ".join(f"JOIN {TERMS} AS {name} ON {name}.chunk_id = t0.chunk_id AND {name}.term = %s" for name in others)
    statement = (
        f"SELECT /*+ INL_JOIN({', '.join(others)}) */ t0.chunk_id FROM {TERMS} AS t0 {joins} "
        "WHERE t0.term = %s AND t0.chunk_id BETWEEN %s AND %s"
    )
    return statement, [*terms[1:], terms[0], *ids]


def _pairs(chunks: Iterable[tuple[int, str]]) -> list[tuple[str, int]]:
    return [(term, chunk_id) for chunk_id, terms in chunks for term in dict.fromkeys(terms.split(" ")) if term]


def _portions(rows: list[tuple[str, int]]) -> Iterable[list[tuple[str, int]]]:
    return (rows[start : start + POSTINGS_TOGETHER] for start in range(0, len(rows), POSTINGS_TOGETHER))
