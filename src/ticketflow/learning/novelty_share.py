"""What share of arriving tickets no known answer fits: from what people answered, and from arrivals without a label.

Confidences of arrivals are a mixture of two shapes known from training: tickets with a right answer, and novel ones.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 30
STEPS = 500
HIGHEST = 0.95
LEAST_ARRIVALS = 100
PRIOR_TICKETS = 50
"""As many tickets of history the operator's expectation is worth."""


def share_in_history(novel: int, cases: int, expected: float) -> float:
    """The share in [0, HIGHEST] to train with: `novel` of `cases` were resolved without a reusable answer.

    `expected` in [0, 1] is the operator's own guess, which a long history outweighs.
    """
    return min((PRIOR_TICKETS * expected + novel) / (PRIOR_TICKETS + cases), HIGHEST)


def estimate_share(
    known: NDArray[np.floating[Any]], novel: NDArray[np.floating[Any]], arrivals: NDArray[np.floating[Any]]
) -> float | None:
    """Most likely share in [0, HIGHEST] of novel tickets among `arrivals`, by expectation maximisation.

    All three are confidences of one score: out of fold for known and for novel tickets, and as decided for arrivals.
    None where training had no novel or no known ticket, or where there are fewer than LEAST_ARRIVALS.
    """
    if not len(known) or not len(novel) or len(arrivals) < LEAST_ARRIVALS:
        return None
    inner = np.unique(np.quantile(np.concatenate([known, novel]), np.linspace(0, 1, BINS + 1)[1:-1]))
    edges = np.concatenate([[-np.inf], inner, [np.inf]])
    as_known, as_novel = _shape(known, edges), _shape(novel, edges)
    seen = np.histogram(arrivals, edges)[0] / len(arrivals)
    share = 0.1
    for _ in range(STEPS):
        responsible = share * as_novel / (share * as_novel + (1 - share) * as_known)
        share = float((responsible * seen).sum())
    return min(share, HIGHEST)


def _shape(confidences: NDArray[np.floating[Any]], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.histogram(confidences, edges)[0] + 0.5
    return counts / counts.sum()
