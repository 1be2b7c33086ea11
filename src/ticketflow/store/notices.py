"""Notices: what an operator is to know, until somebody has read it."""

from sqlalchemy import insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import notice
from ticketflow.domain import Value
from ticketflow.errors import NotFound


class Notice(Value):
    """A sentence for people. `kind` is the type of the event that it tells of."""

    id: str
    kind: str
    text: str
    created_at: int
    read_at: int | None
    read_by: str | None


def add(session: Session, workspace_id: str, kind: str, text: str) -> Notice:
    """Tell the operators of a workspace something."""
    made = Notice(id=new_id(), kind=kind, text=text, created_at=session.now, read_at=None, read_by=None)
    session.execute(insert(notice).values(workspace_id=workspace_id, **made.model_dump()))
    return made


def page(
    session: Session, workspace_id: str, *, unread: bool = False, before: str | None = None, limit: int = 50
) -> list[Notice]:
    """Notices, newest first, those made before the one with id `before`."""
    statement = select(*(column for column in notice.c if column.name != "workspace_id"))
    statement = statement.where(notice.c.workspace_id == workspace_id)
    if unread:
        statement = statement.where(notice.c.read_at.is_(None))
    if before is not None:
        statement = statement.where(notice.c.id < before)
    rows = session.execute(statement.order_by(notice.c.id.desc()).limit(limit))
    return [Notice.model_validate(dict(row)) for row in rows.mappings()]


def read(session: Session, workspace_id: str, notice_id: str, reader: str) -> None:
    """Take note that somebody has read it. Raises NotFound."""
    where = (notice.c.workspace_id == workspace_id, notice.c.id == notice_id)
    if session.execute(select(notice.c.id).where(*where)).scalar() is None:
        raise NotFound(f"There is no notice {notice_id}.")
    session.execute(
        update(notice).where(*where, notice.c.read_at.is_(None)).values(read_at=session.now, read_by=reader)
    )
