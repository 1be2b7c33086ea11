"""Deliveries of webhooks: what was, or is to be, told to an endpoint, and every attempt at it."""

from enum import StrEnum
from typing import Any

from sqlalchemy import and_, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import run, step_output, webhook_delivery
from ticketflow.domain import Value
from ticketflow.errors import NotFound

ERROR_LENGTH = 500


class DeliveryState(StrEnum):
    """How far a delivery has come.

    pending    its next attempt is due at `next_at`
    delivered  the endpoint said that it has it
    failed     every attempt of the schedule failed, or the endpoint said that it is gone
    dropped    nobody wants it any more: the endpoint was disabled, or the event erased
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


class Delivery(Value):
    """A delivery of the event `seq` (0 for a test). Its id is the `webhook-id` of every attempt.

    status, error  of the last attempt; run_id  of the next one, or of the last
    """

    id: str
    webhook_endpoint_id: str
    seq: int
    type: str
    run_id: str
    state: DeliveryState
    attempts: int
    status: int | None
    error: str | None
    next_at: int | None
    created_at: int
    updated_at: int


class RunOfAttempt(Value):
    """A run that made an attempt, or will: what its step yielded (empty before), and how the run stands."""

    run_id: str
    state: str
    due_at: int
    error: str | None
    output: dict[str, Any]


def trigger(delivery: Delivery) -> str:
    """What starts a new attempt at a delivery; it begins with the endpoint, whose lane the run takes."""
    return f"{delivery.webhook_endpoint_id}:{delivery.id}:{new_id()}"


def new_delivery(session: Session, endpoint_id: str, seq: int, event_type: str) -> Delivery:
    """A delivery that is due now, not stored yet and without its run."""
    return Delivery(
        id=new_id(),
        webhook_endpoint_id=endpoint_id,
        seq=seq,
        type=event_type,
        run_id="",
        state=DeliveryState.PENDING,
        attempts=0,
        status=None,
        error=None,
        next_at=session.now,
        created_at=session.now,
        updated_at=session.now,
    )


def add(session: Session, workspace_id: str, made: Delivery) -> None:
    """Store a delivery."""
    session.execute(insert(webhook_delivery).values(workspace_id=workspace_id, **made.model_dump()))


def find(session: Session, workspace_id: str, delivery_id: str) -> Delivery | None:
    """The delivery, held until the commit where this transaction writes; None where there is none."""
    statement = select(webhook_delivery).where(_one(workspace_id, delivery_id))
    row = session.execute(session.held(statement)).mappings().first()
    return _read(dict(row)) if row else None


def get(session: Session, workspace_id: str, delivery_id: str) -> Delivery:
    """As `find`. Raises NotFound."""
    found = find(session, workspace_id, delivery_id)
    if found is None:
        raise NotFound(f"There is no webhook delivery {delivery_id}.")
    return found


def change(session: Session, workspace_id: str, delivery_id: str, **values: Any) -> None:
    """Set columns of a delivery."""
    if values.get("error"):
        values["error"] = str(values["error"])[:ERROR_LENGTH]
    mine = _one(workspace_id, delivery_id)
    session.execute(update(webhook_delivery).where(mine).values(**values, updated_at=session.now))


def page(
    session: Session,
    workspace_id: str,
    *,
    endpoint_id: str | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Deliveries, newest first, those made before the one with id `before`."""
    statement = select(webhook_delivery).where(webhook_delivery.c.workspace_id == workspace_id)
    if endpoint_id is not None:
        statement = statement.where(webhook_delivery.c.webhook_endpoint_id == endpoint_id)
    if state is not None:
        statement = statement.where(webhook_delivery.c.state == state)
    if before is not None:
        statement = statement.where(webhook_delivery.c.id < before)
    rows = session.execute(statement.order_by(webhook_delivery.c.id.desc()).limit(limit)).mappings()
    return [_read(dict(row)) for row in rows]


def runs(session: Session, workspace_id: str, delivery: Delivery) -> list[RunOfAttempt]:
    """The runs of a delivery's attempts, oldest first."""
    prefix = f"{delivery.webhook_endpoint_id}:{delivery.id}"
    rows = session.execute(
        select(run.c.id, run.c.state, run.c.due_at, run.c.error, step_output.c.output)
        .outerjoin(step_output, and_(step_output.c.run_id == run.c.id, step_output.c.workspace_id == workspace_id))
        .where(
            run.c.workspace_id == workspace_id,
            run.c.ticket_id == "",
            run.c.trigger_id > f"{prefix}:",  # a range, which the index answers; `;` is what follows `:`
            run.c.trigger_id < f"{prefix};",
        )
        .order_by(run.c.id)
    )
    return [
        RunOfAttempt(run_id=row.id, state=row.state, due_at=row.due_at, error=row.error, output=row.output or {})
        for row in rows
    ]


def _one(workspace_id: str, delivery_id: str) -> Any:
    return and_(webhook_delivery.c.workspace_id == workspace_id, webhook_delivery.c.id == delivery_id)


def _read(row: dict[str, Any]) -> Delivery:
    return Delivery.model_validate({name: row[name] for name in Delivery.model_fields})
