"""BM25 over one workspace's chunks of one kind, with a bound on the work whatever the query and the table's size.

The database only tells which chunks hold a term; choice of terms, statistics and ranking are here, so every database
ranks alike and no workspace's scores depend on another's texts.
"""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, func, select

from ticketflow.db import Session
from ticketflow.db.dialect import IdRange
from ticketflow.db.tables import chunk

K1 = 1.2
B = 0.75
READ_TERMS = 64  # distinct terms of a query that are looked at, from its beginning
MAX_TERMS = 12  # the rarest of them, which score
WORK_LIMIT = 4_000  # chunks read for the rarest terms; the lists of the others are too long to read
TOGETHER_LIMIT = 1_000  # chunks read in which the rarest unread terms meet
SCORED = 100  # candidates whose text is read and scored exactly
SAMPLE = 400  # newest chunks that the mean length is taken of
DRIFT = 1.2  # statistics are taken anew when the partition has grown by this factor
COMMON = 1_000  # frequency from which it is remembered; counting below takes microseconds
COUNT_LEAST = 20_000  # counting goes to a tenth of the partition, or to this
REMEMBERED = 100_000  # frequencies; past that all are forgotten

Ids = NDArray[np.int64]
Keep = Callable[[Ids], NDArray[np.bool_]]

