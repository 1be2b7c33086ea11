"""Lists of tickets, newest change first, that hold at many tickets: the rarest filter leads, by an index of its own.

How rare a filter is, is counted in its index up to a cap, which costs a millisecond at most; above it a filter is so
common that reading tickets in order soon finds a page. Databases without statistics would have to guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, tuple_

from ticketflow.db import Session
from ticketflow.db.tables import ticket, ticket_tag
from ticketflow.domain import Priority, TicketStatus, Value
from ticketflow.store.tickets import Ticket

CAP = 2_000
"""Filters are told apart up to so many tickets; a list that is led by one reads and sorts no more than these."""


class Wanted(Value):
    """Which tickets: all that fit every filter that is set. Times in microseconds, both ends included."""

    statuses: Sequence[TicketStatus] = ()
    category: str | None = None
    priority: Priority | None = None
    team: str | None = None
    assignee: str | None = None
    requester: str | None = None
    tag: str | None = None
    snoozed: bool | None = None
    updated_since: int | None = None
    updated_until: int | None = None


@dataclass(frozen=True)
class _Way:
    """A filter that may lead. `indexed` is looked up in its index, `read` says the same so that no index is used.

    Not every database takes hints, and one without statistics would choose by what it cannot know.
    """

    indexed: ColumnElement[bool]
    read: ColumnElement[bool]
    in_order: bool = True
    """Whether its index gives tickets in the order of time."""


def page(
    session: Session,
    workspace_id: str,
    wanted: Wanted,
    *,
    before: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[Ticket]:
    """Tickets by last change, newest first, those after the position (updated_at, id) `before`."""
    ways, tagged = _ways(wanted), _tagged(session, workspace_id, wanted.tag)
    lead = None if tagged is not None else _leading(session, workspace_id, ways)
    statement = select(ticket).where(
        ticket.c.workspace_id == workspace_id,
        *(way.indexed if way is lead else way.read for way in ways),
        *_others(workspace_id, wanted),
    )
    if tagged is not None:
        statement = statement.where(ticket.c.id.in_(tagged))
    if before is not None:  # the second condition alone would not be looked up in an index
        statement = statement.where(ticket.c.updated_at <= before[0])
        statement = statement.where(tuple_(ticket.c.updated_at, ticket.c.id) < before)
    led = tagged is not None or (lead is not None and not lead.in_order)
    time = func.coalesce(ticket.c.updated_at, 0) if led else ticket.c.updated_at
    statement = statement.order_by(time.desc(), ticket.c.id.desc()).limit(limit)
    return [Ticket.model_validate(dict(row)) for row in session.execute(statement).mappings()]


def _ways(wanted: Wanted) -> list[_Way]:
    """The filters that have an index."""
    equal = (
        (ticket.c.category, wanted.category),
        (ticket.c.team, wanted.team),
        (ticket.c.assignee, wanted.assignee),
        (ticket.c.requester_email, wanted.requester),
    )
    found = [_Way(column == value, func.coalesce(column, "") == value) for column, value in equal if value is not None]
    if wanted.statuses:
        statuses = sorted(set(wanted.statuses))
        read = func.coalesce(ticket.c.status, "").in_(statuses)
        found.append(_Way(ticket.c.status.in_(statuses), read, in_order=len(statuses) == 1))
    if wanted.snoozed:
        read = func.coalesce(ticket.c.snoozed_until, 0) > 0
        found.append(_Way(ticket.c.snoozed_until.is_not(None), read, in_order=False))
    return found


def _others(workspace_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The filters that are read off each ticket, and the span of time, which every index but one holds."""
    found: list[ColumnElement[bool]] = []
    if wanted.priority is not None:
        found.append(ticket.c.priority == wanted.priority)
    if wanted.snoozed is False:
        found.append(func.coalesce(ticket.c.snoozed_until, 0) == 0)
    if wanted.updated_since is not None:
        found.append(ticket.c.updated_at >= wanted.updated_since)
    if wanted.updated_until is not None:
        found.append(ticket.c.updated_at <= wanted.updated_until)
    if wanted.tag is not None:
        tagged = and_(
            ticket_tag.c.workspace_id == workspace_id,
            ticket_tag.c.ticket_id == ticket.c.id,
            ticket_tag.c.tag == wanted.tag,
        )
        found.append(select(ticket_tag.c.tag).where(tagged).exists())
    return found


def _leading(session: Session, workspace_id: str, ways: Sequence[_Way]) -> _Way | None:
    """The rarest filter; none where every one is common, and tickets are best read in the order of time."""
    counts = [(_count(session, workspace_id, way), place) for place, way in enumerate(ways)]
    count, place = min(counts, default=(CAP, 0))
    if count < CAP:
        return ways[place]
    # A single common value comes in the order of time from its own index, and nothing else is read.
    return ways[0] if len(ways) == 1 and ways[0].in_order else None


def _count(session: Session, workspace_id: str, way: _Way) -> int:
    """How many tickets a filter lets through, at most CAP. Reads the index alone."""
    having = select(ticket.c.workspace_id).where(ticket.c.workspace_id == workspace_id, way.indexed).limit(CAP)
    return int(session.execute(select(func.count()).select_from(having.subquery())).scalar_one())


def _tagged(session: Session, workspace_id: str, tag: str | None) -> list[str] | None:
    """The tickets with a tag that few have; None without one, and for one that many have."""
    if tag is None:
        return None
    having = select(ticket_tag.c.ticket_id).where(ticket_tag.c.workspace_id == workspace_id, ticket_tag.c.tag == tag)
    found = list(session.execute(having.limit(CAP)).scalars())
    return found if len(found) < CAP else None
