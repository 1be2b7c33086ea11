"""How much a ticket looks like what an answer has been given to before: distance in a whitened space, shared terms.

Relative Mahalanobis distance (Ren et al. 2021): the distance to an answer's centre under the spread within answers,
less the distance to the overall centre. Near-misses of a known subject, which a cosine cannot tell, stand out in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.1
TERM_BUCKETS = 2**16
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Familiarity:
    """Whitening `within` (d, d) and `overall` (d, d), `centres` (C, d) whitened, `classes` (C,), term presence."""

    answers: int
    classes: NDArray[np.int32]
    within: Floats
    overall: Floats
    centres: Floats
    centre: Floats
    presence: NDArray[np.uint8]
    rarity: Floats

    @classmethod
    def fit(cls, vectors: Floats, labels: NDArray[np.integer[Any]], words: Any, answers: int) -> "Familiarity | None":
        """Fit on n >= 2 cases: vectors (n, d), labels (n,) in [-1, answers), word counts (n, buckets) CSR."""
        chosen = np.flatnonzero(labels >= 0)
        if len(chosen) < 2:
            return None
        classes, encoded = np.unique(labels[chosen], return_inverse=True)
        points = vectors[chosen].astype(np.float64)
        sizes = np.bincount(encoded)
        means = np.zeros((len(classes), points.shape[1]))
        np.add.at(means, encoded, points)
        means /= sizes[:, None]
        overall_mean = points.mean(0)
        within = _whitening(points - means[encoded])
        overall = _whitening(points - overall_mean)
        presence, rarity = _presence(words[chosen], encoded, len(classes))
        return cls(
            answers,
            classes.astype(np.int32),
            within,
            overall,
            (means @ within).astype(np.float32),
            (overall_mean @ overall).astype(np.float32),
            presence,
            rarity,
        )

    def closeness(self, vectors: Floats) -> Floats:
        """(n, A) float32: overall distance less the distance to each answer, a dimension; -1 without cases."""
        points = vectors.astype(np.float32) @ self.within
        squares = (points**2).sum(1)[:, None] - 2 * points @ self.centres.T + (self.centres**2).sum(1)
        background = ((vectors.astype(np.float32) @ self.overall - self.centre) ** 2).sum(1)[:, None]
        out = np.full((len(vectors), self.answers), -1.0, np.float32)
        out[:, self.classes] = (background - squares) / vectors.shape[1]
        return out

    def coverage(self, words: Any) -> Floats:
        """(n, A) float32: rarity-weighted share of a ticket's words and word pairs that the answer's cases contain."""
        out = np.zeros((words.shape[0], self.answers), np.float32)
        for row in range(words.shape[0]):
            terms = words.indices[words.indptr[row] : words.indptr[row + 1]] & (TERM_BUCKETS - 1)
            if not len(terms):
                continue
            weight = self.rarity[terms]
            seen = np.unpackbits(self.presence[terms], axis=1, count=len(self.classes))
            out[row, self.classes] = weight @ seen.astype(np.float32) / weight.sum()
        return out

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for `from_arrays`."""
        return {
            "answers": np.array([self.answers], np.int32),
            "classes": self.classes,
            "within": self.within,
            "overall": self.overall,
            "centres": self.centres,
            "centre": self.centre,
            "presence": self.presence,
            "rarity": self.rarity,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Familiarity":
        """Rebuild from `to_arrays`."""
        return cls(answers=int(arrays["answers"][0]), **{key: arrays[key] for key in arrays if key != "answers"})


def _whitening(deviations: NDArray[np.float64]) -> Floats:
    """(d, d) float32 W with (deviations @ W) about white; shrunk to a sphere by SHRINKAGE, more when rows are few."""
    rows, width = deviations.shape
    covariance = deviations.T @ deviations / rows
    shrinkage = min(1.0, SHRINKAGE + width / (width + 4 * rows))
    sphere = max(np.trace(covariance) / width, 1e-6)
    values, axes = np.linalg.eigh((1 - shrinkage) * covariance + shrinkage * sphere * np.eye(width))
    return (axes / np.sqrt(values)).astype(np.float32)


def _presence(words: Any, encoded: NDArray[np.integer[Any]], classes: int) -> tuple[NDArray[np.uint8], Floats]:
    """Which term buckets occur with which class, packed along classes, and each bucket's rarity."""
    row = np.repeat(np.arange(words.shape[0]), np.diff(words.indptr))
    bucket = words.indices & (TERM_BUCKETS - 1)
    seen = np.zeros((TERM_BUCKETS, classes), bool)
    seen[bucket, encoded[row]] = True
    frequency = np.bincount(bucket, minlength=TERM_BUCKETS)
    return np.packbits(seen, axis=1), np.log((words.shape[0] + 1) / (frequency + 0.5)).astype(np.float32)
