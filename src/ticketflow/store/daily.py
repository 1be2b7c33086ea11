"""Counts by day (UTC): one row for each name and dimension, raised in the transaction of what is counted."""

from sqlalchemy import delete, select, update

from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.db.tables import daily_metric


def add(session: Session, workspace_id: str, name: str, dimension: str = "", value: float = 1.0) -> None:
    """Raise today's count."""
    key = {"workspace_id": workspace_id, "day": session.now // DAY, "name": name, "dimension": dimension}
    session.insert_once(daily_metric, {**key, "value": 0.0})
    where = (daily_metric.c[column] == wanted for column, wanted in key.items())
    session.execute(update(daily_metric).where(*where).values(value=daily_metric.c.value + value))


def forget(session: Session, workspace_id: str, name: str) -> None:
    """Remove every day's counts of a name."""
    mine = (daily_metric.c.workspace_id == workspace_id, daily_metric.c.name == name)
    session.execute(delete(daily_metric).where(*mine))


def today(session: Session, workspace_id: str, name: str, dimension: str = "") -> float:
    """Today's count."""
    where = (
        daily_metric.c.workspace_id == workspace_id,
        daily_metric.c.day == session.now // DAY,
        daily_metric.c.name == name,
        daily_metric.c.dimension == dimension,
    )
    return float(session.execute(select(daily_metric.c.value).where(*where)).scalar() or 0.0)
