"""From the signals of tickets to candidates and their features: one function, used live (n = 1) and in training.

A signal is what search and the classifier say about every answer; a feature is a named number about one candidate
or about the best candidate of a ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]

CANDIDATES = 5
NO_ANSWER = -1
EMPTY = -2
VOTE_SHARPNESS = 15.0

CANDIDATE_FEATURES = (
    "log_probability",
    "margin",
    "vote_share",
    "top_similarity",
    "mean_similarity",
    "closeness",
    "coverage",
    "text_share",
    "article_similarity",
    "success_rate",
    "language_match",
)
"""What is known about one candidate; columns of `Candidates.features`."""

TICKET_FEATURES = ("nearest", "density", "vote_purity", "entropy", "text_top", "agreement", "ranking_lead", "length")
"""What is known about the ticket as a whole."""

FEATURES = (
    *CANDIDATE_FEATURES,
    *(f"{name}_lead" for name in CANDIDATE_FEATURES),
    *TICKET_FEATURES,
)
"""Columns of the matrix given to the score: the best candidate, its lead over the second, the ticket."""

PRIOR = {"log_probability": 1.0, "vote_share": 2.0, "article_similarity": 2.0, "text_share": 0.5, "top_similarity": 2.0}
"""Weights that choose candidates, and rank them while there is no history."""


@dataclass(frozen=True)
class Signals:
    """Signals of n tickets over A answers.

    `case_answers` (n, k) are the answers of the nearest cases, best first: an index, NO_ANSWER for a case that was
    resolved without one, EMPTY where there are fewer than k; `case_cosines` (n, k) belong to them. `text_answers` and
    `text_scores` (n, m) are the same for full-text hits (BM25, higher is better). The rest is (n, A): `probabilities`
    and `margins` from the classifier, `closeness` and `coverage` from familiarity, `article_similarities` (NaN where
    an answer has no text), `success_rates` and `language_match` in 0..1. `lengths` (n,) are numbers of distinct terms.
    """

    case_answers: Indices
    case_cosines: Floats
    text_answers: Indices
    text_scores: Floats
    probabilities: Floats
    margins: Floats
    closeness: Floats
    coverage: Floats
    article_similarities: Floats
    success_rates: Floats
    language_match: Floats
    lengths: Floats

    def rows(self, chosen: slice | NDArray[np.integer]) -> "Signals":
        """The same for some tickets."""
        return Signals(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Candidates:
    """`answers` (n, c) int32 by descending prior, EMPTY past the last; `features` (n, c, F); `ticket` (n, T)."""

    answers: Indices
    features: Floats
    ticket: Floats

    @classmethod
    def joined(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """Candidates of several batches of tickets as one."""
        return cls(
            np.concatenate([part.answers for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.ticket for part in parts]),
        )


def candidates(signals: Signals, offered: NDArray[np.bool_] | None = None) -> Candidates:
    """Choose up to CANDIDATES answers a ticket among the `offered` (A,) and describe each.

    An answer without any evidence (no case among the nearest, no text hit, no probability, no article) is no candidate.
    """
    table, ticket = _answer_table(signals)
    prior = np.tensordot(table, _prior_weights(), axes=(2, 0))
    known = _evidence(signals, table)
    if offered is not None:
        known &= offered
    prior = np.where(known, prior, -np.inf)
    width = min(CANDIDATES, prior.shape[1])
    best = np.argsort(-prior, axis=1, kind="stable")[:, :width]
    answers = np.where(np.isfinite(np.take_along_axis(prior, best, 1)), best, EMPTY).astype(np.int32)
    features = np.take_along_axis(table, best[:, :, None], 1)
    features[answers == EMPTY] = 0.0
    return Candidates(answers, features, ticket)


def score_features(found: Candidates, ranks: Floats) -> tuple[Indices, Floats]:
    """Order candidates by `ranks` (n, c); return (answers (n, c) best first, feature matrix (n, len(FEATURES)))."""
    ranks = np.where(found.answers == EMPTY, -np.inf, ranks)
    order = np.argsort(-ranks, axis=1, kind="stable")
    answers = np.take_along_axis(found.answers, order, 1)
    if answers.shape[1] == 0:
        return answers, np.zeros((len(answers), len(FEATURES)), np.float32)
    rows = np.arange(len(order))
    best = found.features[rows, order[:, 0]]
    second = np.zeros_like(best)
    lead = np.full(len(order), 5.0, np.float32)
    if order.shape[1] > 1:
        has_second = answers[:, 1] != EMPTY
        second = np.where(has_second[:, None], found.features[rows, order[:, 1]], 0.0)
        gap = ranks[rows, order[:, 0]] - np.where(has_second, ranks[rows, order[:, 1]], 0.0)
        lead = np.where(has_second, gap, lead)
    agreement = _agreement(found, order[:, 0])
    ticket = np.column_stack([found.ticket[:, :-1], agreement, np.clip(lead, 0, 20), found.ticket[:, -1]])
    return answers, np.nan_to_num(np.hstack([best, best - second, ticket])).astype(np.float32)


def _prior_weights() -> Floats:
    return np.array([PRIOR.get(name, 0.0) for name in CANDIDATE_FEATURES], np.float32)


def _evidence(signals: Signals, table: Floats) -> NDArray[np.bool_]:
    column = CANDIDATE_FEATURES.index
    return (
        (table[:, :, column("vote_share")] > 0)
        | (table[:, :, column("text_share")] > 0)
        | (signals.probabilities > 1e-6)
        | ~np.isnan(signals.article_similarities)
    )


def _answer_table(signals: Signals) -> tuple[Floats, Floats]:
    """(n, A, F) features of every answer, and (n, 6) of the ticket (agreement and lead are added after ranking)."""
    width = signals.probabilities.shape[1]
    votes, top, mean = _votes(signals.case_answers, signals.case_cosines, width)
    text_weights = signals.text_scores / np.maximum(signals.text_scores.max(1, initial=0, keepdims=True), 1e-6)
    text_share = _share(signals.text_answers, text_weights**2, width)
    article = _filled(signals.article_similarities)
    table = np.stack(
        [
            np.log(np.maximum(signals.probabilities, 1e-6)),
            signals.margins,
            votes,
            top,
            mean,
            signals.closeness,
            signals.coverage,
            text_share,
            article,
            signals.success_rates,
            signals.language_match,
        ],
        axis=2,
    ).astype(np.float32)
    present = signals.case_answers != EMPTY
    count = np.maximum(present.sum(1), 1)
    cosines = np.where(present, signals.case_cosines, 0.0)
    spread = np.maximum(signals.probabilities, 1e-9)
    entropy = -(spread * np.log(spread)).sum(1)
    text_top = signals.text_scores.max(1, initial=0) / np.maximum(np.minimum(signals.lengths, 12), 1)
    ticket = np.column_stack(
        [
            cosines.max(1, initial=0),
            cosines.sum(1) / count,
            votes.max(1, initial=0),
            entropy,
            text_top,
            np.log1p(signals.lengths),
        ]
    )
    return table, ticket.astype(np.float32)


def _votes(answers: Indices, cosines: Floats, width: int) -> tuple[Floats, Floats, Floats]:
    """Per answer: share of the nearest cases' weighted votes, highest cosine, mean of its three highest cosines."""
    present = answers != EMPTY
    peak = np.max(np.where(present, cosines, -1.0), axis=1, initial=-1.0, keepdims=True)
    weights = np.where(present, np.exp(VOTE_SHARPNESS * (cosines - peak)), 0.0).astype(np.float32)
    share = _share(answers, weights, width)
    top = np.zeros((len(answers), width), np.float32)
    total = np.zeros_like(top)
    taken = np.zeros_like(top)
    row = np.arange(len(answers))
    for place in range(answers.shape[1]):
        answer = answers[:, place]
        real = answer >= 0
        r, a, c = row[real], answer[real], cosines[real, place]
        top[r, a] = np.maximum(top[r, a], c)
        fresh = taken[r, a] < 3
        total[r[fresh], a[fresh]] += c[fresh]
        taken[r[fresh], a[fresh]] += 1
    return share, top, (total / 3).astype(np.float32)


