"""Reading what an encoder made of chunks back, in bulk: for the index in memory, for learning, for the agent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Select, bindparam, select

from ticketflow.db import Session
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.embeddings import Vectors
from ticketflow.retrieval.chunks import id_range
from ticketflow.retrieval.filters import ATTRIBUTES
from ticketflow.retrieval.slots import Slot, slot_of

FETCH = 2_000
STREAM = 1_024  # rows a fetch while loading: their vectors stay in the processor's cache between the steps
IDS = 500  # a statement


class StoredVectors:
    """The rows whose vectors one encoder made. `vector` of a row is little-endian float16."""

    def __init__(self, encoder_id: str) -> None:
        self._encoder_id = encoder_id
        self._statements: dict[int, _Statements] = {}

    def after(self, session: Session, chunk_id: int) -> Sequence[Any]:
        """The next rows by id, with the attributes that searches filter by; none at the end."""
        made = self._made(session)
        return session.execute(made.stream, {"after": chunk_id, "encoder": self._encoder_id}).all() if made else []

    def described(self, session: Session, ids: Sequence[int]) -> list[Any]:
        """Those of the chunks that it has a vector of, by id, with the attributes that searches filter by."""
        made = self._made(session)
        return [row for batch in _batches(ids) for row in self._of(session, made.described, batch)] if made else []

    def of(self, session: Session, ids: Sequence[int]) -> list[Any]:
        """Id and vector of those of the chunks that it has a vector of."""
        made = self._made(session)
        return [row for batch in _batches(ids) for row in self._of(session, made.vectors, batch)] if made else []

    def _of(self, session: Session, statement: Select[*tuple[Any, ...]], ids: list[int]) -> Sequence[Any]:
        return session.execute(statement, {"ids": ids, "encoder": self._encoder_id}).all()

    def _made(self, session: Session) -> "_Statements | None":
        slot = slot_of(session, self._encoder_id)
        if slot is None:
            return None
        if slot.number not in self._statements:
            self._statements[slot.number] = _Statements.of(slot)
        return self._statements[slot.number]


@dataclass(frozen=True, slots=True)
class _Statements:
    """Made once: building one takes longer than running it."""

    stream: Select[*tuple[Any, ...]]
    described: Select[*tuple[Any, ...]]
    vectors: Select[*tuple[Any, ...]]

    @classmethod
    def of(cls, slot: Slot) -> "_Statements":
        theirs = slot.encoder == bindparam("encoder")
        listed = chunk.c.id.in_(bindparam("ids", expanding=True))
        vector = slot.vector.label("vector")
        rows = select(chunk.c.id, vector, *(chunk.c[name] for name in ATTRIBUTES)).where(theirs).order_by(chunk.c.id)
        return cls(
            rows.where(chunk.c.id > bindparam("after")).limit(STREAM),
            rows.where(listed),
            select(chunk.c.id, vector).where(theirs, listed),
        )


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """The first chunk of a source. `vector` is float32 (d,)."""

    source_id: str
    text: str
    terms: list[str]
    vector: Vectors


def first_chunks(session: Session, workspace: Workspace, kind: ChunkKind, encoder_id: str) -> Iterator[StoredChunk]:
    """The first chunk of every source of a kind that this encoder made, oldest first, read in portions."""
    slot = slot_of(session, encoder_id)
    if slot is None:
        return
    _, last = id_range(workspace, kind)
    after = id_range(workspace, kind)[0] - 1
    columns = (chunk.c.id, chunk.c.source_id, chunk.c.text, chunk.c.terms, slot.vector.label("vector"))
    while True:
        rows = session.execute(
            select(*columns)
            .where(
                # The range of ids is the workspace's. Naming the workspace too would make SQLite read all of it and
                # sort it, for every portion anew.
                chunk.c.id > after,
                chunk.c.id <= last,
                chunk.c.ordinal == 0,
                slot.encoder == encoder_id,
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


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    return (list(ids[start : start + IDS]) for start in range(0, len(ids), IDS))
