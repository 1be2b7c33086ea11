"""The event log: what happened, gapless and in commit order for each workspace. It is the outbox of everything live.

An auto-increment id is not commit order, so a counter row is raised last in the business transaction; its lock is
held until the commit, and a reader that has seen seq N has seen everything up to N.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from ticketflow.db import Database, Session
from ticketflow.db.tables import event, event_seq
from ticketflow.domain import Value

POLL_SECONDS = 0.2
PAGE = 500


class Event(Value):
    """A fact about a workspace. `ticket_id` is empty where the fact concerns no ticket."""

    workspace_id: str
    seq: int
    type: str
    ticket_id: str
    data: dict[str, Any]
    created_at: int


class Bell:
    """Wakes the readers of this process; other processes' readers find out by polling.

    Note `rung` before you look for work and hand it to `wait`: a ring in between is then not slept through.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.rung = 0

    def ring(self) -> None:
        """Wake everyone who waits."""
        with self._condition:
            self.rung += 1
            self._condition.notify_all()

    def wait(self, seconds: float, rung: int | None = None) -> None:
        """Sleep until somebody rings, at most `seconds`; not at all when somebody rang after `rung` was read."""
        with self._condition:
            seen = self.rung if rung is None else rung
            self._condition.wait_for(lambda: self.rung != seen, seconds)


bell = Bell()

_MINE = event_seq.c.workspace_id == bindparam("workspace")
_RAISE = update(event_seq).where(_MINE).values(last=event_seq.c.last + bindparam("count"))
_LAST = select(event_seq.c.last).where(_MINE)
_ADD = insert(event)


def append(session: Session, workspace_id: str, type: str, ticket_id: str = "", **data: Any) -> None:  # noqa: A002
    """Record a fact with the transaction it belongs to. It is written at the transaction's very end."""
    pending = session.pending_events.setdefault(workspace_id, [])
    if not pending:
        session.before_commit(lambda: _write(session, workspace_id))
        session.after_commit(bell.ring)
    pending.append({"type": type, "ticket_id": ticket_id, "data": data})


def _write(session: Session, workspace_id: str) -> None:
    pending = session.pending_events.pop(workspace_id)
    raised = {"workspace": workspace_id, "count": len(pending)}
    if session.execute(_RAISE, raised).rowcount == 0:
        session.insert_once(event_seq, {"workspace_id": workspace_id, "last": 0})
        session.execute(_RAISE, raised)
    last = session.execute(_LAST, {"workspace": workspace_id}).scalar_one()
    first = last - len(pending) + 1
    rows = [
        {"workspace_id": workspace_id, "seq": first + offset, "created_at": session.now, **fact}
        for offset, fact in enumerate(pending)
    ]
    session.execute(_ADD, rows)


def after(session: Session, workspace_id: str, seq: int, limit: int = PAGE) -> list[Event]:
    """The events that follow `seq`, oldest first."""
    rows = session.execute(
        select(event).where(event.c.workspace_id == workspace_id, event.c.seq > seq).order_by(event.c.seq).limit(limit)
    )
    return [Event.model_validate(dict(row)) for row in rows.mappings()]


def last_seq(session: Session, workspace_id: str) -> int:
    """The newest event's seq, 0 before the first."""
    return int(session.execute(_LAST, {"workspace": workspace_id}).scalar() or 0)


def last_seqs(session: Session, workspace_ids: Sequence[str]) -> dict[str, int]:
    """The newest event's seq of each of these workspaces that has one: one look for those who follow many."""
    found: dict[str, int] = {}
    for start in range(0, len(workspace_ids), PAGE):
        part = workspace_ids[start : start + PAGE]
        rows = session.execute(select(event_seq).where(event_seq.c.workspace_id.in_(part)))
        found.update({str(row["workspace_id"]): int(row["last"]) for row in rows.mappings()})
    return found


def follow(database: Database, workspace_id: str, seq: int, stop: threading.Event) -> Iterator[Event]:
    """Every event after `seq`, then each new one as it is committed by any process, until `stop` is set."""
    while not stop.is_set():
        rung = bell.rung
        with database.read() as session:
            page = after(session, workspace_id, seq)
        for found in page:
            seq = found.seq
            yield found
        if not page:
            bell.wait(POLL_SECONDS, rung)
