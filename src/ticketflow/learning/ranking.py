"""Order of a ticket's candidates: a linear rank over candidate features, learned as a choice among candidates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.features import CANDIDATE_FEATURES, EMPTY, PRIOR, Candidates, Floats

RIDGE = 1.0
LEAST_CHOICES = 20
NON_NEGATIVE_FEATURES = ("success_rate", "language_match", "article_similarity")
"""More of these can never speak against an answer, whatever a small history says."""


@dataclass(frozen=True)
class Ranking:
    """`weights` (F,) float32 over raw candidate features; `learned` tells history from prior."""

    weights: Floats
    learned: bool

    @classmethod
    def prior(cls) -> "Ranking":
        """Sensible weights for a workspace without history."""
        return cls(np.array([PRIOR.get(name, 0.0) for name in CANDIDATE_FEATURES], np.float32), False)

    @classmethod
    def fit(cls, found: Candidates, truth: NDArray[np.integer[Any]]) -> "Ranking":
        """Learn which candidate is right: `truth` (n,) answer index, -1 where none is.

        Conditional logit with a ridge towards the prior; tickets whose right answer is no candidate teach nothing.
        Fewer than LEAST_CHOICES usable tickets leave the prior.
        """
        hit = (found.answers == truth[:, None]) & (truth[:, None] >= 0)
        usable = hit.any(1) & ((found.answers != EMPTY).sum(1) > 1)
        if usable.sum() < LEAST_CHOICES:
            return cls.prior()
        features, hit, empty = found.features[usable], hit[usable], found.answers[usable] == EMPTY
        scale = features[~empty].astype(np.float64).std(0) + 1e-3
        start = cls.prior().weights * scale
        weights = _choice_weights(features / scale, hit, empty, start)
        return cls((weights / scale).astype(np.float32), True)

    def ranks(self, found: Candidates) -> Floats:
        """(n, c) float32, higher is better; meaningless where a candidate slot is EMPTY."""
        return found.features @ self.weights

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for `from_arrays`."""
        return {"weights": self.weights, "learned": np.array([self.learned])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Ranking":
        """Rebuild from `to_arrays`."""
        return cls(arrays["weights"], bool(arrays["learned"][0]))


def _choice_weights(
    features: NDArray[np.float64], hit: NDArray[np.bool_], empty: NDArray[np.bool_], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    from scipy.optimize import minimize

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        ranks = np.where(empty, -1e9, features @ weights)
        odds = np.exp(ranks - ranks.max(1, keepdims=True))
        chance = odds / odds.sum(1, keepdims=True)
        away = weights - start
        value = -np.log((chance * hit).sum(1) + 1e-12).sum() + RIDGE * (away**2).sum() / 2
        return value, np.einsum("nc,ncf->f", chance - hit, features) + RIDGE * away

    bounds = [(0.0, None) if name in NON_NEGATIVE_FEATURES else (None, None) for name in CANDIDATE_FEATURES]
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200}).x
