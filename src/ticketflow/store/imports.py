"""Imports: how far each file got, so that a stopped import goes on where it was."""

from typing import Any

from sqlalchemy import insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import imports
from ticketflow.domain import Value


class Import(Value):
    """One file's import. `position` counts the records that are committed; `state` is running or finished."""

    id: str
    source: str
    fingerprint: str
    mapping: dict[str, Any]
    state: str
    position: int
    counts: dict[str, int]
    created_at: int
    updated_at: int


def begin(session: Session, workspace_id: str, source: str, fingerprint: str, mapping: dict[str, Any]) -> Import:
    """The import of the file with this fingerprint: as far as it got, or a new one."""
    where = (imports.c.workspace_id == workspace_id, imports.c.fingerprint == fingerprint)
    columns = [column for column in imports.c if column.name != "workspace_id"]
    row = session.execute(select(*columns).where(*where)).mappings().first()
    if row is not None:
        return Import.model_validate(dict(row))
    made = Import(
        id=new_id(),
        source=source,
        fingerprint=fingerprint,
        mapping=mapping,
        state="running",
        position=0,
        counts={},
        created_at=session.now,
        updated_at=session.now,
    )
    session.execute(insert(imports).values(workspace_id=workspace_id, **made.model_dump()))
    return made


def progress(
    session: Session, workspace_id: str, import_id: str, *, position: int, counts: dict[str, int], state: str
) -> None:
    """Note how far an import got, in the transaction that stores those records."""
    session.execute(
        update(imports)
        .where(imports.c.workspace_id == workspace_id, imports.c.id == import_id)
        .values(position=position, counts=counts, state=state, updated_at=session.now)
    )
