"""SQLite's ways: WAL with full durability, FTS5 over the analyzer's terms, a trigger-fed change log."""

import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json
from sqlalchemy import Connection, Engine, Executable, Table, create_engine, event, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from ticketflow.clock import Clock, SystemClock
from ticketflow.db.dialect import POOL, IdRange
from ticketflow.db.types import dump_json
from ticketflow.errors import StorageUnavailable

BUSY_TIMEOUT_MS = 30_000
PRAGMAS = (
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose acknowledged commits on power loss
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten: `shred` builds on it
    "PRAGMA cache_size = -65536",
)
CHANGES_KEPT = 200_000

OVERWRITTEN = 1
"""`user_version` of a file in which all that was ever deleted was overwritten."""
MERGED_PAGES = 500  # of full text in one part of `tidy`: some tens of milliseconds

SEARCH_SCHEMA = (
    # The analyzer made the terms, so the tokenizer only splits at spaces: every category but Z is part of a token.
    # FTS5 only tells which chunks hold a term (detail=none: lists of ids, no positions); ranking is ours.
    """CREATE VIRTUAL TABLE chunk_fts USING fts5(terms, content='chunk', content_rowid='id', detail=none, columnsize=0,
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'")""",
    "CREATE TABLE chunk_change (position INTEGER PRIMARY KEY AUTOINCREMENT, chunk_id INTEGER NOT NULL, "
    "deleted INTEGER NOT NULL)",
    """CREATE TRIGGER chunk_inserted AFTER INSERT ON chunk BEGIN
        INSERT INTO chunk_fts (rowid, terms) VALUES (new.id, new.terms);
        INSERT INTO chunk_change (chunk_id, deleted) VALUES (new.id, 0);
    END""",
    """CREATE TRIGGER chunk_deleted AFTER DELETE ON chunk BEGIN
        INSERT INTO chunk_fts (chunk_fts, rowid, terms) VALUES ('delete', old.id, old.terms);
        INSERT INTO chunk_change (chunk_id, deleted) VALUES (old.id, 1);
    END""",
    """CREATE TRIGGER chunk_retermed AFTER UPDATE OF terms ON chunk WHEN old.terms <> new.terms BEGIN
        INSERT INTO chunk_fts (chunk_fts, rowid, terms) VALUES ('delete', old.id, old.terms);
        INSERT INTO chunk_fts (rowid, terms) VALUES (new.id, new.terms);
    END""",
    """CREATE TRIGGER chunk_updated AFTER UPDATE ON chunk BEGIN
        INSERT INTO chunk_change (chunk_id, deleted) VALUES (new.id, 0);
    END""",
    f"""CREATE TRIGGER chunk_change_trimmed AFTER INSERT ON chunk_change WHEN new.position % 10000 = 0 BEGIN
        DELETE FROM chunk_change WHERE position <= new.position - {CHANGES_KEPT};
    END""",
)

_HOLDING = "SELECT rowid FROM chunk_fts WHERE chunk_fts MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?"
_COUNT = f"SELECT count(*) FROM ({_HOLDING})"
_IDS = f"SELECT group_concat(rowid) FROM ({_HOLDING})"


