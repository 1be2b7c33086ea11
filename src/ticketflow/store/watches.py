"""The watch over each segment's automatic replies, as it stands between two looks."""

from typing import Any

from sqlalchemy import func, select

from ticketflow.db import Session
from ticketflow.db.tables import watch
from ticketflow.domain import Stage, Value


class Watch(Value):
    """`suspicion` is the CUSUM over `audits` graded automatic replies since `since` (microseconds).

    `reasons` are sentences for every alarm that stands. `novel_share` is the share of tickets without a right answer,
    estimated from what arrived lately, None while too little did. `looked_at` is the last look at early warnings.
    `proven` are the shifts under which a fresh certificate was proven after an alarm: they warn of nothing new.
    """

    stage: Stage = Stage.GREEN
    suspicion: float = 0.0
    audits: int = 0
    since: int = 0
    reasons: list[str] = []
    novel_share: float | None = None
    stability: float | None = None
    language_change: float | None = None
    looked_at: int = 0
    proven: dict[str, float] = {}


def every(session: Session, workspace_id: str) -> dict[str, Watch]:
    """The watches by segment."""
    rows = session.execute(select(watch.c.segment, watch.c.body).where(watch.c.workspace_id == workspace_id))
    return {segment: Watch.model_validate(body) for segment, body in rows}


def get(session: Session, workspace_id: str, segment: str) -> Watch:
    """The watch over a segment; a fresh one where there was none."""
    where = (watch.c.workspace_id == workspace_id, watch.c.segment == segment)
    body = session.execute(select(watch.c.body).where(*where)).scalar()
    return Watch.model_validate(body) if body is not None else Watch(since=session.now)


def put(session: Session, workspace_id: str, segment: str, now: Watch) -> None:
    """Store how the watch stands."""
    statement = session.dialect.upsert(watch, ["workspace_id", "segment"], ["body", "updated_at"])
    row: dict[str, Any] = {
        "workspace_id": workspace_id,
        "segment": segment,
        "body": now.model_dump(mode="json"),
        "updated_at": session.now,
    }
    session.execute(statement, row)


def stamp(session: Session, workspace_id: str) -> tuple[Any, ...]:
    """Moves whenever a watch does."""
    where = watch.c.workspace_id == workspace_id
    return tuple(session.execute(select(func.max(watch.c.updated_at), func.count()).where(where)).one())
