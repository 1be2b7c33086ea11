"""One attempt at a message to a channel, as a run: send it, then note what came of it and queue the next.

Nothing is sent inside a transaction, and no ticket waits for it: these runs have threads of their own, and a process
makes one attempt at a channel at a time. Who is killed in between sends again, under the same id.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from ticketflow import events
from ticketflow.agent.deps import Deps
from ticketflow.clock import DAY, HOUR, MINUTE, SECOND
from ticketflow.db import Database, Session
from ticketflow.domain import Value
from ticketflow.errors import InvalidInput, LeaseLost, Refused, StorageUnavailable, TicketFlowError
from ticketflow.integrations.channels import composing, generic, mail, queueing, quiet, slack
from ticketflow.integrations.channels.managing import ChannelSecrets
from ticketflow.integrations.channels.queueing import NOTIFY
from ticketflow.integrations.channels.sending import Escape, Message, Send
from ticketflow.outbound import Client
from ticketflow.store import channels, notices, notifications
from ticketflow.store.channels import Channel, ChannelKind, ChannelState
from ticketflow.store.notifications import Notification, NotificationState
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

LANE_WIDTH = 1
"""Attempts at one channel that a process makes at a time: messages arrive in their order while all goes well."""
WAITS = (10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
"""Between one attempt and the next; the last again and again."""
JITTER = 0.2
GIVEN_UP_AFTER = DAY
"""From a message's first attempt on; quiet hours in between do not count."""


class Attempted(Value):
    """What came of an attempt.

    ids     the notifications that it told
    sent    whether anything was tried; otherwise `error` says why nobody wants it, or `until` when it is tried
    """

    at: int
    ids: list[str] = []
    sent: bool = True
    error: str | None = None
    final: bool = False
    asked_us: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Notifying:
    """What attempts are made with. `slack_api` is for tests."""

    database: Database
    client: Callable[[], Client]
    secrets: ChannelSecrets
    rng: random.Random = field(default_factory=random.Random)
    slack_api: str = slack.API

    @property
    def senders(self) -> Mapping[ChannelKind, tuple[Send, Escape]]:
        """For each kind, how it is sent and how text is escaped for it."""
        return {
            ChannelKind.SLACK_WEBHOOK: (slack.post_to_webhook, slack.escape),
            ChannelKind.SLACK_BOT: (partial(slack.post_as_bot, api=self.slack_api), slack.escape),
            ChannelKind.EMAIL: (mail.send, str),
            ChannelKind.WEBHOOK: (generic.post, str),
        }


@dataclass(frozen=True)
class _Ready:
    channel: Channel
    secret: str
    message: Message


def workflow(notifying: Notifying) -> Workflow[Deps]:
    """The workflow of attempts that are made with these means."""

    def send(_deps: Deps, state: State) -> Attempted:
        return attempt(notifying, state)

    def settle(_deps: Deps, session: Session, state: State, value: Attempted) -> None:
        note(notifying, session, state.run, value)

    def give_up(_deps: Deps, session: Session, run: Run, error: str) -> None:
        """The process ended in every claim of this attempt, or something is wrong here: one more that failed."""
        told = notifications.of_run(session, run.workspace_id, _channel_id(run), run.id)
        note(notifying, session, run, Attempted(at=session.now, ids=[one.id for one in told], error=error))

    step = Step[Deps]("send", "1", send, settle, output=Attempted, inputs=(TICKET,), outside=True)
    return Workflow[Deps](NOTIFY, 1, (step,), give_up, lane_width=LANE_WIDTH)


def attempt(notifying: Notifying, state: State) -> Attempted:
    """Send the run's message once. Raises StorageUnavailable."""
    began, ids = state.clock.now(), list[str]()
    try:
        with notifying.database.read() as session:
            told = notifications.of_run(session, state.run.workspace_id, _channel_id(state.run), state.run.id)
            ids = [one.id for one in told]
            ready = _ready(notifying, session, state.run, told, began)
        if isinstance(ready, Attempted):
            return ready
        send, _ = notifying.senders[ready.channel.kind]
        with state.kept():
            answered = send(notifying.client(), ready.channel.to, ready.secret, ready.message)
    except (LeaseLost, StorageUnavailable):
        raise
    except TicketFlowError as error:
        final = isinstance(error, InvalidInput | Refused)
        return Attempted(at=began, ids=ids, error=str(error), final=final)
    return Attempted(at=began, ids=ids, **answered.model_dump())


