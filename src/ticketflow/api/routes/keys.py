"""API keys over the API: made and shown once, listed without secrets, rotated, revoked."""

from typing import Annotated

from fastapi import Query, Response

from ticketflow.api import keys, paging, rotation
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, answers_once, needs, router
from ticketflow.api.schemas.keys import KeyIn, KeyMade, KeyOut, KeyPage, KeyQuery, KeyRotation
from ticketflow.api.scopes import Scope
from ticketflow.clock import SECOND
from ticketflow.store import keys as stored

routes = router("API keys")


@routes.get("/keys", summary="List API keys")
@needs(Scope.KEYS_READ)
def list_keys(calling: Calling, query: Annotated[KeyQuery, Query()]) -> KeyPage:
    """The workspace's keys, newest first, those that are over included. Secrets are not stored and cannot be shown."""
    before = paging.position(calling, "keys", query)
    with calling.runtime.database.read() as session:
        found = stored.page(session, calling.workspace_id, before=before, limit=query.limit + 1)
        now = session.now
    items, cursor = paging.cut(calling, "keys", query, found, lambda last: (last.created_at, last.id))
    return KeyPage(items=[KeyOut.of(one, now) for one in items], next_cursor=cursor)


@routes.post("/keys", status_code=201, summary="Make an API key")
@answers_once
@needs(Scope.KEYS_WRITE)
def make_key(calling: Calling, body: KeyIn, response: Response) -> KeyMade:
    """A new key of this workspace. `key` is its text, which is shown this once. A scope that you do not have yourself
    is refused with 403.
    """
    with calling.runtime.database.write() as session:
        made, text = keys.create(
            session,
            calling.workspace_id,
            calling.runtime.secret,
            body.name,
            body.scopes,
            actor=calling.principal.actor,
            expires_at=body.expires_at,
            held=calling.principal.scopes,
        )
        now = session.now
    response.headers["Location"] = f"/v1/keys/{made.id}"
    return KeyMade.shown(made, text, now)


@routes.get("/keys/{key_id}", summary="Read an API key", responses=fails(404))
@needs(Scope.KEYS_READ)
def read_key(calling: Calling, key_id: str) -> KeyOut:
    """A key without its secret: what it may do, when it was last used, whether it is live."""
    with calling.runtime.database.read() as session:
        return KeyOut.of(stored.get(session, calling.workspace_id, key_id), session.now)


@routes.post("/keys/{key_id}/rotate", status_code=201, summary="Rotate an API key", responses=fails(404, 409))
@answers_once
@needs(Scope.KEYS_WRITE)
def rotate_key(calling: Calling, key_id: str, body: KeyRotation, response: Response) -> KeyMade:
    """A new key with the same name and scopes. The old one goes on for `overlap_seconds`, so that nobody is locked out
    while the new one is put in its places. At most two keys of a line are live: a third is refused with 409.
    """
    with calling.runtime.database.write() as session:
        made, text = rotation.rotate(
            session,
            calling.workspace_id,
            calling.runtime.secret,
            key_id,
            actor=calling.principal.actor,
            overlap=body.overlap_seconds * SECOND,
            expires_at=body.expires_at,
            held=calling.principal.scopes,
        )
        now = session.now
    response.headers["Location"] = f"/v1/keys/{made.id}"
    return KeyMade.shown(made, text, now)


@routes.post("/keys/{key_id}/revoke", summary="Revoke an API key", responses=fails(404))
@needs(Scope.KEYS_WRITE)
def revoke_key(calling: Calling, key_id: str) -> KeyOut:
    """End a key for good: every process refuses it within a second. Revoking it twice is no error."""
    with calling.runtime.database.write() as session:
        keys.revoke(session, calling.workspace_id, key_id, actor=calling.principal.actor)
        return KeyOut.of(stored.get(session, calling.workspace_id, key_id), session.now)
