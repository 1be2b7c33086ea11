"""Files that came with a ticket, kept in the database in parts of PART bytes."""

import hashlib
import re

from sqlalchemy import delete, func, insert, select

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import attachment, attachment_part
from ticketflow.domain import Value
from ticketflow.errors import NotFound
from ticketflow.store import media_types

PART = 1 << 20
LONGEST_NAME = 190
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\"\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]')
"""What a name must not hold: ends of lines, folders, and marks that turn the order of what is read."""


class Attachment(Value):
    """A file without its content. `media_type` is what its bytes say, `digest` their SHA-256 (hex)."""

    id: str
    ticket_id: str
    message_id: str | None
    name: str
    media_type: str
    size: int
    digest: str
    created_by: str
    created_at: int


def add(
    session: Session,
    workspace_id: str,
    ticket_id: str,
    name: str,
    content: bytes,
    author: str,
    *,
    message_id: str | None = None,
) -> Attachment:
    """Store a file with a ticket, or with one message of it."""
    made = Attachment(
        id=new_id(),
        ticket_id=ticket_id,
        message_id=message_id,
        name=file_name(name),
        media_type=media_types.sniffed(content),
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        created_by=author,
        created_at=session.now,
    )
    session.execute(insert(attachment), {"workspace_id": workspace_id, **made.model_dump()})
    for ordinal, start in enumerate(range(0, len(content), PART)):
        part = content[start : start + PART]
        row = {"workspace_id": workspace_id, "attachment_id": made.id, "ordinal": ordinal, "data": part}
        session.execute(insert(attachment_part), row)
    return made


def file_name(given: str) -> str:
    """A name that is safe in a header and in a folder; what does not fit is replaced, as no file is refused for it."""
    kept = _UNFIT.sub("_", given).strip().strip(".")
    return kept[-LONGEST_NAME:] or "attachment"


def count(session: Session, workspace_id: str, ticket_id: str, message_id: str | None) -> int:
    """How many files came with a message, or with the ticket and none of its messages."""
    where = (
        attachment.c.workspace_id == workspace_id,
        attachment.c.ticket_id == ticket_id,
        attachment.c.message_id.is_(None) if message_id is None else attachment.c.message_id == message_id,
    )
    return int(session.execute(select(func.count()).select_from(attachment).where(*where)).scalar_one())


def of_tickets(session: Session, workspace_id: str, ticket_ids: list[str]) -> list[Attachment]:
    """The files of these tickets, oldest first."""
    rows = session.execute(
        select(*_SHOWN)
        .where(attachment.c.workspace_id == workspace_id, attachment.c.ticket_id.in_(ticket_ids))
        .order_by(attachment.c.id)
    )
    return [Attachment.model_validate(dict(row)) for row in rows.mappings()]


def get(session: Session, workspace_id: str, attachment_id: str) -> Attachment:
    """The file without its content. Raises NotFound."""
    where = (attachment.c.workspace_id == workspace_id, attachment.c.id == attachment_id)
    row = session.execute(session.held(select(*_SHOWN).where(*where))).mappings().first()
    if row is None:
        raise NotFound(f"There is no attachment {attachment_id}.")
    return Attachment.model_validate(dict(row))


def content(session: Session, workspace_id: str, attachment_id: str) -> bytes:
    """A file's bytes; none for one that is not there."""
    rows = session.execute(
        select(attachment_part.c.data)
        .where(attachment_part.c.workspace_id == workspace_id, attachment_part.c.attachment_id == attachment_id)
        .order_by(attachment_part.c.ordinal)
    )
    return b"".join(rows.scalars())


def remove(session: Session, workspace_id: str, attachment_id: str) -> None:
    """Remove a file with its content."""
    for table, key in ((attachment_part, attachment_part.c.attachment_id), (attachment, attachment.c.id)):
        session.execute(delete(table).where(table.c.workspace_id == workspace_id, key == attachment_id))


_SHOWN = tuple(column for column in attachment.c if column.name != "workspace_id")
