"""Feedback: what people said of a decision, in the order they said it."""

from pydantic import Field
from sqlalchemy import insert, select

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import feedback
from ticketflow.domain import FeedbackKind, Value


class NewFeedback(Value):
    """One person's word. `answer_id` is the answer that would have been right; `score` is a CSAT of 1 to 5."""

    kind: FeedbackKind
    answer_id: str | None = None
    score: int | None = Field(default=None, ge=1, le=5)
    note: str = Field(default="", max_length=10_000)


class Feedback(NewFeedback):
    """Feedback as it is stored."""

    id: str
    ticket_id: str
    decision_id: str | None
    author: str
    created_at: int


def add(
    session: Session, workspace_id: str, ticket_id: str, decision_id: str | None, new: NewFeedback, author: str
) -> Feedback:
    """Store feedback on a ticket's decision."""
    made = Feedback(
        id=new_id(),
        ticket_id=ticket_id,
        decision_id=decision_id,
        author=author,
        created_at=session.now,
        **new.model_dump(),
    )
    session.execute(insert(feedback).values(workspace_id=workspace_id, **made.model_dump()))
    return made


def of_ticket(session: Session, workspace_id: str, ticket_id: str) -> list[Feedback]:
    """All feedback on a ticket, oldest first."""
    rows = session.execute(
        select(*(column for column in feedback.c if column.name != "workspace_id"))
        .where(feedback.c.workspace_id == workspace_id, feedback.c.ticket_id == ticket_id)
        .order_by(feedback.c.id)
    )
    return [Feedback.model_validate(dict(row)) for row in rows.mappings()]