def _ready(notifying: Notifying, session: Session, run: Run, told: list[Notification], now: int) -> _Ready | Attempted:
    """What is to be sent, or why nothing is."""
    channel = channels.find(session, run.workspace_id, _channel_id(run))
    if channel is None:
        return Attempted(at=now, sent=False, error="The channel was deleted.")
    ids = [one.id for one in told]
    if channel.state is ChannelState.DISABLED:
        return Attempted(at=now, ids=ids, sent=False, error="The channel is disabled.")
    silent_until = quiet.ends_at(channel.quiet, now)
    if silent_until > now and any(one.seq for one in told):
        return Attempted(at=now, ids=ids, sent=False, until=silent_until)
    _, escape = notifying.senders[channel.kind]
    message = composing.composed(session, channel, told, str(run.payload["message_id"]), now, escape)
    if message is None:
        return Attempted(at=now, ids=ids, sent=False, error="The event was erased.")
    return _Ready(channel, notifying.secrets.get(session, channel), message)


def note(notifying: Notifying, session: Session, run: Run, made: Attempted) -> None:
    """Write down what came of an attempt, with the commit that ends its run."""
    workspace_id, channel_id = run.workspace_id, _channel_id(run)
    channel = channels.find(session, workspace_id, channel_id)
    if channel is None:
        return
    still = {one.id: one for one in notifications.of_run(session, workspace_id, channel_id, run.id)}
    ids = [known for known in made.ids if known in still]  # a person may have sent one again meanwhile
    late = [known for known in still if known not in made.ids]
    if late:  # they joined the digest while it was on its way
        _put_off(session, run, late, session.now, fresh=True)
    if not ids:
        return
    if made.until is not None:
        _hold(session, run, ids, made.until)
    elif not made.sent:
        notifications.change(
            session, workspace_id, ids, state=NotificationState.DROPPED.value, error=made.error, next_at=None
        )
    else:
        notifications.attempted(session, workspace_id, ids)
        if made.error is None:
            notifications.change(
                session, workspace_id, ids, state=NotificationState.SENT.value, error=None, next_at=None
            )
        else:
            _failed(notifying, session, run, channel, ids, made)


def _hold(session: Session, run: Run, ids: list[str], until: int) -> None:
    """Wait for the end of the quiet hours, as a line of the digest where one waits for it already."""
    waiting = notifications.digest(session, run.workspace_id, _channel_id(run))
    if waiting is not None and waiting[0] != run.id:
        held = NotificationState.HELD.value
        notifications.change(session, run.workspace_id, ids, state=held, run_id=waiting[0], next_at=waiting[1])
        return
    since = run.payload["since"]
    shifted = None if since is None else since + until - session.now
    _put_off(session, run, ids, until, held=True, since=shifted)


def _failed(
    notifying: Notifying, session: Session, run: Run, channel: Channel, ids: list[str], made: Attempted
) -> None:
    since = run.payload["since"] or made.at
    tried = int(run.payload["tried"]) + 1
    planned = round(WAITS[min(tried, len(WAITS)) - 1] * (1 + notifying.rng.uniform(0, JITTER)))
    due_at = session.now + max(planned, made.asked_us or 0)
    if not made.final and due_at - since <= GIVEN_UP_AFTER:
        _put_off(session, run, ids, due_at, tried=tried, since=since, error=made.error)
        return
    first = notifications.last_ended(session, run.workspace_id, channel.id) is not NotificationState.FAILED
    notifications.change(
        session, run.workspace_id, ids, state=NotificationState.FAILED.value, error=made.error, next_at=None
    )
    if first:  # until it works again, one notice is enough
        events.append(session, run.workspace_id, "channel.failing", channel_id=channel.id, reason=made.error)
        text = f"The channel {channel.name} does not work: {made.error} Its log tells what was not sent."
        notices.add(session, run.workspace_id, "channel.failing", text)


def _put_off(
    session: Session,
    run: Run,
    ids: list[str],
    due_at: int,
    *,
    tried: int | None = None,
    since: int | None = None,
    error: str | None = None,
    held: bool = False,
    fresh: bool = False,
) -> None:
    """Queue another attempt at the message; `fresh` makes it a message of its own."""
    channel_id = _channel_id(run)
    message_id = ids[0] if fresh else str(run.payload["message_id"])
    before = 0 if fresh else int(run.payload["tried"])
    run_id = queueing.enqueue(
        session,
        run.workspace_id,
        channel_id,
        message_id,
        due_at=due_at,
        tried=before if tried is None else tried,
        since=since,
    )
    state = NotificationState.HELD if held else NotificationState.PENDING
    notifications.change(session, run.workspace_id, ids, state=state.value, run_id=run_id, next_at=due_at, error=error)


def _channel_id(run: Run) -> str:
    return str(run.payload["channel_id"])
