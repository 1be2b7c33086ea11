"""The certificate: a threshold with a finite-sample proof that at most a share alpha of automatic replies is wrong.

Fixed-sequence Learn-then-Test (Angelopoulos et al. 2021): thresholds are tested from strict to loose with exact
binomial p-values, each at the full risk delta, up to the first that fails. With probability 1 - delta no threshold
that passed has a true wrong share above alpha, provided that the grid was fixed without the labels' right or wrong.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import ceil, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.percent import percent
from ticketflow.learning.threshold import upper_bounds

GRID_SIZE = 50
ONLY_LOOK = 0
"""The look number of a certificate that is tried once and never again, as in a backtest: it spends all of delta."""

DOUBT = 2.0
"""A wrong share predicted from confidences may be this many times too low or too high: the grid allows for both."""

PRIOR_LABELS = 50
"""Labels that the confidences count for when a zone's wrong share is estimated in order to tell what is missing."""

ENOUGH = 2.5
"""With this many times the fewest labels that could prove anything, a wrong share above alpha is not called chance."""

OUT_OF_REACH = 10**15
"""Nobody will ever have so many labels."""

LABELS_LIMIT = 100_000
"""More labels than this are not worth asking for: then alpha is out of reach."""


class Standing(StrEnum):
    """What came of an attempt to certify."""

    CERTIFIED = "certified"
    MORE_LABELS = "more_labels"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Labels:
    """Graded tickets whose audit coin was heads; in a history every ticket is.

    `confidences` (n,) of the best proposal, `right` (n,) bool (not graded by the deadline counts as wrong), `drawn`
    (n,) bool: the coin was heads. Raises ValueError when a ticket was not drawn, lengths differ or a confidence is NaN.
    """

    confidences: NDArray[np.float64]
    right: NDArray[np.bool_]
    drawn: NDArray[np.bool_]

    def __post_init__(self) -> None:
        sizes = (len(self.confidences), len(self.right), len(self.drawn))
        if len(set(sizes)) != 1:
            raise ValueError(f"confidences, right and drawn differ in length: {sizes}")
        undrawn = int(np.sum(~np.asarray(self.drawn, bool)))
        if undrawn:
            raise ValueError(
                f"{undrawn} of {sizes[0]} graded tickets were not drawn by the audit coin. Tickets that came to notice "
                "because somebody complained or looked prove nothing about the others; grade those in the audit queue."
            )
        if np.isnan(self.confidences).any():
            raise ValueError("a confidence is not a number")


@dataclass(frozen=True)
class Verdict:
    """The result for one `alpha`, `delta` and `look`; `spent` is the part of delta used at this look.

    Of `labels` tickets, `automatic` lie at or above `threshold`, `errors` of them wrong; `coverage` and `wrong_share`
    are the shares, `upper_bound` Clopper-Pearson's at `spent`. A refusal tells them at the point that came closest; its
    `threshold` is None, `reason` says in a sentence what is missing, and for MORE_LABELS `needed` how many more labels.
    `passed` are the grid's thresholds that passed, strict to loose: the last is the threshold.
    """

    standing: Standing
    alpha: float
    delta: float
    look: int
    spent: float
    threshold: float | None
    coverage: float
    wrong_share: float
    upper_bound: float
    labels: int
    automatic: int
    errors: int
    needed: int | None
    reason: str
    passed: tuple[float, ...]


def spend(delta: float, look: int) -> float:
    """The part of delta for the look-th attempt (from 1): 6 delta / (pi look)^2, whose sum over all looks is delta.

    ONLY_LOOK spends everything and must be the only attempt. Raises ValueError for a negative look.
    """
    if look < 0:
        raise ValueError(f"looks are counted from 1, not {look}")
    return delta if look == ONLY_LOOK else 6 * delta / (pi * look) ** 2


@lru_cache(1024)
def labels_needed(alpha: float, delta: float, errors: int = 0) -> int:
    """The fewest labels in the zone that can prove alpha when `errors` of them are wrong.

    The smallest n with P(Binomial(n, alpha) <= errors) <= delta; from OUT_OF_REACH on, just some number above it.
    Raises ValueError outside (0, 1).
    """
    _check(alpha, delta)
    most = errors + 1
    while _p_values(np.array([errors]), np.array([most]), alpha)[0] > delta:
        most *= 2
        if most > OUT_OF_REACH:  # 1 - alpha may be 1.0 by now, and then no number is enough
            return most
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        if _p_values(np.array([errors]), np.array([middle]), alpha)[0] > delta:
            least = middle
        else:
            most = middle
    return most


