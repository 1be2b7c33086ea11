"""The interim rule: the loosest threshold whose wrong share, out of fold and with a margin, stays under a target.

An estimate with a safety margin, not a proof: graded tickets and `certify` give the proof.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.percent import percent


@dataclass(frozen=True)
class Threshold:
    """The rule's result for one `target` wrong share.

    `value` is the least confidence to act on, None where no threshold serves; `reason` then says in a sentence what
    is missing. `coverage`, `wrong_share` and `upper_bound` are weighted, out of fold, at `value`; `rows` were acted on.
    """

    target: float
    value: float | None
    coverage: float
    wrong_share: float
    upper_bound: float
    rows: int
    reason: str


def choose_threshold(
    confidences: NDArray[np.floating[Any]],
    correct: NDArray[np.bool_],
    weights: NDArray[np.float64],
    target: float,
    delta: float = 0.2,
) -> Threshold:
    """Choose the smallest confidence whose upper bound (level 1 - delta) of the weighted wrong share is <= target.

    All arrays are (n,) and out of fold. The bound is Clopper-Pearson's at Kish's effective number of rows.
    Raises ValueError unless target and delta lie strictly between 0 and 1.
    """
    if not 0 < target < 1 or not 0 < delta < 1:
        raise ValueError(f"target and delta must lie between 0 and 1, not {target} and {delta}")
    least = int(np.ceil(np.log(delta) / np.log(1 - target)))
    if not len(confidences):
        reason = f"No ticket has been scored yet; at least {least} are needed for a wrong share of {percent(target)}."
        return Threshold(target, None, 0.0, 0.0, 1.0, 0, reason)
    order = np.argsort(-confidences, kind="stable")
    ranked, weight = confidences[order], weights[order]
    mass = np.cumsum(weight)
    wrong = np.cumsum(weight * ~correct[order]) / mass
    effective = mass**2 / np.cumsum(weight**2)
    upper = upper_bounds(wrong * effective, effective, delta)
    closed = np.append(ranked[1:] < ranked[:-1], True)  # tickets of equal confidence are never split
    good = np.flatnonzero(closed & (upper <= target))
    if not len(good):
        best = int(np.argmin(np.where(closed, upper, np.inf)))
        reason = _reason(float(effective[-1]), float(wrong[closed].min()), target, least)
        return Threshold(target, None, 0.0, float(wrong[best]), float(upper[best]), 0, reason)
    last = int(good[-1])
    coverage = float(mass[last] / mass[-1])
    return Threshold(target, float(ranked[last]), coverage, float(wrong[last]), float(upper[last]), last + 1, "")


def upper_bounds(errors: NDArray[np.float64], trials: NDArray[np.float64], delta: float) -> NDArray[np.float64]:
    """One-sided Clopper-Pearson upper bounds (n,) of a share; `errors` and `trials` may be fractional."""
    from scipy.stats import beta

    rest = np.maximum(trials - errors, 0.0)
    bound = beta.ppf(1 - delta, errors + 1, np.maximum(rest, 1e-9))
    return np.where(rest > 1e-9, bound, 1.0)


def _reason(scored: float, lowest: float, target: float, least: int) -> str:
    if scored < least:
        return (
            f"A wrong share of {percent(target)} needs at least {least} tickets scored out of fold; "
            f"the history gives {scored:.0f}."
        )
    if lowest > target:
        return (
            f"Even the most confident proposals were wrong in {percent(lowest)} of tickets, above {percent(target)}: "
            "the answers are too alike, or too few tickets of each are known."
        )
    return (
        f"Proposals safe enough for {percent(target)} are too few to be sure of it: more resolved tickets are needed."
    )
