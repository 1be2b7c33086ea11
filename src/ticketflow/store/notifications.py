"""Notifications: what a channel was, or is to be, told. Those that share a run go out as one message."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import event, notification
from ticketflow.domain import Value
from ticketflow.errors import NotFound

ERROR_LENGTH = 500
RECENT = 2_000
"""How many of a channel's newest notifications are looked at to find out how many messages it got lately."""


class NotificationState(StrEnum):
    """How far a notification has come.

    pending  its next attempt is due at `next_at`
    held     it waits for the digest at `next_at`: these are quiet hours, or the hour has had its messages
    sent     the other side took it
    failed   it was refused for good, or every attempt of a day failed
    dropped  nobody wants it any more: the channel was disabled, or the event erased
    """

    PENDING = "pending"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Notification(Value):
    """What one event is to one channel. `seq` is the event's, 0 for a test; `type` None where the event is gone.

    run_id  of the next attempt, or of the last; notifications of a digest share it
    error   of the last attempt
    """

    id: str
    channel_id: str
    seq: int
    type: str | None
    ticket_id: str | None
    run_id: str
    state: NotificationState
    attempts: int
    error: str | None
    next_at: int | None
    created_at: int
    updated_at: int


def add(
    session: Session,
    workspace_id: str,
    channel_id: str,
    seq: int,
    run_id: str,
    state: NotificationState,
    due_at: int,
    *,
    notification_id: str | None = None,
) -> str:
    """Store a notification of the run that will send it; its id."""
    made = notification_id or new_id()
    values = {
        "workspace_id": workspace_id,
        "id": made,
        "channel_id": channel_id,
        "seq": seq,
        "run_id": run_id,
        "state": state.value,
        "attempts": 0,
        "error": None,
        "next_at": due_at,
        "created_at": session.now,
        "updated_at": session.now,
    }
    session.execute(insert(notification).values(**values))
    return made


def get(session: Session, workspace_id: str, notification_id: str) -> Notification:
    """The notification, held until the commit where this transaction writes. Raises NotFound."""
    where = and_(notification.c.workspace_id == workspace_id, notification.c.id == notification_id)
    if session.execute(session.held(select(notification.c.id).where(where))).first() is None:
        raise NotFound(f"There is no notification {notification_id}.")
    return _found(session, workspace_id, [notification.c.id == notification_id], 1)[0]


def page(
    session: Session,
    workspace_id: str,
    *,
    channel_id: str | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Notification]:
    """Notifications, newest first, those made before the one with id `before`."""
    wanted = [
        column == given
        for column, given in ((notification.c.channel_id, channel_id), (notification.c.state, state))
        if given is not None
    ]
    if before is not None:
        wanted.append(notification.c.id < before)
    return _found(session, workspace_id, wanted, limit)


def of_run(session: Session, workspace_id: str, channel_id: str, run_id: str) -> list[Notification]:
    """What a run is to send, in the order of the events; the channel must be held where it is changed afterwards."""
    wanted = [notification.c.channel_id == channel_id, notification.c.run_id == run_id]
    return sorted(_found(session, workspace_id, wanted, None), key=lambda one: (one.seq, one.id))


def change(session: Session, workspace_id: str, ids: Sequence[str], **values: Any) -> None:
    """Set columns of notifications."""
    if values.get("error"):
        values["error"] = str(values["error"])[:ERROR_LENGTH]
    mine = and_(notification.c.workspace_id == workspace_id, notification.c.id.in_(ids))
    session.execute(update(notification).where(mine).values(**values, updated_at=session.now))


def attempted(session: Session, workspace_id: str, ids: Sequence[str]) -> None:
    """Count one more attempt."""
    mine = and_(notification.c.workspace_id == workspace_id, notification.c.id.in_(ids))
    session.execute(update(notification).where(mine).values(attempts=notification.c.attempts + 1))


def digest(session: Session, workspace_id: str, channel_id: str) -> tuple[str, int] | None:
    """The digest that a held notification of the channel waits for: its run, and when it is due. None without one.

    The channel must be held: whoever ends the run holds it as well.
    """
    row = session.execute(
        select(notification.c.run_id, notification.c.next_at)
        .where(
            notification.c.workspace_id == workspace_id,
            notification.c.channel_id == channel_id,
            notification.c.state == NotificationState.HELD.value,
        )
        .order_by(notification.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.run_id, int(row.next_at))


def messages(session: Session, workspace_id: str, channel_id: str, since: int) -> list[int]:
    """When each message of the channel went out after `since`, in order; those that wait count as of now."""
    recent = (
        select(notification)
        .where(notification.c.workspace_id == workspace_id, notification.c.channel_id == channel_id)
        .order_by(notification.c.id.desc())
        .limit(RECENT)
        .subquery()
    )
    rows = session.execute(
        select(func.max(recent.c.updated_at), func.max(recent.c.state))
        .where(
            recent.c.seq > 0,
            ((recent.c.state == NotificationState.SENT.value) & (recent.c.updated_at > since))
            | (recent.c.state == NotificationState.PENDING.value),
        )
        .group_by(recent.c.run_id)
    )
    return sorted(session.now if state == NotificationState.PENDING else int(at) for at, state in rows)


def last_ended(session: Session, workspace_id: str, channel_id: str) -> NotificationState | None:
    """How the channel's message before ended, sent or failed; None before the first."""
    row = session.execute(
        select(notification.c.state)
        .where(
            notification.c.workspace_id == workspace_id,
            notification.c.channel_id == channel_id,
            notification.c.state.in_([NotificationState.SENT.value, NotificationState.FAILED.value]),
        )
        .order_by(notification.c.updated_at.desc(), notification.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else NotificationState(row.state)


def _found(session: Session, workspace_id: str, wanted: Sequence[Any], limit: int | None) -> list[Notification]:
    told = and_(event.c.workspace_id == notification.c.workspace_id, event.c.seq == notification.c.seq)
    rows = session.execute(
        select(notification, event.c.type, event.c.ticket_id)
        .outerjoin(event, told)
        .where(notification.c.workspace_id == workspace_id, *wanted)
        .order_by(notification.c.id.desc())
        .limit(limit)
    ).mappings()
    return [Notification.model_validate({name: row[name] for name in Notification.model_fields}) for row in rows]
