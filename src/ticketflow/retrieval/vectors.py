"""The half of search that goes by meaning, as `search` sees it: vectors held in memory, or the database's own."""

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, exists, select

from ticketflow.db import Database, Session
from ticketflow.db.dialect import NativeVectors
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.embeddings import Encoder
from ticketflow.retrieval.chunks import id_range
from ticketflow.retrieval.filters import Filters
from ticketflow.retrieval.index import VectorIndex
from ticketflow.retrieval.slots import slot_of

Ids = NDArray[np.int64]

_ANY = select(exists().where(chunk.c.id.between(bindparam("first"), bindparam("last"))))


class Vectors(Protocol):
    """The vectors of one encoder. Chunk ids are those of one workspace and kind; vectors are float32 (d,)."""

    encoder_id: str

    def follow(self, session: Session, kinds: Iterable[ChunkKind] = ...) -> None:
        """Catch up with what `session` sees of these kinds."""
        ...

    def holds(self, session: Session, workspace: Workspace, kind: ChunkKind) -> bool:
        """Whether there is any chunk of a kind."""
        ...

    def nearest(
        self,
        session: Session,
        workspace: Workspace,
        kind: ChunkKind,
        vector: NDArray[np.float32],
        limit: int,
        filters: Filters,
    ) -> list[int]:
        """The ids of about the `limit` nearest chunks, in no order; fewer where there are fewer."""
        ...

    def admits(
        self, session: Session, workspace: Workspace, kind: ChunkKind, ids: Ids, filters: Filters
    ) -> NDArray[np.bool_]:
        """Which chunk ids may pass the filters: those known not to pass are out."""
        ...

    def cosines(self, session: Session, ids: Sequence[int], vector: NDArray[np.float32]) -> dict[int, float]:
        """Exact cosines of those of the chunks that this encoder made."""
        ...


def vectors_of(database: Database, encoder: Encoder) -> Vectors:
    """The vectors that `encoder` made in `database`."""
    if database.dialect.native_vectors:
        return DatabaseVectors(encoder.id, cast(NativeVectors, database.dialect))
    return VectorIndex(encoder.id, encoder.dimension)


class DatabaseVectors:
    """Vectors that the database compares: nothing is held here, so nothing has to be followed."""

    def __init__(self, encoder_id: str, native: NativeVectors) -> None:
        self.encoder_id = encoder_id
        self._native = native

    def follow(self, session: Session, kinds: Iterable[ChunkKind] = ()) -> None:
        """See Vectors.follow."""

    def holds(self, session: Session, workspace: Workspace, kind: ChunkKind) -> bool:
        """See Vectors.holds."""
        first, last = id_range(workspace, kind)
        return bool(session.execute(_ANY, {"first": first, "last": last}).scalar())

    def nearest(
        self,
        session: Session,
        workspace: Workspace,
        kind: ChunkKind,
        vector: NDArray[np.float32],
        limit: int,
        filters: Filters,
    ) -> list[int]:
        """See Vectors.nearest."""
        slot = slot_of(session, self.encoder_id)
        if slot is None:
            return []
        scope = id_range(workspace, kind)
        required = {**filters.active(), slot.encoder.name: self.encoder_id}
        return self._native.nearest(session.connection, scope, slot.vector.name, vector, required, limit)

    def admits(
        self, session: Session, workspace: Workspace, kind: ChunkKind, ids: Ids, filters: Filters
    ) -> NDArray[np.bool_]:
        """See Vectors.admits."""
        required = (chunk.c[name] == value for name, value in filters.active().items())
        right = session.execute(select(chunk.c.id).where(chunk.c.id.in_(ids.tolist()), *required)).scalars().all()
        return np.isin(ids, np.array(right, np.int64))

    def cosines(self, session: Session, ids: Sequence[int], vector: NDArray[np.float32]) -> dict[int, float]:
        """See Vectors.cosines."""
        slot = slot_of(session, self.encoder_id)
        if slot is None:
            return {}
        columns = (slot.vector.name, slot.encoder.name)
        return self._native.cosines(session.connection, ids, columns, self.encoder_id, vector)
