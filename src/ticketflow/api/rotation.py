"""A key that takes another's place: both open the API until the old one's end, so that nobody is locked out."""

from collections.abc import Iterable

from ticketflow.api import keys
from ticketflow.clock import DAY, from_iso
from ticketflow.db import Session
from ticketflow.errors import Conflict
from ticketflow.store import audit, workspaces
from ticketflow.store import keys as stored
from ticketflow.store.keys import ApiKey

LATEST = from_iso("9999-12-31")
"""No key ends later: ISO 8601 knows no year after it."""
OVERLAP = DAY
"""How long the old key goes on, unless somebody says otherwise (microseconds)."""


def rotate(
    session: Session,
    workspace_id: str,
    installation_secret: bytes,
    key_id: str,
    *,
    actor: str,
    overlap: int = OVERLAP,
    expires_at: int | None = None,
    held: Iterable[str] | None = None,
) -> tuple[ApiKey, str]:
    """A new key with the name and scopes of `key_id`, which ends after `overlap`: the stored row and the text to show.

    Without `expires_at` it lasts as long as the old one was made to last. Raises NotFound, Forbidden for a scope that
    is not held, and Conflict when the old key is over, or when it or the one before it is being replaced already:
    at most two keys of one line are live.
    """
    workspaces.hold(session, workspace_id)
    old = stored.get(session, workspace_id, key_id)
    _require_alone(session, old)
    if expires_at is None and old.expires_at is not None:
        expires_at = min(session.now + (old.expires_at - old.created_at), LATEST)
    made, text = keys.create(
        session,
        workspace_id,
        installation_secret,
        old.name,
        old.scopes,
        actor=actor,
        expires_at=expires_at,
        held=held,
        replaces=old.id,
    )
    end = session.now + overlap
    if old.expires_at is None or old.expires_at > end:
        stored.end_at(session, workspace_id, old.id, end)
    audit.record(session, workspace_id, actor, "api_key.rotated", old.id, replaced_by=made.id)
    return made, text


def _require_alone(session: Session, old: ApiKey) -> None:
    if not old.live(session.now):
        raise Conflict(f"The API key {old.id} is over.", remedy="Make a new one; nothing is left to replace.")
    for other in stored.successors(session, old.workspace_id, old.id):
        if other.live(session.now):
            raise Conflict(
                f"The API key {old.id} is being replaced by {other.id} already.",
                remedy="Rotate or revoke that one; at most two keys of a line are live.",
            )
    before = stored.find(session, old.replaces) if old.replaces else None
    if before is not None and before.live(session.now):
        raise Conflict(
            f"The API key {before.id}, which {old.id} replaces, is live still.",
            remedy="Revoke it, or wait for its end; at most two keys of a line are live.",
        )
