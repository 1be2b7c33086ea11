"""What an erasure would take: tickets and cases, by address or by ticket, and how much hangs on them."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Table, func, or_, select

from ticketflow.db import Session
from ticketflow.db.tables import attachment, case, decision, event, feedback, message, run, ticket
from ticketflow.domain import Value
from ticketflow.errors import TooLarge
from ticketflow.store import tickets

MOST = 20_000
"""Tickets, and cases, of one erasure: its run names each of them."""
PART = 500
"""Ids a statement."""


class Found(Value):
    """What is to go, by id. `cases` are imported ones; those made of the tickets go with them."""

    tickets: list[str]
    cases: list[str] = []


def of_ticket(session: Session, workspace_id: str, ticket_id: str) -> Found:
    """One ticket. Raises NotFound."""
    return Found(tickets=[tickets.get(session, workspace_id, ticket_id).id])


def of_requester(session: Session, workspace_id: str, email: str) -> Found:
    """The tickets that this address opened, and the imported cases in which it stands; capitals do not matter.

    Raises TooLarge for more than MOST of either.
    """
    mine = (ticket.c.workspace_id == workspace_id, func.lower(ticket.c.requester_email) == email.strip().lower())
    texts = (case.c.subject, case.c.body, case.c.resolution)
    told = or_(*(column.icontains(email.strip(), autoescape=True) for column in texts))
    imported = (case.c.workspace_id == workspace_id, case.c.ticket_id.is_(None), told)
    return Found(tickets=_ids(session, ticket, *mine), cases=_ids(session, case, *imported))


def joined(one: Found, other: Found) -> Found:
    """Both together, each id once."""
    return Found(
        tickets=list(dict.fromkeys([*one.tickets, *other.tickets])),
        cases=list(dict.fromkeys([*one.cases, *other.cases])),
    )


def counted(session: Session, workspace_id: str, found: Found) -> dict[str, int]:
    """How many rows of each kind that is, by table."""
    counts = {"tickets": len(found.tickets), "cases": len(found.cases)}
    for part in parts(found.tickets):
        counts["cases"] += _count(session, case, workspace_id, part)
        for name, table in _HANGING.items():
            counts[name] = counts.get(name, 0) + _count(session, table, workspace_id, part)
    return counts | {name: counts.get(name, 0) for name in _HANGING}


def parts(ids: Sequence[str], length: int = PART) -> Iterator[Sequence[str]]:
    """The ids, so many at a time."""
    return (ids[start : start + length] for start in range(0, len(ids), length))


_HANGING = {
    "messages": message,
    "attachments": attachment,
    "decisions": decision,
    "runs": run,
    "events": event,
    "feedback": feedback,
}


def _ids(session: Session, table: Table, *where: ColumnElement[bool]) -> list[str]:
    rows = session.execute(select(table.c.id).where(*where).order_by(table.c.id).limit(MOST + 1)).scalars().all()
    if len(rows) > MOST:
        raise TooLarge(
            f"More than {MOST:,} {table.name}s belong to this address; one erasure takes so many at most.",
            remedy="Erase them by ticket, or by retention.",
            field="requester_email",
        )
    return [str(row) for row in rows]


def _count(session: Session, table: Table, workspace_id: str, ticket_ids: Sequence[str]) -> int:
    where = (table.c.workspace_id == workspace_id, table.c.ticket_id.in_(ticket_ids))
    return int(session.execute(select(func.count()).select_from(table).where(*where)).scalar_one())
