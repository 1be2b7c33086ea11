"""Notices: what an operator is to know, until somebody has read it."""

from typing import Annotated

from fastapi import Query

from ticketflow.api import paging
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.notices import NoticeOut, NoticePage, NoticeQuery, NoticeRead
from ticketflow.api.scopes import Scope
from ticketflow.store import notices

routes = router("Notices")


@routes.get("/notices", summary="List notices")
@needs(Scope.EVENTS_READ)
def list_notices(calling: Calling, query: Annotated[NoticeQuery, Query()]) -> NoticePage:
    """Notices, newest first: every move of the watch over automatic replies, and whatever else asks for a hand."""
    before = paging.position(calling, "notices", query)
    with calling.runtime.database.read() as session:
        found = notices.page(
            session,
            calling.workspace_id,
            unread=query.unread,
            before=before[1] if before else None,
            limit=query.limit + 1,
        )
    items, cursor = paging.cut(calling, "notices", query, found, lambda last: (last.created_at, last.id))
    return NoticePage(items=[NoticeOut.model_validate(one) for one in items], next_cursor=cursor)


@routes.post("/notices/{notice_id}/read", summary="Mark a notice as read", responses=fails(404))
@needs(Scope.SETTINGS_WRITE)
def mark_notice_read(calling: Calling, notice_id: str) -> NoticeRead:
    """From now on it is not among the unread ones. Whoever marked it first stays its reader."""
    with calling.runtime.database.write() as session:
        notices.read(session, calling.workspace_id, notice_id, calling.principal.actor)
    return NoticeRead(id=notice_id, read=True)
