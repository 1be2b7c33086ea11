"""Cases: resolved tickets that serve as evidence."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import case
from ticketflow.domain import Value
from ticketflow.errors import NotFound

IDS = 500
"""Ids a statement."""


class NewCase(Value):
    """A resolved ticket: what was asked, what was replied, and with which answer."""

    external_id: str | None = None
    ticket_id: str | None = None
    subject: str = ""
    body: str
    resolution: str = ""
    answer_id: str | None = None
    category: str | None = None
    priority: str | None = None
    language: str | None = None
    content_hash: str
    resolved_at: int


class Case(NewCase):
    """A case as it is stored."""

    workspace_id: str
    id: str
    created_at: int


def add_many(session: Session, workspace_id: str, fresh: Sequence[NewCase]) -> list[Case]:
    """Store cases whose external ids are known to be new."""
    made = [Case(workspace_id=workspace_id, id=new_id(), created_at=session.now, **new.model_dump()) for new in fresh]
    if made:
        session.execute(insert(case), [row.model_dump() for row in made])
    return made


def put_for_ticket(session: Session, workspace_id: str, new: NewCase) -> Case:
    """Store the case of a resolved ticket, or bring the one that exists up to date."""
    where = (case.c.workspace_id == workspace_id, case.c.ticket_id == new.ticket_id)
    row = session.execute(session.held(select(case).where(*where))).mappings().first()
    if row is None:
        return add_many(session, workspace_id, [new])[0]
    session.execute(update(case).where(*where).values(**new.model_dump(exclude={"ticket_id", "external_id"})))
    return Case.model_validate({**row, **new.model_dump(exclude={"external_id"})})


def replace(session: Session, known: Case, new: NewCase) -> Case:
    """Bring a stored case up to date with what an import says of it now."""
    where = (case.c.workspace_id == known.workspace_id, case.c.id == known.id)
    session.execute(update(case).where(*where).values(**new.model_dump(exclude={"ticket_id", "external_id"})))
    return known.model_copy(update=new.model_dump(exclude={"ticket_id", "external_id"}))


def remove_for_ticket(session: Session, workspace_id: str, ticket_id: str) -> str | None:
    """Forget the case of a ticket that turned out not to be resolved; the case's id, None when there was none."""
    where = (case.c.workspace_id == workspace_id, case.c.ticket_id == ticket_id)
    found = session.execute(select(case.c.id).where(*where)).scalar()
    if found is not None:
        session.execute(case.delete().where(*where))
    return found


def of_tickets(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> list[str]:
    """The ids of the cases made of these tickets."""
    found: list[str] = []
    for start in range(0, len(ticket_ids), IDS):
        mine = (case.c.workspace_id == workspace_id, case.c.ticket_id.in_(ticket_ids[start : start + IDS]))
        found += session.execute(select(case.c.id).where(*mine)).scalars()
    return found


def get(session: Session, workspace_id: str, case_id: str) -> Case:
    """The case. Raises NotFound."""
    row = (
        session.execute(select(case).where(case.c.workspace_id == workspace_id, case.c.id == case_id))
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound(f"There is no case {case_id}.")
    return Case.model_validate(dict(row))


def by_external_ids(session: Session, workspace_id: str, external_ids: Sequence[str]) -> dict[str, Case]:
    """Those of the cases that another system's ids name."""
    rows = session.execute(
        select(case).where(case.c.workspace_id == workspace_id, case.c.external_id.in_(external_ids))
    )
    return {row["external_id"]: Case.model_validate(dict(row)) for row in rows.mappings()}


def replies(session: Session, workspace_id: str, answer_id: str, limit: int) -> list[Case]:
    """The newest `limit` cases that were resolved with an answer and tell what was replied."""
    where = (case.c.workspace_id == workspace_id, case.c.answer_id == answer_id, case.c.resolution != "")
    newest = case.c.resolved_at.desc(), case.c.id.desc()
    rows = session.execute(select(case).where(*where).order_by(*newest).limit(limit))
    return [Case.model_validate(dict(row)) for row in rows.mappings()]


def count(session: Session, workspace_id: str) -> int:
    """How many cases there are."""
    return int(session.execute(select(func.count()).where(case.c.workspace_id == workspace_id)).scalar_one())


def count_since(session: Session, workspace_id: str, moment: int) -> int:
    """How many cases were stored after `moment` (microseconds)."""
    where = (case.c.workspace_id == workspace_id, case.c.created_at > moment)
    return int(session.execute(select(func.count()).where(*where)).scalar_one())


def count_imported(session: Session, workspace_id: str) -> int:
    """How many cases came from another system's history and not from tickets of our own."""
    where = (case.c.workspace_id == workspace_id, case.c.ticket_id.is_(None))
    return int(session.execute(select(func.count()).select_from(case).where(*where)).scalar_one())


class LabelledCase(Value):
    """What learning needs of a case."""

    id: str
    answer_id: str | None
    category: str | None
    priority: str | None
    language: str | None
    ticket_id: str | None
    resolved_at: int
    created_at: int

    @property
    def dated(self) -> bool:
        """Whether it is known when the ticket was resolved; otherwise that is when it was imported."""
        return self.resolved_at != self.created_at


def labelled(session: Session, workspace_id: str, limit: int) -> list[LabelledCase]:
    """The newest `limit` cases, oldest first, without their texts."""
    rows = session.execute(
        select(*(case.c[name] for name in LabelledCase.model_fields))
        .where(case.c.workspace_id == workspace_id)
        .order_by(case.c.resolved_at.desc(), case.c.id.desc())
        .limit(limit)
    )
    return [LabelledCase.model_validate(dict(row)) for row in rows.mappings()][::-1]
