"""A workspace's own cases as search queries with known right answers: what fusion weights are learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, func, select

from ticketflow.db import Database, Session
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.retrieval.chunks import from_bytes, id_range
from ticketflow.retrieval.fusion import features
from ticketflow.retrieval.search import Search
from ticketflow.retrieval.slots import slot_of

QUERIES = 600
SEED = 20_26
TRANSACTION = 50  # queries that are run in one transaction

_LABELS = select(chunk.c.id, chunk.c.source_id, chunk.c.answer_id).where(
    chunk.c.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class LabelledPool:
    """One query's n candidates: fusion's features (n, 3), and which of them lead to the right answer (n,)."""

    features: NDArray[np.float64]
    relevant: NDArray[np.bool_]


def labelled_pools(
    database: Database, search: Search, workspace: Workspace, kind: ChunkKind = ChunkKind.CASE, limit: int = QUERIES
) -> list[LabelledPool]:
    """Up to `limit` cases drawn at random, each searched among the others; the same answer is a right hit.

    Stored vectors and terms are the queries, so nothing is encoded. Call with no transaction open.
    """
    with database.read() as session:
        search.index.follow(session, [kind])
        queries = _queries(session, workspace, search.index.encoder_id, kind, limit)
    pools: list[LabelledPool] = []
    for start in range(0, len(queries), TRANSACTION):
        with database.read() as session:
            for query in queries[start : start + TRANSACTION]:
                pool = _pool(session, search, workspace, kind, query)
                if pool is not None:
                    pools.append(pool)
    return pools


def _queries(session: Session, workspace: Workspace, encoder_id: str, kind: ChunkKind, limit: int) -> Sequence[Any]:
    first, last = id_range(workspace, kind)
    slot = slot_of(session, encoder_id)
    newest = session.execute(select(func.max(chunk.c.id)).where(chunk.c.id.between(first, last))).scalar()
    if newest is None or slot is None:
        return []
    # Ids are dense but for deletions; drawing twice as many as wanted forgives those and cases without an answer.
    span = newest - first
    drawn = np.random.default_rng(SEED).permutation(span)[: 2 * limit] if span < 5_000_000 else np.arange(2 * limit)
    found: list[Any] = []
    for start in range(0, len(drawn), 500):
        wanted = [newest - int(offset) for offset in drawn[start : start + 500]]
        rows = session.execute(
            select(chunk.c.id, chunk.c.source_id, chunk.c.answer_id, chunk.c.terms, slot.vector.label("vector")).where(
                chunk.c.id.in_(wanted), slot.encoder == encoder_id, chunk.c.answer_id.is_not(None)
            )
        ).all()
        found.extend(rows)
    return found[:limit]


def _pool(session: Session, search: Search, workspace: Workspace, kind: ChunkKind, query: Any) -> LabelledPool | None:
    vector = from_bytes([query.vector])[0]
    pool = search.pool(session, workspace, vector, query.terms.split(" "), kind)
    rows = {row.id: row for row in session.execute(_LABELS, {"ids": pool.ids}).all()} if pool.ids else {}
    others = np.array([key in rows and rows[key].source_id != query.source_id for key in pool.ids], bool)
    if not others.any():
        return None
    relevant = np.array([key in rows and rows[key].answer_id == query.answer_id for key in pool.ids], bool)
    known = features(np.nan_to_num(pool.similarity), pool.lexical, pool.ideal)
    return LabelledPool(known[others], relevant[others])
