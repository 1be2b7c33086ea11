"""Channels as people manage them, each change with its event and in the audit log."""

import base64
import secrets as random_source
from typing import Any

from ticketflow import events
from ticketflow.db import Session
from ticketflow.errors import Conflict, InvalidInput, Refused
from ticketflow.integrations import signing_secrets
from ticketflow.integrations.channels import messages, quiet, targets
from ticketflow.integrations.endpoints import check_types
from ticketflow.outbound import Client
from ticketflow.store import audit, channels
from ticketflow.store.channels import Channel, ChannelKind, ChannelState, NewChannel, Quiet
from ticketflow.store.secrets import Secrets

MOST = 50
"""Channels of a workspace: each event is looked at for every one of them."""


class ChannelSecrets:
    """What channels log in and sign with, one value each, encrypted at rest."""

    def __init__(self, stored: Secrets) -> None:
        self._stored = stored

    def put(self, session: Session, channel: Channel, value: str | None, actor: str) -> None:
        """Store the value in the place of the one before; None forgets it."""
        if value is None:
            self._stored.remove(session, channel.workspace_id, _name(channel))
        else:
            self._stored.put(session, channel.workspace_id, _name(channel), value, actor)

    def get(self, session: Session, channel: Channel) -> str:
        """The value; empty for mail without a login. Raises Misconfigured where it cannot be read, and Refused."""
        value = self._stored.get(session, channel.workspace_id, _name(channel))
        if value is None and (channel.kind is not ChannelKind.EMAIL or channel.to.get("username")):
            raise Refused("The channel has no secret any more.", remedy="Enter where it leads anew.")
        return value or ""


def create(
    session: Session,
    workspace_id: str,
    new: NewChannel,
    client: Client,
    secrets: ChannelSecrets,
    actor: str,
) -> tuple[Channel, str | None]:
    """A channel, told of everything from now on, and for a webhook the signing secret, which is shown once.

    `new.to` holds what was entered, secret included. Raises InvalidInput, AddressRefused and Conflict.
    """
    _check(session, new.types, new.templates, new.quiet)
    to, secret = targets.checked(new.kind, new.to, client)
    if len(channels.page(session, workspace_id, limit=MOST)) == MOST:
        raise Conflict(f"A workspace has at most {MOST} channels.", remedy="Delete one that nobody needs.")
    stored = new.model_copy(update={"to": to})
    made = channels.add(session, workspace_id, stored, events.last_seq(session, workspace_id))
    shown = None
    if new.kind is ChannelKind.WEBHOOK:
        drawn = random_source.token_bytes(signing_secrets.LENGTH)
        secret = shown = signing_secrets.PREFIX + base64.b64encode(drawn).decode()
    secrets.put(session, made, secret, actor)
    _told(session, made, "channel.created", actor, kind=made.kind, name=made.name)
    return made, shown


def change(
    session: Session,
    workspace_id: str,
    channel_id: str,
    changes: dict[str, Any],
    client: Client,
    secrets: ChannelSecrets,
    actor: str,
) -> Channel:
    """Set fields of a channel; `to` comes as a whole, with its secret. One that is enabled again is told of what comes
    from now on. Raises NotFound, InvalidInput, AddressRefused, Conflict.
    """
    found = channels.get(session, workspace_id, channel_id)
    values = dict(changes)
    given = values.get("quiet")
    _check(
        session, values.get("types", []), values.get("templates", {}), Quiet.model_validate(given) if given else None
    )
    if "to" in values:
        entered = values["to"]
        if entered.get("kind", found.kind) != found.kind:
            raise InvalidInput("A channel keeps its kind.", remedy="Add another channel.", field="to/kind")
        values["to"], secret = targets.checked(found.kind, entered, client)
        if found.kind is not ChannelKind.WEBHOOK:
            secrets.put(session, found, secret, actor)
    if values.get("state") == ChannelState.ENABLED and found.state is ChannelState.DISABLED:
        values["position"] = events.last_seq(session, workspace_id)
    changed = channels.change(session, found, **values)
    _told(session, changed, "channel.changed", actor, names=sorted(changes))
    return changed


def delete(session: Session, workspace_id: str, channel_id: str, secrets: ChannelSecrets, actor: str) -> None:
    """Forget a channel with its secret and notifications; what is on its way may still arrive. Raises NotFound."""
    found = channels.get(session, workspace_id, channel_id)
    channels.remove(session, found)
    secrets.put(session, found, None, actor)
    _told(session, found, "channel.deleted", actor, name=found.name)


def _check(session: Session, types: list[str], templates: dict[str, str], hours: Quiet | None) -> None:
    check_types(types)
    messages.check(templates)
    if hours is not None:
        quiet.check(hours, session.now)


def _name(channel: Channel) -> str:
    return f"channel:{channel.id}"


def _told(session: Session, one: Channel, what: str, actor: str, **detail: Any) -> None:
    events.append(session, one.workspace_id, what, channel_id=one.id)
    audit.record(session, one.workspace_id, actor, what, one.id, **detail)
