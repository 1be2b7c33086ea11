"""A ticket's status and team, changed together with what search knows of the ticket."""

from typing import Any

from ticketflow.db import Session
from ticketflow.domain import ChunkKind, TicketStatus
from ticketflow.retrieval import chunks
from ticketflow.store import tickets


def move(session: Session, workspace_id: str, ticket_id: str, status: TicketStatus, **values: Any) -> None:
    """Set the status and other columns of a ticket, so that a search that filters by them finds it."""
    tickets.change(session, workspace_id, ticket_id, status=status, **values)
    known = {name: values[name] for name in ("category", "language") if name in values}
    chunks.describe(session, workspace_id, ChunkKind.TICKET, ticket_id, status=status, **known)
