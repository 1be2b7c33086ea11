"""The queue of runs: enqueue, claim, renew, and the ways a run leaves its worker's hands.

`due_at` is schedule, backoff and lease at once; the fence is raised with every claim, and every later write of that
claim is guarded by it. What a run does is not known here. One queue serves all workspaces, so claiming looks across.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import model_validator
from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, or_, select, update

from ticketflow import origin
from ticketflow.clock import SECOND, new_id
from ticketflow.db import Database, Session
from ticketflow.db.tables import run as run_table
from ticketflow.db.tables import workspace as workspace_table
from ticketflow.domain import Value
from ticketflow.errors import LeaseLost
from ticketflow.events import Bell
from ticketflow.origin import NOWHERE, Origin

CANDIDATES = 64  # looked at without locks and shuffled, so that workers seldom try for the same run
BACKOFF_BASE_US = 1 * SECOND
BACKOFF_CAP_US = 300 * SECOND
ERROR_LENGTH = 2_000


class RunState(StrEnum):
    """Where a run stands. A live one is queued, running or waiting for its next attempt: `due_at` tells when."""

    LIVE = "live"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Run(Value):
    """One execution of a workflow. `step` is the last step that is committed, empty before the first.

    `fence` counts the claims, `attempt` the claims that count against the limit; `due_at` is in microseconds.
    `origin` is what the stored payload keeps of the request that queued it, and no part of `payload` here.
    """

    id: str
    workspace_id: str
    ticket_id: str
    trigger_id: str
    workflow: str
    version: int
    step: str
    state: RunState
    fence: int
    attempt: int
    due_at: int
    payload: dict[str, Any]
    error: str | None
    created_at: int
    updated_at: int
    origin: Origin = NOWHERE

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, row: Any) -> Any:
        kept = row["payload"].get(origin.FIELD) if isinstance(row, dict) and "origin" not in row else None
        if kept is None:
            return row
        payload = {name: value for name, value in row["payload"].items() if name != origin.FIELD}
        return {**row, "payload": payload, "origin": origin.read(kept, row["id"])}


class Backlog(NamedTuple):
    """A workflow's runs that are due: how many, and how long the oldest has been, in microseconds."""

    workflow: str
    due: int
    oldest_us: int


TAKE = (
    update(run_table)
    .where(
        run_table.c.id == bindparam("wanted"),
        run_table.c.fence == bindparam("seen"),
        run_table.c.state == RunState.LIVE.value,
        run_table.c.due_at <= bindparam("now"),
    )
    .values(
        fence=run_table.c.fence + 1,
        attempt=run_table.c.attempt + 1,
        due_at=bindparam("leased"),
        updated_at=bindparam("now"),
    )
)

_MINE = update(run_table).where(
    run_table.c.id == bindparam("wanted"),
    run_table.c.workspace_id == bindparam("workspace"),
    run_table.c.fence == bindparam("seen"),
    run_table.c.state == RunState.LIVE.value,
)

bell = Bell()
"""Rung when this process enqueued a run; runs of other processes are found by polling."""


def enqueue(
    session: Session,
    workspace_id: str,
    workflow: str,
    *,
    trigger_id: str,
    payload: dict[str, Any],
    ticket_id: str = "",
    due_at: int | None = None,
    version: int = 1,
) -> str:
    """Queue a run with the transaction it belongs to and return its id.

    (workspace, ticket, trigger) is unique whatever the workflow: a second call returns the first run's id and changes
    nothing, so a trigger can be delivered any number of times. `version` is the workflow's.
    """
    identity = {"workspace_id": workspace_id, "ticket_id": ticket_id, "trigger_id": trigger_id}
    row = {
        "id": new_id(),
        **identity,
        "workflow": workflow,
        "version": version,
        "step": "",
        "state": RunState.LIVE.value,
        "fence": 0,
        "attempt": 0,
        "due_at": session.now if due_at is None else due_at,
        "payload": payload | origin.stored(),
        "error": None,
        "created_at": session.now,
        "updated_at": session.now,
    }
    if session.insert_once(run_table, row):
        session.after_commit(bell.ring)
        return str(row["id"])
    same = and_(*(run_table.c[name] == value for name, value in identity.items()))
    return str(session.execute(select(run_table.c.id).where(same)).scalar_one())