_INSIDE = chunk.c.id.between(bindparam("first"), bindparam("last"))
# Two selects: only then is each a single look into the key.
_ENDS = select(*(select(end(chunk.c.id)).where(_INSIDE).scalar_subquery() for end in (func.min, func.max)))
_NEWEST = select(chunk.c.terms).where(_INSIDE).order_by(chunk.c.id.desc()).limit(SAMPLE)
_TERMS = select(chunk.c.id, chunk.c.terms).where(chunk.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """A query made ready for one partition: its scoring terms with their weights, rarest first.

    `ideal` is the score of a chunk of mean length that holds each of them once.
    """

    weights: dict[str, float]
    ideal: float
    mean_length: float


NOTHING = LexicalQuery({}, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is known of a partition. `chunks` counts deleted ones too, which the logarithm forgives."""

    ids: IdRange
    chunks: int
    mean_length: float


class FullText:
    """Ranks chunks by BM25. Remembers small statistics per partition; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scopes: dict[IdRange, _Scope] = {}
        self._common: dict[tuple[_Scope, str], int] = {}

    def search(
        self, session: Session, ids: IdRange, terms: Sequence[str], limit: int, keep: Keep | None = None
    ) -> tuple[LexicalQuery, dict[int, float]]:
        """The query made ready, and up to `limit` chunk ids with their BM25 scores, best first.

        Terms that no chunk holds are dropped. `keep` tells which ids may be returned at all.
        """
        scope = self._scope(session, ids)
        distinct = list(dict.fromkeys(terms))[:READ_TERMS]
        if scope is None or not distinct:
            return NOTHING, {}
        frequencies = self._frequencies(session, scope, distinct)
        query = _weigh(frequencies, scope)
        candidates = _ranked(session, scope, query, keep)
        if candidates is None:
            candidates = _best(_lists(session, scope, query, frequencies), keep)
        scores = self.score(session, query, candidates)
        ranked = sorted(scores.items(), key=lambda item: (-item[1], -item[0]))
        return query, {chunk_id: score for chunk_id, score in ranked[:limit] if score > 0}

    def score(self, session: Session, query: LexicalQuery, ids: Sequence[int]) -> dict[int, float]:
        """Exact BM25 scores of these chunks, 0 where no term occurs. Chunks that are gone are left out."""
        rows = session.execute(_TERMS, {"ids": list(ids)}).all() if ids else []
        return {chunk_id: bm25(query, terms) for chunk_id, terms in rows}

    def _scope(self, session: Session, ids: IdRange) -> _Scope | None:
        first, last = session.execute(_ENDS, {"first": ids[0], "last": ids[1]}).one()
        if first is None:
            return None
        chunks = last - first + 1
        known = self._scopes.get(ids)
        if known is not None and known.chunks / DRIFT <= chunks <= known.chunks * DRIFT:
            return known
        newest = session.execute(_NEWEST, {"first": ids[0], "last": ids[1]}).all()
        lengths = [row[0].count(" ") + 1 for row in newest]
        scope = _Scope(ids, chunks, sum(lengths) / len(lengths))
        with self._lock:
            self._scopes[ids] = scope
        return scope

    def _frequencies(self, session: Session, scope: _Scope, terms: list[str]) -> dict[str, int]:
        known = {term: self._common.get((scope, term)) for term in terms}
        unknown = [term for term, found in known.items() if found is None]
        cap = max(COUNT_LEAST, scope.chunks // 10)
        counted = session.dialect.document_frequency(session.connection, unknown, scope.ids, cap)
        frequencies = {term: found for term, found in known.items() if found is not None}
        frequencies.update(zip(unknown, counted, strict=True))
        common = {(scope, term): frequencies[term] for term in unknown if frequencies[term] >= COMMON}
        if common:
            with self._lock:
                if len(self._common) > REMEMBERED:
                    self._common.clear()
                self._common.update(common)
        return frequencies


def bm25(query: LexicalQuery, terms: str) -> float:
    """The score of a chunk's terms, joined by spaces."""
    weights = query.weights
    words = terms.split(" ")
    counts: dict[str, int] = {}
    for word in words:
        if word in weights:
            counts[word] = counts.get(word, 0) + 1
    norm = K1 * (1 - B + B * len(words) / query.mean_length)
    return sum(weights[word] * count * (K1 + 1) / (count + norm) for word, count in counts.items())


def _weigh(frequencies: dict[str, int], scope: _Scope) -> LexicalQuery:
    known = sorted((found, term) for term, found in frequencies.items() if found)[:MAX_TERMS]
    weights = {term: math.log1p((max(scope.chunks - found, 0) + 0.5) / (found + 0.5)) for found, term in known}
    return LexicalQuery(weights, sum(weights.values()), max(scope.mean_length, 1.0))


def _ranked(session: Session, scope: _Scope, query: LexicalQuery, keep: Keep | None) -> list[int] | None:
    """The SCORED best by the database's own full text, None where it has none."""
    found = session.dialect.ranked(session.connection, list(query.weights), scope.ids, SCORED) if query.weights else []
    if not found or keep is None:
        return found
    ids = np.array(found, np.int64)
    return ids[keep(ids)].tolist()


def _lists(
    session: Session, scope: _Scope, query: LexicalQuery, frequencies: dict[str, int]
) -> list[tuple[float, Ids]]:
    """Chunks with the weight that is certain of them: all that hold a rare term, and some where common ones meet."""
    rare: list[str] = []
    work = 0
    for term in query.weights:  # rarest first
        work += frequencies[term]
        if work > WORK_LIMIT:
            break
        rare.append(term)
    common = list(query.weights)[len(rare) :]
    together = [common[:size] for size in (3, 2) if len(common) >= size]
    if common and not rare:
        together.append(common[:1])
    found = session.dialect.postings(session.connection, [[term] for term in rare], scope.ids, WORK_LIMIT)
    found += session.dialect.postings(session.connection, together, scope.ids, TOGETHER_LIMIT)
    # Chunks of three common terms are among those of two, where their weight is counted again: only the third's is new.
    certain = [*([term] for term in rare), *_added(together)]
    return [(sum(query.weights[term] for term in terms), ids) for terms, ids in zip(certain, found, strict=True)]


def _added(together: list[list[str]]) -> list[list[str]]:
    """What each of nested conjunctions, longest first, adds to the next."""
    shorter: list[list[str]] = [*together[1:], []][: len(together)]
    return [[term for term in terms if term not in less] for terms, less in zip(together, shorter, strict=True)]


def _best(lists: list[tuple[float, Ids]], keep: Keep | None) -> list[int]:
    """The SCORED ids whose certain weight is largest; newer before older."""
    if not any(len(ids) for _, ids in lists):
        return []
    distinct, rows = np.unique(np.concatenate([ids for _, ids in lists]), return_inverse=True)
    total = np.bincount(rows, np.concatenate([np.full(len(ids), weight) for weight, ids in lists]), len(distinct))
    if keep is not None:
        kept = keep(distinct)
        distinct, total = distinct[kept], total[kept]
    return distinct[np.lexsort((-distinct, -total))[:SCORED]].tolist()
