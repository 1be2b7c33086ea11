"""Whether those who hold a stream may still: keys and sessions end while connections stay open."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from pydantic import TypeAdapter

from ticketflow.api import sessions
from ticketflow.api.principal import Principal
from ticketflow.db import Session
from ticketflow.store import browser_sessions, keys

Identity = tuple[str, str]
"""What ends a caller's permission when it ends: the kind, and the id of the key or of the session."""

_PRINCIPAL = TypeAdapter(Principal)


def identity(principal: Principal) -> Identity:
    """The key or the session by which a caller is known."""
    return principal.kind, principal.session_id or principal.id


def standing(session: Session, principals: Iterable[Principal]) -> dict[Identity, Principal]:
    """Those who would still be let in, with what they may do now; whoever is missing would be refused.

    One look for all of them, however many there are.
    """
    asked = {identity(principal): principal for principal in principals}
    found: dict[Identity, Principal] = {}
    for row in keys.find_many(session, [name for kind, name in asked if kind == "key"]):
        known = asked["key", row.id]
        if row.live(session.now):
            found["key", row.id] = replace(known, scopes=frozenset(row.scopes))
    for signed_in in browser_sessions.find_many(session, [name for kind, name in asked if kind == "person"]):
        if signed_in.session.live(session.now) and signed_in.person.disabled_at is None:
            found["person", signed_in.session.id] = sessions.principal(signed_in)
    return found


def written(principal: Principal) -> dict[str, Any]:
    """A caller as JSON, for a one-time ticket."""
    return {**asdict(principal), "scopes": sorted(principal.scopes)}


def read(subject: dict[str, Any]) -> Principal:
    """The caller that `written` wrote."""
    return _PRINCIPAL.validate_python(subject)
