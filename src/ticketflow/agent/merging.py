"""Tickets put together: two that are one request become one, and others are linked.

A merged ticket is closed for good. Its messages stay where they are and are read with the other ticket's
(`tickets.conversation`); what its customer writes from now on goes to the other one.
"""

from ticketflow import events
from ticketflow.agent import desk
from ticketflow.db import Session
from ticketflow.domain import Author, TicketStatus
from ticketflow.errors import Conflict, NotFound
from ticketflow.store import audit, links, tickets
from ticketflow.store.links import Link, LinkKind
from ticketflow.workflow import history, queue
from ticketflow.workflow.queue import RunState


def merge(session: Session, workspace_id: str, ticket_id: str, into: str, actor: str) -> None:
    """Merge a ticket into another one of the workspace.

    Its runs are cancelled, so that what the agent was about to do to it has no effect. Raises NotFound for either,
    and Conflict where they are the same or one of them was merged before.
    """
    ticket, other = _both(session, workspace_id, ticket_id, into)
    for one in (ticket, other):
        desk.check_unmerged(one)
    if other.status is TicketStatus.CLOSED:
        raise Conflict("The other ticket is closed.", remedy="Reopen it first.", field="into_ticket_id")
    for run in history.of_ticket(session, workspace_id, ticket_id):
        if run.state is RunState.LIVE:
            queue.cancel(session, workspace_id, run.id)
    desk.move(session, workspace_id, ticket_id, TicketStatus.CLOSED, merged_into=into)
    links.put(session, workspace_id, into, ticket_id, LinkKind.MERGED, actor)
    note = f"The ticket {ticket_id} was merged into this one."
    tickets.add_message(session, workspace_id, into, author=Author.SYSTEM, body=note, internal=True)
    desk.change(session, workspace_id, into)  # a run under way has not seen what joins the conversation here
    events.append(session, workspace_id, "ticket.merged", ticket_id, into=into, by=actor)
    before = {"status": ticket.status, "merged_into": None}
    after = {"status": TicketStatus.CLOSED, "merged_into": into}
    audit.record(session, workspace_id, actor, "ticket.merged", ticket_id, before=before, after=after)


def link(session: Session, workspace_id: str, ticket_id: str, other_id: str, actor: str) -> Link:
    """Relate a ticket to another one of the workspace; the link. One that is there, of whatever kind, stays as it is.

    Raises NotFound for either, and Conflict where they are the same.
    """
    _both(session, workspace_id, ticket_id, other_id)
    found = links.find(session, workspace_id, ticket_id, other_id)
    if found is not None:
        return found
    links.put(session, workspace_id, ticket_id, other_id, LinkKind.RELATED, actor)
    events.append(session, workspace_id, "ticket.linked", ticket_id, other_id=other_id, by=actor)
    audit.record(session, workspace_id, actor, "ticket.linked", ticket_id, other_id=other_id)
    return Link(other_id=other_id, kind=LinkKind.RELATED, created_by=actor, created_at=session.now)


def unlink(session: Session, workspace_id: str, ticket_id: str, other_id: str, actor: str) -> None:
    """Take a link back. Raises NotFound where there is none, and Conflict for one that tells what happened."""
    tickets.get(session, workspace_id, ticket_id)
    found = links.find(session, workspace_id, ticket_id, other_id)
    if found is None:
        raise NotFound(f"The ticket has no link to {other_id}.")
    if found.kind is not LinkKind.RELATED:
        raise Conflict("This link tells what became of a ticket, and stays.", field="other_ticket_id")
    links.remove(session, workspace_id, ticket_id, other_id)
    events.append(session, workspace_id, "ticket.unlinked", ticket_id, other_id=other_id, by=actor)
    audit.record(session, workspace_id, actor, "ticket.unlinked", ticket_id, other_id=other_id)


def _both(session: Session, workspace_id: str, ticket_id: str, other_id: str) -> tuple[tickets.Ticket, tickets.Ticket]:
    if ticket_id == other_id:
        tickets.get(session, workspace_id, ticket_id)
        raise Conflict("A ticket and itself are one already.", field="ticket_id")
    # In one order, so that two who do this to the same tickets do not wait for each other.
    held = {one: tickets.get(session, workspace_id, one) for one in sorted((ticket_id, other_id))}
    return held[ticket_id], held[other_id]
