"""The one way to change a ticket: its status by the table of `life`, and what search knows of it in the same breath."""

from typing import Any

from ticketflow.agent import life
from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.domain import ChunkKind, TicketStatus
from ticketflow.errors import Conflict
from ticketflow.retrieval import chunks
from ticketflow.store import tickets
from ticketflow.workflow import queue

CLOSE = "close-tickets"
"""The workflow that closes what has been resolved for long; see `closing`."""

_SEARCHED = ("status", "category", "language")


def move(session: Session, workspace_id: str, ticket_id: str, status: TicketStatus, **values: Any) -> None:
    """Set the status and other columns of a ticket, so that a search that filters by them finds it.

    `resolved_at` is kept with it, a ticket that is done is snoozed no more, and one that is resolved will be closed.
    Raises Conflict when the table of `life` has no such move, and when the ticket was merged.
    """
    if status is TicketStatus.RESOLVED:
        values.setdefault("resolved_at", session.now)
        schedule_closing(session, workspace_id, session.now // DAY + 1)
    elif status not in (TicketStatus.CLOSED, TicketStatus.PROCESSING):  # a run may bring it back to where it was
        values["resolved_at"] = None
    if status in life.DONE:
        values["snoozed_until"] = None
    sources = life.sources(status)
    try:
        tickets.change(session, workspace_id, ticket_id, among=sources, status=status, **values)
    except Conflict:
        found = tickets.get(session, workspace_id, ticket_id)
        check_unmerged(found)
        life.check(found.status, status)
        raise
    _tell_search(session, workspace_id, ticket_id, {"status": status, **values})


def change(session: Session, workspace_id: str, ticket_id: str, **values: Any) -> None:
    """Set other columns of a ticket; none at all raises its version, by which a run sees that somebody was here."""
    tickets.change(session, workspace_id, ticket_id, **values)
    _tell_search(session, workspace_id, ticket_id, values)


def check_unmerged(ticket: tickets.Ticket) -> None:
    """Raises Conflict for a ticket that was merged: it is over for good, and its messages go on in the other one."""
    if ticket.merged_into is not None:
        raise Conflict(
            f"The ticket was merged into {ticket.merged_into}.", remedy="Do it to that one.", field="ticket_id"
        )


def schedule_closing(session: Session, workspace_id: str, day: int) -> None:
    """Queue the closing of resolved tickets for the start of a day, counted from the epoch; once, whoever asks."""
    due_at = max(session.now, day * DAY)
    queue.enqueue(session, workspace_id, CLOSE, trigger_id=f"close-{day}", payload={}, due_at=due_at)


def _tell_search(session: Session, workspace_id: str, ticket_id: str, values: dict[str, Any]) -> None:
    known = {name: values[name] for name in _SEARCHED if name in values}
    if known:
        chunks.describe(session, workspace_id, ChunkKind.TICKET, ticket_id, **known)
