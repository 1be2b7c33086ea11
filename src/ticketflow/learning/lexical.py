"""Sparse BM25 over token lists: in training it gives the lexical hits that the live full-text search would give.

The formula is that of `retrieval.fulltext` (k1 = 1.2, b = 0.75, a term's weight never below zero), higher is better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75
MAX_TERMS = 12
"""A live query carries at most so many terms, rarest first."""


@dataclass(frozen=True)
class TermMatrix:
    """Token lists as an (n, vocabulary) CSR of float32 counts, numbered once and cut into folds by rows."""

    counts: Any

    @classmethod
    def of(cls, tokens: Sequence[Sequence[str]]) -> "TermMatrix":
        """Number the terms of n token lists in order of first appearance."""
        import scipy.sparse as sp

        number: dict[str, int] = {}
        flat = [number.setdefault(term, len(number)) for row in tokens for term in row]
        starts = np.zeros(len(tokens) + 1, np.int64)
        np.cumsum([len(row) for row in tokens], out=starts[1:])
        data = np.ones(len(flat), np.float32)
        counts = sp.csr_matrix((data, np.array(flat, np.int64), starts), shape=(len(tokens), max(len(number), 1)))
        counts.sum_duplicates()
        return cls(counts)


@dataclass(frozen=True)
class Bm25:
    """An index of n documents: `weights` (n, vocabulary) CSR holds each term's finished contribution to a score."""

    weights: Any
    frequency: NDArray[np.int64]

    @classmethod
    def fit(cls, counts: Any) -> "Bm25":
        """Index rows of a count matrix (`TermMatrix.counts`)."""
        documents = counts.shape[0]
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log1p((documents - frequency + 0.5) / (frequency + 0.5))
        lengths = np.asarray(counts.sum(1)).ravel()
        scale = K1 * (1 - B + B * lengths / max(lengths.mean() if documents else 1.0, 1e-9))
        weights = counts.copy()
        row = np.repeat(np.arange(documents), np.diff(counts.indptr))
        term_count = counts.data
        weights.data = (idf[counts.indices] * term_count * (K1 + 1) / (term_count + scale[row])).astype(np.float32)
        return cls(weights.T.tocsr(), frequency)

    def search(self, counts: Any, limit: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Best `limit` documents of each query row: (rows (q, limit) int32, scores float32); -1 and 0 where none."""
        rows = np.full((counts.shape[0], limit), -1, np.int32)
        scores = np.zeros((counts.shape[0], limit), np.float32)
        queries = self._bounded(counts)
        for start in range(0, counts.shape[0], 500):
            found = queries[start : start + 500] @ self.weights
            for offset in range(found.shape[0]):
                low, high = found.indptr[offset], found.indptr[offset + 1]
                value, document = found.data[low:high], found.indices[low:high]
                if len(value) > limit:
                    best = np.argpartition(-value, limit - 1)[:limit]
                    value, document = value[best], document[best]
                order = np.lexsort((document, -value))
                rows[start + offset, : len(order)] = document[order]
                scores[start + offset, : len(order)] = value[order]
        return rows, scores

    def _bounded(self, counts: Any) -> Any:
        """Query rows with each known term once, and only the MAX_TERMS rarest."""
        import scipy.sparse as sp

        row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        rarity = self.frequency[counts.indices]
        known = rarity > 0
        row, term, rarity = row[known], counts.indices[known], rarity[known]
        order = np.lexsort((term, rarity, row))
        row, term = row[order], term[order]
        place = np.arange(len(row)) - np.searchsorted(row, row)
        keep = place < MAX_TERMS
        ones = np.ones(int(keep.sum()), np.float32)
        return sp.csr_matrix((ones, (row[keep], term[keep])), shape=counts.shape)
