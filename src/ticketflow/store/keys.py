"""API keys as rows: only a digest of the secret is stored."""

from sqlalchemy import insert, select, update

from ticketflow.db import Session
from ticketflow.db.tables import api_key
from ticketflow.domain import Value
from ticketflow.errors import NotFound


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
        raise NotFound(f"There is no API key {key_id}.", remedy="`ticketflow key list` shows the keys.")
