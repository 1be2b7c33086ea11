"""Channels: where people are told of events."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import channel, event_seq, ticket
from ticketflow.domain import Value
from ticketflow.errors import Conflict, NotFound


class ChannelKind(StrEnum):
    """What a channel speaks: Slack by an incoming webhook or as a bot, e-mail by SMTP, or Standard Webhooks."""

    SLACK_WEBHOOK = "slack_webhook"
    SLACK_BOT = "slack_bot"
    EMAIL = "email"
    WEBHOOK = "webhook"


class ChannelState(StrEnum):
    """A disabled channel is told nothing; what happens meanwhile it is not told later."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class Window(Value):
    """Hours that are quiet: from a time of day to another one, of the next day where it is not later. `days` are those
    on which it begins, Monday is 0.
    """

    days: list[int]
    begins: str
    ends: str


class Quiet(Value):
    """When a channel is left alone: windows in the time of `zone`, an IANA name such as Europe/Berlin."""

    zone: str
    hours: list[Window]


class NewChannel(Value):
    """What a channel is to be.

    to         where it leads, by kind (integrations/channels/targets), without its secret
    types      event types or `ticket.*`; none means all
    teams      whose tickets it is told of; none means everybody's, and of what concerns no ticket as well
    templates  texts by event type, by group such as `ticket.*`, or for all under `*`
    per_hour   the most messages an hour; what comes beyond is told in one digest
    """

    kind: ChannelKind
    name: str
    to: dict[str, Any]
    types: list[str] = []
    teams: list[str] = []
    templates: dict[str, str] = {}
    per_hour: int = 30
    quiet: Quiet | None = None


class Channel(NewChannel):
    """A channel. `position` is the last event that was considered for it."""

    workspace_id: str
    id: str
    state: ChannelState
    position: int
    version: int
    created_at: int
    updated_at: int

    def wants(self, event_type: str) -> bool:
        """Whether it is told of events of this type."""
        group = event_type.partition(".")[0]
        return not self.types or event_type in self.types or f"{group}.*" in self.types


_CONFIG = ("to", "templates", "per_hour")
"""What stands together in the column `config`."""


def add(session: Session, workspace_id: str, new: NewChannel, position: int) -> Channel:
    """Store a channel that is told of everything after `position`. Raises Conflict where the name is taken."""
    _require_free(session, workspace_id, new.name)
    made = Channel(
        workspace_id=workspace_id,
        id=new_id(),
        state=ChannelState.ENABLED,
        position=position,
        version=1,
        created_at=session.now,
        updated_at=session.now,
        **new.model_dump(),
    )
    session.execute(insert(channel).values(**_columns(made.model_dump(mode="json"), set())))
    return made


def find(session: Session, workspace_id: str, channel_id: str) -> Channel | None:
    """The channel, held until the commit where this transaction writes; None where there is none."""
    row = session.execute(session.held(select(channel).where(_one(workspace_id, channel_id)))).mappings().first()
    return _read(dict(row)) if row else None


def get(session: Session, workspace_id: str, channel_id: str) -> Channel:
    """As `find`. Raises NotFound."""
    found = find(session, workspace_id, channel_id)
    if found is None:
        raise NotFound(f"There is no channel {channel_id}.")
    return found


def named(session: Session, workspace_id: str, name: str) -> Channel:
    """The channel of this name. Raises NotFound."""
    where = (channel.c.workspace_id == workspace_id, channel.c.name == name)
    row = session.execute(session.held(select(channel).where(*where))).mappings().first()
    if row is None:
        raise NotFound(f"There is no channel {name!r}.")
    return _read(dict(row))


def page(session: Session, workspace_id: str, *, before: str | None = None, limit: int = 50) -> list[Channel]:
    """Channels, newest first, those made before the one with id `before`."""
    statement = select(channel).where(channel.c.workspace_id == workspace_id)
    if before is not None:
        statement = statement.where(channel.c.id < before)
    rows = session.execute(statement.order_by(channel.c.id.desc()).limit(limit)).mappings()
    return [_read(dict(row)) for row in rows]


def change(session: Session, found: Channel, **values: Any) -> Channel:
    """Set fields of a channel that this transaction has found. Raises Conflict when it was changed meanwhile, or the
    name is another's.
    """
    if values.get("name", found.name) != found.name:
        _require_free(session, found.workspace_id, values["name"])
    changed = found.model_validate({**found.model_dump(), **values})
    changed = changed.model_copy(update={"version": found.version + 1, "updated_at": session.now})
    columns = _columns(changed.model_dump(mode="json"), {"workspace_id", "id"})
    same = and_(_one(found.workspace_id, found.id), channel.c.version == found.version)
    if session.execute(update(channel).where(same).values(**columns)).rowcount != 1:
        raise Conflict("The channel was changed meanwhile.", remedy="Read it again and repeat the change.")
    return changed


def advance(session: Session, found: Channel, position: int) -> None:
    """Everything up to `position` was considered. The channel must be held."""
    session.execute(update(channel).where(_one(found.workspace_id, found.id)).values(position=position))


def remove(session: Session, found: Channel) -> None:
    """Forget a channel and its notifications."""
    session.execute(delete(channel).where(_one(found.workspace_id, found.id)))


def behind(session: Session) -> list[tuple[Channel, int]]:
    """Enabled channels of all workspaces for which there are events to consider, each with the newest one's seq."""
    rows = session.execute(
        select(channel, event_seq.c.last)
        .join(event_seq, event_seq.c.workspace_id == channel.c.workspace_id)
        .where(channel.c.state == ChannelState.ENABLED.value, channel.c.position < event_seq.c.last)
        .order_by(channel.c.id)
    ).mappings()
    return [(_read({k: v for k, v in row.items() if k != "last"}), int(row["last"])) for row in rows]


def teams_of(session: Session, workspace_id: str, ticket_ids: Sequence[str]) -> dict[str, str | None]:
    """The team that has each of these tickets now."""
    rows = session.execute(
        select(ticket.c.id, ticket.c.team).where(ticket.c.workspace_id == workspace_id, ticket.c.id.in_(ticket_ids))
    )
    return {row.id: row.team for row in rows}


def _require_free(session: Session, workspace_id: str, name: str) -> None:
    where = (channel.c.workspace_id == workspace_id, channel.c.name == name)
    if session.execute(select(channel.c.id).where(*where)).first() is not None:
        raise Conflict(f"There is a channel {name!r} already.", remedy="Choose another name.", field="name")


def _columns(values: dict[str, Any], without: set[str]) -> dict[str, Any]:
    config = {name: values.pop(name) for name in _CONFIG}
    return {name: value for name, value in {**values, "config": config}.items() if name not in without}


def _read(row: dict[str, Any]) -> Channel:
    config = row.pop("config")
    return Channel.model_validate({**row, **{name: config[name] for name in _CONFIG if name in config}})


def _one(workspace_id: str, channel_id: str) -> Any:
    return and_(channel.c.workspace_id == workspace_id, channel.c.id == channel_id)
