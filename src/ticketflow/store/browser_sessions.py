"""Sessions of people who signed in with a browser: only a digest of the cookie is stored, and it is the id."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, select, update

from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.db.tables import browser_session as table
from ticketflow.db.tables import person
from ticketflow.domain import Value
from ticketflow.store.people import Person

KEPT_AFTER = 30 * DAY
"""How long a session is kept once it has expired."""
PART = 500
"""Ids asked for in one statement."""


class BrowserSession(Value):
    """One browser of one person, from signing in to signing out."""

    id: str
    workspace_id: str
    person_id: str
    created_at: int
    expires_at: int
    ended_at: int | None

    def live(self, now: int) -> bool:
        """Whether it opens anything at `now` (microseconds)."""
        return self.ended_at is None and self.expires_at > now


class SignedIn(Value):
    """A session with the person as they are now."""

    session: BrowserSession
    person: Person


def add(session: Session, made: BrowserSession) -> None:
    """Store a session; those of the same person that expired long ago go."""
    session.execute(
        delete(table).where(
            table.c.workspace_id == made.workspace_id,
            table.c.person_id == made.person_id,
            table.c.expires_at < session.now - KEPT_AFTER,
        )
    )
    session.execute(insert(table).values(**made.model_dump()))


def find(session: Session, digest: str) -> SignedIn | None:
    """The session of a cookie with this digest, in whichever workspace: it is the session that tells the workspace."""
    row = session.execute(select(table).where(table.c.id == digest)).mappings().first()
    if row is None:
        return None
    found = BrowserSession.model_validate(dict(row))
    whose = session.execute(
        select(person).where(person.c.workspace_id == found.workspace_id, person.c.id == found.person_id)
    )
    who = whose.mappings().first()
    return None if who is None else SignedIn(session=found, person=Person.model_validate(dict(who)))


def find_many(session: Session, digests: Sequence[str]) -> list[SignedIn]:
    """Those of these sessions that exist, in no order: one look for connections that stay open."""
    found: list[SignedIn] = []
    for start in range(0, len(digests), PART):
        part = digests[start : start + PART]
        known = session.execute(select(table).where(table.c.id.in_(part))).mappings().all()
        sessions = [BrowserSession.model_validate(dict(row)) for row in known]
        rows = session.execute(select(person).where(person.c.id.in_({one.person_id for one in sessions})))
        people = {(row["workspace_id"], row["id"]): Person.model_validate(dict(row)) for row in rows.mappings()}
        whose = [(one, people.get((one.workspace_id, one.person_id))) for one in sessions]
        found += [SignedIn(session=one, person=who) for one, who in whose if who is not None]
    return found


def live(session: Session, workspace_id: str, person_id: str) -> list[BrowserSession]:
    """A person's sessions that still open something, newest first."""
    rows = session.execute(
        select(table)
        .where(
            table.c.workspace_id == workspace_id,
            table.c.person_id == person_id,
            table.c.ended_at.is_(None),
            table.c.expires_at > session.now,
        )
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    return [BrowserSession.model_validate(dict(row)) for row in rows.mappings()]


def any_yet(session: Session, workspace_id: str) -> bool:
    """Whether anybody has ever signed in to the workspace."""
    return session.execute(select(table.c.id).where(table.c.workspace_id == workspace_id).limit(1)).first() is not None


def end(session: Session, workspace_id: str, session_id: str) -> bool:
    """End a session now; whether it was live."""
    changed = session.execute(
        update(table)
        .where(table.c.workspace_id == workspace_id, table.c.id == session_id, table.c.ended_at.is_(None))
        .values(ended_at=session.now)
    )
    return changed.rowcount > 0


def end_all(session: Session, workspace_id: str, person_id: str) -> int:
    """End every live session of a person now; how many there were."""
    changed = session.execute(
        update(table)
        .where(
            table.c.workspace_id == workspace_id,
            table.c.person_id == person_id,
            table.c.ended_at.is_(None),
            table.c.expires_at > session.now,
        )
        .values(ended_at=session.now)
    )
    return changed.rowcount


_PROLONG = (
    update(table)
    .where(table.c.id == bindparam("wanted"), table.c.ended_at.is_(None), table.c.expires_at < bindparam("until"))
    .values(expires_at=bindparam("until"))
)


def prolong(session: Session, until: Mapping[str, int]) -> None:
    """Let sessions last until these times, by their ids; ended ones stay ended, and none becomes shorter."""
    if until:
        session.execute(_PROLONG, [{"wanted": one, "until": moment} for one, moment in until.items()])
