"""Signing in: a link that opens once, within 15 minutes, becomes a session.

The secret stands behind the `#` of the link, which no browser sends to a server, so that it is in no log on the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from ticketflow.api import sessions
from ticketflow.api.principal import require_role
from ticketflow.api.roles import scopes_of
from ticketflow.clock import MINUTE
from ticketflow.db import Session
from ticketflow.domain import Role
from ticketflow.errors import Conflict
from ticketflow.store import audit, browser_sessions, one_time, people, workspaces
from ticketflow.store.browser_sessions import SignedIn
from ticketflow.store.people import Person

log = structlog.get_logger("ticketflow.api")

PURPOSE = "sign-in"
LIFETIME = 15 * MINUTE
PATH = "/sign-in"
FIRST_OWNER = "owner@localhost"
"""The address of the owner that a workspace is given where nobody has been added."""

_STARTED = "first start"


@dataclass(frozen=True)
class Opened:
    """A session that has begun, with its person, and the cookie's text, which is kept nowhere."""

    signed_in: SignedIn
    cookie: str


def link(base_url: str, token: str) -> str:
    """The address that a browser is to open."""
    return f"{base_url}{PATH}#{token}"


def token_for(session: Session, person: Person, *, actor: str, held: Iterable[str]) -> str:
    """A token that signs `person` in once; its text is kept nowhere.

    Whoever holds it acts in the person's name, so it takes somebody who may do at least as much. Raises Forbidden, and
    Conflict when the person is disabled.
    """
    require_role(held, person.role, f"A sign-in link for {person.email}")
    if person.disabled_at is not None:
        raise Conflict(f"{person.email} is disabled.", remedy="Enable them first.")
    audit.record(session, person.workspace_id, actor, "person.linked", person.id)
    return one_time.issue(session, person.workspace_id, PURPOSE, {"person_id": person.id}, LIFETIME)


def first_token(session: Session, workspace_id: str) -> tuple[Person, str] | None:
    """An owner and a token for them, as long as nobody has ever signed in to the workspace; then None.

    Where nobody has been added, an owner is made.
    """
    workspaces.hold(session, workspace_id)
    if browser_sessions.any_yet(session, workspace_id):
        return None
    owners = people.owners(session, workspace_id)
    if not owners and people.count(session, workspace_id):
        return None  # somebody has arranged it otherwise
    if owners:
        owner = owners[0]
    else:
        owner = people.add(session, workspace_id, FIRST_OWNER, "Owner", Role.OWNER)
        audit.record(session, workspace_id, _STARTED, "person.added", owner.id, email=owner.email, role=owner.role)
    return owner, token_for(session, owner, actor=_STARTED, held=scopes_of(owner.role))


def open_session(session: Session, installation_secret: bytes, token: str) -> Opened | None:
    """Spend a token for a new session; None where it opens nothing, which the audit log then tells with the reason.

    The caller commits either way: a token that was tried and refused stays spent.
    """
    spent = one_time.redeem(session, PURPOSE, token)
    if spent is None:
        _note_refusal(session, token)
        return None
    workspaces.hold(session, spent.workspace_id)
    # Among the people of the token's own workspace.
    person = people.find(session, spent.workspace_id, str(spent.subject.get("person_id", "")))
    if person is None or person.disabled_at is not None:
        _note(session, spent, "disabled")
        return None
    made, cookie = sessions.begin(session, installation_secret, person)
    return Opened(SignedIn(session=made, person=person), cookie)


def _note_refusal(session: Session, token: str) -> None:
    known = one_time.find(session, PURPOSE, token)
    if known is None:
        log.warning("sign_in_refused", reason="unknown")  # of no workspace, so that no audit log is its place
        return
    _note(session, known, "spent" if known.used_at is not None else "late")


def _note(session: Session, known: one_time.OneTime, reason: str) -> None:
    person_id = str(known.subject.get("person_id", ""))
    audit.record(session, known.workspace_id, f"person:{person_id}", "session.refused", person_id, reason=reason)
    log.warning("sign_in_refused", reason=reason, person_id=person_id)
