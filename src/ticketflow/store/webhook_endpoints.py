"""Endpoints of webhooks: where other systems want to be told of events."""

from enum import StrEnum
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import event_seq, webhook_endpoint
from ticketflow.domain import Value
from ticketflow.errors import Conflict, NotFound


class EndpointState(StrEnum):
    """A disabled endpoint is told nothing; what happens meanwhile it is not told later."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class NewEndpoint(Value):
    """What an endpoint is to be. `types` are event types or `ticket.*`; none means all."""

    url: str
    description: str = ""
    types: list[str] = []


class Endpoint(NewEndpoint):
    """An endpoint. `position` is the last event that was considered for it, `failing_since` the first failed attempt
    since one that succeeded; `reason` says why it is disabled.
    """

    workspace_id: str
    id: str
    state: EndpointState
    reason: str | None
    failing_since: int | None
    position: int
    version: int
    created_at: int
    updated_at: int

    def wants(self, event_type: str) -> bool:
        """Whether it is told of events of this type."""
        group = event_type.partition(".")[0]
        return not self.types or event_type in self.types or f"{group}.*" in self.types


def add(session: Session, workspace_id: str, new: NewEndpoint, position: int) -> Endpoint:
    """Store an endpoint that is told of everything after `position`."""
    made = Endpoint(
        workspace_id=workspace_id,
        id=new_id(),
        state=EndpointState.ENABLED,
        reason=None,
        failing_since=None,
        position=position,
        version=1,
        created_at=session.now,
        updated_at=session.now,
        **new.model_dump(),
    )
    session.execute(insert(webhook_endpoint).values(**made.model_dump()))
    return made


def find(session: Session, workspace_id: str, endpoint_id: str) -> Endpoint | None:
    """The endpoint, held until the commit where this transaction writes; None where there is none."""
    statement = select(webhook_endpoint).where(_one(workspace_id, endpoint_id))
    row = session.execute(session.held(statement)).mappings().first()
    return Endpoint.model_validate(dict(row)) if row else None


def get(session: Session, workspace_id: str, endpoint_id: str) -> Endpoint:
    """As `find`. Raises NotFound."""
    found = find(session, workspace_id, endpoint_id)
    if found is None:
        raise NotFound(f"There is no webhook endpoint {endpoint_id}.")
    return found


def page(session: Session, workspace_id: str, *, before: str | None = None, limit: int = 50) -> list[Endpoint]:
    """Endpoints, newest first, those made before the one with id `before`."""
    statement = select(webhook_endpoint).where(webhook_endpoint.c.workspace_id == workspace_id)
    if before is not None:
        statement = statement.where(webhook_endpoint.c.id < before)
    rows = session.execute(statement.order_by(webhook_endpoint.c.id.desc()).limit(limit)).mappings()
    return [Endpoint.model_validate(dict(row)) for row in rows]


def change(session: Session, found: Endpoint, **values: Any) -> Endpoint:
    """Set columns of an endpoint that this transaction has found. Raises Conflict when it was changed meanwhile."""
    values |= {"version": found.version + 1, "updated_at": session.now}
    same = and_(_one(found.workspace_id, found.id), webhook_endpoint.c.version == found.version)
    if session.execute(update(webhook_endpoint).where(same).values(**values)).rowcount != 1:
        raise Conflict("The endpoint was changed meanwhile.", remedy="Read it again and repeat the change.")
    return found.model_copy(update=values)


def advance(session: Session, found: Endpoint, position: int) -> None:
    """Everything up to `position` was considered. The endpoint must be held."""
    session.execute(update(webhook_endpoint).where(_one(found.workspace_id, found.id)).values(position=position))


def fails(session: Session, found: Endpoint) -> int:
    """Take note of a failed attempt; since when there was no other, in microseconds."""
    if found.failing_since is None:
        mine = _one(found.workspace_id, found.id)
        session.execute(update(webhook_endpoint).where(mine).values(failing_since=session.now))
    return session.now if found.failing_since is None else found.failing_since


def works(session: Session, workspace_id: str, endpoint_id: str) -> None:
    """Take note of an attempt that succeeded."""
    failing = and_(_one(workspace_id, endpoint_id), webhook_endpoint.c.failing_since.is_not(None))
    session.execute(update(webhook_endpoint).where(failing).values(failing_since=None))


def remove(session: Session, found: Endpoint) -> None:
    """Forget an endpoint and its deliveries."""
    session.execute(delete(webhook_endpoint).where(_one(found.workspace_id, found.id)))


def behind(session: Session) -> list[tuple[Endpoint, int]]:
    """Enabled endpoints of all workspaces for which there are events to consider, each with the newest one's seq."""
    mine = event_seq.c.workspace_id == webhook_endpoint.c.workspace_id
    rows = session.execute(
        select(webhook_endpoint, event_seq.c.last)
        .join(event_seq, mine)
        .where(
            webhook_endpoint.c.state == EndpointState.ENABLED.value,
            webhook_endpoint.c.position < event_seq.c.last,
        )
        .order_by(webhook_endpoint.c.id)
    ).mappings()
    return [(Endpoint.model_validate({k: v for k, v in row.items() if k != "last"}), int(row["last"])) for row in rows]


def _one(workspace_id: str, endpoint_id: str) -> Any:
    return and_(webhook_endpoint.c.workspace_id == workspace_id, webhook_endpoint.c.id == endpoint_id)
