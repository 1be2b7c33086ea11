"""How the audit stands: what was drawn and graded, how much was wrong, and whether graders agree."""

from collections import Counter
from collections.abc import Sequence

from ticketflow.api.schemas.audits import AgreementOut, AutomaticOut, SummaryOut
from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.domain import Grade
from ticketflow.store import audits
from ticketflow.store.audits import AuditSample, AuditState

LEAST_DOUBLE = 20
"""Fewer double grades say nothing of agreement."""


def summary(session: Session, workspace_id: str, days: int) -> SummaryOut:
    """The decisions drawn in so many days up to now, summed up."""
    since = session.now - days * DAY
    drawn = audits.since(session, workspace_id, since)
    states = Counter(sample.state for sample in drawn)
    return SummaryOut(
        since=since,
        drawn=len(drawn),
        open=states[AuditState.OPEN],
        second=states[AuditState.SECOND],
        graded=states[AuditState.GRADED],
        overdue=states[AuditState.OVERDUE],
        wrong=sum(sample.wrong for sample in drawn),
        automatic=_automatic(drawn),
        agreement=_agreement(drawn),
    )


def cohens_kappa(pairs: Sequence[tuple[Grade, Grade]]) -> float | None:
    """Agreement beyond chance of two grades each (Cohen 1960); None where every grade is the same, or none is there."""
    if not pairs:
        return None
    equal = sum(first is second for first, second in pairs) / len(pairs)
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    chance = sum(firsts[grade] * seconds[grade] for grade in Grade) / len(pairs) ** 2
    return (equal - chance) / (1 - chance) if chance < 1 else None


def _automatic(drawn: Sequence[AuditSample]) -> AutomaticOut:
    closed = [sample for sample in drawn if sample.automatic and sample.state is not AuditState.OPEN]
    wrong = sum(sample.wrong for sample in closed)
    return AutomaticOut(closed=len(closed), wrong=wrong, wrong_share=wrong / len(closed) if closed else None)


def _agreement(drawn: Sequence[AuditSample]) -> AgreementOut:
    pairs = [
        (sample.grade, sample.second_grade)
        for sample in drawn
        if sample.grade is not None and sample.second_grade is not None
    ]
    enough = len(pairs) >= LEAST_DOUBLE
    return AgreementOut(
        doubly=len(pairs),
        equal_share=sum(first is second for first, second in pairs) / len(pairs) if enough else None,
        kappa=cohens_kappa(pairs) if enough else None,
    )
