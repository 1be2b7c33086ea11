"""Out-of-fold figures of a fitted learner: accuracy, novelty detection, calibration error."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15


def auroc(positive: NDArray[np.floating[Any]], negative: NDArray[np.floating[Any]]) -> float:
    """Chance that a positive scores above a negative, ties half; NaN if either is empty."""
    if not len(positive) or not len(negative):
        return float("nan")
    ranked = np.sort(negative)
    below = np.searchsorted(ranked, positive, "left") + np.searchsorted(ranked, positive, "right")
    return float(below.mean() / (2 * len(negative)))


def calibration_error(
    confidences: NDArray[np.floating[Any]], correct: NDArray[np.bool_], weights: NDArray[np.float64] | None = None
) -> float:
    """Expected calibration error over BINS equal-width bins; NaN without rows."""
    if not len(confidences):
        return float("nan")
    weight = np.ones(len(confidences)) if weights is None else weights
    place = np.minimum((confidences * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(place, weight * (confidences - correct), minlength=BINS)
    return float(np.abs(gaps).sum() / weight.sum())


def figures_of(
    confidences: NDArray[np.float64],
    correct: NDArray[np.bool_],
    novel: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> dict[str, float]:
    """All figures of n out-of-fold rows by name; NaN where there is nothing to measure."""
    known = ~novel
    return {
        "scored": float(len(correct)),
        "scored_novel": float(novel.sum()),
        "accuracy": float(correct[known].mean()) if known.any() else float("nan"),
        "auroc_right": auroc(confidences[correct], confidences[~correct]),
        "auroc_novel": auroc(confidences[known], confidences[novel]),
        "calibration_error": calibration_error(confidences, correct, weights),
    }
