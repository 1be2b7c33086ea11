"""Sources of intake: other systems that send tickets, and what each has sent so far."""

from enum import StrEnum
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import intake_item, intake_source, workspace
from ticketflow.domain import Value
from ticketflow.errors import Conflict, NotFound


class SourceState(StrEnum):
    """What a disabled source sends is refused."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class NewSource(Value):
    """What a source is to be. `mapping` is kept as it was checked (integrations/mapping.py)."""

    slug: str
    name: str
    mapping: dict[str, Any]


class Source(NewSource):
    """A source. Its address is the workspace's slug, an underscore and its own."""

    workspace_id: str
    id: str
    state: SourceState
    version: int
    created_at: int
    updated_at: int


def add(session: Session, workspace_id: str, new: NewSource) -> Source:
    """Store a source. Raises Conflict when the slug is taken."""
    if by_slug(session, workspace_id, new.slug) is not None:
        raise Conflict(f"A source {new.slug!r} exists already.", field="slug")
    made = Source(
        workspace_id=workspace_id,
        id=new_id(),
        state=SourceState.ENABLED,
        version=1,
        created_at=session.now,
        updated_at=session.now,
        **new.model_dump(),
    )
    session.execute(insert(intake_source).values(**made.model_dump()))
    return made


def get(session: Session, workspace_id: str, source_id: str) -> Source:
    """The source, held until the commit where this transaction writes. Raises NotFound."""
    row = session.execute(session.held(select(intake_source).where(_one(workspace_id, source_id)))).mappings().first()
    if row is None:
        raise NotFound(f"There is no source {source_id}.")
    return Source.model_validate(dict(row))


def by_slug(session: Session, workspace_id: str, slug: str) -> Source | None:
    """The source with this slug."""
    statement = select(intake_source).where(intake_source.c.workspace_id == workspace_id, intake_source.c.slug == slug)
    row = session.execute(statement).mappings().first()
    return Source.model_validate(dict(row)) if row else None


def at_address(session: Session, workspace_slug: str, slug: str) -> Source | None:
    """The source with this slug in the workspace with that one."""
    statement = (
        select(intake_source)
        .join(workspace, workspace.c.id == intake_source.c.workspace_id)
        .where(workspace.c.slug == workspace_slug, intake_source.c.slug == slug)
    )
    row = session.execute(statement).mappings().first()
    return Source.model_validate(dict(row)) if row else None


def page(session: Session, workspace_id: str, *, before: str | None = None, limit: int = 50) -> list[Source]:
    """Sources, newest first, those made before the one with id `before`."""
    statement = select(intake_source).where(intake_source.c.workspace_id == workspace_id)
    if before is not None:
        statement = statement.where(intake_source.c.id < before)
    rows = session.execute(statement.order_by(intake_source.c.id.desc()).limit(limit)).mappings()
    return [Source.model_validate(dict(row)) for row in rows]


def change(session: Session, found: Source, **values: Any) -> Source:
    """Set columns of a source that this transaction has found. Raises Conflict when it was changed meanwhile."""
    values |= {"version": found.version + 1, "updated_at": session.now}
    same = and_(_one(found.workspace_id, found.id), intake_source.c.version == found.version)
    if session.execute(update(intake_source).where(same).values(**values)).rowcount != 1:
        raise Conflict("The source was changed meanwhile.", remedy="Read it again and repeat the change.")
    return found.model_copy(update=values)


def remove(session: Session, found: Source) -> None:
    """Forget a source and what it has sent; tickets stay."""
    session.execute(delete(intake_source).where(_one(found.workspace_id, found.id)))


def first_time(session: Session, source: Source, delivery_id: str) -> bool:
    """Take note that the source sent this; False where it had before. `delivery_id` has at most 190 characters."""
    row = {
        "workspace_id": source.workspace_id,
        "intake_source_id": source.id,
        "delivery_id": delivery_id,
        "ticket_id": "",
        "created_at": session.now,
    }
    return session.insert_once(intake_item, row)


def led_to(session: Session, source: Source, delivery_id: str, ticket_id: str) -> None:
    """Take note of the ticket that it led to, in the transaction that saw it for the first time."""
    session.execute(update(intake_item).where(_item(source, delivery_id)).values(ticket_id=ticket_id))


def ticket_of(session: Session, source: Source, delivery_id: str) -> str | None:
    """The ticket that it led to; None where the source never sent it."""
    return session.execute(select(intake_item.c.ticket_id).where(_item(source, delivery_id))).scalar()


def _one(workspace_id: str, source_id: str) -> Any:
    return and_(intake_source.c.workspace_id == workspace_id, intake_source.c.id == source_id)


def _item(source: Source, delivery_id: str) -> Any:
    return and_(
        intake_item.c.workspace_id == source.workspace_id,
        intake_item.c.intake_source_id == source.id,
        intake_item.c.delivery_id == delivery_id,
    )
