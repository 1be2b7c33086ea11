"""Experiments: started, listed, read with their results, and stopped."""

from typing import Annotated

from fastapi import Query, Response

from ticketflow.agent import experiments as comparing
from ticketflow.api import paging
from ticketflow.api.documented import fails
from ticketflow.api.existing import existing_named
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.experiments import (
    ExperimentIn,
    ExperimentOut,
    ExperimentPage,
    ExperimentQuery,
    ResultOut,
)
from ticketflow.api.scopes import Scope
from ticketflow.db import Session
from ticketflow.store import experiments
from ticketflow.store.experiments import Experiment

routes = router("Experiments")


@routes.post("/experiments", status_code=201, summary="Start an experiment", responses=fails(409))
@needs(Scope.SETTINGS_WRITE)
def start_experiment(calling: Calling, body: ExperimentIn, response: Response) -> ExperimentOut:
    """Compare two thresholds or two ways of weighing search on live tickets: from now on a coin puts new tickets on
    one side or the other. A name that was used is refused with 409, and so is a second experiment on the same factor.
    """
    new = comparing.plan(
        body.name,
        body.factor,
        body.sides.control,
        body.sides.treatment,
        share=body.share,
        metric=body.metric,
        note=body.note,
    )

    def same(session: Session) -> Experiment | None:
        return experiments.by_name(session, calling.workspace_id, new.name)

    with existing_named(calling, same), calling.runtime.database.write() as session:
        made = comparing.start(session, calling.workspace_id, new, calling.principal.actor)
    response.headers["Location"] = f"/v1/experiments/{made.id}"
    return ExperimentOut.model_validate(made)


@routes.get("/experiments", summary="List experiments")
@needs(Scope.SETTINGS_READ)
def list_experiments(calling: Calling, query: Annotated[ExperimentQuery, Query()]) -> ExperimentPage:
    """Experiments, running and stopped, newest first, without their results."""
    before = paging.position(calling, "experiments", query)
    with calling.runtime.database.read() as session:
        found = experiments.page(
            session, calling.workspace_id, before=before[1] if before else None, limit=query.limit + 1
        )
    items, cursor = paging.cut(calling, "experiments", query, found, lambda last: (last.created_at, last.id))
    return ExperimentPage(items=[ExperimentOut.model_validate(item) for item in items], next_cursor=cursor)


@routes.get("/experiments/{experiment_id}", summary="Read an experiment's result", responses=fails(404))
@needs(Scope.SETTINGS_READ)
def read_experiment(calling: Calling, experiment_id: str) -> ResultOut:
    """The experiment, what its audited tickets show of each side by now, and whether that decides. Look as often as
    you like: intervals and e-value allow for it.
    """
    with calling.runtime.database.read() as session:
        found = experiments.get(session, calling.workspace_id, experiment_id)
        return ResultOut.model_validate(comparing.result(session, calling.workspace_id, found))


@routes.post("/experiments/{experiment_id}/stop", summary="Stop an experiment", responses=fails(404))
@needs(Scope.SETTINGS_WRITE)
def stop_experiment(calling: Calling, experiment_id: str) -> ExperimentOut:
    """From now on every ticket gets what is in force; the result stays, and grades that come later still count.
    Stopping an experiment twice is no error.
    """
    with calling.runtime.database.write() as session:
        ended = comparing.stop(session, calling.workspace_id, experiment_id, calling.principal.actor)
    return ExperimentOut.model_validate(ended)
