"""What a request with an Idempotency-Key was answered, by caller and key."""

from sqlalchemy import ColumnElement, delete, select, update

from ticketflow.clock import SECOND
from ticketflow.db import Session
from ticketflow.db.tables import idempotency
from ticketflow.domain import Value

KEPT = 24 * 3600 * SECOND
"""Microseconds for which an answer is kept."""


class Repeated(Value):
    """The first request with a key; `status` is None while nobody knows its answer."""

    request_hash: str
    status: int | None
    headers: dict[str, str]
    body: bytes
    created_at: int


def begin(session: Session, workspace_id: str, caller: str, key: str, request_hash: str) -> Repeated | None:
    """Take a key for a request; what stands under it where somebody was first."""
    session.execute(delete(idempotency).where(idempotency.c.expires_at <= session.now))
    row = {
        "workspace_id": workspace_id,
        "caller": caller,
        "key": key,
        "request_hash": request_hash,
        "status": None,
        "headers": {},
        "body": b"",
        "created_at": session.now,
        "expires_at": session.now + KEPT,
    }
    if session.insert_once(idempotency, row):
        return None
    found = session.execute(select(idempotency).where(*_under(workspace_id, caller, key))).mappings().one()
    return Repeated.model_validate({name: found[name] for name in Repeated.model_fields})


def finish(
    session: Session, workspace_id: str, caller: str, key: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Keep the answer to the request that took the key."""
    session.execute(
        update(idempotency)
        .where(*_under(workspace_id, caller, key))
        .values(status=status, headers=headers, body=body, expires_at=session.now + KEPT)
    )


def forget(session: Session, workspace_id: str, caller: str, key: str) -> None:
    """Give a key back: the request that took it did nothing."""
    session.execute(delete(idempotency).where(*_under(workspace_id, caller, key)))


def _under(workspace_id: str, caller: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return (
        idempotency.c.workspace_id == workspace_id,
        idempotency.c.caller == caller,
        idempotency.c.key == key,
    )
