"""Secrets that open something once: sign-in links and tickets for the live stream. Only a digest is stored."""

import hashlib
import secrets
from typing import Any

from sqlalchemy import delete, insert, select, update

from ticketflow.db import Session
from ticketflow.db.tables import one_time_token as token
from ticketflow.domain import Value

KEPT_AFTER = 24 * 3600 * 1_000_000
"""Microseconds for which a token that has expired is kept, so that its use can be told from one made up."""


class OneTime(Value):
    """What a token stands for."""

    workspace_id: str
    purpose: str
    subject: dict[str, Any]
    created_at: int
    expires_at: int
    used_at: int | None


def issue(session: Session, workspace_id: str, purpose: str, subject: dict[str, Any], lifetime: int) -> str:
    """A new token that opens `purpose` once within `lifetime` microseconds; its text is kept nowhere."""
    text = secrets.token_urlsafe(32)
    session.execute(delete(token).where(token.c.expires_at < session.now - KEPT_AFTER))
    session.execute(
        insert(token).values(
            digest=_digest(text),
            workspace_id=workspace_id,
            purpose=purpose,
            subject=subject,
            created_at=session.now,
            expires_at=session.now + lifetime,
        )
    )
    return text


def redeem(session: Session, purpose: str, text: str) -> OneTime | None:
    """What a token stands for, spent from now on; None for one that is unknown, spent, late or for something else."""
    digest = _digest(text)
    spent = session.execute(
        update(token)
        .where(
            token.c.digest == digest,
            token.c.purpose == purpose,
            token.c.used_at.is_(None),
            token.c.expires_at > session.now,
        )
        .values(used_at=session.now)
    )
    if spent.rowcount == 0:
        return None
    row = session.execute(select(token).where(token.c.digest == digest)).mappings().one()
    return OneTime.model_validate({name: row[name] for name in OneTime.model_fields})


def find(session: Session, purpose: str, text: str) -> OneTime | None:
    """What a token stood for, spent and late ones included, to say why one was refused; it opens nothing."""
    statement = select(token).where(token.c.digest == _digest(text), token.c.purpose == purpose)
    row = session.execute(statement).mappings().first()
    return None if row is None else OneTime.model_validate({name: row[name] for name in OneTime.model_fields})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
