"""Audited decisions in numbers: drawn and graded without a ticket for each of them."""

from collections.abc import Sequence

from agent_harness import TOPICS, Company, words

from ticketflow.agent import audits
from ticketflow.clock import new_id
from ticketflow.domain import Grade
from ticketflow.store import audits as samples
from ticketflow.store import decisions
from ticketflow.store.audits import AuditSample, NewSample
from ticketflow.store.decisions import StoredDecision


def drawn(company: Company, confidences: Sequence[float], *, automatic: bool = True, segment: str = "") -> list[str]:
    """Samples of the version in force, open; their decisions' ids."""
    company.clock.advance(1)
    version = company.deps.experience.get(company.id).version
    ids = [new_id() for _ in confidences]
    with company.database.write() as session:
        for decision_id, confidence in zip(ids, confidences, strict=True):
            new = NewSample(
                decision_id=decision_id,
                ticket_id=new_id(),
                run_id=new_id(),
                segment=segment,
                category=segment or "account",
                version=version,
                answer_id="a",
                confidence=confidence,
                automatic=automatic,
                twice=False,
                due_at=session.now + 14 * 86_400_000_000,
            )
            samples.draw(session, company.id, new)
    return ids


def graded(
    company: Company,
    rights: Sequence[bool],
    *,
    confidence: float = 0.999,
    automatic: bool = True,
    segment: str = "",
) -> list[AuditSample]:
    """Draw a sample for each, and grade it."""
    ids = drawn(company, [confidence] * len(rights), automatic=automatic, segment=segment)
    company.clock.advance(1)
    return [grade(company, decision_id, right) for decision_id, right in zip(ids, rights, strict=True)]


def grade(company: Company, decision_id: str, right: bool) -> AuditSample:
    """Ana grades a sample that is there without a ticket."""
    with company.database.write() as session:
        sample = samples.get(session, company.id, decision_id)
        given = Grade.RIGHT if right else Grade.WRONG
        return audits.take_grade(session, company.id, sample, given, "ana", None, "")


def more_history(company: Company) -> None:
    """A topic is asked for more often: what is learned next is another score version."""
    topic = TOPICS[0]
    fresh = [f"{text} My colleague has the same trouble with it." for text in words(topic)]
    company.resolved(fresh, company.answer(topic.label), topic.category)
    company.clock.advance(1)


def arrived(company: Company, like: StoredDecision, confidences: Sequence[float], language: str = "en") -> None:
    """As many decisions as there are confidences, all else as in `like`."""
    guess = like.analysis.language.model_copy(update={"value": language})
    analysis = like.analysis.model_copy(update={"language": guess, "candidates": []})
    with company.database.write() as session:
        for confidence in confidences:
            made = like.decision.model_copy(update={"confidence": float(confidence), "rules": {}})
            decisions.add(session, company.id, like.ticket_id, new_id(), made, analysis)
