"""What a message says: the events of its notifications, read when it goes out, so that it tells what is true then."""

from ticketflow.db import Session
from ticketflow.errors import NotFound
from ticketflow.events import Event, after
from ticketflow.integrations.channels import messages
from ticketflow.integrations.channels.sending import Escape, Message
from ticketflow.store import tickets, workspaces
from ticketflow.store.channels import Channel
from ticketflow.store.notifications import Notification


def composed(
    session: Session, channel: Channel, told: list[Notification], message_id: str, at: int, escape: Escape
) -> Message | None:
    """One message of these notifications; None where nothing of what they tell of is there any more."""
    slug = workspaces.get(session, channel.workspace_id).slug
    found = [(one, _fields(session, slug, channel, one)) for one in told]
    each = [messages.rendered(channel.templates, fields, escape) for _, fields in found if fields is not None]
    if not each:
        return None
    whole = each[0] if len(each) == 1 else messages.digest(each)
    events = [
        {"seq": one.seq, "type": fields["type"], "ticket_id": one.ticket_id or None}
        for one, fields in found
        if fields is not None
    ]
    return Message(id=message_id, at=at, workspace=slug, subject=whole.subject, text=whole.text, events=events)


def _fields(session: Session, slug: str, channel: Channel, one: Notification) -> dict[str, str] | None:
    """None where the event is gone, or the ticket that it was about."""
    if one.seq == 0:
        return messages.fields_of(slug, _test(channel, one), None)
    found = after(session, channel.workspace_id, one.seq - 1, 1)
    if not found or found[0].seq != one.seq:
        return None
    try:
        ticket = tickets.get(session, channel.workspace_id, found[0].ticket_id) if found[0].ticket_id else None
    except NotFound:
        return None
    return messages.fields_of(slug, found[0], ticket)


def _test(channel: Channel, one: Notification) -> Event:
    return Event(
        workspace_id=channel.workspace_id,
        seq=0,
        type=messages.TEST,
        ticket_id="",
        data={},
        created_at=one.created_at,
    )
