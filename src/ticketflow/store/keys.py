"""API keys as rows: only a digest of the secret is stored."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, insert, or_, select, tuple_, update

from ticketflow.db import Session
from ticketflow.db.tables import api_key
from ticketflow.domain import Value
from ticketflow.errors import NotFound

PART = 500
"""Ids asked for in one statement."""


class ApiKey(Value):
    """A key as it may be shown: without its secret."""

    id: str
    workspace_id: str
    name: str
    digest: str
    last_four: str
    scopes: list[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None = None
    replaces: str | None = None

    def live(self, now: int) -> bool:
        """Whether it opens anything at `now` (microseconds)."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


def add(session: Session, made: ApiKey) -> None:
    """Store a key."""
    session.execute(insert(api_key).values(**made.model_dump()))


def find(session: Session, key_id: str) -> ApiKey | None:
    """The key with this id, in whichever workspace: it is the key that tells the workspace."""
    row = session.execute(select(api_key).where(api_key.c.id == key_id)).mappings().first()
    return ApiKey.model_validate(dict(row)) if row else None


def find_many(session: Session, key_ids: Sequence[str]) -> list[ApiKey]:
    """Those of these keys that exist, in no order."""
    parts = (key_ids[start : start + PART] for start in range(0, len(key_ids), PART))
    found = [session.execute(select(api_key).where(api_key.c.id.in_(part))).mappings().all() for part in parts]
    return [ApiKey.model_validate(dict(row)) for rows in found for row in rows]


def get(session: Session, workspace_id: str, key_id: str) -> ApiKey:
    """The workspace's key with this id. Raises NotFound."""
    found = find(session, key_id)
    if found is None or found.workspace_id != workspace_id:
        raise _missing(key_id)
    return found


def page(
    session: Session, workspace_id: str, *, before: tuple[int, str] | None = None, limit: int = 50
) -> list[ApiKey]:
    """Keys, newest first, revoked ones included; those before the place (time, id) of the last page's end."""
    statement = select(api_key).where(api_key.c.workspace_id == workspace_id)
    if before is not None:
        statement = statement.where(tuple_(api_key.c.created_at, api_key.c.id) < before)
    rows = session.execute(statement.order_by(api_key.c.created_at.desc(), api_key.c.id.desc()).limit(limit))
    return [ApiKey.model_validate(dict(row)) for row in rows.mappings()]


def successors(session: Session, workspace_id: str, key_id: str) -> list[ApiKey]:
    """The keys that were made to take this one's place."""
    rows = session.execute(select(api_key).where(api_key.c.workspace_id == workspace_id, api_key.c.replaces == key_id))
    return [ApiKey.model_validate(dict(row)) for row in rows.mappings()]


def end_at(session: Session, workspace_id: str, key_id: str, moment: int) -> None:
    """Let a key expire at `moment` (microseconds)."""
    session.execute(
        update(api_key).where(api_key.c.workspace_id == workspace_id, api_key.c.id == key_id).values(expires_at=moment)
    )


_USED = (
    update(api_key)
    .where(
        api_key.c.id == bindparam("wanted"), or_(api_key.c.used_at.is_(None), api_key.c.used_at < bindparam("minute"))
    )
    .values(used_at=bindparam("minute"))
)


def used(session: Session, minutes: Mapping[str, int]) -> None:
    """Note by key id in which minute (microseconds) it was last used; an earlier one changes nothing."""
    if minutes:
        session.execute(_USED, [{"wanted": key_id, "minute": minute} for key_id, minute in minutes.items()])


def every(session: Session, workspace_id: str) -> list[ApiKey]:
    """The workspace's keys, oldest first, revoked ones included."""
    rows = session.execute(
        select(api_key).where(api_key.c.workspace_id == workspace_id).order_by(api_key.c.created_at, api_key.c.id)
    )
    return [ApiKey.model_validate(dict(row)) for row in rows.mappings()]


def revoke(session: Session, workspace_id: str, key_id: str) -> None:
    """End a key now. Raises NotFound."""
    changed = session.execute(
        update(api_key)
        .where(api_key.c.workspace_id == workspace_id, api_key.c.id == key_id)
        .values(revoked_at=session.now)
    )
    if changed.rowcount == 0:
        raise _missing(key_id)


def _missing(key_id: str) -> NotFound:
    return NotFound(f"There is no API key {key_id}.", remedy="`ticketflow key list` shows the keys.")