def lane_of(trigger_id: str) -> str:
    """What comes before a trigger's first colon: runs of one lane are held to a number at a time (see Workflow)."""
    return trigger_id.partition(":")[0]


def claim(
    database: Database,
    workflows: Mapping[str, int],
    lease_us: int,
    rng: random.Random,
    full: Collection[str] = (),
) -> Run | None:
    """Take one due run of the named workflows for `lease_us`, None when none is due or others were faster.

    `workflows` maps each name to the newest version that this process knows: a run of a newer one is left to the
    processes that are upgraded already. The attempt is counted here, so a run that kills its worker comes to an end.
    The oldest goes first; where more are due than are looked at, each workspace with due runs is as likely as another.
    Runs of the lanes that are `full` are passed over.
    """
    passed = _outside(full)
    with database.read() as session:
        candidates = _due(session, workflows, passed)
        if len(candidates) == CANDIDATES:
            candidates = _of_one_workspace(session, workflows, rng, passed) or candidates
    if not candidates:
        return None
    rng.shuffle(candidates)
    for run_id, fence in candidates:
        with database.write() as session:  # one each: the lock of a row that was lost would stay to the end
            if _take(session, run_id, fence, lease_us):
                row = session.execute(select(run_table).where(run_table.c.id == run_id)).mappings().one()
                return Run.model_validate(dict(row))
    return None


def _due(session: Session, workflows: Mapping[str, int], where: Sequence[ColumnElement[bool]]) -> list[tuple[str, int]]:
    """The oldest due runs: their ids and fences."""
    statement = (
        select(run_table.c.id, run_table.c.fence)
        .where(_live(workflows), run_table.c.due_at <= session.now, *where)
        .order_by(run_table.c.due_at)
        .limit(CANDIDATES)
    )
    return [(row.id, row.fence) for row in session.execute(statement)]


def _of_one_workspace(
    session: Session, workflows: Mapping[str, int], rng: random.Random, where: Sequence[ColumnElement[bool]]
) -> list[tuple[str, int]]:
    """The oldest due runs of a workspace that is drawn among those that have any: a backlog is its owner's alone."""
    mine = run_table.c.workspace_id == workspace_table.c.id
    due = and_(mine, _live(workflows), run_table.c.due_at <= session.now, *where)
    waiting = session.execute(select(workspace_table.c.id).where(exists().where(due))).scalars().all()
    return _due(session, workflows, [*where, run_table.c.workspace_id == rng.choice(waiting)]) if waiting else []


def _take(session: Session, run_id: str, fence: int, lease_us: int) -> bool:
    values = {"wanted": run_id, "seen": fence, "now": session.now, "leased": session.now + lease_us}
    return session.execute(TAKE, values).rowcount == 1


def move_on(session: Session, run: Run, step: str, lease_us: int) -> None:
    """Record that `run` is committed up to `step` and extend its lease. Raises LeaseLost when it is not ours."""
    _guarded(session, run, step=step, due_at=session.now + lease_us)


def renew(session: Session, run: Run, lease_us: int) -> None:
    """Extend the lease of `run`. Raises LeaseLost when it is not ours any more."""
    _guarded(session, run, due_at=session.now + lease_us)


def finish(session: Session, run: Run, step: str) -> None:
    """End `run` with success. Raises LeaseLost when it is not ours any more."""
    _guarded(session, run, step=step, state=RunState.SUCCEEDED.value, due_at=session.now, error=None)


