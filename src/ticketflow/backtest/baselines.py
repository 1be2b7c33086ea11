"""How the usual rules would have done on the same tickets: a threshold on a cosine, or a number somebody picked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.backtest.shares import Curve
from ticketflow.learning.judging import Judged

HAND_PICKED = 0.85


@dataclass(frozen=True)
class Baseline:
    """What a rule did with the test part. `threshold` is None where it found none; then nothing is answered.

    `kept` tells whether the wrong share stayed within what was accepted; `curve` is over all thresholds.
    """

    name: str
    title: str
    threshold: float | None
    automated: int
    wrong: int
    total: int
    kept: bool
    curve: Curve

    @property
    def coverage(self) -> float:
        """The share of all tickets that the rule answered."""
        return self.automated / self.total if self.total else 0.0

    @property
    def wrong_rate(self) -> float | None:
        """The share of the rule's replies that was wrong; None where it gave none."""
        return self.wrong / self.automated if self.automated else None


@dataclass(frozen=True)
class Rule:
    """One rule's scores (n,) and what it proposes (n,): an answer, or -1 for none."""

    scores: NDArray[Any]
    proposed: NDArray[Any]
    truth: NDArray[np.int64]

    @property
    def curve(self) -> Curve:
        """What every threshold on the scores would have done."""
        return Curve.of(self.scores, (self.proposed == self.truth) & (self.truth >= 0), self.proposed >= 0)

    def applied(self, name: str, title: str, threshold: float | None, max_wrong: float) -> Baseline:
        """The rule with one threshold."""
        right = (self.proposed == self.truth) & (self.truth >= 0)
        zone = self.proposed >= 0
        zone = zone & (self.scores >= threshold) if threshold is not None else np.zeros(len(zone), bool)
        automated, wrong = int(zone.sum()), int((zone & ~right).sum())
        kept = wrong <= max_wrong * automated
        return Baseline(name, title, threshold, automated, wrong, len(zone), kept, self.curve)


def by_cosine(judged: Judged) -> Rule:
    """The answer of the nearest case, sure as their cosine."""
    return Rule(judged.cosines, judged.nearest, judged.truth)


def by_probability(judged: Judged) -> Rule:
    """The classifier's best answer, sure as its probability."""
    return Rule(judged.probabilities, judged.likeliest, judged.truth)


def baselines(certify: Judged, test: Judged, max_wrong: float) -> tuple[Baseline, ...]:
    """All of them on the test part; the first takes its threshold from the certify part, without any margin."""
    cosine, probability = by_cosine(test), by_probability(test)
    tuned = by_cosine(certify).curve.loosest(max_wrong)
    return (
        cosine.applied("cosine", "Nearest past ticket, tuned threshold", tuned, max_wrong),
        cosine.applied(f"cosine_{HAND_PICKED}", f"Nearest past ticket, {HAND_PICKED} by hand", HAND_PICKED, max_wrong),
        probability.applied(
            f"probability_{HAND_PICKED}",
            f"Classifier probability, {HAND_PICKED} by hand",
            HAND_PICKED,
            max_wrong,
        ),
    )
