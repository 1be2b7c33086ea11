"""Exports that wait for whoever asked for them: a ZIP in parts, kept as an artefact, and removed after some days."""

from typing import Any

from sqlalchemy import delete, insert, select, update

from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.db.tables import artefact, artefact_part
from ticketflow.domain import Value
from ticketflow.errors import NotFound

KIND = "export"
PART_BYTES = 1 << 20
KEPT = 7 * DAY
"""Microseconds that an export's content stays."""
REMOVED_TOGETHER = 16
READY, UNDER_WAY = "ready", "under way"


class Export(Value):
    """An export whose content is there: bytes of the ZIP, and rows by kind."""

    id: str
    size: int
    counts: dict[str, int]


def begin(session: Session, workspace_id: str, export_id: str) -> None:
    """Make room for an export's parts."""
    row: dict[str, Any] = {"kind": KIND, "version": UNDER_WAY, "active": False, "provenance": {}}
    made = {"workspace_id": workspace_id, "id": export_id, "created_at": session.now, **row}
    session.insert_once(artefact, made)


def add_part(session: Session, workspace_id: str, export_id: str, ordinal: int, data: bytes) -> None:
    """Store the next part, of at most PART_BYTES."""
    session.execute(
        insert(artefact_part).values(workspace_id=workspace_id, artefact_id=export_id, ordinal=ordinal, data=data)
    )


def finish(session: Session, workspace_id: str, export_id: str, size: int, counts: dict[str, int]) -> bool:
    """Say that the content is whole; False where it was removed meanwhile."""
    mine = (artefact.c.workspace_id == workspace_id, artefact.c.kind == KIND, artefact.c.id == export_id)
    told = {"size": size, "counts": counts}
    return session.execute(update(artefact).where(*mine).values(version=READY, provenance=told)).rowcount == 1


def find(session: Session, workspace_id: str, export_id: str) -> Export | None:
    """An export whose content is there; None before it is whole, and when it is gone."""
    mine = (artefact.c.workspace_id == workspace_id, artefact.c.kind == KIND, artefact.c.id == export_id)
    row = session.execute(select(artefact.c.version, artefact.c.provenance).where(*mine)).first()
    return Export(id=export_id, **row.provenance) if row is not None and row.version == READY else None


def part(session: Session, workspace_id: str, export_id: str, ordinal: int) -> bytes:
    """A part of the content. Raises NotFound where it was removed meanwhile."""
    mine = (artefact_part.c.workspace_id == workspace_id, artefact_part.c.artefact_id == export_id)
    found = session.execute(select(artefact_part.c.data).where(*mine, artefact_part.c.ordinal == ordinal)).scalar()
    if found is None:
        raise NotFound("The export's content is gone.", remedy="Export anew.")
    return bytes(found)


def remove_part(session: Session, workspace_id: str, export_id: str | None = None) -> bool:
    """Remove some of the content of an export, or of all of the workspace's; whether there is more."""
    mine = [artefact.c.workspace_id == workspace_id, artefact.c.kind == KIND]
    if export_id is not None:
        mine.append(artefact.c.id == export_id)
    held = select(artefact_part.c.artefact_id, artefact_part.c.ordinal).where(
        artefact_part.c.workspace_id == workspace_id,
        artefact_part.c.artefact_id.in_(select(artefact.c.id).where(*mine)),
    )
    found = session.execute(held.limit(REMOVED_TOGETHER)).all()
    for artefact_id, ordinal in found:
        own = (artefact_part.c.artefact_id == artefact_id, artefact_part.c.ordinal == ordinal)
        session.execute(delete(artefact_part).where(artefact_part.c.workspace_id == workspace_id, *own))
    if not found:
        session.execute(delete(artefact).where(*mine))
    return bool(found)