def make_grid(
    confidences: NDArray[np.floating[Any]],
    weights: NDArray[np.float64],
    labels_expected: int,
    alpha: float,
    delta: float,
    size: int = GRID_SIZE,
) -> NDArray[np.float64]:
    """At most `size` thresholds, strict to loose, where calibrated earlier `confidences` (n,) predict alpha.

    With `weights` (n,) they come from before the labels (out of fold, or arrivals without a label), never from the
    labels that will be certified. The first threshold is the one most likely to pass even if the true wrong share
    is DOUBT times the predicted one; a too strict one fails for lack of labels, a too loose one because of errors, and
    the sequence ends there. Half of the rest lead on to where the loosest doubtful pass is expected, the others lie
    between that and the loosest hopeful one. Raises ValueError without scores or outside (0, 1).
    """
    _check(alpha, delta)
    used = weights > 0
    if not used.any():
        raise ValueError("there are no earlier scores to place thresholds by; process or import tickets first")
    levels, coverage, risk = _predicted(confidences[used], weights[used])
    expected = coverage * max(labels_expected, 1)

    def p_values(factor: float) -> NDArray[np.float64]:
        return _p_values(np.minimum(factor * risk, 1.0) * expected, expected, alpha)

    def loosest(factor: float, least: float) -> float:
        passing = np.flatnonzero(p_values(factor) <= delta)
        return max(least, float(coverage[passing[-1]])) if len(passing) else least

    start = float(coverage[np.argmin(p_values(DOUBT))])
    doubtful = loosest(DOUBT, start)
    hopeful = loosest(1 / DOUBT, doubtful)
    lead, tail = size // 2, size // 16
    wanted = np.concatenate(
        [
            np.linspace(start, doubtful, lead, endpoint=False),
            np.linspace(doubtful, hopeful, size - lead - tail),
            np.linspace(hopeful, 1.0, tail + 1)[1:],
        ]
    )
    places = np.minimum(np.searchsorted(coverage, wanted - 1e-12), len(levels) - 1)
    return levels[np.unique(places)]


def certify(labels: Labels, grid: NDArray[np.float64], alpha: float, delta: float, look: int = 1) -> Verdict:
    """Test the thresholds of `grid` (strict to loose) until one fails; the last that passed is certified.

    `look` numbers the attempts on growing labels, each with its part of delta (see `spend`). A ticket belongs to
    a threshold's zone when its confidence is at or above it. Raises ValueError for an empty or unordered grid and for
    alpha or delta outside (0, 1).
    """
    _check(alpha, delta)
    if not len(grid) or np.isnan(grid).any() or (np.diff(grid) >= 0).any():
        raise ValueError("the grid must hold at least one threshold, and its thresholds must fall from strict to loose")
    spent = spend(delta, look)
    zones = _Zones.of(labels, grid)
    p = _p_values(zones.errors, zones.sizes, alpha)
    # A zone with too few labels to pass even without an error is passed over: that looks at how many labels it holds,
    # not at right or wrong. Given the size of the first zone tested, fewer labels in its strict part can only mean more
    # errors where stricter is safer, so its p-value stays valid. Where stricter is worse, simulation shows no excess.
    tested = zones.sizes >= labels_needed(alpha, spent)
    passes = p <= spent
    reached = np.cumprod(passes | ~tested).astype(bool) & passes
    if not reached.any():
        return _refusal(zones, p, (alpha, delta, look, spent))
    last = int(np.flatnonzero(reached)[-1])
    passed = tuple(float(threshold) for threshold in grid[reached])
    return zones.verdict(last, (alpha, delta, look, spent), Standing.CERTIFIED, passed=passed)


Setting = tuple[float, float, int, float]
"""alpha, delta, look, spent."""


@dataclass(frozen=True)
class _Zones:
    """For each threshold of a grid (k,): how many labels are at or above it, and how many of these are wrong."""

    sizes: NDArray[np.int64]
    errors: NDArray[np.int64]
    predicted: NDArray[np.float64]
    """The wrong share that the labels' confidences tell (k,)."""
    labels: int

    @classmethod
    def of(cls, labels: Labels, grid: NDArray[np.float64]) -> "_Zones":
        order = np.argsort(-labels.confidences, kind="stable")
        confidences = labels.confidences[order]
        sizes = np.searchsorted(-confidences, -grid, side="right")
        wrong = np.concatenate([[0], np.cumsum(~np.asarray(labels.right, bool)[order])])
        doubt = np.concatenate([[0.0], np.cumsum(1 - confidences)])
        return cls(sizes, wrong[sizes], doubt[sizes] / np.maximum(sizes, 1), len(confidences))

    def verdict(
        self,
        place: int,
        setting: Setting,
        standing: Standing,
        *,
        needed: int | None = None,
        reason: str = "",
        passed: tuple[float, ...] = (),
    ) -> Verdict:
        size, errors = int(self.sizes[place]), int(self.errors[place])
        alpha, delta, look, spent = setting
        bound = upper_bounds(np.array([float(errors)]), np.array([float(size)]), spent)
        return Verdict(
            standing=standing,
            alpha=alpha,
            delta=delta,
            look=look,
            spent=spent,
            threshold=passed[-1] if passed else None,
            coverage=size / self.labels if self.labels else 0.0,
            wrong_share=errors / size if size else 0.0,
            upper_bound=float(bound[0]),
            labels=self.labels,
            automatic=size,
            errors=errors,
            needed=needed,
            reason=reason,
            passed=passed,
        )


