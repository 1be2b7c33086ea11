"""The watch over automation that runs: a CUSUM on audited errors, and early warnings that need no label.

The CUSUM (Page 1954) adds up how much better each audited reply fits a raised wrong share than the accepted one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMIT = 4.6
"""Red: the replies since the last low are e^4.6 = 100 times likelier under the raised wrong share."""

AMBER_SHARE = 0.75
"""Amber at this share of the limit: after a jump from 3 % to 12 % at 59 audits, where red comes at 85. 12 of 100 calm
stretches of 2,000 audits at 3 % see a false one; at half of the limit 71 would, each losing a notch of automation that
only a new certificate returns."""

RISE = 2.4
"""The raised wrong share that the CUSUM looks for, as a multiple of the accepted one."""

SHIFT_NOTICED = 0.1
"""A population stability index from which a shift is worth a look."""

SHIFT_LARGE = 0.25
"""A population stability index from which past figures no longer describe what arrives."""

NOVEL_SHARE_RISE = 0.1
"""A rise of the estimated share of novel tickets that is worth a look."""

LEAST_ARRIVALS = 200
"""Fewer say nothing: chance alone gives ten bins an index of about 9 / arrivals."""


@dataclass(frozen=True)
class Cusum:
    """A Bernoulli CUSUM within the automatic zone: from wrong share `p0`, accepted, to `p1`, raised; red at `limit`.

    A level is a log-likelihood ratio, 0 at the start and never below. Raises ValueError unless 0 < p0 < p1 < 1 and
    limit > 0.
    """

    p0: float
    p1: float
    limit: float

    def __post_init__(self) -> None:
        if not 0 < self.p0 < self.p1 < 1 or not self.limit > 0:
            raise ValueError(f"0 < p0 < p1 < 1 and limit > 0 are required, not {self.p0}, {self.p1} and {self.limit}")

    @classmethod
    def for_target(cls, alpha: float) -> "Cusum":
        """For the accepted wrong share alpha in (0, 1): 5 % -> 12 %, and in proportion.

        The limit is the same for all: the delay and the time between false alarms then scale with 1 / alpha, and a rise
        to RISE alpha is found after some 4.5 / alpha audits. Above 25 % the raised share is capped halfway to 1.
        """
        if not 0 < alpha < 1:
            raise ValueError(f"the accepted wrong share must lie between 0 and 1, not {alpha}")
        return cls(alpha, min(RISE * alpha, (1 + alpha) / 2), LIMIT)

    def step(self, level: float, wrong: bool) -> float:
        """The level after one more audited reply."""
        gain = log(self.p1 / self.p0) if wrong else log((1 - self.p1) / (1 - self.p0))
        return max(0.0, level + gain)

    def levels(self, wrong: NDArray[np.bool_] | Iterable[bool], level: float = 0.0) -> NDArray[np.float64]:
        """The level after each of n audited replies (n,), from `level` on; bit for bit what `step` gives."""
        steps = accumulate((bool(one) for one in wrong), self.step, initial=level)
        return np.fromiter(steps, np.float64)[1:]

    def is_amber(self, level: float) -> bool:
        """Whether the level calls for care; true in red as well."""
        return level >= AMBER_SHARE * self.limit

    def is_red(self, level: float) -> bool:
        """Whether the wrong share has risen: automation has to stop."""
        return level >= self.limit


def population_stability(
    expected: NDArray[np.floating[Any]], arrived: NDArray[np.floating[Any]], bins: int = 10
) -> float | None:
    """Population stability index of confidences: 0 where both are distributed alike.

    Over `bins` classes that hold equal shares of `expected`. None with fewer than LEAST_ARRIVALS on either side.
    """
    if min(len(expected), len(arrived)) < LEAST_ARRIVALS:
        return None
    inner = np.unique(np.quantile(expected, np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(inner, side, side="right"), minlength=len(inner) + 1) + 0.5
        for side in (expected, arrived)
    ]
    return _index(counts[0] / counts[0].sum(), counts[1] / counts[1].sum())


def mix_change(expected: Mapping[str, float], arrived: Mapping[str, int]) -> float | None:
    """Population stability index over categories such as languages: expected shares against counts that arrived.

    None with fewer than LEAST_ARRIVALS or nothing expected. A category unknown to one side counts as half a ticket.
    """
    total, mass = sum(arrived.values()), sum(expected.values())
    if total < LEAST_ARRIVALS or mass <= 0:
        return None
    names = sorted({*expected, *arrived})
    shares = np.array([expected.get(name, 0.0) / mass for name in names])
    seen = np.array([arrived.get(name, 0) / total for name in names])
    least = 0.5 / total
    return _index(np.maximum(shares, least), np.maximum(seen, least))


def _index(expected: NDArray[np.float64], arrived: NDArray[np.float64]) -> float:
    return float(((arrived - expected) * np.log(arrived / expected)).sum())
