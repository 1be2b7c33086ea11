"""Experiments: two sides compared on live tickets, and what the audit found of each side's decisions."""

from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import func, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import audit_sample, decision, experiment
from ticketflow.domain import Value
from ticketflow.errors import Conflict, NotFound
from ticketflow.store.audits import AuditState

SideValue = Literal["certified", "learned"] | float | dict[str, float]
"""What a side applies: a threshold or weights of the search, or the word for what is in force without an experiment."""


class Factor(StrEnum):
    """What may differ between the sides."""

    THRESHOLD = "threshold"
    FUSION = "fusion"


class Metric(StrEnum):
    """What is compared: of all audited tickets of a side, the share with ...

    RIGHT: a right answer proposed. RESOLVED: an automatic reply that was right. WRONG: one that was wrong.
    """

    RIGHT = "right"
    RESOLVED = "resolved"
    WRONG = "wrong"


class ExperimentState(StrEnum):
    """Whether tickets still join."""

    RUNNING = "running"
    STOPPED = "stopped"


class Sides(Value):
    """What the two sides of an experiment apply."""

    control: SideValue
    treatment: SideValue


class NewExperiment(Value):
    """What is to be compared, on which share (0 to 1) of the tickets, and by what."""

    name: str
    factor: Factor
    sides: Sides
    share: float
    metric: Metric
    note: str


class Experiment(NewExperiment):
    """An experiment as it is stored."""

    id: str
    state: ExperimentState
    author: str
    created_at: int
    ended_at: int | None


class Observation(Value):
    """A ticket of an experiment that was drawn for the audit, by its first drawn decision.

    `known`: its outcome is, because somebody graded it or its deadline passed. `proposed`: there was an answer.
    `automatic`: it was, or in shadow would have been, sent without a human.
    """

    side: str
    ticket_id: str
    decision_id: str
    automatic: bool
    proposed: bool
    wrong: bool
    known: bool


def add(session: Session, workspace_id: str, new: NewExperiment, author: str) -> Experiment:
    """Store an experiment that runs from now on. Raises Conflict when the name was used before."""
    if by_name(session, workspace_id, new.name) is not None:
        raise Conflict(
            f"There is an experiment named {new.name!r} already.",
            remedy="Choose another name: results are kept under it.",
            field="name",
        )
    made = Experiment(
        id=new_id(),
        state=ExperimentState.RUNNING,
        author=author,
        created_at=session.now,
        ended_at=None,
        **new.model_dump(),
    )
    session.execute(
        insert(experiment).values(
            workspace_id=workspace_id,
            id=made.id,
            name=made.name,
            state=made.state,
            body={**new.model_dump(mode="json", exclude={"name"}), "author": author},
            created_at=made.created_at,
            ended_at=None,
        )
    )
    return made


def stop(session: Session, workspace_id: str, experiment_id: str) -> Experiment:
    """End a running experiment; one that has ended stays as it is. Raises NotFound."""
    session.execute(
        update(experiment)
        .where(
            experiment.c.workspace_id == workspace_id,
            experiment.c.id == experiment_id,
            experiment.c.state == ExperimentState.RUNNING,
        )
        .values(state=ExperimentState.STOPPED, ended_at=session.now)
    )
    return get(session, workspace_id, experiment_id)


def get(session: Session, workspace_id: str, experiment_id: str) -> Experiment:
    """The experiment. Raises NotFound."""
    where = (experiment.c.workspace_id == workspace_id, experiment.c.id == experiment_id)
    row = session.execute(select(experiment).where(*where)).mappings().first()
    if row is None:
        raise NotFound(
            f"There is no experiment {experiment_id}.", remedy="`ticketflow experiment list` shows those there are."
        )
    return _value(dict(row))


def by_name(session: Session, workspace_id: str, name: str) -> Experiment | None:
    """The experiment of this name."""
    where = (experiment.c.workspace_id == workspace_id, experiment.c.name == name)
    row = session.execute(select(experiment).where(*where)).mappings().first()
    return _value(dict(row)) if row else None


def running(session: Session, workspace_id: str) -> list[Experiment]:
    """The experiments that tickets join now, oldest first."""
    where = (experiment.c.workspace_id == workspace_id, experiment.c.state == ExperimentState.RUNNING)
    rows = session.execute(select(experiment).where(*where).order_by(experiment.c.id))
    return [_value(dict(row)) for row in rows.mappings()]


def page(session: Session, workspace_id: str, *, before: str | None = None, limit: int = 50) -> list[Experiment]:
    """Experiments, newest first, those made before the one with id `before`."""
    statement = select(experiment).where(experiment.c.workspace_id == workspace_id)
    if before is not None:
        statement = statement.where(experiment.c.id < before)
    rows = session.execute(statement.order_by(experiment.c.id.desc()).limit(limit))
    return [_value(dict(row)) for row in rows.mappings()]


def stamp(session: Session, workspace_id: str) -> tuple[Any, ...]:
    """Moves whenever an experiment starts or ends."""
    where = experiment.c.workspace_id == workspace_id
    ended = func.count(experiment.c.ended_at)
    return tuple(session.execute(select(func.max(experiment.c.id), func.count(), ended).where(where)).one())


def tickets(session: Session, workspace_id: str, experiment_id: str) -> dict[str, int]:
    """How many tickets took part on each side, by the side's name; sides without any are missing."""
    side = _side(experiment_id)
    rows = session.execute(
        select(side, func.count(decision.c.ticket_id.distinct()))
        .where(decision.c.workspace_id == workspace_id, decision.c.id > experiment_id, side.is_not(None))
        .group_by(side)
    )
    return {str(name): int(count) for name, count in rows}


def observations(session: Session, workspace_id: str, experiment_id: str) -> list[Observation]:
    """The audited tickets of an experiment in the order in which they were drawn."""
    side = _side(experiment_id).label("side")
    columns = ("ticket_id", "decision_id", "answer_id", "automatic", "wrong", "state")
    rows = session.execute(
        select(side, *(audit_sample.c[name] for name in columns))
        .join_from(
            decision,
            audit_sample,
            (audit_sample.c.workspace_id == decision.c.workspace_id) & (audit_sample.c.decision_id == decision.c.id),
        )
        .where(decision.c.workspace_id == workspace_id, decision.c.id > experiment_id, side.is_not(None))
        .order_by(decision.c.id)
    )
    first: dict[str, Observation] = {}  # a ticket's later decisions depend on its first: they are no new evidence
    for row in rows.mappings():
        if row["ticket_id"] not in first:
            first[row["ticket_id"]] = _observation(dict(row))
    return list(first.values())


def _side(experiment_id: str) -> Any:
    """The side of an experiment inside a stored decision, null where the ticket took no part.

    Ids sort by creation, so that decisions made before the experiment need not be looked into.
    """
    return decision.c.body[("decision", "variants", experiment_id)].as_string()


def _observation(row: dict[str, Any]) -> Observation:
    return Observation(
        side=row["side"],
        ticket_id=row["ticket_id"],
        decision_id=row["decision_id"],
        automatic=row["automatic"],
        proposed=row["answer_id"] is not None,
        wrong=row["wrong"],
        known=row["state"] != AuditState.OPEN,
    )


def _value(row: dict[str, Any]) -> Experiment:
    columns = ("id", "name", "state", "created_at", "ended_at")
    return Experiment(**{name: row[name] for name in columns}, **row["body"])
