"""Every vector of one encoder in memory, by workspace and kind, kept in step with the database's change log.

Nothing is lost when it is: it is built from the chunk rows at start. Rough int8 scores choose the candidates;
`search` scores them exactly from the float16 columns.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select

from ticketflow.db import Session
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.retrieval.chunks import KIND_BITS, id_range
from ticketflow.retrieval.filters import ATTRIBUTES, Filters
from ticketflow.retrieval.partition import Batch, Codes, Ids, Partition, Scores

STREAM = 8_192  # rows a fetch while loading
PAGE = 2_000  # changes a step while following
FETCH = 500  # ids a statement

NO_VALUE = 0  # code of NULL
UNKNOWN = -1  # code that no row has


class VectorIndex:
    """The vectors of one encoder. Searches run beside each other and beside `follow`."""

    def __init__(self, encoder_id: str, dimension: int) -> None:
        self.encoder_id = encoder_id
        self.dimension = dimension
        self._lock = threading.Lock()
        self._partitions: dict[int, Partition] = {}
        self._codes: dict[str, int] = {}
        self._position = -1  # in the change log; -1 before the first load

    def __len__(self) -> int:
        return sum(len(partition) for partition in self._partitions.values())

    @property
    def nbytes(self) -> int:
        """Memory of the vectors and what belongs to them, in bytes."""
        return sum(partition.nbytes for partition in self._partitions.values())

    def count(self, workspace: Workspace, kind: ChunkKind) -> int:
        """How many chunks of a kind a workspace has here."""
        partition = self._partitions.get(_key(workspace, kind))
        return len(partition) if partition else 0

    def follow(self, session: Session) -> None:
        """Catch up with what `session` sees; the first call loads everything. Cheap when nothing changed."""
        newest = session.dialect.last_change(session.connection)
        if newest <= self._position:
            return
        with self._lock:
            if self._position < 0:
                self._load(session, newest)
            while self._position < newest:
                changes = session.dialect.changes(session.connection, self._position, PAGE)
                if changes is None:
                    self._load(session, newest)
                elif not changes:
                    self._position = newest
                else:
                    self._apply(session, changes)

    def nearest(
        self, workspace: Workspace, kind: ChunkKind, vector: Scores, limit: int, filters: Filters
    ) -> tuple[Ids, Scores]:
        """Chunk ids with rough cosines, the `limit` best in no order; fewer where there are fewer."""
        partition = self._partitions.get(_key(workspace, kind))
        if partition is None:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        return partition.best(np.ascontiguousarray(vector, np.float32), limit, self._required(filters))

    def admits(self, workspace: Workspace, kind: ChunkKind, ids: Ids, filters: Filters) -> NDArray[np.bool_]:
        """Which chunk ids may pass the filters: those the index knows not to pass are out, unknown ids are in."""
        required = self._required(filters)
        partition = self._partitions.get(_key(workspace, kind))
        if partition is None or not required:
            return np.ones(len(ids), np.bool_)
        known, right = partition.matching(ids, required)
        return ~known | right

    def _required(self, filters: Filters) -> dict[int, int]:
        active = filters.active()
        return {
            column: self._codes.get(active[name], UNKNOWN) for column, name in enumerate(ATTRIBUTES) if name in active
        }

    def _load(self, session: Session, newest: int) -> None:
        partitions: dict[int, Partition] = {}  # searches go on in the old ones meanwhile
        statement = _rows().where(chunk.c.encoder == self.encoder_id).order_by(chunk.c.id)
        for rows in session.execute(statement.execution_options(yield_per=STREAM)).partitions():
            self._put(partitions, rows)
        self._partitions = partitions
        self._position = newest

    def _apply(self, session: Session, changes: list[tuple[int, int, bool]]) -> None:
        touched = sorted({chunk_id for _, chunk_id, _ in changes})
        rows = list(_fetch(session, touched, self.encoder_id))
        present = {row.id for row in rows}
        gone = np.array([chunk_id for chunk_id in touched if chunk_id not in present], np.int64)
        for key, ids in _by_partition(gone):
            if key in self._partitions:
                self._partitions[key].remove(ids)
        self._put(self._partitions, rows)
        self._position = changes[-1][0]

    def _put(self, partitions: dict[int, Partition], rows: Sequence[Any]) -> None:
        """Rows ascend by id."""
        if not rows:
            return
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        vectors = np.frombuffer(b"".join([row[1] for row in rows]), "<f2").reshape(len(rows), self.dimension)
        codes = self._coded(rows)
        keys = ids >> KIND_BITS
        edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(rows)]
        for start, stop in pairwise(edges):
            key = int(keys[start])
            if key not in partitions:
                partitions[key] = Partition(self.dimension)
            partitions[key].put(Batch(ids[start:stop], vectors[start:stop], codes[start:stop]))

    def _coded(self, rows: Sequence[Any]) -> Codes:
        known = self._codes
        flat = [
            NO_VALUE if value is None else known.setdefault(value, len(known) + 1) for row in rows for value in row[2:]
        ]
        return np.array(flat, np.int32).reshape(len(rows), len(ATTRIBUTES))


def _key(workspace: Workspace, kind: ChunkKind) -> int:
    return id_range(workspace, kind)[0] >> KIND_BITS


def _rows() -> Select[Any]:
    return select(chunk.c.id, chunk.c.vector, *(chunk.c[name] for name in ATTRIBUTES))


def _fetch(session: Session, ids: list[int], encoder_id: str) -> Iterator[Any]:
    for start in range(0, len(ids), FETCH):
        batch = ids[start : start + FETCH]
        statement = _rows().where(chunk.c.id.in_(batch), chunk.c.encoder == encoder_id).order_by(chunk.c.id)
        yield from session.execute(statement).all()


def _by_partition(ids: Ids) -> Iterable[tuple[int, Ids]]:
    keys = ids >> KIND_BITS
    return ((int(key), ids[keys == key]) for key in np.unique(keys))
