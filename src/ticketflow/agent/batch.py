"""Many tickets through the pipeline, their results in the order they came. The runner must be running."""

import time
from collections import deque
from collections.abc import Iterable, Iterator

from ticketflow import events
from ticketflow.agent import pipeline
from ticketflow.agent.deps import Deps
from ticketflow.db import Session
from ticketflow.domain import Action, Level, TicketStatus, Value, Workspace
from ticketflow.store import decisions, tickets
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow import history
from ticketflow.workflow.queue import RunState

AHEAD = 128
"""Tickets accepted before the first of them must be done: enough to keep every thread busy."""
ACCEPT = 16
"""Tickets accepted in one transaction."""
POLL_SECONDS = 0.05
REST_SECONDS = 0.01  # at least, between two looks: looking takes the workers' processor


class ProposedAnswer(Value):
    """The answer that a decision names."""

    id: str
    label: str


class Source(Value):
    """A piece of evidence, in short."""

    kind: str
    id: str
    score: float
    label: str | None


class Processed(Value):
    """What became of one ticket: `action` is what was done at this `level`, in shadow nothing.

    `timings_ms` are the steps' wall times; `error` tells of a failed run.
    """

    id: str
    action: Action
    answer: ProposedAnswer | None
    confidence: float
    category: str | None
    priority: str
    language: str | None
    reasons: list[str]
    evidence: list[Source]
    timings_ms: dict[str, float]
    level: Level = Level.AUTO
    error: str | None = None


def process_batch(deps: Deps, workspace: Workspace, arrivals: Iterable[NewTicket]) -> Iterator[Processed]:
    """Accept the tickets and yield what became of each. One whose external id is known is not run again."""
    source = iter(arrivals)
    waiting: deque[tuple[str, str, str]] = deque()  # what to call it, ticket id, run id
    exhausted = False
    while waiting or not exhausted:
        while not exhausted and len(waiting) < AHEAD:
            batch = [new for _, new in zip(range(ACCEPT), source, strict=False)]
            exhausted = len(batch) < ACCEPT
            waiting.extend(_accept(deps, workspace, batch))
        if waiting:
            name, ticket_id, run_id = waiting.popleft()
            yield _await(deps, workspace, name, ticket_id, run_id)


def _accept(deps: Deps, workspace: Workspace, batch: list[NewTicket]) -> list[tuple[str, str, str]]:
    accepted: list[tuple[str, str, str]] = []
    if not batch:
        return accepted
    with deps.database.write() as session:
        for new in batch:
            known = tickets.by_external_id(session, workspace.id, new.external_id) if new.external_id else None
            if known is None:
                ticket, run_id = pipeline.start(session, workspace.id, new)
            else:
                ticket, run_id = known, history.of_ticket(session, workspace.id, known.id)[-1].id
            accepted.append((ticket.external_id or ticket.id, ticket.id, run_id))
    return accepted


def _await(deps: Deps, workspace: Workspace, name: str, ticket_id: str, run_id: str) -> Processed:
    while True:
        rung = events.bell.rung
        with deps.database.read() as session:
            run = history.get(session, workspace.id, run_id)
            if run.state is not RunState.LIVE:
                return _told(session, workspace, name, ticket_id, run_id, run.error)
        time.sleep(REST_SECONDS)
        events.bell.wait(POLL_SECONDS, rung)


def _told(
    session: Session, workspace: Workspace, name: str, ticket_id: str, run_id: str, error: str | None
) -> Processed:
    steps = history.outputs(session, workspace.id, run_id)
    stored = decisions.of_run(session, workspace.id, run_id)
    if stored is None:
        return _failed(name, tickets.get(session, workspace.id, ticket_id), error)
    decision, analysis = stored.decision, stored.analysis
    found = steps["search"].output
    evidence = [hit for kind in ("cases", "articles", "answers") for hit in found[kind]]
    return Processed(
        id=name,
        action=Action.RESOLVE if steps["execute"].output["status"] == TicketStatus.RESOLVED else Action.ESCALATE,
        answer=ProposedAnswer(id=decision.answer_id, label=decision.label or "") if decision.answer_id else None,
        confidence=decision.confidence,
        category=decision.category,
        priority=decision.priority,
        language=analysis.language.value,
        reasons=decision.reasons,
        evidence=[Source(**{name: hit[name] for name in Source.model_fields}) for hit in evidence],
        timings_ms={step: round(record.duration_us / 1000, 3) for step, record in steps.items()},
        level=decision.level,
        error=None,
    )


def _failed(name: str, ticket: tickets.Ticket, error: str | None) -> Processed:
    return Processed(
        id=name,
        action=Action.ESCALATE,
        answer=None,
        confidence=0.0,
        category=ticket.category,
        priority=ticket.priority,
        language=ticket.language,
        reasons=["The agent could not finish this ticket."],
        evidence=[],
        timings_ms={},
        error=error,
    )