class SQLite:
    """The embedded default."""

    name = "sqlite"
    native_vectors = False

    def engine(self, url: str) -> Engine:
        """An engine on a file, whose folder is made when it is missing."""
        path = make_url(url).database
        if path:
            Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' words lie here
        engine = create_engine(
            url,
            **POOL,
            hide_parameters=True,
            json_serializer=dump_json,
            json_deserializer=from_json,
        )
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine

    def clock(self, engine: Engine) -> Clock:
        """See Dialect.clock: every user of the file is on this machine."""
        return SystemClock()

    def upsert(self, table: Table, keys: Sequence[str], update: Iterable[str]) -> Executable:
        """See Dialect.upsert."""
        statement = insert(table)
        return statement.on_conflict_do_update(
            index_elements=list(keys), set_={name: statement.excluded[name] for name in update}
        )

    def insert_once(self, connection: Connection, table: Table, row: dict[str, Any]) -> bool:
        """See Dialect.insert_once."""
        return connection.execute(insert(table).on_conflict_do_nothing(), row).rowcount == 1

    @contextmanager
    def migrating(self, connection: Connection) -> Generator[None]:
        """See Dialect.migrating: the whole change is one transaction, and nobody else writes meanwhile.

        A table that is made anew is dropped in between; with foreign keys on, that would delete what refers to it.
        """
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")  # no effect inside a transaction, so before it begins
        try:
            yield
        finally:
            connection.rollback()  # what failed; the same holds for switching it on again
            driver.execute("PRAGMA foreign_keys = ON")

    def create_search(self, connection: Connection) -> None:
        """See Dialect.create_search."""
        for statement in SEARCH_SCHEMA:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {OVERWRITTEN}")

    def chunks_changed(
        self, connection: Connection, gone: Iterable[tuple[int, str]], new: Iterable[tuple[int, str]]
    ) -> None:
        """See Dialect.chunks_changed: the triggers have seen it."""

    def document_frequency(self, connection: Connection, terms: Sequence[str], ids: IdRange, cap: int) -> list[int]:
        """See Dialect.document_frequency."""
        rows = _for_each(connection, _COUNT, [_all_of([term]) for term in terms], ids, cap)
        return [int(row[0]) for row in rows]

    def postings(
        self, connection: Connection, conjunctions: Sequence[Sequence[str]], ids: IdRange, limit: int
    ) -> list[NDArray[np.int64]]:
        """See Dialect.postings. Ids come as one text a list: a row for each of thousands costs three times as much."""
        rows = _for_each(connection, _IDS, [_all_of(terms) for terms in conjunctions], ids, limit)
        return [np.fromstring(row[0] or "", np.int64, sep=",") for row in rows]

    def ranked(self, connection: Connection, terms: Sequence[str], ids: IdRange, limit: int) -> list[int] | None:
        """See Dialect.ranked: FTS5's own ranking grows with the table, so it is not used."""
        return None

    def changes(self, connection: Connection, after: int, limit: int) -> list[tuple[int, int, bool]] | None:
        """See ChangeLog.changes."""
        oldest = connection.exec_driver_sql("SELECT min(position) FROM chunk_change").scalar()
        if oldest is not None and oldest > after + 1:
            return None
        statement = text(
            "SELECT position, chunk_id, deleted FROM chunk_change WHERE position > :after "
            "ORDER BY position LIMIT :limit"
        )
        rows = connection.execute(statement, {"after": after, "limit": limit})
        return [(int(row[0]), int(row[1]), bool(row[2])) for row in rows]

    def last_change(self, connection: Connection) -> int:
        """See ChangeLog.last_change."""
        return int(connection.exec_driver_sql("SELECT coalesce(max(position), 0) FROM chunk_change").scalar_one())

    def search_means(self, connection: Connection) -> list[str]:
        """See Dialect.search_means."""
        return [f"words by FTS5 of SQLite {sqlite3.sqlite_version}, vectors in memory; no index has to be made"]

    def index(self, engine: Engine, column: str, dimension: int) -> list[str]:
        """See Dialect.index: what there is to make, the migrations made."""
        return []

    def unindex(self, engine: Engine) -> list[str]:
        """See Dialect.unindex: vectors are in memory."""
        return []

    def tidy(self, connection: Connection, *, first: bool) -> bool:
        """See Dialect.tidy. FTS5 keeps a segment for each write until it merges; fewer make every look-up shorter."""
        before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
        pages = -MERGED_PAGES if first else MERGED_PAGES  # a negative number begins a pass over everything
        connection.exec_driver_sql("INSERT INTO chunk_fts (chunk_fts, rank) VALUES ('merge', ?)", (pages,))
        return connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before >= 2

    def shred(self, engine: Engine) -> None:
        """See Dialect.shred: full text's lists are merged, the write-ahead log is emptied.

        Pages that a release before `secure_delete` gave free may hold anything: such a file is rebuilt, once.
        """
        with engine.connect().execution_options(writes=True) as connection:
            first = True
            while _tidied(self, connection, first=first):
                first = False
            driver: Any = connection.connection.driver_connection
            if driver.execute("PRAGMA user_version").fetchone()[0] < OVERWRITTEN:
                driver.execute("VACUUM")
                driver.execute(f"PRAGMA user_version = {OVERWRITTEN}")
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)")  # most of it, while others write
            if driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise StorageUnavailable(
                    "Somebody keeps reading an old state of the database, so its log cannot be emptied.",
                    remedy="End long reads, such as a backup or an export; then it goes on by itself.",
                )

    def unavailable(self, error: DBAPIError) -> StorageUnavailable | None:
        """See Dialect.unavailable. DatabaseError itself, no kind of it, says that the file is no database."""
        no_database = type(error) is DatabaseError
        if not no_database and not isinstance(error, OperationalError):
            return None
        said = str(error.orig)
        if "disk is full" in said:
            return StorageUnavailable("The database's disk is full.", remedy="Free some space; nothing was lost.")
        remedy = "Try again in a moment."
        if no_database:
            remedy = "Restore it from a backup, or name another home folder."
        elif "unable to open" in said or "readonly" in said:
            remedy = "Check that it is a file and that you may write to it and to its folder."
        return StorageUnavailable(f"The database did not answer: {said}.", remedy=remedy)


def _tidied(dialect: SQLite, connection: Connection, *, first: bool) -> bool:
    with connection.begin():
        return dialect.tidy(connection, first=first)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver opens no transaction of its own; `_begin` does
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails with BUSY at once when another process wrote between.
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _for_each(
    connection: Connection, statement: str, queries: Sequence[str], ids: IdRange, limit: int
) -> Sequence[Any]:
    """One row a query, in order, by one statement: SQLite runs the parts of UNION ALL in the order they are written."""
    if not queries:
        return []
    parameters = tuple(value for query in queries for value in (query, *ids, limit))
    return connection.exec_driver_sql(" UNION ALL ".join([statement] * len(queries)), parameters).all()


def _all_of(terms: Sequence[str]) -> str:
    return " AND ".join('"' + term.replace('"', '""') + '"' for term in terms)
