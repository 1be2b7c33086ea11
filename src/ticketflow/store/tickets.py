"""Tickets, their tags and their messages. Lists of tickets are read by `ticket_lists`."""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import message, ticket, ticket_link, ticket_tag
from ticketflow.domain import Author, Priority, TicketStatus, Value
from ticketflow.errors import Conflict, NotFound

# Statements of every ticket's way, built once: building one costs as much as running it.
_BY_ID = select(ticket).where(ticket.c.workspace_id == bindparam("workspace"), ticket.c.id == bindparam("wanted"))
_ADD, _ADD_MESSAGE = insert(ticket), insert(message)

LONGEST_TAG = 190
"""A longer tag stands on its ticket, and no list is asked for it."""
MERGED = "merged"
"""The kind of a link from a ticket to one that was merged into it."""


class NewTicket(Value):
    """A ticket as it arrives. `headers` are those of the mail it came by, names in lower case."""

    subject: str = Field(default="", max_length=2_000)
    body: str = Field(max_length=200_000)
    external_id: str | None = Field(default=None, max_length=190)
    channel: str = Field(default="api", max_length=32)
    requester_name: str | None = Field(default=None, max_length=190)
    requester_email: str | None = Field(default=None, max_length=190)
    priority: Priority = Priority.NORMAL
    tags: list[str] = []
    headers: dict[str, str] = {}


class Ticket(Value):
    """A ticket without its messages. `version` grows with every change that a human or the agent makes."""

    workspace_id: str
    id: str
    external_id: str | None
    channel: str
    subject: str
    requester_name: str | None
    requester_email: str | None
    status: TicketStatus
    category: str | None
    priority: Priority
    language: str | None
    sentiment: str | None
    team: str | None
    assignee: str | None
    tags: list[str]
    snoozed_until: int | None = None
    merged_into: str | None = None
    resolved_at: int | None = None
    version: int
    created_at: int
    updated_at: int


class Message(Value):
    """One message of a ticket's conversation; `internal` ones never reach the customer."""

    id: str
    ticket_id: str
    author: Author
    author_name: str | None
    body: str
    internal: bool
    headers: dict[str, str]
    created_at: int


def add(session: Session, workspace_id: str, new: NewTicket, status: TicketStatus = TicketStatus.NEW) -> Ticket:
    """Store a ticket and its first message. Raises Conflict when the external id exists."""
    if new.external_id is not None and by_external_id(session, workspace_id, new.external_id) is not None:
        raise Conflict(f"A ticket with the external id {new.external_id!r} exists already.", field="external_id")
    made = Ticket(
        workspace_id=workspace_id,
        id=new_id(),
        status=status,
        category=None,
        language=None,
        sentiment=None,
        team=None,
        assignee=None,
        version=1,
        created_at=session.now,
        updated_at=session.now,
        **new.model_dump(exclude={"body", "headers"}),
    )
    session.execute(_ADD, made.model_dump())
    if made.tags:
        _list_tags(session, workspace_id, made.id, made.tags)
    add_message(
        session,
        workspace_id,
        made.id,
        author=Author.REQUESTER,
        body=new.body,
        author_name=new.requester_name,
        headers=new.headers,
    )
    return made


def add_message(
    session: Session,
    workspace_id: str,
    ticket_id: str,
    *,
    author: Author,
    body: str,
    author_name: str | None = None,
    internal: bool = False,
    headers: dict[str, str] | None = None,
) -> str:
    """Append a message; its id."""
    made = new_id()
    row = {
        "workspace_id": workspace_id,
        "id": made,
        "ticket_id": ticket_id,
        "author": author,
        "author_name": author_name,
        "body": body,
        "internal": internal,
        "headers": headers or {},
        "created_at": session.now,
    }
    session.execute(_ADD_MESSAGE, row)
    return made


def get(session: Session, workspace_id: str, ticket_id: str) -> Ticket:
    """The ticket. Raises NotFound."""
    row = session.execute(session.held(_BY_ID), {"workspace": workspace_id, "wanted": ticket_id}).mappings().first()
    if row is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    return Ticket.model_validate(dict(row))


def by_external_id(session: Session, workspace_id: str, external_id: str) -> Ticket | None:
    """The ticket that another system knows by this id."""
    where = (ticket.c.workspace_id == workspace_id, ticket.c.external_id == external_id)
    row = session.execute(session.held(select(ticket).where(*where))).mappings().first()
    return Ticket.model_validate(dict(row)) if row else None


def find(session: Session, workspace_id: str, name: str) -> Ticket | None:
    """The ticket that we or another system call by this id."""
    where = (ticket.c.workspace_id == workspace_id, ticket.c.id == name)
    row = session.execute(session.held(select(ticket).where(*where))).mappings().first()
    return Ticket.model_validate(dict(row)) if row else by_external_id(session, workspace_id, name)


def survivor(session: Session, found: Ticket) -> Ticket:
    """Where a merged ticket's conversation goes on; the ticket itself when it was not merged.

    A ticket is merged once and never into a merged one, so there is no way round in a circle.
    """
    while found.merged_into is not None:
        found = get(session, found.workspace_id, found.merged_into)
    return found


