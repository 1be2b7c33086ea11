"""The audit log: who changed what."""

from typing import Any

from sqlalchemy import ColumnElement, insert, select

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


def page(
    session: Session,
    workspace_id: str,
    *,
    actor: str | None = None,
    action: str | None = None,
    object_id: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """Changes, newest first: from `since` up to and without `until` (microseconds), before the entry `before`."""
    wanted = [
        column == value
        for column, value in ((audit_log.c.actor, actor), (audit_log.c.action, action), (audit_log.c.object, object_id))
        if value is not None
    ]
    if since is not None:
        wanted.append(audit_log.c.created_at >= since)
    if until is not None:
        wanted.append(audit_log.c.created_at < until)
    if before is not None:
        wanted.append(audit_log.c.id < before)
    return _found(session, workspace_id, wanted, limit)


def newest(session: Session, workspace_id: str, limit: int = 100) -> list[AuditEntry]:
    """The latest changes, newest first."""
    return _found(session, workspace_id, [], limit)


def _found(session: Session, workspace_id: str, wanted: list[ColumnElement[bool]], limit: int) -> list[AuditEntry]:
    rows = session.execute(
        select(*(column for column in audit_log.c if column.name != "workspace_id"))
        .where(audit_log.c.workspace_id == workspace_id, *wanted)
        .order_by(audit_log.c.id.desc())
        .limit(limit)
    )
    return [AuditEntry.model_validate(dict(row)) for row in rows.mappings()]
