"""Effects: what a run does that a customer can see, recorded under a key that no retry changes.

Built here is the kind inside our own database: the record and the effect share a transaction, so it happens exactly
once. Effects outside (resend with the same key, or never resend) use the same row with the states before `sent`.
"""

import hashlib
from enum import StrEnum
from typing import Any

from ticketflow.db import Session
from ticketflow.db.tables import effect


class EffectState(StrEnum):
    """How far an effect has come. Only one outside our database is ever `sending` or `unconfirmed`."""

    SENDING = "sending"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"


def effect_key(workspace_id: str, ticket_id: str, trigger_id: str, kind: str) -> str:
    """The effect's identity, 64 hex characters: the same for every attempt of every run of that trigger."""
    return hashlib.sha256("\0".join((workspace_id, ticket_id, trigger_id, kind)).encode()).hexdigest()


def once(
    session: Session,
    *,
    workspace_id: str,
    ticket_id: str,
    trigger_id: str,
    run_id: str,
    kind: str,
    payload: dict[str, Any],
) -> bool:
    """Record an effect in our own database: True the first time, and then the caller writes it in this transaction.

    False means that it was done before and must not be done again. `kind` is at most 32 characters.
    """
    row = {
        "key": effect_key(workspace_id, ticket_id, trigger_id, kind),
        "workspace_id": workspace_id,
        "ticket_id": ticket_id,
        "run_id": run_id,
        "kind": kind,
        "state": EffectState.SENT.value,
        "payload": payload,
        "created_at": session.now,
        "updated_at": session.now,
    }
    return session.insert_once(effect, row)
