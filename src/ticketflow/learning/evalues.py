"""Comparing two shares while they are being counted: e-values and intervals that hold however often one looks.

A fair coin chose each ticket's side, so twice its outcome, with the sign of its side, has the difference of the shares
as its mean, whatever kind of tickets arrives when. Against each supposed difference bets are placed on these contrasts
(Waudby-Smith and Ramdas 2024): if it is the true one, the capital is a martingale that starts at 1, and ever reaches 20
with a chance of 1 in 20 at most (Ville 1939). A single share is bounded by Robbins's mixture (1970).
"""

from collections.abc import Callable
from math import lgamma, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

STAKES = np.geomspace(0.01, 0.95, 32)
"""Shares of the capital that are staked, equally mixed: the larger a difference, the larger the stake that finds it."""

CENTRES = 20
"""Steps in which the centre of the contrasts moves: fine enough to cost at most 3 % of the tickets, and so coarse that
a contrast has one of a few dozen values, which are counted instead of kept."""

WIDEST = 2.0
"""No contrast lies further from 0."""

HALVINGS = 40
"""Steps of a bisection over an interval of length 2 at most: far below any figure that is shown."""


def contrasts(treatment: NDArray[np.bool_], outcomes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What n outcomes say of the difference, (n,) from -2 to 2 in the order in which they came; it is their mean.

    `treatment` (n,) tells the side, `outcomes` (n,) what came of it. Each outcome is taken as its distance from a
    centre that the earlier ones suggest: the coin is fair, so that leaves the mean as it is and makes the spread small.
    """
    before = np.cumsum(outcomes) - outcomes
    suggested = (before + 1) / (np.arange(len(outcomes)) + 2)
    centres = np.round(suggested * CENTRES) / CENTRES
    distances = outcomes.astype(np.float64) - centres
    return WIDEST * np.where(treatment, distances, -distances)


def log_e_value(values: NDArray[np.float64], counts: NDArray[Any], difference: float = 0.0) -> NDArray[np.float64]:
    """Log of the e-value against "the share under treatment minus that under control is `difference`" in (-1, 1).

    `values` (k,) are contrasts and `counts` (..., k) how often each was seen; the result has the shape of the dots.
    """
    above, below = WIDEST + difference, WIDEST - difference
    larger = np.log(1 - STAKES + STAKES * (WIDEST + values[:, None]) / above)
    smaller = np.log(1 - STAKES + STAKES * (WIDEST - values[:, None]) / below)
    bets = np.concatenate([larger, smaller], axis=1)
    return _log_mean(np.einsum("...k,kb->...b", counts, bets))  # too small to wake the threads of a matrix product


def difference_bounds(values: NDArray[np.float64], counts: NDArray[Any], certainty: float) -> tuple[float, float]:
    """Between what the difference of the shares lies, with this certainty at all times together: (-1, 1) at first.

    `values` and `counts` (k,) as for `log_e_value`. These are the differences with an e-value below
    1 / (1 - certainty). They form an interval, because the capital of each bet is convex in the difference, and no bet
    has gained against the mean of the contrasts.
    """
    seen = int(counts.sum())
    if seen == 0:
        return -1.0, 1.0
    limit = -log(1 - certainty)

    def holds(difference: float) -> bool:
        return float(log_e_value(values, counts, difference)) < limit

    mean = float(np.clip(values @ counts / seen, -1.0, 1.0))
    return _edge(mean, -1.0, holds), _edge(mean, 1.0, holds)


def share_bounds(hits: int, count: int, certainty: float) -> tuple[float, float]:
    """Between what a share lies that showed `hits` of `count`, with this certainty at all times together."""
    misses, limit = count - hits, -log(1 - certainty)
    # The mixture is Jeffreys's: Beta(1/2, 1/2), whose normalising constant is pi.
    mixed = lgamma(hits + 0.5) + lgamma(misses + 0.5) - lgamma(count + 1) - log(np.pi)

    def holds(share: float) -> bool:
        return mixed - hits * log(share) - misses * log(1 - share) < limit

    low = _edge(hits / count, 0.0, holds) if hits else 0.0
    return low, _edge(hits / count, 1.0, holds) if misses else 1.0


def _edge(inside: float, outside: float, holds: Callable[[float], bool]) -> float:
    """Where, on the way from `inside` to `outside`, `holds` ends; rounded outwards, so that no bound is too tight."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            break
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return outside


def _log_mean(logs: NDArray[Any]) -> NDArray[np.float64]:
    """Log of the mean of exp(`logs`) over the last axis, without overflow."""
    highest = logs.max(axis=-1)
    return np.asarray(highest + np.log(np.mean(np.exp(logs - highest[..., None]), axis=-1)))
