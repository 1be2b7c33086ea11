"""From the event log to notifications: sent at once, or or held for a digest in quiet hours and beyond the limit."""

from collections.abc import Callable, Sequence

from ticketflow import events
from ticketflow.clock import HOUR, new_id
from ticketflow.db import Database, Session
from ticketflow.events import Event
from ticketflow.integrations.channels import quiet
from ticketflow.integrations.dispatching import DELIVER
from ticketflow.integrations.following import PAGE, Follower
from ticketflow.store import channels, notifications
from ticketflow.store.channels import Channel, ChannelState
from ticketflow.store.notifications import NotificationState
from ticketflow.workflow import queue

NOTIFY = "notify"


class ChannelFollower(Follower[Channel]):
    """Considers new events for every channel."""

    def __init__(self, database: Database, checkpoint: Callable[[str], None] = lambda _point: None) -> None:
        super().__init__(
            database,
            behind=channels.behind,
            concerned=lambda session, found, page: bool(wanted(session, found, page)),
            advance=lambda session, found: advance(session, found.workspace_id, found.id),
            checkpoint=checkpoint,
        )


def wanted(session: Session, channel: Channel, page: Sequence[Event]) -> list[Event]:
    """The events that a channel is told of, by its types and by the team that has the ticket now."""
    found = [event for event in page if channel.wants(event.type) and not _echo(channel, event)]
    if not channel.teams or not found:
        return found
    teams = channels.teams_of(session, channel.workspace_id, sorted({event.ticket_id for event in found}))
    return [event for event in found if teams.get(event.ticket_id) in channel.teams]


def _echo(channel: Channel, event: Event) -> bool:
    """That telling somebody failed is no news for those who would fail in turn: it would come back for ever."""
    return event.data.get("workflow") in (DELIVER, NOTIFY) or event.data.get("channel_id") == channel.id


def advance(session: Session, workspace_id: str, channel_id: str) -> bool:
    """Queue what the channel wants of the next PAGE events and move its position past them; whether more may follow.

    Other processes wait for this transaction's end and then see where it got.
    """
    found = channels.find(session, workspace_id, channel_id)
    if found is None or found.state is ChannelState.DISABLED:
        return False
    page = events.after(session, workspace_id, found.position, PAGE)
    for event in wanted(session, found, page):
        _queue(session, found, event.seq)
    if page:
        channels.advance(session, found, page[-1].seq)
    return len(page) == PAGE


def send_now(session: Session, channel: Channel, seq: int) -> str:
    """Queue a message of one event (0 for a test) that is due now; the notification's id."""
    made = new_id()
    run_id = enqueue(session, channel.workspace_id, channel.id, made, due_at=session.now)
    pending = NotificationState.PENDING
    return notifications.add(
        session, channel.workspace_id, channel.id, seq, run_id, pending, session.now, notification_id=made
    )


def _queue(session: Session, channel: Channel, seq: int) -> None:
    """One message now, or one more line of the digest. The channel is held, so that a digest takes all of its lines."""
    workspace_id = channel.workspace_id
    waiting = notifications.digest(session, workspace_id, channel.id)
    due_at = _free_at(session, channel) if waiting is None else waiting[1]
    if waiting is None and due_at <= session.now:
        send_now(session, channel, seq)
        return
    run_id = waiting[0] if waiting else enqueue(session, workspace_id, channel.id, new_id(), due_at=due_at)
    notifications.add(session, workspace_id, channel.id, seq, run_id, NotificationState.HELD, due_at)


def _free_at(session: Session, channel: Channel) -> int:
    """When the channel may be told something: now, after its quiet hours, or when the hour's first message is past."""
    silent_until = quiet.ends_at(channel.quiet, session.now)
    if silent_until > session.now:
        return silent_until
    lately = notifications.messages(session, channel.workspace_id, channel.id, session.now - HOUR)
    if len(lately) < channel.per_hour:
        return session.now
    return quiet.ends_at(channel.quiet, lately[-channel.per_hour] + HOUR)


def enqueue(
    session: Session,
    workspace_id: str,
    channel_id: str,
    message_id: str,
    *,
    due_at: int,
    tried: int = 0,
    since: int | None = None,
) -> str:
    """Queue one attempt at a message, in the channel's lane; the run's id.

    `tried` counts the attempts before it, `since` is when the first of them was.
    """
    return queue.enqueue(
        session,
        workspace_id,
        NOTIFY,
        trigger_id=f"{channel_id}:{message_id}:{new_id()}",
        payload={"channel_id": channel_id, "message_id": message_id, "tried": tried, "since": since},
        due_at=due_at,
    )
