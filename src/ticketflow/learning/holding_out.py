"""Which cases are kept from learning so that a certificate can be tried on them, and how these were judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE, COMFORT = 0.1, 10
"""A tenth is held out, or ten times the fewest labels that could prove anything if that is more: what is held out is
not learned from."""
USUAL_SHARE = 0.2
MARGIN, LARGEST_SHARE = 1.5, 0.4
"""Of a short history up to so much is held out, because a certificate needs a number of labels and not a share."""
MOST = 5_000
"""More labels hardly sharpen a certificate."""


UNDATED = -1
"""The moment of a case of which it is not known when it was resolved."""


def held_out(moments: NDArray[np.int64], eligible: NDArray[np.bool_], least: int) -> NDArray[np.int64]:
    """The rows to keep from learning: the newest of the `eligible` ones (n,), by `moments` (n,) in any unit.

    Cases of one moment are taken at random, always the same, and so are UNDATED ones: a file's order says nothing of
    time, and is often that of its categories. None are held out where `least` of them, the fewest that
    a certificate can be had for, would be more than LARGEST_SHARE.
    """
    rows = np.flatnonzero(eligible)
    if not len(rows) or least > LARGEST_SHARE * len(rows):
        return np.zeros(0, np.int64)
    wanted = min(max(SHARE * len(rows), COMFORT * least), USUAL_SHARE * len(rows), max(MOST, least))
    count = min(max(wanted, MARGIN * least), LARGEST_SHARE * len(rows))
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(rows)
    order = shuffled[np.argsort(_with_a_time(moments[shuffled], rng), kind="stable")]
    return order[len(order) - int(count) :]


def _with_a_time(moments: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """UNDATED cases at random among the dated ones; all alike where fewer than half have a date."""
    dated = moments != UNDATED
    if 2 * dated.sum() < len(moments):
        return np.zeros(len(moments), np.int64)
    return np.where(dated, moments, rng.choice(moments[dated], len(moments)))


@dataclass(frozen=True)
class Graded:
    """Labels of n tickets: `confidences` (n,) of the proposal, whether it was `right` (n,), the guessed `categories`.

    An unknown category is the empty text.
    """

    confidences: NDArray[np.float64]
    right: NDArray[np.bool_]
    categories: NDArray[np.str_]

    @classmethod
    def none(cls) -> "Graded":
        """No label at all."""
        return cls(np.zeros(0), np.zeros(0, bool), np.zeros(0, "U1"))

    def rows(self, chosen: NDArray[np.bool_]) -> "Graded":
        """The labels of some of the tickets."""
        return Graded(self.confidences[chosen], self.right[chosen], self.categories[chosen])

    def joined(self, other: "Graded") -> "Graded":
        """These labels, then the others."""
        return Graded(
            np.concatenate([self.confidences, other.confidences]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.categories, other.categories]),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for `from_arrays`."""
        return {f"held_out.{name}": array for name, array in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Graded":
        """Rebuild from `to_arrays`; no label where an artefact holds none."""
        names = ("confidences", "right", "categories")
        if any(f"held_out.{name}" not in arrays for name in names):
            return cls.none()
        return cls(*(arrays[f"held_out.{name}"] for name in names))
