"""What differs between the databases, as a protocol so small that a second one is an afternoon's work.

Statements are SQLAlchemy Core and shared. A dialect adds: its engine, its upsert, its full text and its change log.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Executable, Table

IdRange = tuple[int, int]
"""First and last chunk id, both inclusive."""


class Dialect(Protocol):
    """One database's ways. Everything here is called inside a transaction unless it says otherwise."""

    name: str

    def engine(self, url: str) -> Engine:
        """A sync engine whose `begin` honours the execution option `writes`. Opens no connection."""
        ...

    def upsert(self, table: Table, keys: Sequence[str], update: Iterable[str]) -> Executable:
        """INSERT that, when a row with the same `keys` exists, sets the columns `update` to the new row's values."""
        ...

    def insert_once(self, table: Table) -> Executable:
        """INSERT that does nothing when a row with the same key exists; rowcount tells which (1 or 0)."""
        ...

    def create_search(self, connection: Connection) -> None:
        """Make what full text and the change log need. Called by the first migration."""
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

    def changes(self, connection: Connection, after: int, limit: int) -> list[tuple[int, int, bool]] | None:
        """Chunk changes in commit order since `after`: (position, chunk id, is deletion).

        None when the log no longer reaches back that far, and the reader must load everything anew.
        """
        ...

    def last_change(self, connection: Connection) -> int:
        """The newest position in the change log, 0 when it is empty."""
        ...

    def tidy(self, connection: Connection, *, first: bool) -> bool:
        """Merge a bounded part of what many writes left scattered in full text; whether there is more to merge.

        `first` begins a whole pass. Each part belongs into a transaction of its own, so that no writer waits for long.
        """
        ...

    def full_disk(self, error: Exception) -> bool:
        """Whether a driver's error means that the disk is full."""
        ...