def _share(answers: Indices, weights: Floats, width: int) -> Floats:
    """Each answer's share of the row's weight; cases without an answer count in the whole."""
    whole = np.where(answers != EMPTY, weights, 0.0).sum(1)
    row, place = np.nonzero(answers >= 0)
    flat = np.bincount(row * width + answers[row, place], weights[row, place], minlength=len(answers) * width)
    return (flat.reshape(len(answers), width) / np.maximum(whole, 1e-9)[:, None]).astype(np.float32)


def _filled(similarities: Floats) -> Floats:
    """Article similarities with the row's mean where an answer has no text, and 0 where none has."""
    missing = np.isnan(similarities)
    if not missing.any():
        return similarities
    count = (~missing).sum(1, keepdims=True)
    mean = np.where(missing, 0.0, similarities).sum(1, keepdims=True) / np.maximum(count, 1)
    return np.where(missing, mean, similarities)


def _agreement(found: Candidates, chosen: NDArray[np.integer]) -> Floats:
    """Of classifier, votes, cosine, closeness, coverage and text: the share whose own best candidate is the chosen."""
    names = ("log_probability", "margin", "vote_share", "top_similarity", "closeness", "coverage", "text_share")
    columns = [CANDIDATE_FEATURES.index(name) for name in names]
    values = np.where((found.answers == EMPTY)[:, :, None], -np.inf, found.features[:, :, columns])
    own = values[np.arange(len(values)), chosen]
    return (own >= values.max(1)).mean(1).astype(np.float32)