def messages(session: Session, workspace_id: str, ticket_id: str) -> list[Message]:
    """What was said in the ticket itself, oldest first."""
    return _messages(session, workspace_id, [ticket_id])


def conversation(session: Session, workspace_id: str, ticket_id: str) -> list[Message]:
    """What was said in the ticket and in those that were merged into it, oldest first.

    Messages stay with the ticket that they came to, so that each run's account shows what that run saw.
    """
    return _messages(session, workspace_id, family(session, workspace_id, ticket_id))


def family(session: Session, workspace_id: str, ticket_id: str) -> list[str]:
    """The ticket's id and those of the tickets that were merged into it, directly or by way of others."""
    found, fresh = [ticket_id], [ticket_id]
    while fresh:
        merged = select(ticket_link.c.other_id).where(
            ticket_link.c.workspace_id == workspace_id,
            ticket_link.c.ticket_id.in_(fresh),
            ticket_link.c.kind == MERGED,
        )
        fresh = [one for one in session.execute(merged).scalars() if one not in found]
        found += fresh
    return found


def _messages(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> list[Message]:
    rows = session.execute(
        select(*(column for column in message.c if column.name != "workspace_id"))
        .where(message.c.workspace_id == workspace_id, message.c.ticket_id.in_(ticket_ids))
        .order_by(message.c.id)
    )
    return [Message.model_validate(dict(row)) for row in rows.mappings()]


def has_message(session: Session, workspace_id: str, ticket_id: str, message_id: str) -> bool:
    """Whether the message is one of the ticket's."""
    where = (message.c.workspace_id == workspace_id, message.c.id == message_id, message.c.ticket_id == ticket_id)
    return session.execute(select(message.c.id).where(*where)).first() is not None


def count_messages(session: Session, workspace_id: str, ticket_id: str, author: Author) -> int:
    """How many public messages somebody of this kind has sent."""
    where = (
        message.c.workspace_id == workspace_id,
        message.c.ticket_id == ticket_id,
        message.c.author == author,
        message.c.internal.is_(False),
    )
    return int(session.execute(select(func.count()).select_from(message).where(*where)).scalar_one())


def change(
    session: Session,
    workspace_id: str,
    ticket_id: str,
    *,
    version: int | None = None,
    among: Collection[TicketStatus] | None = None,
    **values: Any,
) -> None:
    """Set columns and raise the version. Raises Conflict when `version` is given and no longer the ticket's.

    With `among`, also when the ticket's status is none of these or it was merged; `agent.desk` says what is allowed.
    """
    statement = update(ticket).where(ticket.c.workspace_id == workspace_id, ticket.c.id == ticket_id)
    if version is not None:
        statement = statement.where(ticket.c.version == version)
    if among is not None:
        statement = statement.where(ticket.c.status.in_(sorted(among)), ticket.c.merged_into.is_(None))
    changed = session.execute(statement.values(version=ticket.c.version + 1, updated_at=session.now, **values))
    if changed.rowcount == 0:
        get(session, workspace_id, ticket_id)
        raise Conflict("The ticket was changed meanwhile.", remedy="Read it again and repeat the change.")


def tag(session: Session, workspace_id: str, ticket_id: str, tags: Sequence[str]) -> None:
    """List a ticket by these tags, and by no others; its own column is set with `change(tags=...)`."""
    session.execute(
        delete(ticket_tag).where(ticket_tag.c.workspace_id == workspace_id, ticket_tag.c.ticket_id == ticket_id)
    )
    _list_tags(session, workspace_id, ticket_id, tags)


def _list_tags(session: Session, workspace_id: str, ticket_id: str, tags: Sequence[str]) -> None:
    rows = [
        {"workspace_id": workspace_id, "ticket_id": ticket_id, "tag": name}
        for name in sorted({name for name in tags if len(name) <= LONGEST_TAG})
    ]
    if rows:
        session.execute(insert(ticket_tag), rows)


def resolved_until(session: Session, workspace_id: str, until: int, limit: int) -> list[Ticket]:
    """Tickets that have been resolved since `until` or longer, to be closed."""
    rows = session.execute(session.held(select(ticket).where(*_resolved(workspace_id), _since() <= until).limit(limit)))
    return [Ticket.model_validate(dict(row)) for row in rows.mappings()]


def longest_resolved(session: Session, workspace_id: str) -> int | None:
    """Since when the ticket that was resolved first has been so, in microseconds; None when none is resolved."""
    found = session.execute(select(func.min(_since())).where(*_resolved(workspace_id))).scalar()
    return None if found is None else int(found)


def _resolved(workspace_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ticket.c.workspace_id == workspace_id, ticket.c.status == TicketStatus.RESOLVED.value


def _since() -> ColumnElement[int]:
    """A ticket that was resolved before that was noted has been so since its last change, at the least."""
    return func.coalesce(ticket.c.resolved_at, ticket.c.updated_at)


def count_by_status(session: Session, workspace_id: str) -> dict[str, int]:
    """How many tickets stand in each status."""
    rows = session.execute(
        select(ticket.c.status, func.count()).where(ticket.c.workspace_id == workspace_id).group_by(ticket.c.status)
    )
    return {str(status): int(count) for status, count in rows}