def _refusal(zones: _Zones, p: NDArray[np.float64], setting: Setting) -> Verdict:
    """What is missing, told at the zone whose bound is lowest among those that failed."""
    alpha, delta, look, spent = setting
    failed = p > spent
    bounds = upper_bounds(zones.errors.astype(float), zones.sizes.astype(float), spent)
    best = int(np.argmin(np.where(failed, bounds, np.inf)))
    size, errors = int(zones.sizes[best]), int(zones.errors[best])
    least = labels_needed(alpha, spent)
    next_delta = spend(delta, look + 1) if look else delta
    needed = _more_labels(zones, failed, alpha, next_delta)
    if needed is None and size >= ENOUGH * least:
        return zones.verdict(best, setting, Standing.UNREACHABLE, reason=_unreachable(size, errors, alpha))
    if needed is None:
        needed = _rounded(ENOUGH * least * zones.labels / max(size, 1) - zones.labels)
    reason = (
        f"A wrong share of at most {percent(alpha)} with {percent(1 - delta)} certainty needs about {needed} more "
        f"graded tickets: {_graded(zones.labels, size, errors)}; the proof takes at least "
        f"{labels_needed(alpha, spent, errors)} {'with so many errors' if errors else 'without an error'}."
    )
    return zones.verdict(best, setting, Standing.MORE_LABELS, needed=needed, reason=reason)


def _graded(labels: int, size: int, errors: int) -> str:
    if not labels:
        return "none is graded yet"
    verb = "is" if labels == 1 else "are"
    if not size:
        return f"{labels} {verb} graded, none of them confident enough"
    wrong = f"{errors} of these wrong" if errors else "none of these wrong"
    return f"{labels} {verb} graded, {size} of them confident enough, {wrong}"


def _unreachable(size: int, errors: int, alpha: float) -> str:
    share = errors / size
    relation = "above" if share > alpha else "too close to"
    return (
        f"Not reachable with this score: even of the {size} most confident proposals {percent(share)} were wrong, "
        f"{relation} {percent(alpha)}. Accept a larger wrong share, or improve the knowledge base: merge answers that "
        "say the same, and add resolved tickets for those that are confused."
    )


def _more_labels(zones: _Zones, failed: NDArray[np.bool_], alpha: float, delta: float) -> int | None:
    """How many more labels bring some failed zone to pass if its share of labels and errors stays; None if none do."""
    if not zones.labels:
        return labels_needed(alpha, delta)
    open_zones = failed & (zones.sizes > 0)
    sizes = zones.sizes[open_zones]
    share = sizes / zones.labels
    risk = (zones.errors[open_zones] + PRIOR_LABELS * zones.predicted[open_zones]) / (sizes + PRIOR_LABELS)
    few, many = np.zeros(len(sizes)), np.full(len(sizes), float(LABELS_LIMIT))

    def passes(more: NDArray[np.float64]) -> NDArray[np.bool_]:
        expected = (zones.labels + more) * share
        return _p_values(expected * risk, expected, alpha) <= delta

    if not passes(many).any():
        return None
    for _ in range(LABELS_LIMIT.bit_length()):
        middle = (few + many) / 2
        enough = passes(middle)
        few, many = np.where(enough, few, middle), np.where(enough, middle, many)
    return _rounded(float(many.min()))


def _predicted(
    confidences: NDArray[np.floating[Any]], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Distinct confidences falling; the share of tickets at or above each; the wrong share among them."""
    order = np.argsort(-confidences, kind="stable")
    ranked, weight = confidences[order].astype(np.float64), weights[order]
    mass, wrong = np.cumsum(weight), np.cumsum(weight * (1 - ranked))
    closed = np.append(ranked[1:] < ranked[:-1], True)
    return ranked[closed], mass[closed] / mass[-1], wrong[closed] / mass[closed]


def _p_values(errors: NDArray[Any], labels: NDArray[Any], alpha: float) -> NDArray[np.float64]:
    """P(Binomial(labels, alpha) <= errors), exact, continued to fractions; 1 where every label is an error."""
    from scipy.special import betainc

    rest = np.maximum(labels - errors, 0.0)
    return np.where(rest > 0, betainc(np.maximum(rest, 1e-12), errors + 1.0, 1 - alpha), 1.0)


def _rounded(count: float) -> int:
    """At least 1, rounded up to two digits: an estimate should look like one."""
    whole = max(1, ceil(count))
    step = 10 ** max(0, len(str(whole)) - 2)
    return -(-whole // step) * step


def _check(alpha: float, delta: float) -> None:
    for name, value in (("alpha, the accepted wrong share,", alpha), ("delta, the accepted risk,", delta)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value}")
