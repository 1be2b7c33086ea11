"""The rows that go with tickets and cases. Each function is one short transaction's work and may be repeated.

What counts without a person stays: feedback and audit samples without their notes, events without their data, days'
counts, certificates. Whoever works on a removed run has its next commit refused.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, delete, select, update

from ticketflow.db import Session
from ticketflow.db.tables import (
    attachment,
    attachment_part,
    audit_sample,
    case,
    decision,
    effect,
    event,
    feedback,
    intake_item,
    message,
    notification,
    run,
    step_output,
    ticket,
    ticket_link,
    ticket_tag,
    webhook_delivery,
)
from ticketflow.domain import ChunkKind
from ticketflow.retrieval import chunks
from ticketflow.store import workspaces
from ticketflow.store.audits import AuditState

TOGETHER = 10
"""Tickets a transaction: some tens of milliseconds."""
PARTS_TOGETHER = 16
"""Parts of attachments a transaction, each of up to a megabyte."""
OPEN = (AuditState.OPEN, AuditState.SECOND)


def attachment_parts(session: Session, workspace_id: str, attachment_ids: Sequence[str]) -> bool:
    """Remove some of the attachments' bytes; whether there were any."""
    held = (attachment_part.c.workspace_id == workspace_id, attachment_part.c.attachment_id.in_(attachment_ids))
    keys = (attachment_part.c.attachment_id, attachment_part.c.ordinal)
    found = session.execute(select(*keys).where(*held).limit(PARTS_TOGETHER)).all()
    for attachment_id, ordinal in found:
        mine = (attachment_part.c.workspace_id == workspace_id, attachment_part.c.attachment_id == attachment_id)
        session.execute(delete(attachment_part).where(*mine, attachment_part.c.ordinal == ordinal))
    return bool(found)


def attachments_of(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> list[str]:
    """The ids of the tickets' attachments."""
    mine = (attachment.c.workspace_id == workspace_id, attachment.c.ticket_id.in_(ticket_ids))
    return list(session.execute(select(attachment.c.id).where(*mine)).scalars())


def attachments(session: Session, workspace_id: str, attachment_ids: Sequence[str]) -> None:
    """Remove attachments whose parts are gone."""
    mine = (attachment.c.workspace_id == workspace_id, attachment.c.id.in_(attachment_ids))
    session.execute(delete(attachment).where(*mine))


def tickets(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> None:
    """Remove tickets with all that hangs on them."""
    _runs(session, workspace_id, ticket_ids)  # a worker locks its run before the ticket, and so do we
    mine = (ticket.c.workspace_id == workspace_id, ticket.c.id.in_(ticket_ids))
    session.execute(session.held(select(ticket.c.id).where(*mine))).all()
    _runs(session, workspace_id, ticket_ids)  # those that were queued meanwhile
    _numbers(session, workspace_id, ticket_ids)
    _told(session, workspace_id, ticket_ids)
    of_tickets = (case.c.workspace_id == workspace_id, case.c.ticket_id.in_(ticket_ids))
    cases(session, workspace_id, list(session.execute(select(case.c.id).where(*of_tickets)).scalars()))
    chunks.delete(session, workspaces.get(session, workspace_id), ChunkKind.TICKET, ticket_ids)
    session.execute(
        delete(ticket_link).where(ticket_link.c.workspace_id == workspace_id, ticket_link.c.other_id.in_(ticket_ids))
    )
    for table in (effect, decision, message, ticket_tag, ticket_link, attachment, intake_item):
        session.execute(delete(table).where(*_of(table, workspace_id, ticket_ids)))
    session.execute(delete(ticket).where(*mine))


def cases(session: Session, workspace_id: str, case_ids: Sequence[str]) -> None:
    """Remove cases, and what search knows of them."""
    chunks.delete(session, workspaces.get(session, workspace_id), ChunkKind.CASE, case_ids)
    session.execute(delete(case).where(case.c.workspace_id == workspace_id, case.c.id.in_(case_ids)))


def steps(session: Session, workspace_id: str, run_ids: Sequence[str]) -> None:
    """Remove what runs' steps built on and yielded."""
    mine = (step_output.c.workspace_id == workspace_id, step_output.c.run_id.in_(run_ids))
    session.execute(delete(step_output).where(*mine))


def _runs(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> None:
    found = session.execute(session.held(select(run.c.id).where(*_of(run, workspace_id, ticket_ids)))).scalars().all()
    _forget(session, workspace_id, found)


def _forget(session: Session, workspace_id: str, run_ids: Sequence[str]) -> None:
    steps(session, workspace_id, run_ids)
    session.execute(delete(run).where(run.c.workspace_id == workspace_id, run.c.id.in_(run_ids)))


def _numbers(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> None:
    """Of feedback and audit samples only the numbers stay.

    Nobody can grade a sample without its ticket, so its deadline is now: it counts as wrong, as any that is not graded.
    To leave it out would favour whatever led people to ask for erasure.
    """
    session.execute(update(feedback).where(*_of(feedback, workspace_id, ticket_ids)).values(note=""))
    samples = _of(audit_sample, workspace_id, ticket_ids)
    session.execute(update(audit_sample).where(*samples).values(note=""))
    waiting = (*samples, audit_sample.c.state == AuditState.OPEN)
    session.execute(update(audit_sample).where(*waiting).values(due_at=session.now))


def _told(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> None:
    """Events keep their place in the log; who was to be told of them is told no more."""
    mine = _of(event, workspace_id, ticket_ids)
    numbers = select(event.c.seq).where(*mine)
    for table, owner in ((webhook_delivery, "webhook_endpoint_id"), (notification, "channel_id")):
        theirs = (table.c.workspace_id == workspace_id, table.c.seq.in_(numbers))
        found = session.execute(select(table.c.id, table.c.run_id, table.c[owner]).where(*theirs)).all()
        for row in found:
            runs = _attempts(session, workspace_id, f"{row[2]}:{row.id}")
            if table is webhook_delivery:  # a notification's run may be a digest's, which others wait for
                runs = [row.run_id, *runs]
            _forget(session, workspace_id, runs)
        ids = [row.id for row in found]
        session.execute(delete(table).where(table.c.workspace_id == workspace_id, table.c.id.in_(ids)))
    session.execute(update(event).where(*mine).values(data={}))


def _attempts(session: Session, workspace_id: str, prefix: str) -> list[str]:
    """The runs of each attempt to tell: their triggers begin with who was told of what."""
    named = (run.c.trigger_id > f"{prefix}:", run.c.trigger_id < f"{prefix};")  # `;` is what follows `:`
    mine = (run.c.workspace_id == workspace_id, run.c.ticket_id == "")
    return list(session.execute(select(run.c.id).where(*mine, *named)).scalars())


def _of(table: Table, workspace_id: str, ticket_ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return table.c.workspace_id == workspace_id, table.c.ticket_id.in_(ticket_ids)
