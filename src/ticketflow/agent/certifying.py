"""Trying for a certificate: the labels of a segment against its accepted wrong share."""

from collections.abc import Mapping

import numpy as np

from ticketflow.agent import segments
from ticketflow.learning.certificate import Labels, Standing, Verdict, certify, make_grid
from ticketflow.learning.folds import row_weights
from ticketflow.learning.holding_out import Graded
from ticketflow.learning.trained import Trained
from ticketflow.store.certificates import NewCertificate
from ticketflow.store.settings import Settings

NONE_MAY_BE_WRONG = "No automatic reply may be wrong, says the setting max_wrong, and no history can promise that."
NOT_CALIBRATED = (
    "Nothing can be proven yet: the history holds too few right or wrong proposals to tell how sure one is."
)
HISTORY, AUDIT, BOTH = "history", "audit", "history and audit"


def look(
    version: str, trained: Trained, graded: Graded, settings: Settings, segment: str, number: int, source: str
) -> NewCertificate:
    """The `number`-th look (from 1) at the labels of a segment for a score version. A refusal is a result as well."""
    alpha, delta = segments.alpha_of(settings, segment), 1 - settings.certainty
    labels = segments.labels_of(settings, segment, graded)
    if not 0 < alpha < 1 or not 0 < delta < 1:
        verdict = _untried(labels, alpha, delta, number, NONE_MAY_BE_WRONG)
    elif not trained.score.learned or not len(trained.proof.confidences):
        verdict = _untried(labels, alpha, delta, number, NOT_CALIBRATED)
    else:
        verdict = _certify(trained, labels, alpha, delta, number)
    return NewCertificate.model_validate(
        {
            **vars(verdict),
            "passed": list(verdict.passed),
            "segment": segment,
            "version": version,
            "excluded": segments.excluded(settings) if segment == segments.REST else [],
            "source": source,
        }
    )


def look_at_all(
    version: str, trained: Trained, graded: Graded, settings: Settings, looks: Mapping[str, int], source: str
) -> list[NewCertificate]:
    """The next look at every segment; `looks` are those taken before, by segment."""
    return [
        look(version, trained, graded, settings, segment, looks.get(segment, 0) + 1, source)
        for segment in segments.segments(settings)
    ]


def _certify(trained: Trained, labels: Graded, alpha: float, delta: float, number: int) -> Verdict:
    """Thresholds are placed by the out-of-fold scores of what was learned from, never by the labels."""
    drawn = np.ones(len(labels.right), bool)
    weights = row_weights(trained.proof.novel, trained.novel_share)
    grid = make_grid(trained.proof.confidences, weights, len(labels.right), alpha, delta)
    return certify(Labels(labels.confidences, labels.right, drawn), grid, alpha, delta, number)


def _untried(labels: Graded, alpha: float, delta: float, number: int, reason: str) -> Verdict:
    """A refusal for which no label was looked at."""
    return Verdict(
        standing=Standing.UNREACHABLE,
        alpha=alpha,
        delta=delta,
        look=number,
        spent=0.0,
        threshold=None,
        coverage=0.0,
        wrong_share=0.0,
        upper_bound=1.0,
        labels=len(labels.right),
        automatic=0,
        errors=0,
        needed=None,
        reason=reason,
        passed=(),
    )
