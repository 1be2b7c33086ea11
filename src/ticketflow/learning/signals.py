"""Signals that are learned (classifier, familiarity), and a small exact index that stands in for search in training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.classifier import BUCKETS, LinearClassifier
from ticketflow.learning.familiarity import Familiarity
from ticketflow.learning.features import EMPTY, Floats, Indices
from ticketflow.learning.lexical import Bm25
from ticketflow.learning.ngrams import NgramCounts, counted

NEIGHBOURS = 20
TEXT_HITS = 20
NO_MARGIN = -2.0
NO_CLOSENESS = -1.0


@dataclass(frozen=True)
class Learned:
    """What the cases taught: either part is None where there were too few."""

    answers: int
    classifier: LinearClassifier | None
    familiarity: Familiarity | None

    @classmethod
    def fit(cls, counts: NgramCounts, vectors: Floats, labels: NDArray[np.integer[Any]], answers: int) -> "Learned":
        """Fit both on n cases: n-gram counts, vectors (n, d), labels (n,) in [-1, answers)."""
        # Cases without an answer form a class of their own, whose probability goes to no candidate.
        shifted = np.where(labels < 0, answers, labels)
        classifier = LinearClassifier.fit(counts, vectors, shifted, answers + 1)
        return cls(answers, classifier, Familiarity.fit(vectors, labels, counts[0], answers))

    def signals(
        self, texts: Sequence[str] | NgramCounts, vectors: Floats, width: int | None = None
    ) -> dict[str, Floats]:
        """The learned fields of `Signals` for n tickets, each (n, width) float32.

        `width` is A unless answers were added since (they follow those known in training, and nothing speaks for them).
        """
        counts = counted(texts, BUCKETS)
        found = no_signals(len(vectors), self.answers if width is None else width)
        if self.classifier is not None:
            by_vector, by_ngram = self.classifier.logits(counts, vectors)
            real = self.classifier.classes < self.answers
            found["probabilities"][:, : self.answers] = self.classifier.pool(by_vector, by_ngram)[:, : self.answers]
            found["margins"][:, self.classifier.classes[real]] = by_ngram[:, real]
        if self.familiarity is not None:
            found["closeness"][:, : self.answers] = self.familiarity.closeness(vectors)
            found["coverage"][:, : self.answers] = self.familiarity.coverage(counts[0])
        return found


def no_signals(tickets: int, width: int) -> dict[str, Floats]:
    """What `Learned.signals` gives while nothing has been learned."""
    blank = {"probabilities": 0.0, "margins": NO_MARGIN, "closeness": NO_CLOSENESS, "coverage": 0.0}
    return {name: np.full((tickets, width), value, np.float32) for name, value in blank.items()}


@dataclass(frozen=True)
class TrainingIndex:
    """Exact search over the cases of a fold: `vectors` (n, d), `labels` (n,), and their BM25 index."""

    vectors: Floats
    labels: NDArray[np.integer[Any]]
    text: Bm25

    @classmethod
    def of(cls, vectors: Floats, labels: NDArray[np.integer[Any]], terms: Any) -> "TrainingIndex":
        """Index n cases: vectors, labels and rows of a term matrix."""
        return cls(vectors, labels, Bm25.fit(terms))

    def nearest(self, vectors: Floats) -> tuple[Indices, Floats]:
        """Answers and cosines of the NEIGHBOURS nearest cases, best first: (n, k) each."""
        k = min(NEIGHBOURS, len(self.labels))
        if k == 0:
            return np.full((len(vectors), NEIGHBOURS), EMPTY, np.int32), np.zeros(
                (len(vectors), NEIGHBOURS), np.float32
            )
        answers = np.full((len(vectors), NEIGHBOURS), EMPTY, np.int32)
        cosines = np.zeros((len(vectors), NEIGHBOURS), np.float32)
        for start in range(0, len(vectors), 500):
            found = vectors[start : start + 500] @ self.vectors.T
            best = np.argpartition(-found, k - 1, axis=1)[:, :k]
            value = np.take_along_axis(found, best, 1)
            order = np.argsort(-value, axis=1, kind="stable")
            answers[start : start + 500, :k] = self.labels[np.take_along_axis(best, order, 1)]
            cosines[start : start + 500, :k] = np.take_along_axis(value, order, 1)
        return answers, cosines

    def text_hits(self, terms: Any) -> tuple[Indices, Floats]:
        """Answers and BM25 scores of the TEXT_HITS best full-text hits: (n, m) each."""
        rows, scores = self.text.search(terms, TEXT_HITS)
        if not len(self.labels):
            return np.full(rows.shape, EMPTY, np.int32), scores
        return np.where(rows < 0, EMPTY, self.labels[rows]).astype(np.int32), scores
