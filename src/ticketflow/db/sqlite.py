"""SQLite's ways: WAL with full durability, FTS5 over the analyzer's terms, a trigger-fed change log."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Table, create_engine, event, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import make_url

from ticketflow.db.dialect import IdRange

BUSY_TIMEOUT_MS = 30_000
PRAGMAS = (
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose acknowledged commits on power loss
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",
)
FULL_TEXT_DEADLINE_STEPS = 4_000_000  # virtual-machine instructions, about 100 ms: a search never hangs on a hot term
CHANGES_KEPT = 200_000

SEARCH_SCHEMA = (
    # Terms are stemmed already, so the tokenizer only has to split at spaces.
    "CREATE VIRTUAL TABLE chunk_fts USING fts5(terms, content='chunk', content_rowid='id', tokenize='unicode61')",
    "CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab('chunk_fts', 'row')",
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


class SQLite:
    """The embedded default."""

    name = "sqlite"

    def engine(self, url: str) -> Engine:
        """An engine on a file, whose folder is made when it is missing."""
        path = make_url(url).database
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, pool_size=16, max_overflow=16)
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine

    def upsert(self, table: Table, keys: Sequence[str], update: Iterable[str]) -> Executable:
        """See Dialect.upsert."""
        statement = insert(table)
        return statement.on_conflict_do_update(
            index_elements=list(keys), set_={name: statement.excluded[name] for name in update}
        )

    def insert_once(self, table: Table) -> Executable:
        """See Dialect.insert_once."""
        return insert(table).on_conflict_do_nothing()

    def create_search(self, connection: Connection) -> None:
        """See Dialect.create_search."""
        for statement in SEARCH_SCHEMA:
            connection.exec_driver_sql(statement)

    def full_text(
        self, connection: Connection, terms: Sequence[str], required: Sequence[str], ids: IdRange, limit: int
    ) -> list[tuple[int, float]]:
        """See Dialect.full_text. A query that runs past its deadline returns nothing rather than late."""
        query = _any_of(required) if set(required) >= set(terms) else f"({_any_of(required)}) AND ({_any_of(terms)})"
        statement = text(
            "SELECT rowid, -bm25(chunk_fts) FROM chunk_fts WHERE chunk_fts MATCH :query "
            "AND rowid BETWEEN :first AND :last ORDER BY rank LIMIT :limit"
        )
        rows = connection.execute(statement, {"query": query, "first": ids[0], "last": ids[1], "limit": limit})
        return [(int(row[0]), float(row[1])) for row in rows]

    def document_frequency(self, connection: Connection, terms: Sequence[str]) -> dict[str, int]:
        """See Dialect.document_frequency."""
        found = {}
        for term in terms:
            row = connection.execute(
                text("SELECT doc FROM chunk_vocabulary WHERE term = :term"), {"term": term}
            ).first()
            found[term] = int(row[0]) if row else 0
        return found

    def data_version(self, connection: Connection) -> int:
        """See Dialect.data_version."""
        return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    def changes(self, connection: Connection, after: int, limit: int) -> list[tuple[int, int, bool]] | None:
        """See Dialect.changes."""
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
        """See Dialect.last_change."""
        return int(connection.exec_driver_sql("SELECT coalesce(max(position), 0) FROM chunk_change").scalar_one())

    def full_disk(self, error: Exception) -> bool:
        """See Dialect.full_disk."""
        return "disk is full" in str(error)


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


def _any_of(terms: Sequence[str]) -> str:
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
