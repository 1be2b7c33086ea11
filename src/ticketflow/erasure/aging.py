"""What is older than a workspace keeps it, some at a time. Evidence that people still grade, or may prove on, stays."""

from sqlalchemy import and_, delete, exists, func, select

from ticketflow.db import Session
from ticketflow.db.tables import attachment, audit_sample, event, run, step_output, ticket
from ticketflow.domain import TicketStatus
from ticketflow.erasure.removing import OPEN
from ticketflow.workflow.queue import RunState

PART = 500
DONE = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


def tickets(session: Session, workspace_id: str, before: int) -> list[str]:
    """Tickets that were resolved before a moment (microseconds) and still are; not those whose audit is open.

    Of tickets of older releases nobody knows when they were resolved: their last change counts.
    """
    since = func.coalesce(ticket.c.resolved_at, ticket.c.updated_at)
    graded = and_(
        audit_sample.c.workspace_id == workspace_id,
        audit_sample.c.ticket_id == ticket.c.id,
        audit_sample.c.state.in_(OPEN),
    )
    old = (ticket.c.workspace_id == workspace_id, ticket.c.status.in_(DONE), since < before)
    rows = session.execute(select(ticket.c.id).where(*old, ~exists().where(graded)).limit(PART))
    return list(rows.scalars())


def attachments(session: Session, workspace_id: str, before: int, limit: int) -> list[str]:
    """Attachments stored before a moment."""
    old = (attachment.c.workspace_id == workspace_id, attachment.c.created_at < before)
    return list(session.execute(select(attachment.c.id).where(*old).limit(limit)).scalars())


def runs(session: Session, workspace_id: str, before: int) -> list[str]:
    """Ended runs of before a moment that still have step outputs; not those of decisions that the audit drew.

    On audited decisions a candidate version is proven, which takes what their steps found.
    """
    drawn = and_(audit_sample.c.workspace_id == workspace_id, audit_sample.c.run_id == run.c.id)
    old = (run.c.workspace_id == workspace_id, run.c.created_at < before, run.c.state != RunState.LIVE.value)
    held = exists().where(step_output.c.run_id == run.c.id)
    statement = select(run.c.id).where(*old, held, ~exists().where(drawn)).order_by(run.c.created_at).limit(PART)
    return list(session.execute(statement).scalars())


def events(session: Session, workspace_id: str, before: int) -> int:
    """Remove the oldest events of before a moment; how many. What is left of the log has no gap."""
    mine = event.c.workspace_id == workspace_id
    rows = session.execute(select(event.c.seq, event.c.created_at).where(mine).order_by(event.c.seq).limit(PART)).all()
    old = 0
    for row in rows:
        if row.created_at >= before:
            break
        old += 1
    if old:
        session.execute(delete(event).where(mine, event.c.seq <= rows[old - 1].seq))
    return old
