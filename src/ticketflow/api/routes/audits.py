"""The audit: what waits for a grade, grading, and how it stands."""

from typing import Annotated

from fastapi import Query

from ticketflow.agent import grading
from ticketflow.api import paging
from ticketflow.api.agreement import summary
from ticketflow.api.blind import detail, task
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.audits import (
    AuditDetail,
    AuditPage,
    AuditQuery,
    GradedOut,
    GradeIn,
    SummaryOut,
    SummaryQuery,
)
from ticketflow.api.scopes import Scope
from ticketflow.errors import InvalidInput
from ticketflow.store import answers, audits

routes = router("Audits")


@routes.get("/audits", summary="List what waits for a grade")
@needs(Scope.AUDITS_READ)
def list_audits(calling: Calling, query: Annotated[AuditQuery, Query()]) -> AuditPage:
    """Decisions that the coin drew and that wait for a grade by this key, the oldest first. A second grade is asked of
    another key than gave the first: give every grader one of their own.
    """
    after = paging.position(calling, "audits", query)
    with calling.runtime.database.read() as session:
        found = audits.queue(
            session,
            calling.workspace_id,
            grader=calling.principal.actor,
            after=after[1] if after else "",
            limit=query.limit + 1,
        )
        waiting, cursor = paging.cut(calling, "audits", query, found, lambda last: (0, last.decision_id))
        items = [task(session, calling.workspace_id, sample) for sample in waiting]
    return AuditPage(items=items, rubric=grading.RUBRIC, next_cursor=cursor)


@routes.get("/audits/summary", summary="Read how the audit stands")
@needs(Scope.AUDITS_READ)
def read_audit_summary(calling: Calling, query: Annotated[SummaryQuery, Query()]) -> SummaryOut:
    """What was drawn and graded lately, the share of wrong automatic replies, and whether graders agree."""
    with calling.runtime.database.read() as session:
        return summary(session, calling.workspace_id, query.days)


@routes.get("/audits/{decision_id}", summary="Read a drawn decision", responses=fails(404))
@needs(Scope.AUDITS_READ)
def read_audit(calling: Calling, decision_id: str) -> AuditDetail:
    """A decision that the coin drew, with its grades once all of them are given."""
    with calling.runtime.database.read() as session:
        return detail(session, calling.workspace_id, audits.get(session, calling.workspace_id, decision_id))


@routes.post(
    "/audits/{decision_id}/grade", status_code=201, summary="Grade a proposed reply", responses=fails(404, 409)
)
@needs(Scope.AUDITS_WRITE)
def grade_audit(calling: Calling, decision_id: str, body: GradeIn) -> GradedOut:
    """Say whether the proposed reply is right. A grade stays: another one by the same key, or of a decision that is
    graded, is refused with 409. One decision in ten waits for a second grade by another key.
    """
    with calling.runtime.database.write() as session:
        audits.get(session, calling.workspace_id, decision_id)
        if body.right_answer_id and not answers.by_ids(session, calling.workspace_id, [body.right_answer_id]):
            raise InvalidInput(f"There is no answer {body.right_answer_id}.", field="right_answer_id")
        made = grading.grade(
            session,
            calling.workspace_id,
            decision_id,
            body.grade,
            calling.principal.actor,
            right_answer_id=body.right_answer_id,
            note=body.note,
        )
    return GradedOut(decision_id=decision_id, grade=body.grade, state=made.state, wrong=made.wrong)
