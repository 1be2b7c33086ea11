"""The audit log: who changed what, and who signed in."""

from typing import Annotated

from fastapi import Query

from ticketflow.api import paging
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.audit_log import AuditEntryOut, AuditLogPage, AuditLogQuery
from ticketflow.api.scopes import Scope
from ticketflow.store import audit

routes = router("Audit log")


@routes.get("/audit-log", summary="Read the audit log")
@needs(Scope.AUDIT_LOG_READ)
def list_audit_log(calling: Calling, query: Annotated[AuditLogQuery, Query()]) -> AuditLogPage:
    """Changes by people and keys, with what was there before, and attempts to sign in with a link of this workspace;
    newest first. Every filter that is given must hold.
    """
    before = paging.position(calling, "audit-log", query)
    with calling.runtime.database.read() as session:
        found = audit.page(
            session,
            calling.workspace_id,
            actor=query.actor,
            action=query.action,
            object_id=query.object,
            since=query.since,
            until=query.until,
            before=before[1] if before else None,
            limit=query.limit + 1,
        )
    items, cursor = paging.cut(calling, "audit-log", query, found, lambda last: (last.created_at, last.id))
    return AuditLogPage(items=[AuditEntryOut.model_validate(one) for one in items], next_cursor=cursor)
