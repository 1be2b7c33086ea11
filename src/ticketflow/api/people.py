"""People of a workspace: invited, changed and disabled, within what whoever does it may do.

Nobody makes or changes anybody who may do more than they may themselves, and the last owner stays one.
"""

import re
from collections.abc import Iterable
from typing import Any

from ticketflow import events
from ticketflow.api.principal import require_role
from ticketflow.api.sessions import end_all
from ticketflow.db import Session
from ticketflow.domain import Role
from ticketflow.errors import Conflict, InvalidInput, NotFound
from ticketflow.store import audit, people, workspaces
from ticketflow.store.people import Person

LENGTH = 190
EMAIL = r"^[^@\x00-\x20]+@[^@\x00-\x20]+$"
"""What an address looks like; every reader of patterns understands it alike."""


def add(
    session: Session, workspace_id: str, email: str, name: str, role: Role, *, actor: str, held: Iterable[str]
) -> Person:
    """A new person, who cannot sign in before somebody gives them a link.

    `held` is what the inviter may do. Raises InvalidInput, Conflict for an address that is taken, and Forbidden for a
    role that may do more.
    """
    address = _address(email)
    require_role(held, role, f"The role {role}")
    workspaces.hold(session, workspace_id)
    made = people.add(session, workspace_id, address, _named(name) if name.strip() else address, role)
    audit.record(session, workspace_id, actor, "person.added", made.id, email=made.email, role=made.role)
    events.append(session, workspace_id, "person.added", person_id=made.id, role=made.role)
    return made


def change(
    session: Session,
    workspace_id: str,
    person_id: str,
    *,
    actor: str,
    held: Iterable[str],
    name: str | None = None,
    role: Role | None = None,
    disabled: bool | None = None,
) -> Person:
    """Change what is given; the person as they are then. What is so already is no change.

    Who is disabled is signed out everywhere, within a second. Raises NotFound, InvalidInput, Forbidden where the person
    may do, or would then do, more than what is `held`, and Conflict when the workspace would lose its last owner.
    """
    workspaces.hold(session, workspace_id)
    before = people.get(session, workspace_id, person_id)
    held = frozenset(held)
    require_role(held, before.role, f"Changing {before.email}")
    if role is not None:
        require_role(held, role, f"The role {role}")
    wanted: dict[str, Any] = {"name": None if name is None else _named(name), "role": role}
    changes = {field: value for field, value in wanted.items() if value not in (None, getattr(before, field))}
    if disabled is not None and disabled != (before.disabled_at is not None):
        changes["disabled_at"] = session.now if disabled else None
    _require_an_owner(session, before, changes)
    if not changes:
        return before
    people.change(session, workspace_id, person_id, changes)
    if changes.get("disabled_at") is not None:
        end_all(session, workspace_id, person_id, actor=actor)
    were = {field: getattr(before, field) for field in changes}
    audit.record(session, workspace_id, actor, "person.changed", person_id, before=were, after=changes)
    events.append(session, workspace_id, "person.changed", person_id=person_id, names=sorted(changes))
    return before.model_copy(update=changes)


def named(session: Session, workspace_id: str, email: str) -> Person:
    """The person with this address. Raises NotFound."""
    found = people.by_email(session, workspace_id, email.strip().lower())
    if found is None:
        raise NotFound(f"There is no person {email.strip()}.", remedy="`ticketflow person list` shows them.")
    return found


def _require_an_owner(session: Session, before: Person, changes: dict[str, Any]) -> None:
    leaves = changes.get("disabled_at") is not None or changes.get("role", Role.OWNER) is not Role.OWNER
    if before.role is not Role.OWNER or before.disabled_at is not None or not leaves:
        return
    if len(people.owners(session, before.workspace_id)) == 1:
        raise Conflict(
            f"{before.email} is the last owner of the workspace.", remedy="Make somebody else an owner first."
        )


def _address(email: str) -> str:
    address = email.lower()
    if not re.fullmatch(EMAIL, address) or len(address) > LENGTH:
        raise InvalidInput(f"{email!r} is no e-mail address.", field="email")
    return address


def _named(name: str) -> str:
    if not 1 <= len(name.strip()) <= LENGTH:
        raise InvalidInput(f"A person's name has 1 to {LENGTH} characters.", field="name")
    return name.strip()
