"""One ticket: ingest, search, analyze, consult, decide, draft, execute. What people make of it comes by `learn`."""

from ticketflow import events
from ticketflow.agent import desk, life
from ticketflow.agent.analyze import analyze
from ticketflow.agent.asking import count_calls
from ticketflow.agent.consult import consult
from ticketflow.agent.conversation import open_words
from ticketflow.agent.decide import decide, store_decision
from ticketflow.agent.deps import Deps
from ticketflow.agent.draft import draft
from ticketflow.agent.execute import execute
from ticketflow.agent.ingest import index_ticket, ingest
from ticketflow.agent.search import search
from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.domain import (
    Analysis,
    Author,
    Consultation,
    Decision,
    Draft,
    Findings,
    Intake,
    Level,
    Outcome,
    TicketStatus,
    Trigger,
)
from ticketflow.store import settings, tickets
from ticketflow.workflow import history, queue
from ticketflow.workflow.engine import TICKET, Step, Workflow
from ticketflow.workflow.queue import Run

STEPS = (
    Step[Deps]("ingest", "1", ingest, index_ticket, output=Intake, inputs=(TICKET,)),
    Step[Deps]("search", "1", search, output=Findings, inputs=("ingest",)),
    Step[Deps]("analyze", "1", analyze, output=Analysis, inputs=("ingest", "search")),
    Step[Deps]("consult", "1", consult, count_calls, output=Consultation, inputs=("ingest", "search", "analyze")),
    Step[Deps](
        "decide", "2", decide, store_decision, output=Decision, inputs=("ingest", "search", "analyze", "consult")
    ),
    Step[Deps]("draft", "1", draft, count_calls, output=Draft, inputs=("ingest", "search", "analyze", "decide")),
    Step[Deps](
        "execute", "1", None, execute, output=Outcome, inputs=("decide", "analyze", "search", "consult", "draft")
    ),
)


def give_up(_deps: Deps, session: Session, run: Run, error: str) -> None:
    """A run that cannot finish ends at a human, with the error; below assist the ticket is left as it was.

    One whose ticket is done or was merged meanwhile leaves no trace.
    """
    rules = settings.get(session, run.workspace_id)
    ticket = tickets.get(session, run.workspace_id, run.ticket_id)
    if ticket.status in life.DONE:
        return
    if rules.level.trust < Level.ASSIST.trust:
        if ticket.status is TicketStatus.PROCESSING:
            before = Trigger.model_validate(run.payload).status
            desk.move(session, run.workspace_id, run.ticket_id, before, resolved_at=ticket.resolved_at)
        return
    team = rules.default_team
    note = f"The agent could not finish this ticket: {error}"
    tickets.add_message(session, run.workspace_id, run.ticket_id, author=Author.SYSTEM, body=note, internal=True)
    desk.move(session, run.workspace_id, run.ticket_id, TicketStatus.ESCALATED, team=team)
    events.append(session, run.workspace_id, "ticket.escalated", run.ticket_id, run_id=run.id, error=error, team=team)


TICKET_WORKFLOW = Workflow[Deps]("ticket", 1, STEPS, give_up)


def start(session: Session, workspace_id: str, new: tickets.NewTicket) -> tuple[tickets.Ticket, str]:
    """Accept a ticket: the row, its event and its queued run in one transaction. The ticket and the run's id."""
    ticket = tickets.add(session, workspace_id, new, TicketStatus.PROCESSING)
    events.append(session, workspace_id, "ticket.created", ticket.id, channel=ticket.channel, subject=ticket.subject)
    return ticket, _queue(session, ticket, new.body, new.headers, new_id())


def run_again(session: Session, ticket: tickets.Ticket, trigger_id: str | None = None) -> str:
    """Queue a run over the ticket's open words, for a new message or by request; the run's id.

    A trigger that was delivered before changes nothing and gives the run it started then.
    """
    earlier = history.of_ticket(session, ticket.workspace_id, ticket.id)
    for run in earlier:
        if run.trigger_id == trigger_id:
            return run.id
    conversation = tickets.conversation(session, ticket.workspace_id, ticket.id)
    said = [message for message in conversation if message.author is Author.REQUESTER]
    desk.move(session, ticket.workspace_id, ticket.id, TicketStatus.PROCESSING)
    moved = ticket.model_copy(update={"version": ticket.version + 1})
    before = ticket.status
    if before is TicketStatus.PROCESSING:  # a run is under way, and its ticket's status is in its trigger
        before = Trigger.model_validate(earlier[-1].payload).status if earlier else TicketStatus.NEW
    headers = said[-1].headers if said else {}
    return _queue(session, moved, open_words(conversation), headers, trigger_id or new_id(), before)


def _queue(
    session: Session,
    ticket: tickets.Ticket,
    words: str,
    headers: dict[str, str],
    trigger_id: str,
    before: TicketStatus = TicketStatus.NEW,
) -> str:
    trigger = Trigger(
        subject=ticket.subject, words=words, headers=headers, ticket_version=ticket.version, status=before
    )
    return queue.enqueue(
        session,
        ticket.workspace_id,
        TICKET_WORKFLOW.name,
        version=TICKET_WORKFLOW.version,
        ticket_id=ticket.id,
        trigger_id=trigger_id,
        payload=trigger.model_dump(mode="json"),
    )
