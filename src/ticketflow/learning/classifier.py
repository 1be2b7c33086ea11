"""The linear classifier over answers: a sentence-vector half and an n-gram half, joined as one sum of logits.

The vector half is a multinomial logistic regression, the n-gram half a one-versus-rest linear SVM on TF-IDF. They err
on different tickets, so their log-opinion pool beats either. Plain arrays only; never a pickle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.ngrams import NgramCounts, counted

BUCKETS = 2**18
"""Hash space of each n-gram block before selection; collisions are rare."""

MAX_COLUMNS = 40_000
"""Kept n-gram columns (most frequent first, at least two texts): bounds the stored size to 12 MB at 150 answers."""

VECTOR_C = 10.0
MARGIN_C = 0.5
MARGIN_WEIGHT = 3.0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NgramSpace:
    """TF-IDF over selected hashed n-grams: `columns` (2 * BUCKETS,) int32, -1 where dropped; `idf` (kept,) float32."""

    columns: NDArray[np.int32]
    idf: Floats
    words: int

    @classmethod
    def fit(cls, counts: NgramCounts) -> "NgramSpace":
        """Select columns by document frequency from (word counts, character counts)."""
        rows = counts[0].shape[0]
        frequency = [np.bincount(block.indices, minlength=BUCKETS) for block in counts]
        least = 2 if rows >= 20 else 1
        columns = np.full(2 * BUCKETS, -1, np.int32)
        idf: list[Floats] = []
        kept = 0
        for half, df in enumerate(frequency):
            chosen = np.flatnonzero(df >= least)
            limit = MAX_COLUMNS // 2
            if len(chosen) > limit:
                chosen = np.sort(chosen[np.argsort(-df[chosen], kind="stable")[:limit]])
            columns[half * BUCKETS + chosen] = np.arange(kept, kept + len(chosen), dtype=np.int32)
            idf.append((np.log((1 + rows) / (1 + df[chosen])) + 1).astype(np.float32))
            kept += len(chosen)
        return cls(columns, np.concatenate(idf), len(idf[0]))

    def transform(self, counts: NgramCounts) -> Any:
        """(n, kept) float32 CSR; each half of each row has length 1 (or 0 when nothing is known)."""
        import scipy.sparse as sp

        blocks = []
        for half, block in enumerate(counts):
            column = self.columns[half * BUCKETS + block.indices]
            known = column >= 0
            row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))[known]
            column = column[known]
            value = block.data[known] * self.idf[column]
            norm = np.sqrt(np.bincount(row, value * value, minlength=block.shape[0]))
            value = (value / norm[row]).astype(np.float32)
            blocks.append((row, column, value))
        row, column, value = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return sp.csr_matrix((value, (row, column)), shape=(counts[0].shape[0], len(self.idf)))


@dataclass(frozen=True)
class LinearClassifier:
    """Weights of both halves. `classes` (C,) int32 are the answers that had cases; `answers` is A, the full width."""

    answers: int
    classes: NDArray[np.int32]
    space: NgramSpace
    margin_weights: NDArray[np.float16]
    margin_bias: Floats
    vector_weights: Floats
    vector_bias: Floats

    @classmethod
    def fit(
        cls,
        texts: Sequence[str] | NgramCounts,
        vectors: Floats,
        labels: NDArray[np.integer[Any]],
        answers: int | None = None,
    ) -> "LinearClassifier | None":
        """Fit on n labelled texts (or their ready n-gram counts) and vectors (n, d); None below two distinct labels."""
        labels = np.asarray(labels, np.int32)
        if len(labels) != vectors.shape[0]:
            raise ValueError(f"{len(labels)} labels for {vectors.shape[0]} vectors")
        classes, encoded = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            return None
        counts = counted(texts, BUCKETS)
        space = NgramSpace.fit(counts)
        margin_weights, margin_bias = _fit_margins(space.transform(counts), encoded, len(classes))
        vector_weights, vector_bias = _fit_vectors(vectors, encoded, len(classes))
        width = answers if answers is not None else int(classes[-1]) + 1
        return cls(width, classes, space, margin_weights, margin_bias, vector_weights, vector_bias)

    def logits(self, texts: Sequence[str] | NgramCounts, vectors: Floats) -> tuple[Floats, Floats]:
        """Return (vector logits, n-gram margins), each (n, C) float32 over `classes`."""
        counts = counted(texts, BUCKETS)
        by_vector = vectors.astype(np.float32) @ self.vector_weights + self.vector_bias
        sparse = self.space.transform(counts)
        if sparse.shape[0] == 1:
            rows = self.margin_weights[sparse.indices].astype(np.float32)
            return by_vector, (sparse.data @ rows)[None, :] + self.margin_bias
        return by_vector, (sparse @ self.margin_weights.astype(np.float32)) + self.margin_bias

    def probabilities(self, texts: Sequence[str] | NgramCounts, vectors: Floats) -> Floats:
        """(n, A) float32, rows summing to 1; answers without a case get 0."""
        return self.pool(*self.logits(texts, vectors))

    def pool(self, by_vector: Floats, margins: Floats) -> Floats:
        """Join the two halves of `logits` to (n, A) probabilities."""
        joint = by_vector + MARGIN_WEIGHT * margins
        joint = np.exp(joint - joint.max(1, keepdims=True))
        out = np.zeros((len(joint), self.answers), np.float32)
        out[:, self.classes] = joint / joint.sum(1, keepdims=True)
        return out

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, enough for `from_arrays` to predict bit for bit the same."""
        kept = np.flatnonzero(self.space.columns >= 0).astype(np.int32)
        return {
            "answers": np.array([self.answers], np.int32),
            "classes": self.classes,
            "columns": kept,
            "idf": self.space.idf,
            "words": np.array([self.space.words], np.int32),
            "margin_weights": self.margin_weights,
            "margin_bias": self.margin_bias,
            "vector_weights": self.vector_weights,
            "vector_bias": self.vector_bias,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LinearClassifier":
        """Rebuild from `to_arrays`."""
        columns = np.full(2 * BUCKETS, -1, np.int32)
        columns[arrays["columns"]] = np.arange(len(arrays["columns"]), dtype=np.int32)
        space = NgramSpace(columns, arrays["idf"], int(arrays["words"][0]))
        return cls(
            int(arrays["answers"][0]),
            arrays["classes"],
            space,
            arrays["margin_weights"],
            arrays["margin_bias"],
            arrays["vector_weights"],
            arrays["vector_bias"],
        )


def _fit_margins(features: Any, encoded: NDArray[np.integer[Any]], width: int) -> tuple[NDArray[np.float16], Floats]:
    from sklearn.svm import LinearSVC

    parameters: dict[str, Any] = {"dual": True}  # the stub knows no bool here
    svm = LinearSVC(C=MARGIN_C, **parameters, tol=0.1, max_iter=100, random_state=0)
    svm.fit(features, encoded)
    weights, bias = _both_sides(svm.coef_, np.ravel(svm.intercept_), width)
    return weights.astype(np.float16), bias


def _fit_vectors(vectors: Floats, encoded: NDArray[np.integer[Any]], width: int) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=VECTOR_C, max_iter=100, tol=1e-3)
    regression.fit(vectors.astype(np.float32), encoded)
    return _both_sides(regression.coef_, np.ravel(regression.intercept_), width)


def _both_sides(coefficients: NDArray[Any], bias: NDArray[Any], width: int) -> tuple[Floats, Floats]:
    """Weights as (features, width); scikit-learn gives a single row for two classes."""
    if width == 2:
        coefficients, bias = np.vstack([-coefficients, coefficients]), np.array([-bias[0], bias[0]])
    return np.ascontiguousarray(coefficients.T, np.float32), np.asarray(bias, np.float32)
