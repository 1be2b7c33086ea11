"""Every vector of one encoder in memory, by workspace and kind, kept in step with the database's change log.

Nothing is lost when it is: it is built from the chunk rows at start. Rough int8 scores choose the candidates;
`search` scores them exactly from the float16 columns.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from ticketflow.db import Session
from ticketflow.db.dialect import ChangeLog
from ticketflow.db.tables import chunk_counter, workspace
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.retrieval.chunks import KIND_BITS, WORKSPACE_BITS, from_bytes, id_range
from ticketflow.retrieval.filters import ATTRIBUTES, Filters
from ticketflow.retrieval.partition import Batch, Ids, Partition, Scores
from ticketflow.retrieval.stored import StoredVectors

PAGE = 2_000  # changes a step while following
MOST_DEFERRED = 20_000  # noted changes of a kind, past which they are read after all

LARGEST_GUESS = 4_000_000  # rows of room made before it is known how many there are

UNKNOWN = -1  # code that no row has


class VectorIndex:
    """The vectors of one encoder. Searches run beside each other and beside `follow`."""

    def __init__(self, encoder_id: str, dimension: int) -> None:
        self.encoder_id = encoder_id
        self.dimension = dimension
        self._stored = StoredVectors(encoder_id)
        self._lock = threading.Lock()
        self._partitions: dict[int, Partition] = {}
        self._codes = _Codes()
        self._position = -1  # in the change log; -1 before the first load
        self._deferred: dict[int, set[int]] = {}  # changed chunk ids that nobody has asked for yet, by kind

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

    def holds(self, session: Session, workspace: Workspace, kind: ChunkKind) -> bool:
        """See Vectors.holds."""
        return self.count(workspace, kind) > 0

    def follow(self, session: Session, kinds: Iterable[ChunkKind] = tuple(ChunkKind)) -> None:
        """Catch up with what `session` sees of these kinds; the first call loads everything.

        Cheap when nothing changed. Changes of other kinds are noted and read when somebody searches those: every
        ticket that arrives is a change, and the agent searches cases.
        """
        log = cast(ChangeLog, session.dialect)
        newest = log.last_change(session.connection)
        wanted = {int(kind) for kind in kinds}
        if newest <= self._position and wanted.isdisjoint(self._deferred):
            return
        with self._lock:
            if self._position < 0:
                self._load(session, newest)
            while self._position < newest:
                changes = log.changes(session.connection, self._position, PAGE)
                if changes is None:
                    self._load(session, newest)
                elif not changes:
                    self._position = newest
                else:
                    self._defer(changes)
            for kind in [kind for kind, ids in self._deferred.items() if kind in wanted or len(ids) > MOST_DEFERRED]:
                self._apply(session, sorted(self._deferred[kind]))
                del self._deferred[kind]  # only now: whoever looks without the lock must not take it for read

    def nearest(
        self, session: Session, workspace: Workspace, kind: ChunkKind, vector: Scores, limit: int, filters: Filters
    ) -> list[int]:
        """See Vectors.nearest: the best by rough cosine."""
        partition = self._partitions.get(_key(workspace, kind))
        if partition is None:
            return []
        return partition.best(np.ascontiguousarray(vector, np.float32), limit, self._required(filters))[0].tolist()

    def admits(
        self, session: Session, workspace: Workspace, kind: ChunkKind, ids: Ids, filters: Filters
    ) -> NDArray[np.bool_]:
        """See Vectors.admits: ids that are not here yet are in."""
        required = self._required(filters)
        partition = self._partitions.get(_key(workspace, kind))
        if partition is None or not required:
            return np.ones(len(ids), np.bool_)
        known, right = partition.matching(ids, required)
        return ~known | right

    def cosines(self, session: Session, ids: Sequence[int], vector: Scores) -> dict[int, float]:
        """See Vectors.cosines: from the float16 columns."""
        rows = self._stored.of(session, ids)
        cosines = from_bytes([row.vector for row in rows]) @ vector if rows else np.zeros(0)
        return dict(zip((row.id for row in rows), cosines.tolist(), strict=True))

    def _required(self, filters: Filters) -> dict[int, int]:
        active = filters.active()
        return {
            column: self._codes.get(active[name], UNKNOWN) for column, name in enumerate(ATTRIBUTES) if name in active
        }

    def _load(self, session: Session, newest: int) -> None:
        # Searches go on in the old ones meanwhile. Room for all that was ever written spares growing step by step; what
        # is not needed of it stays untouched memory, which costs nothing.
        partitions = {key: Partition(self.dimension, capacity) for key, capacity in _sizes(session)}
        after = -1
        while rows := self._stored.after(session, after):
            self._put(partitions, rows)
            after = rows[-1].id
        self._partitions = partitions
        self._deferred.clear()
        self._position = newest

    def _defer(self, changes: list[tuple[int, int, bool]]) -> None:
        for _, chunk_id, _ in changes:
            kind = chunk_id >> KIND_BITS & (1 << WORKSPACE_BITS - KIND_BITS) - 1
            self._deferred.setdefault(kind, set()).add(chunk_id)
        self._position = changes[-1][0]

    def _apply(self, session: Session, touched: list[int]) -> None:
        rows = self._stored.described(session, touched)
        present = {row.id for row in rows}
        gone = np.array([chunk_id for chunk_id in touched if chunk_id not in present], np.int64)
        for key, ids in _by_partition(gone):
            if key in self._partitions:
                self._partitions[key].remove(ids)
        self._put(self._partitions, rows)

    def _put(self, partitions: dict[int, Partition], rows: Sequence[Any]) -> None:
        """Rows ascend by id."""
        if not rows:
            return
        first, blobs, *attributes = zip(*rows, strict=True)
        ids = np.array(first, np.int64)
        vectors = np.frombuffer(b"".join(blobs), "<f2").reshape(len(rows), self.dimension)
        codes = np.column_stack([np.fromiter(map(self._codes.__getitem__, part), np.int32) for part in attributes])
        keys = ids >> KIND_BITS
        edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(rows)]
        for start, stop in pairwise(edges):
            key = int(keys[start])
            if key not in partitions:
                partitions[key] = Partition(self.dimension)
            partitions[key].put(Batch(ids[start:stop], vectors[start:stop], codes[start:stop]))


class _Codes(dict[str | None, int]):
    """A number for each attribute value, given at first sight."""

    def __missing__(self, value: str | None) -> int:
        return self.setdefault(value, len(self))


def _key(workspace: Workspace, kind: ChunkKind) -> int:
    return id_range(workspace, kind)[0] >> KIND_BITS


def _sizes(session: Session) -> Iterator[tuple[int, int]]:
    """Each partition's key with how many chunks it was ever given."""
    counters = select(workspace.c.number, chunk_counter.c.kind, chunk_counter.c.last)
    for number, kind, last in session.execute(counters.where(workspace.c.id == chunk_counter.c.workspace_id)):
        yield number << (WORKSPACE_BITS - KIND_BITS) | kind, min(int(last), LARGEST_GUESS) + 256


def _by_partition(ids: Ids) -> Iterable[tuple[int, Ids]]:
    keys = ids >> KIND_BITS
    return ((int(key), ids[keys == key]) for key in np.unique(keys))
