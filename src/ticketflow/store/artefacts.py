"""Artefacts: what learning produced, as plain arrays with their provenance. Never pickles."""

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import artefact, artefact_part
from ticketflow.domain import Value
from ticketflow.errors import NotFound

PART_BYTES = 1 << 20


class Artefact(Value):
    """What is known of an artefact without loading its arrays."""

    id: str
    kind: str
    version: str
    provenance: dict[str, Any]
    created_at: int


def put(
    session: Session,
    workspace_id: str,
    kind: str,
    version: str,
    arrays: dict[str, NDArray[Any]],
    provenance: dict[str, Any],
    *,
    in_force: bool = True,
) -> Artefact:
    """Store arrays as an artefact, `in_force` as the active one of its kind; those before stay for replay."""
    made = Artefact(id=new_id(), kind=kind, version=version, provenance=provenance, created_at=session.now)
    session.execute(insert(artefact).values(workspace_id=workspace_id, active=False, **made.model_dump()))
    if in_force:
        activate(session, workspace_id, made)
    packed = pack(arrays)
    parts = [packed[start : start + PART_BYTES] for start in range(0, len(packed), PART_BYTES)]
    session.execute(
        insert(artefact_part),
        [
            {"workspace_id": workspace_id, "artefact_id": made.id, "ordinal": ordinal, "data": part}
            for ordinal, part in enumerate(parts)
        ],
    )
    return made


def active(session: Session, workspace_id: str, kind: str) -> Artefact | None:
    """The artefact of a kind that is in force."""
    row = (
        session.execute(
            select(artefact.c.id, artefact.c.kind, artefact.c.version, artefact.c.provenance, artefact.c.created_at)
            .where(artefact.c.workspace_id == workspace_id, artefact.c.kind == kind, artefact.c.active.is_(True))
            .order_by(artefact.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    return Artefact.model_validate(dict(row)) if row else None


def activate(session: Session, workspace_id: str, wanted: Artefact) -> None:
    """Put an artefact in force in place of the one of its kind that is."""
    same = (artefact.c.workspace_id == workspace_id, artefact.c.kind == wanted.kind)
    session.execute(update(artefact).where(*same, artefact.c.active.is_(True)).values(active=False))
    session.execute(update(artefact).where(*same, artefact.c.id == wanted.id).values(active=True))


def find(session: Session, workspace_id: str, kind: str, version: str | None = None) -> Artefact | None:
    """The newest artefact of a kind, in force or not, of a version if given."""
    statement = select(*(artefact.c[name] for name in Artefact.model_fields)).where(
        artefact.c.workspace_id == workspace_id, artefact.c.kind == kind
    )
    if version is not None:
        statement = statement.where(artefact.c.version == version)
    row = session.execute(statement.order_by(artefact.c.id.desc()).limit(1)).mappings().first()
    return Artefact.model_validate(dict(row)) if row else None


def every(session: Session, workspace_id: str, kind: str) -> list[Artefact]:
    """All artefacts of a kind, newest first."""
    statement = select(*(artefact.c[name] for name in Artefact.model_fields)).where(
        artefact.c.workspace_id == workspace_id, artefact.c.kind == kind
    )
    rows = session.execute(statement.order_by(artefact.c.id.desc())).mappings()
    return [Artefact.model_validate(dict(row)) for row in rows]


def get(session: Session, workspace_id: str, kind: str, version: str) -> Artefact:
    """The newest artefact of a kind and version, in force or not. Raises NotFound."""
    found = find(session, workspace_id, kind, version)
    if found is None:
        raise NotFound(f"There is no {kind} of version {version}.")
    return found


def load(session: Session, workspace_id: str, artefact_id: str) -> dict[str, NDArray[Any]]:
    """An artefact's arrays. Raises NotFound, and ValueError where they cannot be read any more."""
    rows = session.execute(
        select(artefact_part.c.data)
        .where(artefact_part.c.workspace_id == workspace_id, artefact_part.c.artefact_id == artefact_id)
        .order_by(artefact_part.c.ordinal)
    )
    parts = [data for (data,) in rows]
    if not parts:
        raise NotFound(f"There is no artefact {artefact_id}.")
    return unpack(b"".join(parts))


def pack(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Arrays as one zip of .npy files. Raises TypeError for an array of Python objects."""
    if any(array.dtype.hasobject for array in arrays.values()):
        raise TypeError("an artefact holds plain arrays only")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # pyright: ignore[reportArgumentType] # numpy's stub mistakes ** for options
    return buffer.getvalue()


def unpack(packed: bytes) -> dict[str, NDArray[Any]]:
    """The arrays that `pack` packed. Raises ValueError for anything else, pickles among it, which are never loaded."""
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise ValueError("the artefact's stored bytes are damaged, or no plain arrays") from error
