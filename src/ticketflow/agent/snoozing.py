"""Tickets put aside until a moment, and the run that brings each of them back then."""

from ticketflow import events
from ticketflow.agent import desk, life
from ticketflow.agent.deps import Deps
from ticketflow.clock import DAY, new_id
from ticketflow.db import Session
from ticketflow.domain import Value
from ticketflow.errors import Conflict, InvalidInput, NotFound
from ticketflow.store import audit, tickets
from ticketflow.store.tickets import Ticket
from ticketflow.workflow import queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

WAKE = "wake-ticket"
LONGEST = 5 * 365 * DAY


class Woken(Value):
    """Whether the ticket was still asleep at that moment."""

    woken: bool


def snooze(session: Session, workspace_id: str, ticket_id: str, until: int, actor: str) -> None:
    """Put a ticket aside until a moment (microseconds); one that is asleep already sleeps until then instead.

    Raises NotFound, InvalidInput for a moment that is not ahead or more than LONGEST, and Conflict for a ticket that
    is done or was merged.
    """
    ticket = tickets.get(session, workspace_id, ticket_id)
    desk.check_unmerged(ticket)
    if ticket.status in life.DONE:
        raise Conflict(f"The ticket is {ticket.status}: there is nothing to come back to.", field="ticket_id")
    if not session.now < until <= session.now + LONGEST:
        raise InvalidInput("The moment is not within the five years that lie ahead.", field="until")
    desk.change(session, workspace_id, ticket_id, snoozed_until=until)
    # It belongs to no ticket in the queue: a ticket's runs are those that work on what its customer said.
    payload = {"ticket_id": ticket_id, "until": until}
    queue.enqueue(session, workspace_id, WAKE, trigger_id=new_id(), payload=payload, due_at=until)
    events.append(session, workspace_id, "ticket.snoozed", ticket_id, until=until, by=actor)
    change = {"before": {"snoozed_until": ticket.snoozed_until}, "after": {"snoozed_until": until}}
    audit.record(session, workspace_id, actor, "ticket.snoozed", ticket_id, **change)


def unsnooze(session: Session, workspace_id: str, ticket_id: str, actor: str) -> None:
    """Bring a ticket back before its time; one that is awake stays so. Raises NotFound."""
    ticket = tickets.get(session, workspace_id, ticket_id)
    if wake(session, ticket, because="request", by=actor):
        before = {"snoozed_until": ticket.snoozed_until}
        audit.record(session, workspace_id, actor, "ticket.woken", ticket_id, before=before)


def wake(session: Session, ticket: Ticket, *, because: str, **told: str) -> bool:
    """Bring a ticket back that may be asleep; whether it was. `because` is `time`, `message` or `request`."""
    if ticket.snoozed_until is None:
        return False
    desk.change(session, ticket.workspace_id, ticket.id, snoozed_until=None)
    events.append(session, ticket.workspace_id, "ticket.woken", ticket.id, because=because, **told)
    return True


def _wake(_deps: Deps, session: Session, state: State, _value: None) -> Woken:
    payload = state.run.payload
    try:
        ticket = tickets.get(session, state.run.workspace_id, str(payload["ticket_id"]))
    except NotFound:  # erased meanwhile
        return Woken(woken=False)
    if ticket.snoozed_until != payload["until"]:  # it woke before, or sleeps until another moment
        return Woken(woken=False)
    return Woken(woken=wake(session, ticket, because="time"))


def _give_up(_deps: Deps, session: Session, run: Run, _error: str) -> None:
    """The ticket stays in the list of snoozed ones, with its moment in the past."""


WAKE_WORKFLOW = Workflow[Deps](
    WAKE, 1, (Step[Deps]("wake", "1", None, _wake, output=Woken, inputs=(TICKET,)),), _give_up
)
