"""The audit log: who changed what."""

from typing import Any

from sqlalchemy import insert, select

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import audit_log
from ticketflow.domain import Value


class AuditEntry(Value):
    """One change by one actor."""

    id: str
    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    created_at: int


def record(session: Session, workspace_id: str, actor: str, action: str, object_id: str, **detail: Any) -> None:
    """Note a change in the transaction that makes it."""
    session.execute(
        insert(audit_log).values(
            workspace_id=workspace_id,
            id=new_id(),
            actor=actor,
            action=action,
            object=object_id,
            detail=detail,
            created_at=session.now,
        )
    )


def newest(session: Session, workspace_id: str, limit: int = 100) -> list[AuditEntry]:
    """The latest changes, newest first."""
    rows = session.execute(
        select(*(column for column in audit_log.c if column.name != "workspace_id"))
        .where(audit_log.c.workspace_id == workspace_id)
        .order_by(audit_log.c.id.desc())
        .limit(limit)
    )
    return [AuditEntry.model_validate(dict(row)) for row in rows.mappings()]
