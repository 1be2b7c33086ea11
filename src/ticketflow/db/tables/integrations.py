"""Other systems: webhooks out, tickets in, and where people are told of events."""

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ticketflow.db.tables.columns import Id, Name, metadata, optional, required
from ticketflow.db.types import Json

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("url", Text),
    required("description", Text),
    required("types", Json),  # the event types that it gets; an empty list is all of them
    required("state", String(16)),
    optional("reason", Text),  # why it is disabled
    optional("failing_since", BigInteger),
    required("position", BigInteger),  # the last event that was considered for it
    required("version", Integer),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("webhook_endpoint_id", Id),
    required("seq", BigInteger),  # the event's
    required("type", String(64)),
    required("run_id", Id),
    required("state", String(16)),
    required("attempts", Integer),
    optional("status", Integer),  # of the last attempt's response
    optional("error", Text),
    optional("next_at", BigInteger),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "webhook_endpoint_id"],
        ["webhook_endpoint.workspace_id", "webhook_endpoint.id"],
        ondelete="CASCADE",
    ),
    Index(None, "workspace_id", "webhook_endpoint_id", "id"),
)

# Other systems that send us tickets.
intake_source = Table(
    "intake_source",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("slug", Name),
    required("name", Name),
    required("mapping", Json),
    required("state", String(16)),
    required("version", Integer),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "slug"),
)

# What a source has sent, by its own id, so that a repetition opens nothing twice.
intake_item = Table(
    "intake_item",
    metadata,
    required("workspace_id", Id),
    required("intake_source_id", Id),
    required("delivery_id", Name),
    required("ticket_id", Id),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "intake_source_id", "delivery_id"),
    ForeignKeyConstraint(
        ["workspace_id", "intake_source_id"], ["intake_source.workspace_id", "intake_source.id"], ondelete="CASCADE"
    ),
)

# Where people are told of events: Slack, e-mail, a webhook.
channel = Table(
    "channel",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("kind", String(16)),
    required("name", Name),
    required("state", String(16)),
    required("config", Json),  # without secrets
    required("types", Json),
    required("teams", Json),  # whose tickets; an empty list is everybody's
    optional("quiet", Json),
    required("position", BigInteger),  # the last event that was considered for it
    required("version", Integer),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "name"),
)

notification = Table(
    "notification",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("channel_id", Id),
    required("seq", BigInteger),  # the event's
    required("run_id", Id),
    required("state", String(16)),
    required("attempts", Integer),
    optional("error", Text),
    optional("next_at", BigInteger),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(["workspace_id", "channel_id"], ["channel.workspace_id", "channel.id"], ondelete="CASCADE"),
    Index(None, "workspace_id", "channel_id", "id"),
)
