"""The audit: decisions that a coin draws are graded by people. What is not graded in time counts as wrong.

The coin is thrown at ingest, before a score exists, so the drawn tickets are a fair sample of all.
"""

from ticketflow import events
from ticketflow.agent import watch
from ticketflow.agent.coin import throw
from ticketflow.agent.deps import Deps
from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.domain import Action, Decision, FeedbackKind, Grade
from ticketflow.store import audits, settings
from ticketflow.store.audits import AuditSample, AuditState, NewSample
from ticketflow.store.feedback import NewFeedback
from ticketflow.workflow.queue import Run

GRADED_TWICE = 0.1
"""Share of the samples that a second person grades as well, to see whether graders agree."""
UNPROVEN = "experiment"
"""In place of the score version for a decision with search weights of an experiment: it proves nothing of others."""


def draw(deps: Deps, session: Session, run: Run, decision_id: str, decision: Decision) -> None:
    """Put a decision before the graders."""
    days = settings.get(session, run.workspace_id).audit_days
    new = NewSample(
        decision_id=decision_id,
        ticket_id=run.ticket_id,
        run_id=run.id,
        segment=decision.segment,
        category=decision.category,
        version=UNPROVEN if decision.rules.get("unproven") else decision.version,
        answer_id=decision.answer_id,
        confidence=decision.confidence,
        automatic=decision.action is Action.RESOLVE,
        twice=throw(deps.secret, "second grade", run.ticket_id) < GRADED_TWICE,
        due_at=session.now + days * DAY,
    )
    audits.draw(session, run.workspace_id, new)
    watch.schedule_look(session, run.workspace_id, new.due_at)


def take_grade(
    session: Session,
    workspace_id: str,
    sample: AuditSample,
    given: Grade,
    grader: str,
    right_answer_id: str | None,
    note: str,
) -> AuditSample:
    """Take down the first grade of a sample; the sample as it then is. A late one no longer makes it right."""
    late = sample.state is AuditState.OVERDUE
    wrong = sample.wrong or given is not Grade.RIGHT
    made = audits.change(
        session,
        workspace_id,
        sample.decision_id,
        state=AuditState.OVERDUE if late else AuditState.SECOND if sample.twice else AuditState.GRADED,
        wrong=wrong,
        grade=given,
        grader=grader,
        graded_at=session.now,
        right_answer_id=right_answer_id,
        note=note,
    )
    if sample.automatic and not sample.wrong:
        watch.observe(session, workspace_id, sample.segment, wrong=wrong)
    events.append(
        session, workspace_id, "audit.graded", sample.ticket_id, decision_id=made.decision_id, grade=given, wrong=wrong
    )
    return made


def hear(session: Session, workspace_id: str, decision_id: str, said: NewFeedback, author: str, *, error: bool) -> None:
    """Feedback on a decision that the coin drew: somebody's "right" or "wrong" is its grade, and any `error` counts.

    What is said later can only add an error: a reopened ticket, a low rating, an edited reply.
    """
    sample = audits.find(session, workspace_id, decision_id)
    if sample is None:
        return
    if sample.state is AuditState.OPEN and said.kind in (FeedbackKind.RIGHT, FeedbackKind.WRONG):
        given = Grade.RIGHT if said.kind is FeedbackKind.RIGHT else Grade.WRONG
        take_grade(session, workspace_id, sample, given, author, said.answer_id, said.note)
    elif error and not sample.wrong:
        audits.change(session, workspace_id, decision_id, complaint=said.kind, wrong=True)
        if sample.automatic:
            watch.observe(session, workspace_id, sample.segment, wrong=True)


def close_overdue(session: Session, workspace_id: str) -> int:
    """Count every sample as wrong that nobody graded by its deadline; how many those were."""
    late = audits.overdue(session, workspace_id)
    for sample in late:
        audits.change(session, workspace_id, sample.decision_id, state=AuditState.OVERDUE, wrong=True)
        if sample.automatic and not sample.wrong:
            watch.observe(session, workspace_id, sample.segment, wrong=True)
    if late:
        events.append(session, workspace_id, "audit.overdue", count=len(late))
    return len(late)


def closed(samples: list[AuditSample]) -> list[AuditSample]:
    """The samples up to the first that is still open: to leave out only the open ones would favour the easy ones."""
    for place, sample in enumerate(samples):
        if sample.state is AuditState.OPEN:
            return samples[:place]
    return samples
