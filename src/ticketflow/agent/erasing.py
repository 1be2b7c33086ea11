"""The background run that erases a person's data: count, remove, blank what quotes it, shred, and say so.

The request names tickets and cases by id, never the person: an erasure leaves no address behind. Every step can be
repeated, so a run that was cut short goes on where it stood.
"""

from typing import Any

from ticketflow import events
from ticketflow.agent.deps import Deps
from ticketflow.agent.execute import REPLIES_TO
from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.domain import Value
from ticketflow.erasure import finding, quotes, stamp, working
from ticketflow.erasure.finding import Found
from ticketflow.store import audit, cases, daily, exports
from ticketflow.workflow import queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

ERASE = "erase"


class Counted(Value):
    """What there was when the run began, by table; `cases` are all that go, the first stored at `since`."""

    counts: dict[str, int]
    cases: list[str]
    since: int | None


class Done(Value):
    """A part of the work that leaves nothing to tell."""


def find(session: Session, workspace_id: str, requester_email: str | None, ticket_id: str | None) -> Found:
    """What an erasure would take. Raises NotFound for an unknown ticket, TooLarge for more than one run takes."""
    found = Found(tickets=[])
    if requester_email is not None:
        found = finding.of_requester(session, workspace_id, requester_email)
    if ticket_id is not None:
        found = finding.joined(found, finding.of_ticket(session, workspace_id, ticket_id))
    return found


def begin(session: Session, workspace_id: str, found: Found, actor: str) -> str:
    """Queue the erasure with the transaction it belongs to; the run's id."""
    payload = {**found.model_dump(), "actor": actor}
    run_id = queue.enqueue(session, workspace_id, ERASE, trigger_id=new_id(), payload=payload)
    audit.record(session, workspace_id, actor, "data.erasure", run_id, tickets=len(found.tickets))
    return run_id


def _found(state: State) -> Found:
    return Found(tickets=state.run.payload["tickets"], cases=state.run.payload["cases"])


def _count(deps: Deps, state: State) -> Counted:
    found, workspace_id = _found(state), state.run.workspace_id
    with deps.database.read() as session:
        made = cases.of_tickets(session, workspace_id, found.tickets)
        every = [*found.cases, *made]
        counts = finding.counted(session, workspace_id, found)
        return Counted(counts=counts, cases=every, since=quotes.oldest(session, workspace_id, every))


def _remove(deps: Deps, state: State) -> Done:
    found, workspace_id = _found(state), state.run.workspace_id
    working.remove_tickets(state.write, workspace_id, found.tickets)
    working.remove_cases(state.write, workspace_id, found.cases)
    with state.write() as session:
        daily.forget(session, workspace_id, REPLIES_TO)  # by a digest of the address
        stamp.put(session)
    while True:
        with state.write() as session:
            if not exports.remove_part(session, workspace_id):  # copies of what is erased
                return Done()


def _blank(deps: Deps, state: State) -> Done:
    found, counted = _found(state), state.output("count", Counted)
    with state.kept():
        ids = [*found.tickets, *counted.cases]
        working.blank_records(deps.database, state.run.workspace_id, ids, counted.cases, counted.since or 0)
    return Done()


def _shred(deps: Deps, state: State) -> Done:
    with state.kept():
        deps.database.dialect.shred(deps.database.engine)
    return Done()


def _tell(_deps: Deps, session: Session, state: State, _value: None) -> Done:
    run, counts = state.run, state.output("count", Counted).counts
    tell(session, run.workspace_id, run.id, run.payload["actor"], counts)
    return Done()


def tell(session: Session, workspace_id: str, run_id: str, actor: str, counts: dict[str, Any], **more: Any) -> None:
    """Say that data was erased, with counts and without a word of it; other processes forget what they remember."""
    stamp.put(session)
    events.append(session, workspace_id, "data.erased", run_id=run_id, counts=counts, **more)
    audit.record(session, workspace_id, actor, "data.erased", run_id, counts=counts, **more)


def _give_up(_deps: Deps, session: Session, run: Run, _error: str) -> None:
    """What is removed stays removed; the event `run.failed` says that the rest is not."""
    audit.record(session, run.workspace_id, run.payload["actor"], "data.erasure_failed", run.id)


ERASE_WORKFLOW = Workflow[Deps](
    ERASE,
    1,
    (
        Step[Deps]("count", "1", _count, output=Counted, inputs=(TICKET,), outside=True),
        Step[Deps]("remove", "1", _remove, output=Done, inputs=(TICKET,), outside=True),
        Step[Deps]("blank", "1", _blank, output=Done, inputs=("count",), outside=True),
        Step[Deps]("shred", "1", _shred, output=Done, inputs=("remove",), outside=True),
        Step[Deps]("tell", "1", None, _tell, output=Done, inputs=("count",)),
    ),
    _give_up,
    background=True,
)
