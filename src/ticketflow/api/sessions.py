"""Sessions of people: begun by signing in, found by a cookie, prolonged by use, ended by signing out.

The cookie holds 256 random bits, new at every sign-in. What is stored, and serves as the session's id, is an HMAC of
it, so that neither the database nor the audit log lets anybody in.
"""

import hmac
import secrets
import time
from collections.abc import Callable

from ticketflow.api.principal import Principal
from ticketflow.api.remembered import Remembered
from ticketflow.api.roles import scopes_of
from ticketflow.api.uses import Uses
from ticketflow.clock import DAY, HOUR
from ticketflow.db import Database, Session
from ticketflow.errors import Unauthenticated
from ticketflow.store import audit, browser_sessions
from ticketflow.store.browser_sessions import BrowserSession, SignedIn
from ticketflow.store.people import Person

IDLE = 12 * HOUR
"""A session that nobody uses for so long is over."""
LONGEST = 7 * DAY
"""No session lasts longer, however much it is used."""
PROLONGED_AFTER = HOUR
"""A session is prolonged when this much of its time is used up, not at every request."""

_REMEDY = "Open a new sign-in link; `ticketflow person link EMAIL` makes one."


def digest(installation_secret: bytes, cookie: str) -> str:
    """The id of a cookie's session, 64 hex characters."""
    purpose = hmac.digest(installation_secret, b"ticketflow session", "sha256")
    return hmac.new(purpose, cookie.encode(), "sha256").hexdigest()


def begin(session: Session, installation_secret: bytes, person: Person) -> tuple[BrowserSession, str]:
    """A new session of a person, and the cookie's text, which is kept nowhere."""
    cookie = secrets.token_urlsafe(32)
    made = BrowserSession(
        id=digest(installation_secret, cookie),
        workspace_id=person.workspace_id,
        person_id=person.id,
        created_at=session.now,
        expires_at=session.now + IDLE,
        ended_at=None,
    )
    browser_sessions.add(session, made)
    audit.record(session, person.workspace_id, f"person:{person.id}", "session.started", person.id)
    return made, cookie


def end(session: Session, caller: Principal, *, actor: str) -> bool:
    """End the session of a caller; every process refuses it within a second. Whether it was live."""
    ended = browser_sessions.end(session, caller.workspace_id, caller.session_id or "")
    if ended:
        audit.record(session, caller.workspace_id, actor, "session.ended", caller.id, sessions=1)
    return ended


def end_all(session: Session, workspace_id: str, person_id: str, *, actor: str) -> int:
    """End every session of a person; how many were live."""
    ended = browser_sessions.end_all(session, workspace_id, person_id)
    if ended:
        audit.record(session, workspace_id, actor, "session.ended", person_id, sessions=ended)
    return ended


class SessionGate:
    """Checks the cookies of one process. Rows are remembered for half a second, cookies never."""

    def __init__(
        self,
        database: Database,
        installation_secret: bytes,
        uses: Uses,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._secret = installation_secret
        self._uses = uses
        self._rows = Remembered(self._read, monotonic)

    def admit(self, cookie: str) -> Principal:
        """Who sends this cookie. Raises Unauthenticated, StorageUnavailable."""
        now = self._database.clock.now()
        found = self._rows.get(digest(self._secret, cookie))
        if found is None:
            raise Unauthenticated("There is no such session here.", remedy=_REMEDY)
        if found.person.disabled_at is not None:
            raise Unauthenticated("This person may not sign in any more.", remedy="Ask an owner of the workspace.")
        if not found.session.live(now):
            ended = "was ended" if found.session.ended_at is not None else "has expired"
            raise Unauthenticated(f"The session {ended}.", remedy=_REMEDY)
        self._prolong(found.session, now)
        return principal(found)

    def forget(self, session_id: str) -> None:
        """Look at this session's row anew: its own person may just have changed it."""
        self._rows.forget(session_id)

    def _prolong(self, used: BrowserSession, now: int) -> None:
        until = min(now + IDLE, used.created_at + LONGEST)
        if until - used.expires_at >= PROLONGED_AFTER:
            self._uses.session(used.id, until)

    def _read(self, session_id: str) -> SignedIn | None:
        with self._database.read() as session:
            return browser_sessions.find(session, session_id)


def principal(found: SignedIn) -> Principal:
    """The caller that a live session stands for."""
    who = found.person
    return Principal("person", who.id, who.name, who.workspace_id, scopes_of(who.role), who.role, found.session.id)
