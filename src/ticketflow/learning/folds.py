"""Out-of-fold construction with leave-answers-out.

Tickets of a removed answer are novel: nothing that can be proposed is right. Calibrating without them breaks the
promise; but removing answers also makes the remaining tickets easier, so known ones are scored with all answers too.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """One fit and what it scores.

    `index` (i,) are the cases learned from; `known` and `novel` the cases to score; `offered` (A,) bool the answers
    that may be proposed; `part` is the number that separates rows when the score itself is fitted out of fold.
    """

    part: int
    index: NDArray[np.int64]
    known: NDArray[np.int64]
    novel: NDArray[np.int64]
    offered: NDArray[np.bool_]

    @property
    def complete(self) -> bool:
        """Whether every answer is offered, so that known tickets are as hard as they will be in use."""
        return bool(self.offered.all())


def make_folds(
    labels: NDArray[np.integer[Any]], answers: int, limit: int, count: int = FOLDS, seed: int = 0
) -> list[Fold]:
    """Cut cases with `labels` (n,) in [-1, answers) into `count` complete folds and `count` with answers removed.

    Part p is held out of complete fold p and of the fold that lacks the p-th share of the answers. Every answer that
    has cases is removed exactly once, unless fewer than three have: then none is, and only complete folds are made.
    Cases without an answer (-1) are novel wherever they are held out. About `limit` tickets are scored over all folds.
    """
    rng = np.random.default_rng(seed)
    part = _stratified(labels, count, rng)
    removed_in = _removal(labels, answers, count, rng)
    share = max(1, limit // (3 * count))
    out: list[Fold] = []
    for number in range(count):
        for removed in (np.zeros(answers, bool), removed_in == number):
            if out and out[-1].part == number and not removed.any():
                continue
            gone = np.append(removed, False)[labels]
            held = part == number
            index = np.flatnonzero(~held & ~gone)
            known = _capped(np.flatnonzero(held & ~gone & (labels >= 0)), share, rng)
            unanswered = np.flatnonzero(held & (labels < 0))
            novel = _capped(np.flatnonzero(gone) if removed.any() else unanswered, share, rng)
            if len(index) and len(known) + len(novel):
                out.append(Fold(number, index, known, novel, ~removed))
    return out


def row_weights(novel: NDArray[np.bool_], share: float) -> NDArray[np.float64]:
    """Weights (n,) with mean 1 that give novel rows `share` of the total; all ones if only one kind is present."""
    if not 0.0 <= share < 1.0:
        raise ValueError(f"novel share must be in [0, 1), not {share}")
    weights = np.ones(len(novel))
    count = int(novel.sum())
    if 0 < count < len(novel):
        weights[novel] = share * len(novel) / count
        weights[~novel] = (1 - share) * len(novel) / (len(novel) - count)
    return weights


def _stratified(labels: NDArray[np.integer[Any]], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal the cases of each answer in turn to the parts, so that sizes differ by one at most."""
    shuffled = rng.permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    part = np.empty(len(labels), np.int64)
    part[order] = np.arange(len(labels)) % count
    return part


def _removal(labels: NDArray[np.integer[Any]], answers: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    removed_in = np.full(answers, -1, np.int64)
    used = np.unique(labels[labels >= 0])
    if len(used) >= 3:
        removed_in[rng.permutation(used)] = np.arange(len(used)) % count
    return removed_in


def _capped(rows: NDArray[np.int64], limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rows if len(rows) <= limit else np.sort(rng.choice(rows, limit, replace=False))
