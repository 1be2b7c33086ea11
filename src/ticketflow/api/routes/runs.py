"""Runs with their steps."""

from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.runs import RunDetail, RunOut, StepOut
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
