"""What a new message does to a ticket: a customer's starts a run, a human's reply hands the turn to the customer."""

from ticketflow import events
from ticketflow.agent import desk, life, pipeline, snoozing
from ticketflow.db import Session
from ticketflow.domain import AfterClosing, Author, TicketStatus, Value
from ticketflow.errors import Conflict
from ticketflow.store import links, settings, tickets
from ticketflow.store.links import LinkKind
from ticketflow.store.tickets import Ticket


class Said(Value):
    """A message as it arrives. `headers` are those of the mail it came by, names in lower case."""

    author: Author
    body: str
    author_name: str | None = None
    internal: bool = False
    headers: dict[str, str] = {}


class Spoken(Value):
    """Where a message went: the ticket that has it now, its id, and the run that it started, if any."""

    ticket_id: str
    message_id: str
    run_id: str | None


def say(session: Session, workspace_id: str, ticket_id: str, said: Said) -> Spoken:
    """Add a message. A customer's to a merged ticket goes to the one it was merged into; to a closed one it opens a
    follow-up, or the ticket itself where the settings say so.

    Raises NotFound, and Conflict for a human's message to a merged ticket or reply to a closed one.
    """
    ticket = tickets.get(session, workspace_id, ticket_id)
    if said.author is not Author.REQUESTER:
        return _reply(session, ticket, said)
    ticket = tickets.survivor(session, ticket)
    if ticket.status is TicketStatus.CLOSED and _continues(session, workspace_id):
        return _follow_up(session, ticket, said)
    message_id = _add(session, ticket, said)
    snoozing.wake(session, ticket, because="message")
    if ticket.status in life.DONE:
        desk.move(session, workspace_id, ticket.id, TicketStatus.REOPENED)
        events.append(session, workspace_id, "ticket.reopened", ticket.id, message_id=message_id)
    # The message's id is the trigger, so that this run's effects are its own and a repetition starts no second.
    now = tickets.get(session, workspace_id, ticket.id)
    run_id = pipeline.run_again(session, now, trigger_id=message_id)
    return Spoken(ticket_id=ticket.id, message_id=message_id, run_id=run_id)


def _continues(session: Session, workspace_id: str) -> bool:
    return settings.get(session, workspace_id).after_closing is AfterClosing.FOLLOW_UP


def _reply(session: Session, ticket: Ticket, said: Said) -> Spoken:
    """Every human word raises the version, by which a run under way sees that it must not reply any more."""
    desk.check_unmerged(ticket)
    if ticket.status is TicketStatus.CLOSED and not said.internal:
        raise Conflict("The ticket is closed.", remedy="Reopen it first, or write an internal note.", field="author")
    message_id = _add(session, ticket, said)
    if said.internal:
        desk.change(session, ticket.workspace_id, ticket.id)
    else:
        desk.move(session, ticket.workspace_id, ticket.id, TicketStatus.WAITING)
        if ticket.status is not TicketStatus.WAITING:
            events.append(session, ticket.workspace_id, "ticket.waiting", ticket.id, message_id=message_id)
    return Spoken(ticket_id=ticket.id, message_id=message_id, run_id=None)


def _add(session: Session, ticket: Ticket, said: Said) -> str:
    message_id = tickets.add_message(
        session,
        ticket.workspace_id,
        ticket.id,
        author=said.author,
        body=said.body,
        author_name=said.author_name,
        internal=said.internal,
        headers=said.headers,
    )
    events.append(
        session,
        ticket.workspace_id,
        "message.added",
        ticket.id,
        message_id=message_id,
        author=said.author,
        internal=said.internal,
    )
    return message_id


def _follow_up(session: Session, ticket: Ticket, said: Said) -> Spoken:
    new = tickets.NewTicket(
        subject=ticket.subject,
        body=said.body,
        channel=ticket.channel,
        requester_name=said.author_name or ticket.requester_name,
        requester_email=ticket.requester_email,
        tags=ticket.tags,
        headers=said.headers,
    )
    made, run_id = pipeline.start(session, ticket.workspace_id, new)
    links.put(session, ticket.workspace_id, ticket.id, made.id, LinkKind.FOLLOW_UP, "system")
    events.append(session, ticket.workspace_id, "ticket.continued", ticket.id, follow_up_id=made.id)
    (message,) = tickets.messages(session, ticket.workspace_id, made.id)
    return Spoken(ticket_id=made.id, message_id=message.id, run_id=run_id)
