"""Learns how much a workspace's search should trust words beside meaning, from its own resolved cases.

Whatever is learned is measured on cases that it was not learned from, and falls back towards the better half.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ticketflow.retrieval.fusion import LEXICAL_ALONE, PRIOR, SIMILARITY_ALONE, Fusion
from ticketflow.retrieval.history import LabelledPool

LEAST_QUERIES = 100  # usable ones; with fewer the prior stays
PULL = 0.02  # strength of the pull towards the prior, per query
SHARPNESS = 20.0  # a cosine difference of 0.05 is e times likelier to be right, before anything is learned

Floats = NDArray[np.float64]
Rank = Callable[[LabelledPool], Floats]


@dataclass(frozen=True, slots=True)
class FusionFit:
    """The weights to use and how often each way put a right case first, on `queries` cases outside of its training."""

    weights: Fusion
    chosen: str
    queries: int
    right: dict[str, float]


def fit_fusion(pools: Sequence[LabelledPool]) -> FusionFit:
    """Weights from a history's queries (see retrieval.history). The prior when it holds too few to tell.

    Chosen is the first of: learned, halfway to the better half, prior, better half, that no other way beats.
    """
    usable = [pool for pool in pools if pool.relevant.any()]
    telling = [pool for pool in usable if not pool.relevant.all()]
    if len(telling) < LEAST_QUERIES:
        return FusionFit(PRIOR, "prior", len(usable), {})
    halves = {"similarity": SIMILARITY_ALONE, "lexical": LEXICAL_ALONE}
    right = {name: _right(usable, weights) for name, weights in {**halves, "prior": PRIOR}.items()}
    better = max(halves, key=lambda name: right[name])
    folds = [(usable[1::2], usable[0::2]), (usable[0::2], usable[1::2])]
    learned = [(_fit(train), test) for train, test in folds]
    right["learned"] = _mean(learned)
    right["halfway"] = _mean([(_between(weights, halves[better]), test) for weights, test in learned])
    final = _fit(usable)
    ways = {
        "learned": final,
        "halfway": _between(final, halves[better]),
        "prior": PRIOR,
        better: halves[better],
    }
    chosen = max(ways, key=lambda name: right[name])  # the first of the best
    return FusionFit(ways[chosen], chosen, len(usable), right)


def _fit(pools: Sequence[LabelledPool]) -> Fusion:
    """Weights under which the right cases of each query are likeliest to be drawn first (a softmax over its pool)."""
    from scipy.optimize import minimize

    x, relevant, present = _padded(pools)
    start = _vector(PRIOR) * SHARPNESS

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = np.where(present, x @ weights, -np.inf)
        scores -= scores.max(axis=1, keepdims=True)
        every = np.exp(scores)
        good = every * relevant
        total, rightly = every.sum(axis=1, keepdims=True), good.sum(axis=1, keepdims=True)
        pulled = weights - start
        pull = np.array([PULL, PULL, PULL]) / SHARPNESS
        value = float(np.log(total / np.maximum(rightly, 1e-300)).mean() + (pull * pulled**2).sum())
        slope = every / total - good / np.maximum(rightly, 1e-300)
        return value, np.einsum("qn,qnf->f", slope, x) / len(x) + 2 * pull * pulled

    bounds = [(0.0, None)] * len(start)  # no way of agreeing with the query may count against a case
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    scale = found[0] if found[0] > 1e-6 else 1.0
    return Fusion(*(float(round(weight / scale, 6)) for weight in found))


def _padded(pools: Sequence[LabelledPool]) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Pools as one array (queries, longest, features) with masks of what is relevant and what is there."""
    longest = max(len(pool.relevant) for pool in pools)
    x = np.zeros((len(pools), longest, pools[0].features.shape[1]))
    relevant = np.zeros((len(pools), longest), bool)
    present = np.zeros((len(pools), longest), bool)
    for row, pool in enumerate(pools):
        size = len(pool.relevant)
        x[row, :size], relevant[row, :size], present[row, :size] = pool.features, pool.relevant, True
    return x, relevant, present


def _right(pools: Sequence[LabelledPool], weights: Fusion) -> float:
    """The share of queries whose first hit is right."""
    vector = _vector(weights)
    return float(np.mean([pool.relevant[np.argmax(pool.features @ vector)] for pool in pools]))


def _mean(fitted: Sequence[tuple[Fusion, Sequence[LabelledPool]]]) -> float:
    queries = sum(len(test) for _, test in fitted)
    return sum(_right(test, weights) * len(test) for weights, test in fitted) / queries


def _between(one: Fusion, other: Fusion) -> Fusion:
    middle = (_vector(one) + _vector(other)) / 2
    return Fusion(*middle.tolist())


def _vector(weights: Fusion) -> Floats:
    return np.array([weights.similarity, weights.lexical, weights.both])
