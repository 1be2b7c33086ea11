"""Audit samples: decisions that the coin drew, for people to grade. What graders and customers say only adds errors."""

from enum import StrEnum
from typing import Any

from sqlalchemy import case, func, insert, select, update

from ticketflow.db import Session
from ticketflow.db.tables import audit_sample
from ticketflow.domain import Grade, Value
from ticketflow.errors import NotFound


class AuditState(StrEnum):
    """Where a sample stands. An overdue one counts as wrong, whatever is said of it later."""

    OPEN = "open"
    SECOND = "second"
    GRADED = "graded"
    OVERDUE = "overdue"


class NewSample(Value):
    """A drawn decision. `automatic`: its reply was, or in shadow would have been, sent without a human.

    `twice`: after the first grade another grader is asked. Grades are due at `due_at` (microseconds).
    """

    decision_id: str
    ticket_id: str
    run_id: str
    segment: str
    category: str | None
    version: str
    answer_id: str | None
    confidence: float
    automatic: bool
    twice: bool
    due_at: int


class AuditSample(NewSample):
    """A sample as it is stored. `wrong` holds once anybody, or the deadline, said so."""

    state: AuditState
    wrong: bool
    grade: Grade | None
    grader: str | None
    graded_at: int | None
    right_answer_id: str | None
    second_grade: Grade | None
    second_grader: str | None
    complaint: str | None
    note: str
    created_at: int
    updated_at: int


class AuditCounts(Value):
    """How many samples stand where; `overdue` counts as wrong. `agreed` of `doubly` graded ones had equal grades."""

    open: int
    second: int
    graded: int
    overdue: int
    wrong: int
    doubly: int
    agreed: int


_ADD = insert(audit_sample)


def draw(session: Session, workspace_id: str, new: NewSample) -> None:
    """Store a sample, open for grading."""
    row = {
        "workspace_id": workspace_id,
        **new.model_dump(),
        "state": AuditState.OPEN,
        "wrong": False,
        "grade": None,
        "grader": None,
        "graded_at": None,
        "right_answer_id": None,
        "second_grade": None,
        "second_grader": None,
        "complaint": None,
        "note": "",
        "created_at": session.now,
        "updated_at": session.now,
    }
    session.execute(_ADD, row)


def get(session: Session, workspace_id: str, decision_id: str) -> AuditSample:
    """The sample of a decision. Raises NotFound."""
    found = find(session, workspace_id, decision_id)
    if found is None:
        raise NotFound(f"Decision {decision_id} was not drawn for the audit.")
    return found


def find(session: Session, workspace_id: str, decision_id: str) -> AuditSample | None:
    """The sample of a decision, None where the coin did not draw it."""
    where = (audit_sample.c.workspace_id == workspace_id, audit_sample.c.decision_id == decision_id)
    row = session.execute(select(audit_sample).where(*where)).mappings().first()
    return _value(dict(row)) if row else None


def change(session: Session, workspace_id: str, decision_id: str, **values: Any) -> AuditSample:
    """Set columns of a sample; the sample as it is then. Raises NotFound."""
    where = (audit_sample.c.workspace_id == workspace_id, audit_sample.c.decision_id == decision_id)
    session.execute(update(audit_sample).where(*where).values(updated_at=session.now, **values))
    return get(session, workspace_id, decision_id)


def queue(
    session: Session, workspace_id: str, *, grader: str | None = None, after: str = "", limit: int = 50
) -> list[AuditSample]:
    """Samples that wait for a grade, oldest first, those after decision id `after`.

    With `grader`, second grades are asked only of somebody else than the first grader.
    """
    statement = select(audit_sample).where(
        audit_sample.c.workspace_id == workspace_id,
        audit_sample.c.state.in_([AuditState.OPEN, AuditState.SECOND]),
        audit_sample.c.decision_id > after,
    )
    if grader is not None:
        statement = statement.where((audit_sample.c.grader.is_(None)) | (audit_sample.c.grader != grader))
    rows = session.execute(statement.order_by(audit_sample.c.decision_id).limit(limit))
    return [_value(dict(row)) for row in rows.mappings()]


def overdue(session: Session, workspace_id: str, limit: int = 1_000) -> list[AuditSample]:
    """Open samples whose deadline has passed, oldest first."""
    rows = session.execute(
        select(audit_sample)
        .where(
            audit_sample.c.workspace_id == workspace_id,
            audit_sample.c.state == AuditState.OPEN,
            audit_sample.c.due_at < session.now,
        )
        .order_by(audit_sample.c.decision_id)
        .limit(limit)
    )
    return [_value(dict(row)) for row in rows.mappings()]


def since(
    session: Session, workspace_id: str, moment: int, *, version: str | None = None, limit: int = 100_000
) -> list[AuditSample]:
    """Samples drawn at or after `moment` (microseconds), of one score version if given, in the order of drawing."""
    statement = select(audit_sample).where(
        audit_sample.c.workspace_id == workspace_id, audit_sample.c.created_at >= moment
    )
    if version is not None:
        statement = statement.where(audit_sample.c.version == version)
    rows = session.execute(statement.order_by(audit_sample.c.decision_id).limit(limit))
    return [_value(dict(row)) for row in rows.mappings()]


def counts(session: Session, workspace_id: str) -> AuditCounts:
    """How the audit stands."""
    state, both = audit_sample.c.state, audit_sample.c.second_grade.is_not(None)
    agreed = both & (audit_sample.c.second_grade == audit_sample.c.grade)

    def counted(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = session.execute(
        select(
            *(counted(state == one).label(one.value) for one in AuditState),
            counted(audit_sample.c.wrong.is_(True)).label("wrong"),
            counted(both).label("doubly"),
            counted(agreed).label("agreed"),
        ).where(audit_sample.c.workspace_id == workspace_id)
    )
    return AuditCounts.model_validate({name: int(value) for name, value in row.mappings().one().items()})


def _value(row: dict[str, Any]) -> AuditSample:
    return AuditSample.model_validate({name: value for name, value in row.items() if name != "workspace_id"})
