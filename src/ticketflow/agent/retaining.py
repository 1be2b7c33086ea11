"""The daily background run that removes what is older than a workspace's settings keep it.

It exists while one of the `retain_` settings is set: a change of one queues it, and each run queues the next.
"""

from ticketflow.agent.deps import Deps
from ticketflow.agent.erasing import Done, tell
from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.domain import Value
from ticketflow.erasure import working
from ticketflow.store import settings
from ticketflow.store.settings import Settings
from ticketflow.workflow import queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

RETAIN = "retain"
PERIODS = ("retain_tickets_days", "retain_attachments_days", "retain_steps_days", "retain_events_days")


class Aged(Value):
    """How many tickets, attachments, runs' steps and events were too old."""

    counts: dict[str, int]


def schedule(session: Session, workspace_id: str, after_us: int = 0) -> None:
    """Queue the day's run, where anything is kept for a while only; there is one for each day."""
    if not _limited(settings.get(session, workspace_id)):
        return
    due_at = session.now + after_us
    queue.enqueue(session, workspace_id, RETAIN, trigger_id=f"retain:{due_at // DAY}", payload={}, due_at=due_at)


def _limited(rules: Settings) -> bool:
    return any(getattr(rules, name) is not None for name in PERIODS)


def _age(deps: Deps, state: State) -> Aged:
    workspace_id, counts = state.run.workspace_id, dict[str, int]()
    with deps.database.read() as session:
        rules, now = settings.get(session, workspace_id), session.now
    if rules.retain_tickets_days is not None:
        gone = working.age_tickets(state.write, workspace_id, now - rules.retain_tickets_days * DAY)
        counts["tickets"] = len(gone)
        with state.kept():
            working.blank_records(deps.database, workspace_id, gone, [], 0)
    if rules.retain_attachments_days is not None:
        before = now - rules.retain_attachments_days * DAY
        counts["attachments"] = working.age_attachments(state.write, workspace_id, before)
    if rules.retain_steps_days is not None:
        counts["runs"] = working.age_steps(state.write, workspace_id, now - rules.retain_steps_days * DAY)
    if rules.retain_events_days is not None:
        counts["events"] = working.age_events(state.write, workspace_id, now - rules.retain_events_days * DAY)
    return Aged(counts=counts)


def _shred(deps: Deps, state: State) -> Done:
    if any(state.output("age", Aged).counts.values()):
        with state.kept():
            deps.database.dialect.shred(deps.database.engine)
    return Done()


def _tell(_deps: Deps, session: Session, state: State, _value: None) -> Done:
    counts = state.output("age", Aged).counts
    if any(counts.values()):
        tell(session, state.run.workspace_id, state.run.id, "system", counts, reason="retention")
    schedule(session, state.run.workspace_id, DAY)
    return Done()


def _give_up(_deps: Deps, session: Session, run: Run, _error: str) -> None:
    """The next day tries again."""
    schedule(session, run.workspace_id, DAY)


RETAIN_WORKFLOW = Workflow[Deps](
    RETAIN,
    1,
    (
        Step[Deps]("age", "1", _age, output=Aged, inputs=(TICKET,), outside=True),
        Step[Deps]("shred", "1", _shred, output=Done, inputs=("age",), outside=True),
        Step[Deps]("tell", "1", None, _tell, output=Done, inputs=("age",)),
    ),
    _give_up,
    background=True,
)
