"""Two tickets that belong together: one row for each direction, so that either of them tells of the other."""

from enum import StrEnum

from sqlalchemy import delete, select

from ticketflow.db import Session
from ticketflow.db.tables import ticket_link
from ticketflow.domain import Value
from ticketflow.store.tickets import MERGED


class LinkKind(StrEnum):
    """What the other ticket is to this one."""

    RELATED = "related"
    FOLLOW_UP = "follow_up"
    FOLLOWS = "follows"
    MERGED = MERGED
    MERGED_INTO = "merged_into"

    @property
    def back(self) -> "LinkKind":
        """What this ticket is to the other one."""
        return _BACK.get(self, self)


_BACK = {
    LinkKind.FOLLOW_UP: LinkKind.FOLLOWS,
    LinkKind.FOLLOWS: LinkKind.FOLLOW_UP,
    LinkKind.MERGED: LinkKind.MERGED_INTO,
    LinkKind.MERGED_INTO: LinkKind.MERGED,
}


class Link(Value):
    """A ticket's link to another one."""

    other_id: str
    kind: LinkKind
    created_by: str
    created_at: int


def put(session: Session, workspace_id: str, ticket_id: str, other_id: str, kind: LinkKind, author: str) -> None:
    """Link two tickets both ways; two that are linked already are so in the new way."""
    rows = [
        {
            "workspace_id": workspace_id,
            "ticket_id": one,
            "other_id": other,
            "kind": way,
            "created_by": author,
            "created_at": session.now,
        }
        for one, other, way in ((ticket_id, other_id, kind), (other_id, ticket_id, kind.back))
    ]
    keys, changed = ["workspace_id", "ticket_id", "other_id"], ["kind", "created_by", "created_at"]
    session.execute(session.dialect.upsert(ticket_link, keys, changed), rows)


def find(session: Session, workspace_id: str, ticket_id: str, other_id: str) -> Link | None:
    """The link between two tickets, as the first one tells it."""
    found = [link for link in of_ticket(session, workspace_id, ticket_id) if link.other_id == other_id]
    return found[0] if found else None


def of_ticket(session: Session, workspace_id: str, ticket_id: str) -> list[Link]:
    """A ticket's links, oldest first."""
    rows = session.execute(
        select(ticket_link.c.other_id, ticket_link.c.kind, ticket_link.c.created_by, ticket_link.c.created_at)
        .where(ticket_link.c.workspace_id == workspace_id, ticket_link.c.ticket_id == ticket_id)
        .order_by(ticket_link.c.created_at, ticket_link.c.other_id)
    )
    return [Link.model_validate(dict(row)) for row in rows.mappings()]


def remove(session: Session, workspace_id: str, ticket_id: str, other_id: str) -> None:
    """Take a link back, in both directions."""
    for one, other in ((ticket_id, other_id), (other_id, ticket_id)):
        session.execute(
            delete(ticket_link).where(
                ticket_link.c.workspace_id == workspace_id,
                ticket_link.c.ticket_id == one,
                ticket_link.c.other_id == other,
            )
        )
