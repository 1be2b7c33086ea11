"""The daily run that closes what has been resolved for `close_after_days`.

The first ticket that is resolved on a day queues it for the next; each run queues the one after, for the day on which
the oldest ticket that is left will be due. So no ticket is looked at before its time, and no process schedules.
"""

from ticketflow import events
from ticketflow.agent import desk
from ticketflow.agent.deps import Deps
from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.domain import TicketStatus, Value
from ticketflow.store import settings, tickets
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

BATCH = 100
"""Tickets closed in one transaction."""


class Closed(Value):
    """How many tickets were closed."""

    tickets: int


def close(deps: Deps, workspace_id: str) -> Closed:
    """Close what is due, and queue the next look."""
    closed = 0
    while True:
        with deps.database.write() as session:
            found = _batch(session, workspace_id)
        closed += found
        if found < BATCH:
            break
    with deps.database.write() as session:
        schedule(session, workspace_id)
    return Closed(tickets=closed)


def _batch(session: Session, workspace_id: str) -> int:
    days = settings.get(session, workspace_id).close_after_days
    if days is None:
        return 0
    due = tickets.resolved_until(session, workspace_id, session.now - days * DAY, BATCH)
    for ticket in due:
        desk.move(session, workspace_id, ticket.id, TicketStatus.CLOSED)
        events.append(session, workspace_id, "ticket.closed", ticket.id, by="system")
    return len(due)


def schedule(session: Session, workspace_id: str) -> None:
    """Queue the next run for the day after the first ticket will be due; none where nothing is closed by itself."""
    days = settings.get(session, workspace_id).close_after_days
    since = tickets.longest_resolved(session, workspace_id)
    if days is not None and since is not None:
        day = max(since // DAY + days, session.now // DAY) + 1
        desk.schedule_closing(session, workspace_id, day)


def _step(deps: Deps, state: State) -> Closed:
    with state.kept():
        return close(deps, state.run.workspace_id)


def _give_up(_deps: Deps, session: Session, run: Run, _error: str) -> None:
    """The next day tries again."""
    desk.schedule_closing(session, run.workspace_id, session.now // DAY + 1)


CLOSE_WORKFLOW = Workflow[Deps](
    desk.CLOSE,
    1,
    (Step[Deps]("close", "1", _step, output=Closed, inputs=(TICKET,), outside=True),),
    _give_up,
    background=True,
)
