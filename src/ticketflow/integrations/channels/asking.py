"""Messages that a person asks for: one again, or a test."""

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.errors import Conflict
from ticketflow.integrations.channels import queueing
from ticketflow.store import audit, channels, notifications
from ticketflow.store.channels import Channel, ChannelState
from ticketflow.store.notifications import Notification, NotificationState
from ticketflow.workflow import queue


def send_test(session: Session, workspace_id: str, channel_id: str, actor: str) -> Notification:
    """Tell a channel that it is being tested: at once, whatever it asks for, in quiet hours too. Raises NotFound, and
    Conflict where it is disabled.
    """
    found = _enabled(session, workspace_id, channel_id)
    audit.record(session, workspace_id, actor, "channel.tested", channel_id)
    return notifications.get(session, workspace_id, queueing.send_now(session, found, 0))


def resend(session: Session, workspace_id: str, notification_id: str, actor: str) -> Notification:
    """Send a notification as a message of its own, now or after the quiet hours. One that was sent before gets a new
    id, so that nobody takes it for a repetition. Raises as `send_test`.
    """
    channel_id = notifications.get(session, workspace_id, notification_id).channel_id
    _enabled(session, workspace_id, channel_id)  # the channel first, as everybody holds it first
    found = notifications.get(session, workspace_id, notification_id)
    audit.record(session, workspace_id, actor, "channel.resent", channel_id, notification_id=notification_id)
    if len(notifications.of_run(session, workspace_id, channel_id, found.run_id)) == 1:
        queue.cancel(session, workspace_id, found.run_id)
    message_id = new_id() if found.state is NotificationState.SENT else found.id
    run_id = queueing.enqueue(session, workspace_id, channel_id, message_id, due_at=session.now)
    pending = NotificationState.PENDING.value
    notifications.change(session, workspace_id, [found.id], state=pending, run_id=run_id, next_at=session.now)
    return notifications.get(session, workspace_id, found.id)


def _enabled(session: Session, workspace_id: str, channel_id: str) -> Channel:
    found = channels.get(session, workspace_id, channel_id)
    if found.state is ChannelState.DISABLED:
        raise Conflict("The channel is disabled.", remedy="Enable it first.")
    return found
