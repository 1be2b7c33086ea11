"""Files added to tickets and taken from them. The agent reads none of them: they are for people."""

from ticketflow import events
from ticketflow.agent import desk
from ticketflow.db import Session
from ticketflow.errors import Conflict, NotFound, TooLarge
from ticketflow.store import attachments, audit, tickets
from ticketflow.store.attachments import Attachment

MAX_BYTES = 10 << 20
MOST = 20
"""Files with one message, or with a ticket and none of its messages."""


def attach(
    session: Session,
    workspace_id: str,
    ticket_id: str,
    name: str,
    content: bytes,
    actor: str,
    *,
    message_id: str | None = None,
) -> Attachment:
    """Store a file with a ticket, or with one of its messages. The ticket's version stays: nothing was said.

    Raises NotFound for an unknown ticket or a message that is not the ticket's, TooLarge, and Conflict for a ticket
    that was merged or one file too many.
    """
    ticket = tickets.get(session, workspace_id, ticket_id)
    desk.check_unmerged(ticket)
    if message_id is not None and not tickets.has_message(session, workspace_id, ticket_id, message_id):
        raise NotFound(f"The ticket has no message {message_id}.", field="message_id")
    if len(content) > MAX_BYTES:
        raise TooLarge(f"A file has at most {MAX_BYTES:,} bytes; this one has {len(content):,}.")
    if attachments.count(session, workspace_id, ticket_id, message_id) >= MOST:
        raise Conflict(f"A message has at most {MOST} attachments.", remedy="Add a message, and attach it there.")
    made = attachments.add(session, workspace_id, ticket_id, name, content, actor, message_id=message_id)
    told = {"attachment_id": made.id, "message_id": message_id, "media_type": made.media_type, "size": made.size}
    events.append(session, workspace_id, "attachment.added", ticket_id, **told, by=actor)
    return made


def detach(session: Session, workspace_id: str, attachment_id: str, actor: str) -> None:
    """Remove a file. Raises NotFound."""
    found = attachments.get(session, workspace_id, attachment_id)
    attachments.remove(session, workspace_id, attachment_id)
    events.append(session, workspace_id, "attachment.removed", found.ticket_id, attachment_id=found.id, by=actor)
    was = {"ticket_id": found.ticket_id, "media_type": found.media_type, "size": found.size, "digest": found.digest}
    audit.record(session, workspace_id, actor, "attachment.removed", found.id, before=was)