def retry_later(session: Session, run: Run, error: str, rng: random.Random, *, forgive: bool = False) -> int:
    """Give `run` back with the error, due after a backoff with full jitter. Returns when, in microseconds.

    `forgive` takes the attempt back: the failure was not the run's. Raises LeaseLost when it is not ours any more.
    """
    due_at = session.now + backoff_us(run.fence if forgive else run.attempt, rng)
    _guarded(session, run, due_at=due_at, error=error[:ERROR_LENGTH], attempt=run.attempt - int(forgive))
    return due_at


def give_up(session: Session, run: Run, error: str) -> None:
    """End `run` as failed, with the error. Raises LeaseLost when it is not ours any more."""
    _guarded(session, run, state=RunState.FAILED.value, due_at=session.now, error=error[:ERROR_LENGTH])


def cancel(session: Session, workspace_id: str, run_id: str) -> bool:
    """End a live run without a result; whoever works on it has its next commit refused. False when it has ended."""
    cancelled = session.execute(
        update(run_table)
        .where(
            run_table.c.workspace_id == workspace_id,
            run_table.c.id == run_id,
            run_table.c.state == RunState.LIVE.value,
        )
        .values(state=RunState.CANCELLED.value, updated_at=session.now)
    )
    return cancelled.rowcount == 1


def next_due(session: Session, workflows: Mapping[str, int], full: Collection[str] = ()) -> int | None:
    """When the next run of the named workflows outside the `full` lanes is due, in microseconds; None when none is."""
    found = session.execute(select(func.min(run_table.c.due_at)).where(_live(workflows), *_outside(full))).scalar()
    return None if found is None else int(found)


def backlog(session: Session, workflows: Sequence[str]) -> list[Backlog]:
    """What waits for a worker, for each of the named workflows, those of which nothing waits included."""
    statement = (
        select(run_table.c.workflow, func.count(), func.min(run_table.c.due_at))
        .where(run_table.c.state == RunState.LIVE.value, run_table.c.due_at <= session.now)
        .group_by(run_table.c.workflow)
    )
    found = {str(name): (int(count), session.now - int(oldest)) for name, count, oldest in session.execute(statement)}
    return [Backlog(name, *found.get(name, (0, 0))) for name in workflows]


def ahead(session: Session) -> bool:
    """Whether live runs were written later than now: the clock was set back."""
    return session.execute(select(run_table.c.id).where(_ahead(session.now)).limit(1)).first() is not None


def rebase(session: Session) -> int:
    """After the clock was set back: keep each live run's delay, counted from now. Returns how many were moved.

    Without this a lease taken an hour ahead of the new time would hold its run for that hour.
    """
    moved = session.execute(
        update(run_table)
        .where(_ahead(session.now))
        .values(due_at=run_table.c.due_at - run_table.c.updated_at + session.now, updated_at=session.now)
    )
    return int(moved.rowcount)


def backoff_us(attempt: int, rng: random.Random) -> int:
    """A random wait of 0 to min(cap, base * 2^(attempt - 1)) microseconds, so that failures do not march in step."""
    return round(rng.uniform(0, min(BACKOFF_CAP_US, BACKOFF_BASE_US * 2 ** min(attempt - 1, 32))))


def _live(workflows: Mapping[str, int]) -> ColumnElement[bool]:
    known = (and_(run_table.c.workflow == name, run_table.c.version <= version) for name, version in workflows.items())
    return and_(run_table.c.state == RunState.LIVE.value, or_(false(), *known))


def _outside(lanes: Collection[str]) -> list[ColumnElement[bool]]:
    return [~run_table.c.trigger_id.startswith(f"{lane}:", autoescape=True) for lane in sorted(lanes)]


def _ahead(now: int) -> ColumnElement[bool]:
    return and_(run_table.c.state == RunState.LIVE.value, run_table.c.updated_at > now + SECOND)


def _guarded(session: Session, run: Run, **values: Any) -> None:
    mine = {"wanted": run.id, "workspace": run.workspace_id, "seen": run.fence}
    written = session.execute(_MINE, mine | values | {"updated_at": session.now})
    if written.rowcount != 1:
        raise LeaseLost(f"Run {run.id} is not this worker's any more (claim {run.fence}); its work is dropped.")
