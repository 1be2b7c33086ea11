"""People who sign in to a workspace. Not users of the help desk's customers: those are requesters."""

from typing import Any

from sqlalchemy import func, insert, select, tuple_, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import person
from ticketflow.domain import Role, Value
from ticketflow.errors import Conflict, NotFound


class Person(Value):
    """Somebody with a role. Whoever is disabled cannot sign in, and stays named in the audit log."""

    id: str
    workspace_id: str
    email: str
    name: str
    role: Role
    created_at: int
    disabled_at: int | None


def add(session: Session, workspace_id: str, email: str, name: str, role: Role) -> Person:
    """Store a person; `email` is in small letters. Raises Conflict when the address is taken."""
    if by_email(session, workspace_id, email) is not None:
        raise Conflict(f"There is a person with the address {email} already.", field="email")
    made = Person(
        id=new_id(),
        workspace_id=workspace_id,
        email=email,
        name=name,
        role=role,
        created_at=session.now,
        disabled_at=None,
    )
    session.execute(insert(person).values(**made.model_dump()))
    return made


def get(session: Session, workspace_id: str, person_id: str) -> Person:
    """The person with this id, held until the commit where the transaction writes. Raises NotFound."""
    found = find(session, workspace_id, person_id)
    if found is None:
        raise NotFound(f"There is no person {person_id}.")
    return found


def find(session: Session, workspace_id: str, person_id: str) -> Person | None:
    """The person with this id, held until the commit where the transaction writes; None where there is none."""
    statement = select(person).where(person.c.workspace_id == workspace_id, person.c.id == person_id)
    row = session.execute(session.held(statement)).mappings().first()
    return Person.model_validate(dict(row)) if row else None


def by_email(session: Session, workspace_id: str, email: str) -> Person | None:
    """The person with this address, in small letters."""
    statement = select(person).where(person.c.workspace_id == workspace_id, person.c.email == email)
    row = session.execute(statement).mappings().first()
    return Person.model_validate(dict(row)) if row else None


def page(
    session: Session, workspace_id: str, *, before: tuple[int, str] | None = None, limit: int = 50
) -> list[Person]:
    """People, newest first, disabled ones included; those before the place (time, id) of the last page's end."""
    statement = select(person).where(person.c.workspace_id == workspace_id)
    if before is not None:
        statement = statement.where(tuple_(person.c.created_at, person.c.id) < before)
    rows = session.execute(statement.order_by(person.c.created_at.desc(), person.c.id.desc()).limit(limit))
    return [Person.model_validate(dict(row)) for row in rows.mappings()]


def change(session: Session, workspace_id: str, person_id: str, changes: dict[str, Any]) -> None:
    """Store new values of `name`, `role` or `disabled_at`."""
    session.execute(
        update(person).where(person.c.workspace_id == workspace_id, person.c.id == person_id).values(**changes)
    )


def owners(session: Session, workspace_id: str) -> list[Person]:
    """Owners who can sign in, the first one first."""
    rows = session.execute(
        select(person)
        .where(person.c.workspace_id == workspace_id, person.c.role == Role.OWNER.value, person.c.disabled_at.is_(None))
        .order_by(person.c.created_at, person.c.id)
    )
    return [Person.model_validate(dict(row)) for row in rows.mappings()]


def count(session: Session, workspace_id: str) -> int:
    """How many people there are, disabled ones included."""
    statement = select(func.count()).select_from(person).where(person.c.workspace_id == workspace_id)
    return int(session.execute(statement).scalar_one())
