"""Reading chunks back in bulk: what learning and the agent need of them. Searching is elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from ticketflow.db import Session
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.embeddings import Vectors
from ticketflow.retrieval.chunks import id_range

FETCH = 2_000


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """The first chunk of a source. `vector` is float32 (d,)."""

    source_id: str
    text: str
    terms: list[str]
    vector: Vectors


def first_chunks(session: Session, workspace: Workspace, kind: ChunkKind, encoder_id: str) -> Iterator[StoredChunk]:
    """The first chunk of every source of a kind that this encoder made, oldest first, read in portions."""
    _, last = id_range(workspace, kind)
    after = id_range(workspace, kind)[0] - 1
    columns = (chunk.c.id, chunk.c.source_id, chunk.c.text, chunk.c.terms, chunk.c.vector)
    while True:
        rows = session.execute(
            select(*columns)
            .where(
                # The range of ids is the workspace's. Naming the workspace too would make SQLite read all of it and
                # sort it, for every portion anew.
                chunk.c.id > after,
                chunk.c.id <= last,
                chunk.c.ordinal == 0,
                chunk.c.encoder == encoder_id,
            )
            .order_by(chunk.c.id)
            .limit(FETCH)
        ).all()
        if not rows:
            return
        for row in rows:
            vector = np.frombuffer(row.vector, "<f2").astype(np.float32)
            yield StoredChunk(row.source_id, row.text, row.terms.split(), vector)
        after = rows[-1].id
