"""Runs with their steps, and the event log."""

from typing import Annotated

from fastapi import Query

from ticketflow import events
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.runs import EventOut, EventPage, EventQuery, RunDetail, RunOut, StepOut
from ticketflow.api.scopes import Scope
from ticketflow.workflow import history

routes = router("Runs and events")


@routes.get("/runs/{run_id}", summary="Read a run", responses=fails(404))
@needs(Scope.RUNS_READ)
def read_run(calling: Calling, run_id: str) -> RunDetail:
    """A run with each step that is done: what it built on, what it yielded, how long it took and its version."""
    with calling.runtime.database.read() as session:
        run = history.get(session, calling.workspace_id, run_id)
        steps = history.steps(session, calling.workspace_id, run_id)
    shown = RunOut.model_validate(run)
    return RunDetail(**dict(shown), steps=[StepOut.of(step) for step in steps])


@routes.get("/events", summary="Read the event log")
@needs(Scope.EVENTS_READ)
def list_events(calling: Calling, query: Annotated[EventQuery, Query()]) -> EventPage:
    """What happened in the workspace after `after`, oldest first. The log has no gaps: who has read up to a seq has
    missed nothing before it.
    """
    with calling.runtime.database.read() as session:
        found = events.after(session, calling.workspace_id, query.after, query.limit)
        last = events.last_seq(session, calling.workspace_id)
    return EventPage(
        items=[EventOut.model_validate(event) for event in found],
        next_after=found[-1].seq if found else query.after,
        last_seq=last,
    )
