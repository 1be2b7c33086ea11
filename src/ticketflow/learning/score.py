"""The score: how likely the best candidate is right, as a raw number and as a calibrated probability.

Logistic regression on standardised features with two hinges each, then a rising two-parameter calibration fitted out
of fold. A few hundred plain numbers, so that a decision replays bit for bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.features import FEATURES, Floats

KNOT = 0.7
CLIP = 4.0
INVERSE_RIDGE = 0.3
LEAST_ROWS = 40
LEAST_EACH = 3
PRIOR = {"vote_share": 2.0, "top_similarity": 2.0, "agreement": 1.0, "text_share": 0.5}
PRIOR_BIAS = -4.0


@dataclass(frozen=True)
class Score:
    """`mean`, `scale` (F,), `weights` (3 F,), `bias`, calibration `slope` > 0 and `offset`; all float64."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    slope: float
    offset: float
    learned: bool

    @classmethod
    def prior(cls) -> "Score":
        """A cautious guess for a workspace without history; it stays below 0.85 and is not calibrated."""
        width = len(FEATURES)
        weights = np.zeros(3 * width)
        for name, weight in PRIOR.items():
            weights[FEATURES.index(name)] = weight
        return cls(np.zeros(width), np.ones(width), weights, PRIOR_BIAS, 1.0, 0.0, False)

    @classmethod
    def fit(cls, features: Floats, correct: NDArray[np.bool_], weights: NDArray[np.float64] | None = None) -> "Score":
        """Fit on n rows of `features` (n, F), whether the best candidate was right (n,), and row weights (n,).

        Uncalibrated (slope 1, offset 0): see `calibrated`. Fewer than LEAST_ROWS rows, or LEAST_EACH of one kind,
        leave the prior.
        """
        from sklearn.linear_model import LogisticRegression

        right = int(correct.sum())
        if len(correct) < LEAST_ROWS or min(right, len(correct) - right) < LEAST_EACH:
            return cls.prior()
        wide = features.astype(np.float64)
        mean, scale = wide.mean(0), wide.std(0) + 1e-3
        regression = LogisticRegression(C=INVERSE_RIDGE, max_iter=500)
        regression.fit(_hinges(features, mean, scale), correct, sample_weight=weights)
        coefficients = regression.coef_[0].astype(np.float64)
        return cls(mean, scale, coefficients, float(np.ravel(regression.intercept_)[0]), 1.0, 0.0, True)

    def calibrated(
        self, scores: NDArray[np.float64], correct: NDArray[np.bool_], weights: NDArray[np.float64]
    ) -> "Score":
        """The same score with a calibration fitted on out-of-fold `scores` (n,), outcomes and row weights."""
        if not self.learned or correct.all() or not correct.any():
            return self
        slope, offset = _platt(scores, correct, weights)
        return Score(self.mean, self.scale, self.weights, self.bias, slope, offset, True)

    def scores(self, features: Floats) -> NDArray[np.float64]:
        """Raw scores (n,): log-odds before calibration."""
        return _hinges(features, self.mean, self.scale) @ self.weights + self.bias

    def confidences(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities (n,) in (0, 1), rising with the raw score."""
        return 1.0 / (1.0 + np.exp(-np.clip(self.slope * scores + self.offset, -35, 35)))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for `from_arrays`."""
        scalars = np.array([self.bias, self.slope, self.offset, float(self.learned)])
        return {"mean": self.mean, "scale": self.scale, "weights": self.weights, "scalars": scalars}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Score":
        """Rebuild from `to_arrays`."""
        bias, slope, offset, learned = (float(value) for value in arrays["scalars"])
        return cls(arrays["mean"], arrays["scale"], arrays["weights"], bias, slope, offset, learned > 0)


def _hinges(features: Floats, mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3 F): the standardised feature, what it exceeds +KNOT by, what it falls short of -KNOT by."""
    unit = np.clip((features - mean) / scale, -CLIP, CLIP)
    return np.hstack([unit, np.maximum(unit - KNOT, 0.0), np.maximum(-KNOT - unit, 0.0)])


def _platt(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Weighted Platt scaling with Platt's smoothed labels and a faint pull to (1, 0); the slope is kept positive."""
    from scipy.optimize import minimize
    from scipy.special import expit

    right, wrong = float(weights[correct].sum()), float(weights[~correct].sum())
    label = np.where(correct, (right + 1) / (right + 2), 1 / (wrong + 2))
    design = np.column_stack([scores, np.ones(len(scores))])
    start = np.array([1.0, 0.0])

    def loss(current: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits, away = design @ current, current - start
        value = (weights * (np.logaddexp(0, logits) - label * logits)).sum() + 5e-4 * (away**2).sum()
        return value, design.T @ (weights * (expit(logits) - label)) + 1e-3 * away

    slope, offset = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(1e-3, None), (None, None)]).x
    return float(slope), float(offset)
