"""Workspaces: one for each customer organisation."""

from sqlalchemy import bindparam, func, insert, select

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import workspace
from ticketflow.domain import Workspace
from ticketflow.errors import NotFound

_COLUMNS = (workspace.c.id, workspace.c.number, workspace.c.slug, workspace.c.name)
_BY_ID = select(*_COLUMNS).where(workspace.c.id == bindparam("wanted"))


def ensure(session: Session, slug: str, name: str | None = None) -> Workspace:
    """The workspace with this slug, made when it is missing."""
    found = find(session, slug)
    if found is not None:
        return found
    number = int(session.execute(select(func.coalesce(func.max(workspace.c.number), 0))).scalar_one()) + 1
    made = Workspace(id=new_id(), number=number, slug=slug, name=name or slug)
    session.execute(insert(workspace).values(created_at=session.now, **made.model_dump()))
    return made


def find(session: Session, slug: str) -> Workspace | None:
    """The workspace with this slug."""
    row = session.execute(select(*_COLUMNS).where(workspace.c.slug == slug)).mappings().first()
    return Workspace.model_validate(dict(row)) if row else None


def get(session: Session, workspace_id: str) -> Workspace:
    """The workspace with this id. Raises NotFound."""
    row = session.execute(_BY_ID, {"wanted": workspace_id}).mappings().first()
    if row is None:
        raise NotFound(f"There is no workspace {workspace_id}.")
    return Workspace.model_validate(dict(row))


def hold(session: Session, workspace_id: str) -> None:
    """Until the commit, nobody else who holds this workspace goes on.

    For what is decided from several of a workspace's rows and then written: proofs, grades, settings, imports. Taken
    before any row of the workspace, so that two who wait for each other do not come about.
    """
    session.execute(session.held(_BY_ID), {"wanted": workspace_id})


def every(session: Session) -> list[Workspace]:
    """All workspaces, oldest first."""
    rows = session.execute(select(*_COLUMNS).order_by(workspace.c.number)).mappings()
    return [Workspace.model_validate(dict(row)) for row in rows]
