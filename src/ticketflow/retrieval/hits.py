"""Ranked chunk ids to hits: each source once, with its best chunk, read from the rows that the transaction sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from ticketflow.db import Session
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.retrieval.filters import Filters


@dataclass(frozen=True, slots=True)
class Hit:
    """A source that was found, with its best chunk.

    `similarity` is the exact cosine, None where only words were asked for or another encoder made the chunk;
    `lexical` the BM25 score, None where only the vector was asked for or no term occurs. Hits are ordered by `score`.
    """

    kind: ChunkKind
    source_id: str
    chunk_id: int
    score: float
    similarity: float | None
    lexical: float | None
    title: str
    text: str
    status: str | None
    category: str | None
    language: str | None
    answer_id: str | None


@dataclass(frozen=True, slots=True)
class Scored:
    """A chunk with its scores, before its row is read."""

    score: float
    chunk_id: int
    similarity: float | None
    lexical: float | None


_COLUMNS = ("id", "workspace_id", "kind", "source_id", "title", "text", "status", "category", "language", "answer_id")
# The ids alone find the rows. With the workspace in the condition SQLite walks that workspace's whole index instead.
_ROWS = select(*(chunk.c[name] for name in _COLUMNS)).where(chunk.c.id.in_(bindparam("ids", expanding=True)))


def read(session: Session, workspace: Workspace, scored: Sequence[Scored], limit: int, filters: Filters) -> list[Hit]:
    """The best `limit` sources, best first. Reads on until there are enough: a source's chunks count once."""
    ranked = sorted(scored, key=lambda entry: (-entry.score, entry.chunk_id))
    hits: list[Hit] = []
    seen: set[tuple[int, str]] = set()
    active = filters.active()
    for start in range(0, len(ranked), 2 * limit):
        batch = ranked[start : start + 2 * limit]
        ids = [entry.chunk_id for entry in batch]
        rows = {row.id: row for row in session.execute(_ROWS, {"ids": ids}).all()}
        for entry in batch:
            row = rows.get(entry.chunk_id)
            if row is None or (row.kind, row.source_id) in seen or not _passes(row, workspace, active):
                continue
            seen.add((row.kind, row.source_id))
            hits.append(_hit(entry, row))
            if len(hits) == limit:
                return hits
    return hits


def _passes(row: Any, workspace: Workspace, active: dict[str, str]) -> bool:
    """Looked at once more: the row may be newer than the index."""
    return row.workspace_id == workspace.id and all(getattr(row, name) == value for name, value in active.items())


def _hit(entry: Scored, row: Any) -> Hit:
    return Hit(
        kind=ChunkKind(row.kind),
        source_id=row.source_id,
        chunk_id=entry.chunk_id,
        score=entry.score,
        similarity=entry.similarity,
        lexical=entry.lexical,
        title=row.title,
        text=row.text,
        status=row.status,
        category=row.category,
        language=row.language,
        answer_id=row.answer_id,
    )
