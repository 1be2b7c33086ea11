"""Search over cases, articles, answers and tickets: by meaning, by words, and both in one ranking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select

from ticketflow.db import Database, Session
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.embeddings import Encoder, Vectors
from ticketflow.retrieval import analyzer, hits
from ticketflow.retrieval.chunks import id_range
from ticketflow.retrieval.filters import Filters
from ticketflow.retrieval.fulltext import FullText, Ids, LexicalQuery, bm25
from ticketflow.retrieval.fusion import PRIOR, Fusion, fuse
from ticketflow.retrieval.hits import Hit, Scored
from ticketflow.retrieval.vectors import Vectors as VectorHalf
from ticketflow.retrieval.vectors import vectors_of

__all__ = ["SEARCHED", "Hit", "Pool", "Search"]

NO_FILTERS = Filters()
SEARCHED = (ChunkKind.CASE, ChunkKind.ARTICLE, ChunkKind.ANSWER)
Kinds = ChunkKind | Iterable[ChunkKind]
ROUGH_FACTOR = 4  # rough candidates a wanted hit; they are then scored exactly
ROUGH_LEAST = 64
WORDED_LEAST = 50  # full-text hits that fusion ranks

_TERMS = select(chunk.c.id, chunk.c.terms).where(chunk.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Pool:
    """What fusion ranks for one query and kind: n chunk ids, their cosines (NaN: another encoder's chunk) and BM25
    scores, and the query's ideal score."""

    ids: list[int]
    similarity: NDArray[np.float64]
    lexical: NDArray[np.float64]
    ideal: float

    def fused(self, weights: Fusion) -> NDArray[np.float64]:
        """Scores (n,), the higher, the better."""
        return fuse(np.nan_to_num(self.similarity), self.lexical, self.ideal, weights)

    def scored(self, scores: NDArray[np.float64], rows: Iterable[int] | None = None) -> list[Scored]:
        """The chunks (or those in `rows`) with `scores`."""
        return [
            Scored(
                float(scores[row]),
                self.ids[row],
                None if np.isnan(self.similarity[row]) else float(self.similarity[row]),
                float(self.lexical[row]) or None,
            )
            for row in (range(len(self.ids)) if rows is None else rows)
        ]


class Search:
    """Finds chunks of one encoder's index. Thread-safe; every method follows the change log first."""

    def __init__(self, database: Database, encoder: Encoder, index: VectorHalf | None = None) -> None:
        self.encoder = encoder
        self.index = index or vectors_of(database, encoder)
        self._database = database
        self._full_text = FullText()

    def load(self) -> None:
        """Bring the index up to date, in a transaction of its own: at start, so that the first search is not slow."""
        with self._database.read() as session:
            self.index.follow(session)

    def find(
        self,
        session: Session,
        workspace: Workspace,
        text: str,
        *,
        vector: Vectors | None = None,
        kinds: Kinds = SEARCHED,
        limit: int = 10,
        filters: Filters = NO_FILTERS,
        weights: Fusion | None = None,
    ) -> list[Hit]:
        """The best `limit` sources by both halves together. Pass `vector` so that nothing is encoded in here."""
        query: Vectors = self.encoder.encode([text])[0] if vector is None else vector
        terms = analyzer.terms(text)
        kinds = tuple(_each(kinds))
        self.index.follow(session, kinds)
        scored: list[Scored] = []
        for kind in kinds:
            pool = self.pool(session, workspace, query, terms, kind, limit=limit, filters=filters)
            scored += pool.scored(pool.fused(weights or PRIOR))
        return hits.read(session, workspace, scored, limit, filters)

    def neighbours(
        self,
        session: Session,
        workspace: Workspace,
        vector: Vectors,
        kinds: Kinds = SEARCHED,
        limit: int = 10,
        filters: Filters = NO_FILTERS,
    ) -> list[Hit]:
        """The nearest `limit` sources by exact cosine, which is their score."""
        kinds = tuple(_each(kinds))
        self.index.follow(session, kinds)
        scored: list[Scored] = []
        for kind in kinds:
            pool = self._exact(session, vector, self._near(session, workspace, kind, vector, limit, filters), {}, None)
            scored += pool.scored(pool.similarity)
        return hits.read(session, workspace, scored, limit, filters)

    def lexical(
        self,
        session: Session,
        workspace: Workspace,
        text: str,
        kinds: Kinds = SEARCHED,
        limit: int = 10,
        filters: Filters = NO_FILTERS,
    ) -> list[Hit]:
        """The best `limit` sources by BM25, which is their score; `similarity` stays None."""
        terms = analyzer.terms(text)
        kinds = tuple(_each(kinds))
        self.index.follow(session, kinds)
        scored: list[Scored] = []
        for kind in kinds:
            _, found = self._words(session, workspace, kind, terms, limit, filters)
            scored += [Scored(score, chunk_id, None, score) for chunk_id, score in found.items()]
        return hits.read(session, workspace, scored, limit, filters)

    def voters(
        self,
        session: Session,
        workspace: Workspace,
        text: str,
        vector: Vectors,
        kind: ChunkKind,
        nearest: int,
        worded: int,
        weights: Fusion | None = None,
    ) -> list[Hit]:
        """The `nearest` sources by cosine and the `worded` by BM25 in one list, both scores on each; best fused first.

        A source with several chunks may make it a little shorter.
        """
        self.index.follow(session, [kind])
        pool = self.pool(session, workspace, vector, analyzer.terms(text), kind, limit=max(nearest, worded))
        by_cosine = np.argsort(-np.nan_to_num(pool.similarity, nan=-2.0), kind="stable")[:nearest]
        by_words = np.argsort(-pool.lexical, kind="stable")[:worded]
        rows = sorted({*by_cosine.tolist(), *(row for row in by_words.tolist() if pool.lexical[row] > 0)})
        scored = pool.scored(pool.fused(weights or PRIOR), rows)
        return hits.read(session, workspace, scored, nearest + worded, NO_FILTERS)

    def pool(
        self,
        session: Session,
        workspace: Workspace,
        vector: Vectors,
        terms: Sequence[str],
        kind: ChunkKind,
        *,
        limit: int = 10,
        filters: Filters = NO_FILTERS,
    ) -> Pool:
        """Both halves' candidates, each with both exact scores. Call `index.follow` before."""
        query, lexical = self._words(session, workspace, kind, terms, limit, filters)
        near = self._near(session, workspace, kind, vector, limit, filters)
        return self._exact(session, vector, list({*near, *lexical}), lexical, query)

    def _near(
        self, session: Session, workspace: Workspace, kind: ChunkKind, vector: Vectors, limit: int, filters: Filters
    ) -> list[int]:
        wanted = max(ROUGH_LEAST, ROUGH_FACTOR * limit)
        return self.index.nearest(session, workspace, kind, vector, wanted, filters)

    def _exact(
        self, session: Session, vector: Vectors, ids: list[int], lexical: dict[int, float], query: LexicalQuery | None
    ) -> Pool:
        """Scores from the rows: exact cosines, and BM25 where it is not in `lexical` yet."""
        rows = session.execute(_TERMS, {"ids": ids}).all() if ids else []
        known = self.index.cosines(session, ids, vector)
        words = [
            lexical[row.id] if row.id in lexical else bm25(query, row.terms) if query and query.weights else 0.0
            for row in rows
        ]
        return Pool(
            [row.id for row in rows],
            np.array([known.get(row.id, np.nan) for row in rows], np.float64),
            np.array(words, np.float64),
            query.ideal if query else 0.0,
        )

    def _words(
        self,
        session: Session,
        workspace: Workspace,
        kind: ChunkKind,
        terms: Sequence[str],
        limit: int,
        filters: Filters,
    ) -> tuple[LexicalQuery, dict[int, float]]:
        def keep(ids: Ids) -> NDArray[np.bool_]:
            return self.index.admits(session, workspace, kind, ids, filters)

        wanted = max(WORDED_LEAST, 2 * limit)
        scope = id_range(workspace, kind)
        return self._full_text.search(session, scope, terms, wanted, keep if filters.active() else None)


def _each(kinds: Kinds) -> Iterable[ChunkKind]:
    return (kinds,) if isinstance(kinds, ChunkKind) else kinds
