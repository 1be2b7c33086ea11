"""Shares and how sure they are: exact binomial bounds, and the wrong share at every coverage."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.threshold import upper_bounds


def upper(count: int, total: int, confidence: float) -> float:
    """The one-sided Clopper-Pearson upper bound of a share; 1 where nothing was counted."""
    return float(upper_bounds(np.array([float(count)]), np.array([float(total)]), 1 - confidence)[0])


def interval(count: int, total: int, confidence: float) -> tuple[float, float]:
    """The two-sided Clopper-Pearson interval of a share; (0, 1) where nothing was counted."""
    each_side = (1 + confidence) / 2
    return 1 - upper(total - count, total, each_side), upper(count, total, each_side)


@dataclass(frozen=True)
class Curve:
    """What every threshold would have done with `total` tickets, from strict to loose: arrays (k,) of equal length.

    At `thresholds`, `sizes` tickets are answered, `errors` of them wrongly.
    """

    thresholds: NDArray[np.float64]
    sizes: NDArray[np.int64]
    errors: NDArray[np.int64]
    total: int

    @classmethod
    def of(cls, scores: NDArray[Any], right: NDArray[np.bool_], offered: NDArray[np.bool_]) -> "Curve":
        """From n tickets; those without an offer are never answered. Tickets of equal score are never parted."""
        rows = np.flatnonzero(offered)
        order = rows[np.argsort(-scores[rows], kind="stable")]
        ranked = scores[order].astype(np.float64)
        closed = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True)) if len(ranked) else rows
        errors = np.cumsum(~right[order], dtype=np.int64)
        return cls(ranked[closed], closed + 1, errors[closed], len(scores))

    @property
    def coverage(self) -> NDArray[np.float64]:
        """(k,) the share of all tickets that is answered."""
        return self.sizes / max(self.total, 1)

    @property
    def wrong(self) -> NDArray[np.float64]:
        """(k,) the share of the answered tickets that is answered wrongly."""
        return self.errors / self.sizes

    def loosest(self, most: float) -> float | None:
        """The loosest threshold whose observed wrong share is at most `most`; None where there is none."""
        good = np.flatnonzero(self.wrong <= most)
        return float(self.thresholds[good[-1]]) if len(good) else None

    @property
    def area(self) -> float:
        """The mean wrong share over all coverages, the area under the risk-coverage curve; NaN without an offer."""
        if not len(self.sizes):
            return float("nan")
        ranks = np.arange(1, self.sizes[-1] + 1)
        errors = np.interp(ranks, np.append(0, self.sizes), np.append(0, self.errors))
        return float((errors / ranks).mean())
