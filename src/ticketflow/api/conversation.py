"""What a new message does to a ticket: a customer's starts a run, a human's reply hands the turn to the customer."""

from ticketflow import events
from ticketflow.agent import desk, pipeline
from ticketflow.api.schemas.tickets import MessageIn
from ticketflow.db import Session
from ticketflow.domain import Author, TicketStatus
from ticketflow.store import tickets

_DONE = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


def say(session: Session, workspace_id: str, ticket_id: str, said: MessageIn) -> tuple[str, str | None]:
    """Add a message: its id, and that of the run it started. Raises NotFound."""
    ticket = tickets.get(session, workspace_id, ticket_id)
    message_id = tickets.add_message(
        session,
        workspace_id,
        ticket_id,
        author=Author(said.author),
        body=said.body,
        author_name=said.author_name,
        internal=said.internal,
        headers=said.headers,
    )
    events.append(
        session,
        workspace_id,
        "message.added",
        ticket_id,
        message_id=message_id,
        author=said.author,
        internal=said.internal,
    )
    if said.author == Author.REQUESTER:
        if ticket.status in _DONE:
            events.append(session, workspace_id, "ticket.reopened", ticket_id, message_id=message_id)
        # The message's id is the trigger, so that this run's effects are its own and a repetition starts no second.
        return message_id, pipeline.run_again(session, ticket, trigger_id=message_id)
    # Every human word raises the version, by which a run under way sees that it must not reply any more.
    status = ticket.status if said.internal else TicketStatus.WAITING
    desk.move(session, workspace_id, ticket_id, status)
    return message_id, None
