"""Waiting in a command for a run that it queued, and working on it here unless a worker has it."""

import time
from typing import TYPE_CHECKING

from ticketflow.cli.progress import progress
from ticketflow.errors import TicketFlowError

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime
    from ticketflow.workflow.queue import Run

LOOK_SECONDS = 0.2


def ended(built: "Runtime", workspace_id: str, run_id: str, workflow: str, doing: str) -> "Run":
    """The run once it has succeeded. Raises TicketFlowError with what it failed of."""
    from ticketflow.workflow import history
    from ticketflow.workflow.queue import RunState

    built.runner.start_only([workflow])
    try:
        with progress(shown=True) as told:
            while True:
                with built.database.read() as session:
                    run = history.get(session, workspace_id, run_id)
                if run.state is not RunState.LIVE:
                    break
                told(0.0, f"{doing}: {run.step or 'begun'}")
                time.sleep(LOOK_SECONDS)
    finally:
        built.runner.stop(drain_seconds=1)
    if run.state is not RunState.SUCCEEDED:
        raise TicketFlowError(f"{doing} came to nothing: {run.error or run.state.value}.")
    return run
