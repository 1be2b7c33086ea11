"""Settings changed by people: stored, announced, put into the audit log, and followed by a look at the proofs."""

from typing import Any

from ticketflow import events
from ticketflow.agent import closing, retaining, watch
from ticketflow.db import Session
from ticketflow.store import audit, settings, workspaces
from ticketflow.store.settings import Settings

PROOFS_REST_ON = frozenset({"max_wrong", "certainty", "category_max_wrong", "level", "levels", "sensitive"})
"""Settings that may end what a certificate serves for, or make a new one worth trying."""


def change_settings(
    session: Session, workspace_id: str, changes: dict[str, Any], actor: str, *, reason: str = "", look: bool = True
) -> Settings:
    """Change settings by name; the settings then in force. What is so already is no change.

    With `look`, a change that a proof rests on queues a look at all proofs. Raises pydantic's ValidationError for an
    unknown name or a wrong value.
    """
    workspaces.hold(session, workspace_id)
    before = settings.get(session, workspace_id)
    changed = {name: value for name, value in changes.items() if getattr(before, name, None) != value}
    if not changed:
        return before
    made = settings.put(session, workspace_id, changed, actor)
    why = {"reason": reason} if reason else {}
    events.append(session, workspace_id, "settings.changed", names=sorted(changed), **why)
    were = {name: getattr(before, name) for name in changed}
    audit.record(session, workspace_id, actor, "settings.changed", "settings", before=were, after=changed, **why)
    if look and not PROOFS_REST_ON.isdisjoint(changed):
        watch.queue_look(session, workspace_id, now=True)
    if "close_after_days" in changed:
        closing.schedule(session, workspace_id)
    if not changed.keys().isdisjoint(retaining.PERIODS):
        retaining.schedule(session, workspace_id)
    return made
