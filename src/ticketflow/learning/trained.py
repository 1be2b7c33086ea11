"""What training made: everything a decision needs, as one frozen value that is stored as plain arrays."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.learning.classifier import LinearClassifier
from ticketflow.learning.familiarity import Familiarity
from ticketflow.learning.features import (
    CANDIDATE_FEATURES,
    EMPTY,
    FEATURES,
    Candidates,
    Floats,
    Indices,
    Signals,
    candidates,
    score_features,
)
from ticketflow.learning.folds import row_weights
from ticketflow.learning.languages import Languages
from ticketflow.learning.novelty_share import estimate_share
from ticketflow.learning.ranking import Ranking
from ticketflow.learning.score import Score
from ticketflow.learning.signals import Learned
from ticketflow.learning.threshold import Threshold, choose_threshold

UNKNOWN_RATE = 0.5
"""Success rate of an answer that was never sent."""


def version_of(arrays: Mapping[str, NDArray[Any]]) -> str:
    """16 hex digits over named arrays, their types and shapes included."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Proposal:
    """One ticket's candidates, best first: `answers` are indices, `scores` the ranks (raw, higher is better).

    `features` name what speaks for each: all FEATURES for the first, from which its confidence follows, and
    CANDIDATE_FEATURES for the others. All are empty when nothing in the knowledge base resembles the ticket.
    """

    answers: tuple[int, ...]
    scores: tuple[float, ...]
    features: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Proof:
    """Out-of-fold `confidences` (n,) float64; whether each proposal was `correct` and each ticket `novel` (n,) bool."""

    confidences: NDArray[np.float64]
    correct: NDArray[np.bool_]
    novel: NDArray[np.bool_]

    @classmethod
    def empty(cls) -> "Proof":
        """Before there is a history."""
        return cls(np.zeros(0), np.zeros(0, bool), np.zeros(0, bool))


@dataclass(frozen=True)
class Trained:
    """Everything learned from one training set; rebuilt bit for bit from its arrays.

    `success_rates` (A,) are the answers' records at that time: what a decision rests on does not drift between refits.
    """

    learned: Learned
    ranking: Ranking
    score: Score
    languages: Languages
    proof: Proof
    success_rates: Floats
    delta: float
    novel_share: float
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def answers(self) -> int:
        """A, the number of answers known in training."""
        return self.learned.answers

    @cached_property
    def version(self) -> str:
        """16 hex digits over all arrays: the same learner has the same version on any machine."""
        return version_of({name: array for name, array in self.to_arrays().items() if not name.startswith("figures.")})

    def threshold(self, target: float, novel_share: float | None = None) -> Threshold:
        """The threshold for a target wrong share in (0, 1), from the out-of-fold rows kept for that purpose.

        `novel_share` in [0, 1) replaces the share expected in training, for instance by `estimated_share`.
        """
        if not self.score.learned:
            reason = "No confidence can be calibrated yet: the history holds too few right or wrong proposals."
            return Threshold(target, None, 0.0, 0.0, 1.0, 0, reason)
        share = self.novel_share if novel_share is None else novel_share
        if (target, share) not in self._thresholds:
            proof = self.proof
            weights = row_weights(proof.novel, share)
            used = weights > 0
            self._thresholds[target, share] = choose_threshold(
                proof.confidences[used], proof.correct[used], weights[used], target, self.delta
            )
        return self._thresholds[target, share]

    @cached_property
    def _thresholds(self) -> dict[tuple[float, float], Threshold]:
        """Those found so far, by target and share: each takes some 50 ms, and every look at the settings asks."""
        return {}

    def estimated_share(self, confidences: NDArray[np.float64]) -> float | None:
        """Share of novel tickets among arrivals, from their confidences (n,); None where it cannot be told."""
        return estimate_share(
            self.proof.confidences[~self.proof.novel], self.proof.confidences[self.proof.novel], confidences
        )

    def confidence(self, features: Mapping[str, float]) -> float:
        """Calibrated probability that a proposal's first candidate is right, from its named features.

        Raises KeyError for a missing name.
        """
        row = np.array([[features[name] for name in FEATURES]], np.float32)
        return float(self.score.confidences(self.score.scores(row))[0])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All parts as plain arrays under dotted names."""
        parts: dict[str, Mapping[str, NDArray[Any]]] = {
            "ranking": self.ranking.to_arrays(),
            "score": self.score.to_arrays(),
            "languages": self.languages.to_arrays(),
            "proof": vars(self.proof),
            "settings": {
                "answers": np.array([self.answers], np.int32),
                "delta": np.array([self.delta]),
                "novel_share": np.array([self.novel_share]),
                "success_rates": self.success_rates,
            },
            "figures": {name: np.array([value]) for name, value in self.figures.items()},
        }
        if self.learned.classifier is not None:
            parts["classifier"] = self.learned.classifier.to_arrays()
        if self.learned.familiarity is not None:
            parts["familiarity"] = self.learned.familiarity.to_arrays()
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Trained":
        """Rebuild from `to_arrays`. Raises KeyError for a missing part."""

        def part(prefix: str) -> dict[str, NDArray[Any]]:
            return {name[len(prefix) + 1 :]: array for name, array in arrays.items() if name.startswith(prefix + ".")}

        classifier, familiarity = part("classifier"), part("familiarity")
        learned = Learned(
            int(arrays["settings.answers"][0]),
            LinearClassifier.from_arrays(classifier) if classifier else None,
            Familiarity.from_arrays(familiarity) if familiarity else None,
        )
        return cls(
            learned,
            Ranking.from_arrays(part("ranking")),
            Score.from_arrays(part("score")),
            Languages.from_arrays(part("languages")),
            Proof(**part("proof")),
            arrays.get("settings.success_rates", np.full(learned.answers, UNKNOWN_RATE, np.float32)),
            float(arrays["settings.delta"][0]),
            float(arrays["settings.novel_share"][0]),
            {name: float(array[0]) for name, array in part("figures").items()},
        )


def propose(trained: Trained | None, signals: Signals, offered: NDArray[np.bool_] | None = None) -> Proposal:
    """Rank the answers for one ticket (`signals` of n = 1), by the prior when nothing has been learned.

    `offered` (A,) bool leaves answers out: withdrawn, archived, not allowed here. The same signals give the same
    proposal, bit for bit.
    """
    ranking = trained.ranking if trained is not None else Ranking.prior()
    found = candidates(signals, offered)
    answers, ranks, features = ranked(found, ranking)
    count = int((answers[0] != EMPTY).sum())
    if not count:
        return Proposal((), (), ())
    described = [dict(zip(FEATURES, features[0].tolist(), strict=True))]
    place = {int(answer): slot for slot, answer in enumerate(found.answers[0])}
    for answer in answers[0, 1:count]:
        row = found.features[0, place[int(answer)]]
        described.append(dict(zip(CANDIDATE_FEATURES, row.tolist(), strict=True)))
    return Proposal(tuple(answers[0, :count].tolist()), tuple(ranks[0, :count].tolist()), tuple(described))


def ranked(found: Candidates, ranking: Ranking) -> tuple[Indices, Floats, Floats]:
    """(answers (n, c) best first, their ranks (n, c), feature matrix (n, len(FEATURES)))."""
    ranks = ranking.ranks(found)
    answers, features = score_features(found, ranks)
    ordered = -np.sort(-np.where(found.answers == EMPTY, -np.inf, ranks), axis=1, kind="stable")
    return answers, ordered, features
