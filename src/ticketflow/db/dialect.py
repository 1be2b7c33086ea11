"""What differs between the databases, as a protocol so small that a second one is an afternoon's work.

Statements are SQLAlchemy Core and shared. A dialect adds: its engine, its upsert, its full text and its change log.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Executable, Table
from sqlalchemy.exc import DBAPIError

from ticketflow.clock import Clock
from ticketflow.errors import StorageUnavailable

POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": 16, "pool_timeout": 10}
"""Connections of one process, and the seconds that a caller waits for one before it is told to come back."""
OVERLOADED = "Try again shortly; if it stays so, look whether the database is locked or overloaded."
"""The remedy for whoever waited in vain."""

IdRange = tuple[int, int]
"""First and last chunk id, both inclusive."""


class Dialect(Protocol):
    """One database's ways. Everything here is called inside a transaction unless it says otherwise."""

    name: str
    native_vectors: bool
    """Whether the database compares vectors itself; otherwise they are held in memory, by the change log."""

    def engine(self, url: str) -> Engine:
        """A sync engine whose `begin` honours the execution option `writes`. Opens no connection."""
        ...

    def clock(self, engine: Engine) -> Clock:
        """The clock by which this database's users agree on leases. Called outside of transactions."""
        ...

    def upsert(self, table: Table, keys: Sequence[str], update: Iterable[str]) -> Executable:
        """INSERT that, when a row with the same `keys` exists, sets the columns `update` to the new row's values."""
        ...

    def insert_once(self, connection: Connection, table: Table, row: dict[str, Any]) -> bool:
        """Insert a row unless one with the same key exists; whether it was inserted."""
        ...

    def migrating(self, connection: Connection) -> AbstractContextManager[None]:
        """Around a change of the schema: other processes wait, and a change cut short can be run again."""
        ...

    def create_search(self, connection: Connection) -> None:
        """Make what full text and the change log need. Called by the first migration."""
        ...

    def chunks_changed(
        self, connection: Connection, gone: Iterable[tuple[int, str]], new: Iterable[tuple[int, str]]
    ) -> None:
        """Keep full text in step with the chunk table: pairs of chunk id and terms that are there no more, or now.

        Nothing to do where triggers do it.
        """
        ...

    def document_frequency(self, connection: Connection, terms: Sequence[str], ids: IdRange, cap: int) -> list[int]:
        """How many chunks in the range hold each term; counting stops at `cap`, so that a common term stays cheap."""
        ...

    def postings(
        self, connection: Connection, conjunctions: Sequence[Sequence[str]], ids: IdRange, limit: int
    ) -> list[NDArray[np.int64]]:
        """For each conjunction the chunks in the range that hold all of its terms: newest (highest) ids first,
        at most `limit` each."""
        ...

    def ranked(self, connection: Connection, terms: Sequence[str], ids: IdRange, limit: int) -> list[int] | None:
        """The chunks that the database's own full text ranks highest, None where it has none that ranks."""
        ...

    def search_means(self, connection: Connection) -> list[str]:
        """How this database searches, a sentence each: what an operator is told."""
        ...

    def index(self, engine: Engine, column: str, dimension: int) -> list[str]:
        """Make the search indexes that the database can serve and that are not there; what was done, a sentence each.

        `column` holds the vectors, of `dimension`. Search is complete without them. Called outside of transactions.
        Raises NotReady where some of the vectors are missing.
        """
        ...

    def unindex(self, engine: Engine) -> list[str]:
        """Drop the indexes over vectors, so that others fit into their columns; what was done, a sentence each."""
        ...

    def tidy(self, connection: Connection, *, first: bool) -> bool:
        """Merge a bounded part of what many writes left scattered in full text; whether there is more to merge.

        `first` begins a whole pass. Each part belongs into a transaction of its own, so that no writer waits for long.
        """
        ...

    def shred(self, engine: Engine) -> None:
        """Take out of the files what was deleted before, where the database keeps it and we can say so.

        Writers wait for no more than moments, but for the first time in a database of an older release. Called outside
        of transactions; may be repeated. Raises StorageUnavailable while somebody keeps an old state open.
        """
        ...

    def unavailable(self, error: DBAPIError) -> StorageUnavailable | None:
        """What a driver's error means where it means that the database cannot serve now; None for any other."""
        ...


class NativeVectors(Protocol):
    """What a dialect with native vectors adds. Vectors are float32 (d,), filters are columns of the chunk table."""

    def nearest(
        self,
        connection: Connection,
        ids: IdRange,
        column: str,
        vector: NDArray[np.float32],
        required: Mapping[str, str],
        limit: int,
    ) -> list[int]:
        """The chunks in the range whose `column` is nearest to `vector` by cosine, that have the `required` values."""
        ...

    def cosines(
        self,
        connection: Connection,
        chunk_ids: Sequence[int],
        columns: tuple[str, str],
        encoder: str,
        vector: NDArray[np.float32],
    ) -> dict[int, float]:
        """Exact cosines of those of the chunks that this encoder made; columns of the vector and of its encoder."""
        ...


class ChangeLog(Protocol):
    """What a dialect without native vectors adds: the changes of the chunk table, for the index in memory."""

    def changes(self, connection: Connection, after: int, limit: int) -> list[tuple[int, int, bool]] | None:
        """Chunk changes in commit order since `after`: (position, chunk id, is deletion).

        None when the log no longer reaches back that far, and the reader must load everything anew.
        """
        ...

    def last_change(self, connection: Connection) -> int:
        """The newest position in the change log, 0 when it is empty."""
        ...
