"""What a learner says of tickets it has not seen, beside what people answered: the labels that a certificate needs."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.features import EMPTY, NO_ANSWER, Floats, Indices, Signals, candidates
from ticketflow.learning.ranking import Ranking
from ticketflow.learning.score import Score
from ticketflow.learning.trained import ranked


@dataclass(frozen=True)
class Judged:
    """n tickets held out of learning. Answers are indices, NO_ANSWER (-1) where there is none.

    `proposed` and `second` (n,) are the best candidates, `confidences` (n,) how probably `proposed` is right, `truth`
    (n,) what people answered. For comparison: `nearest` (n,) is the answer of the nearest case, `cosines` (n,) its
    cosine; `likeliest` (n,) is the classifier's best, `probabilities` (n,) its probability.
    """

    proposed: Indices
    second: Indices
    confidences: NDArray[np.float64]
    truth: NDArray[np.int64]
    nearest: Indices
    cosines: Floats
    likeliest: Indices
    probabilities: Floats

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether the proposal is what people answered; never where no answer is right."""
        return (self.proposed == self.truth) & (self.truth >= 0)

    @classmethod
    def of(cls, signals: Signals, truth: NDArray[Any], ranking: Ranking, score: Score) -> "Judged":
        """Judge n tickets by their signals."""
        found = candidates(signals)
        answers, _, features = ranked(found, ranking)
        proposed = _column(answers, 0)
        likeliest, probabilities = _likeliest(signals.probabilities)
        return cls(
            proposed,
            _column(answers, 1),
            np.where(proposed == NO_ANSWER, 0.0, score.confidences(score.scores(features))),
            np.asarray(truth, np.int64),
            _column(signals.case_answers, 0),
            signals.case_cosines[:, 0],
            likeliest,
            probabilities,
        )

    @classmethod
    def joined(cls, parts: Sequence["Judged"]) -> "Judged":
        """Several blocks as one. Raises ValueError for none."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    @classmethod
    def none(cls) -> "Judged":
        """No ticket at all."""
        whole, real = np.zeros(0, np.int32), np.zeros(0, np.float32)
        return cls(whole, whole, np.zeros(0), np.zeros(0, np.int64), whole, real, whole, real)

    def rows(self, chosen: slice | NDArray[Any]) -> "Judged":
        """The same for some of the tickets."""
        return Judged(*(getattr(self, field.name)[chosen] for field in fields(self)))


def _column(answers: Indices, place: int) -> Indices:
    if answers.shape[1] <= place:
        return np.full(len(answers), NO_ANSWER, np.int32)
    return np.where(answers[:, place] == EMPTY, NO_ANSWER, answers[:, place]).astype(np.int32)


def _likeliest(probabilities: Floats) -> tuple[Indices, Floats]:
    if probabilities.shape[1] == 0:
        return np.full(len(probabilities), NO_ANSWER, np.int32), np.zeros(len(probabilities), np.float32)
    best = probabilities.argmax(1).astype(np.int32)
    return best, probabilities[np.arange(len(best)), best]
