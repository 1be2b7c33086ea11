"""Giving stored chunks the vectors that an encoder has not made yet: after a switch, or after it gave no answer."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update

from ticketflow.db import Database, Session
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind
from ticketflow.embeddings import Encoder
from ticketflow.errors import Conflict
from ticketflow.retrieval.chunking import Passage, embedded_text
from ticketflow.retrieval.chunks import to_bytes
from ticketflow.retrieval.encoding import ChunkText, encode
from ticketflow.retrieval.slots import Slot, slot_of

BATCH = 128
"""Chunks encoded and committed at a time: few enough that no writer waits for long."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many of all chunks have an encoder's vector."""

    done: int
    total: int


def count(session: Session, encoder_id: str) -> Filled:
    """Look through all chunks of the installation."""
    slot = _slot(session, encoder_id)
    total = int(session.execute(select(func.count()).select_from(chunk)).scalar_one())
    made = select(func.count()).select_from(chunk).where(slot.encoder == encoder_id)
    return Filled(int(session.execute(made).scalar_one()), total)


def fill(database: Database, encoder: Encoder, tell: Callable[[Session, Filled], None]) -> int:
    """Encode every chunk that has no vector of `encoder`, in all workspaces, until none is left; how many that were.

    `tell` hears in each commit how far it is, and may stop it by raising. What is committed stays: the next call goes
    on there. Call with no transaction open. Raises Conflict where the encoder has lost its slot.
    """
    with database.read() as session:
        known = count(session, encoder.id)
    made, found = 0, True
    while found:
        after, found = -1, False
        while rows := _pending(database, encoder.id, after):
            after, found = rows[-1].id, True
            texts = _texts(rows)
            vectors = [to_bytes(vector) for vector in encode(encoder, texts)]
            with database.write() as session:
                stored = _put(session, encoder.id, rows, vectors)
                made += stored
                known = Filled(min(known.done + stored, known.total), known.total)
                tell(session, known)
    return made


def _pending(database: Database, encoder_id: str, after: int) -> Sequence[Any]:
    """The next chunks by id. The last source among them may go on behind them: it is left for the next time then."""
    with database.read() as session:
        slot = _slot(session, encoder_id)
        columns = ("id", "workspace_id", "kind", "source_id", "ordinal", "title", "heading", "text", "content_hash")
        wanted = select(*(chunk.c[name] for name in columns)).where(
            chunk.c.id > after, slot.encoder.is_distinct_from(encoder_id)
        )
        rows = session.execute(wanted.order_by(chunk.c.id).limit(BATCH)).all()
    begun = next((place for place, row in enumerate(rows) if _source(row) == _source(rows[-1])), 0)
    return rows[:begun] if len(rows) == BATCH and begun else rows


def _source(row: Any) -> tuple[str, int, str]:
    return row.workspace_id, row.kind, row.source_id


def _texts(rows: Sequence[Any]) -> list[ChunkText]:
    several = Counter(_source(row) for row in rows)
    return [
        ChunkText(
            embedded_text(row.title, Passage(row.text, row.heading or "")),
            ChunkKind(row.kind),
            row.source_id if row.ordinal or several[_source(row)] > 1 else "",
        )
        for row in rows
    ]


def _put(session: Session, encoder_id: str, rows: Sequence[Any], vectors: Sequence[bytes]) -> int:
    """Whoever changed a chunk meanwhile has made its vectors void; it is found again."""
    slot = _slot(session, encoder_id)
    put = (
        update(chunk)
        .where(chunk.c.id == bindparam("row_id"), chunk.c.content_hash == bindparam("row_hash"))
        .values(slot.filled(encoder_id, bindparam("made")))
    )
    stored = 0
    for row, vector in zip(rows, vectors, strict=True):
        stored += session.execute(put, {"row_id": row.id, "row_hash": row.content_hash, "made": vector}).rowcount
    return stored


def _slot(session: Session, encoder_id: str) -> Slot:
    slot = slot_of(session, encoder_id)
    if slot is None:
        raise Conflict(f"The encoder {encoder_id} has no place for its vectors any more: another one took it.")
    return slot
