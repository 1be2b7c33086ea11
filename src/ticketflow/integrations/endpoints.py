"""Endpoints of webhooks as people manage them, each change with its event and in the audit log; and their end."""

import re
from typing import Any

from ticketflow import events
from ticketflow.db import Session
from ticketflow.errors import Conflict, InvalidInput
from ticketflow.integrations.signing_secrets import SigningSecrets
from ticketflow.store import audit, notices, webhook_endpoints
from ticketflow.store.webhook_endpoints import Endpoint, EndpointState, NewEndpoint

MOST = 50
"""Endpoints of a workspace: each event is looked at for every one of them."""

TYPE_PATTERN = r"^[a-z][a-z_]{0,31}\.(\*|[a-z][a-z_]{0,31})$"


def owner(endpoint_id: str) -> str:
    """How the endpoint's secrets are named."""
    return f"webhook:{endpoint_id}"


def create(
    session: Session, workspace_id: str, new: NewEndpoint, secrets: SigningSecrets, actor: str
) -> tuple[Endpoint, str]:
    """An endpoint, told of everything from now on, and its secret, which is shown once.

    The URL must have been checked. Raises InvalidInput for event types that are none, Conflict beyond MOST.
    """
    check_types(new.types)
    if len(webhook_endpoints.page(session, workspace_id, limit=MOST)) == MOST:
        raise Conflict(f"A workspace has at most {MOST} webhook endpoints.", remedy="Delete one that nobody needs.")
    made = webhook_endpoints.add(session, workspace_id, new, events.last_seq(session, workspace_id))
    secret = secrets.issue(session, workspace_id, owner(made.id), actor)
    _told(session, made, "webhook.created", actor, url=made.url, types=made.types)
    return made, secret


def change(
    session: Session,
    workspace_id: str,
    endpoint_id: str,
    changes: dict[str, Any],
    actor: str,
    *,
    after_seq: int | None = None,
) -> Endpoint:
    """Set `url`, `description`, `types` or `state` of an endpoint; with `after_seq` it is told of what came after that
    event. One that is enabled again is otherwise told of what comes from now on. Raises NotFound, InvalidInput.
    """
    found = webhook_endpoints.get(session, workspace_id, endpoint_id)
    check_types(changes.get("types", []))
    values = dict(changes)
    last = events.last_seq(session, workspace_id)
    if after_seq is not None:
        if after_seq > last:
            raise InvalidInput(f"The newest event is {last}.", field="after_seq")
        values["position"] = after_seq
    if changes.get("state") == EndpointState.ENABLED:
        values |= {"reason": None, "failing_since": None}
        if found.state is EndpointState.DISABLED:
            values.setdefault("position", last)
    elif changes.get("state") == EndpointState.DISABLED and found.state is EndpointState.ENABLED:
        values["reason"] = "A person disabled it."
    changed = webhook_endpoints.change(session, found, **values)
    again = {} if after_seq is None else {"after_seq": after_seq}
    _told(session, changed, "webhook.changed", actor, **changes, **again)
    return changed


def rotate(session: Session, workspace_id: str, endpoint_id: str, secrets: SigningSecrets, actor: str) -> str:
    """A new secret, shown once; the one before signs as well until its time is over. Raises NotFound."""
    found = webhook_endpoints.get(session, workspace_id, endpoint_id)
    secret = secrets.issue(session, workspace_id, owner(found.id), actor)
    _told(session, found, "webhook.rotated", actor)
    return secret


def delete(session: Session, workspace_id: str, endpoint_id: str, secrets: SigningSecrets, actor: str) -> None:
    """Forget an endpoint with its secrets and deliveries; what is on its way may still arrive. Raises NotFound."""
    found = webhook_endpoints.get(session, workspace_id, endpoint_id)
    webhook_endpoints.remove(session, found)
    secrets.forget(session, workspace_id, owner(found.id))
    _told(session, found, "webhook.deleted", actor, url=found.url)


def disable(session: Session, found: Endpoint, reason: str) -> None:
    """End an endpoint that does not work, and tell the operators. The endpoint must be held."""
    webhook_endpoints.change(session, found, state=EndpointState.DISABLED.value, reason=reason)
    events.append(session, found.workspace_id, "webhook.disabled", endpoint_id=found.id, reason=reason)
    text = f"The webhook endpoint {found.description or found.id} is disabled: {reason} Enable it once it works again."
    notices.add(session, found.workspace_id, "webhook.disabled", text)


def check_types(types: list[str]) -> None:
    """Raises InvalidInput where one is no event type and no group of them. A type nobody knows yet may come to be."""
    for position, given in enumerate(types):
        if not re.fullmatch(TYPE_PATTERN, given):
            raise InvalidInput(
                f"{given[:80]!r} is no event type.",
                remedy="Write one as in `ticket.created`, or `ticket.*` for all that begin so.",
                field=f"types/{position}",
            )


def _told(session: Session, one: Endpoint, what: str, actor: str, **detail: Any) -> None:
    events.append(session, one.workspace_id, what, endpoint_id=one.id)
    audit.record(session, one.workspace_id, actor, what, one.id, **detail)
