"""Tickets and their messages."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import bindparam, func, insert, select, tuple_, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import message, ticket
from ticketflow.domain import Author, Priority, TicketStatus, Value
from ticketflow.errors import Conflict, NotFound

# Statements of every ticket's way, built once: building one costs as much as running it.
_BY_ID = select(ticket).where(ticket.c.workspace_id == bindparam("workspace"), ticket.c.id == bindparam("wanted"))
_ADD, _ADD_MESSAGE = insert(ticket), insert(message)


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


def messages(session: Session, workspace_id: str, ticket_id: str) -> list[Message]:
    """The ticket's conversation, oldest first."""
    rows = session.execute(
        select(*(column for column in message.c if column.name != "workspace_id"))
        .where(message.c.workspace_id == workspace_id, message.c.ticket_id == ticket_id)
        .order_by(message.c.id)
    )
    return [Message.model_validate(dict(row)) for row in rows.mappings()]


def count_messages(session: Session, workspace_id: str, ticket_id: str, author: Author) -> int:
    """How many public messages somebody of this kind has sent."""
    where = (
        message.c.workspace_id == workspace_id,
        message.c.ticket_id == ticket_id,
        message.c.author == author,
        message.c.internal.is_(False),
    )
    return int(session.execute(select(func.count()).select_from(message).where(*where)).scalar_one())


def change(session: Session, workspace_id: str, ticket_id: str, *, version: int | None = None, **values: Any) -> None:
    """Set columns and raise the version. Raises Conflict when `version` is given and no longer the ticket's."""
    statement = update(ticket).where(ticket.c.workspace_id == workspace_id, ticket.c.id == ticket_id)
    if version is not None:
        statement = statement.where(ticket.c.version == version)
    changed = session.execute(statement.values(version=ticket.c.version + 1, updated_at=session.now, **values))
    if changed.rowcount == 0:
        get(session, workspace_id, ticket_id)
        raise Conflict("The ticket was changed meanwhile.", remedy="Read it again and repeat the change.")


def page(
    session: Session,
    workspace_id: str,
    *,
    statuses: Sequence[TicketStatus] = (),
    category: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[Ticket]:
    """Tickets by last change, newest first, those after the position (updated_at, id) `before`."""
    statement = select(ticket).where(ticket.c.workspace_id == workspace_id)
    if statuses:
        statement = statement.where(ticket.c.status.in_(statuses))
    if category is not None:
        statement = statement.where(ticket.c.category == category)
    if before is not None:
        statement = statement.where(tuple_(ticket.c.updated_at, ticket.c.id) < before)
    statement = statement.order_by(ticket.c.updated_at.desc(), ticket.c.id.desc()).limit(limit)
    return [Ticket.model_validate(dict(row)) for row in session.execute(statement).mappings()]


def count_by_status(session: Session, workspace_id: str) -> dict[str, int]:
    """How many tickets stand in each status."""
    rows = session.execute(
        select(ticket.c.status, func.count()).where(ticket.c.workspace_id == workspace_id).group_by(ticket.c.status)
    )
    return {str(status): int(count) for status, count in rows}
