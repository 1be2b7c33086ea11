"""What graders see of a drawn decision: the customer's words and the proposed reply, nothing that would sway them."""

from ticketflow.agent.execute import fill
from ticketflow.agent.grading import RUBRIC
from ticketflow.api.schemas.audits import AuditDetail, AuditOut, HintOut, ReplyOut
from ticketflow.db import Session
from ticketflow.domain import Findings, Trigger
from ticketflow.store import answers, tickets
from ticketflow.store.audits import AuditSample, AuditState
from ticketflow.store.tickets import Ticket
from ticketflow.workflow import history

CASES, ARTICLES = 4, 2


def task(session: Session, workspace_id: str, sample: AuditSample) -> AuditOut:
    """The sample as a grader sees it."""
    ticket = tickets.get(session, workspace_id, sample.ticket_id)
    said = Trigger.model_validate(history.get(session, workspace_id, sample.run_id).payload)
    return AuditOut(
        decision_id=sample.decision_id,
        ticket_id=sample.ticket_id,
        subject=said.subject,
        body=said.words,
        category=sample.category,
        answer=_reply(session, workspace_id, sample, ticket),
        evidence=_evidence(session, workspace_id, sample),
        drawn_at=sample.created_at,
        due_at=sample.due_at,
    )


def detail(session: Session, workspace_id: str, sample: AuditSample) -> AuditDetail:
    """The sample with its grades, which are told only once nobody is to give one any more."""
    told = sample.state is AuditState.GRADED or (sample.state is AuditState.OVERDUE and sample.grade is not None)
    return AuditDetail(
        **dict(task(session, workspace_id, sample)),
        state=sample.state,
        grade=sample.grade if told else None,
        grader=sample.grader if told else None,
        graded_at=sample.graded_at if told else None,
        right_answer_id=sample.right_answer_id if told else None,
        note=sample.note if told else "",
        second_grade=sample.second_grade if told else None,
        second_grader=sample.second_grader if told else None,
        rubric=RUBRIC,
    )


def _reply(session: Session, workspace_id: str, sample: AuditSample, ticket: Ticket) -> ReplyOut | None:
    if sample.answer_id is None:
        return None
    proposed = answers.get(session, workspace_id, sample.answer_id)
    return ReplyOut(id=proposed.id, label=proposed.label, title=proposed.title, text=fill(proposed.text, ticket))


def _evidence(session: Session, workspace_id: str, sample: AuditSample) -> list[HintOut]:
    """Titles and snippets, without scores: a high one would be taken for the agent's word."""
    found = history.outputs(session, workspace_id, sample.run_id).get("search")
    if found is None:
        return []
    findings = Findings.model_validate(found.output)
    return [HintOut.model_validate(one) for one in [*findings.cases[:CASES], *findings.articles[:ARTICLES]]]
