"""What integrations need: people, secrets, webhooks, sources, channels, attachments, and the life of a ticket.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from ticketflow.db.types import Bytes, Json

revision = "0004"
down_revision = "0003"

FILLED_AT_ONCE = 1_000
TAG_LENGTH = 190


def upgrade() -> None:
    """Make the tables and columns, and list by tag what each ticket is tagged with."""
    op.add_column("ticket", sa.Column("snoozed_until", sa.BigInteger(), nullable=True))
    op.add_column("ticket", sa.Column("merged_into", sa.String(length=36), nullable=True))
    op.add_column("ticket", sa.Column("resolved_at", sa.BigInteger(), nullable=True))
    for column in ("team", "assignee", "requester_email"):
        op.create_index(
            op.f(f"ix_ticket_workspace_id_{column}_updated_at"), "ticket", ["workspace_id", column, "updated_at"]
        )
    op.create_index(op.f("ix_ticket_workspace_id_snoozed_until"), "ticket", ["workspace_id", "snoozed_until"])
    op.add_column("api_key", sa.Column("used_at", sa.BigInteger(), nullable=True))
    op.add_column("api_key", sa.Column("replaces", sa.String(length=36), nullable=True))
    op.create_table(
        "ticket_tag",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("tag", sa.String(length=190), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["ticket.workspace_id", "ticket.id"],
            name=op.f("fk_ticket_tag_workspace_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "ticket_id", "tag", name=op.f("pk_ticket_tag")),
    )
    op.create_index(
        op.f("ix_ticket_tag_workspace_id_tag_ticket_id"), "ticket_tag", ["workspace_id", "tag", "ticket_id"]
    )
    op.create_table(
        "ticket_link",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("other_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=190), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["ticket.workspace_id", "ticket.id"],
            name=op.f("fk_ticket_link_workspace_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "ticket_id", "other_id", name=op.f("pk_ticket_link")),
    )
    op.create_index(op.f("ix_ticket_link_workspace_id_other_id"), "ticket_link", ["workspace_id", "other_id"])
    op.create_table(
        "attachment",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("media_type", sa.String(length=190), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=190), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["ticket.workspace_id", "ticket.id"],
            name=op.f("fk_attachment_workspace_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_workspace_id_ticket_id_id"), "attachment", ["workspace_id", "ticket_id", "id"])
    op.create_table(
        "attachment_part",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("attachment_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("data", Bytes, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "attachment_id"],
            ["attachment.workspace_id", "attachment.id"],
            name=op.f("fk_attachment_part_workspace_id_attachment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "attachment_id", "ordinal", name=op.f("pk_attachment_part")),
    )
    op.create_table(
        "person",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=190), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_person")),
        sa.UniqueConstraint("workspace_id", "email", name=op.f("uq_person_workspace_id_email")),
    )
    op.create_table(
        "browser_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_session")),
    )
    op.create_index(op.f("ix_browser_session_workspace_id_person_id"), "browser_session", ["workspace_id", "person_id"])
    op.create_table(
        "one_time_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("subject", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_one_time_token")),
    )
    op.create_index(op.f("ix_one_time_token_expires_at"), "one_time_token", ["expires_at"])
    op.create_table(
        "secret_value",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("ciphertext", Bytes, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=190), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_secret_value")),
    )
    op.create_table(
        "idempotency",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("caller", sa.String(length=190), nullable=False),
        sa.Column("key", sa.String(length=190), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", Json, nullable=False),
        sa.Column("body", Bytes, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "caller", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_expires_at"), "idempotency", ["expires_at"])
    op.create_table(
        "webhook_endpoint",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("types", Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("webhook_endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "webhook_endpoint_id"],
            ["webhook_endpoint.workspace_id", "webhook_endpoint.id"],
            name=op.f("fk_webhook_delivery_workspace_id_webhook_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index(
        op.f("ix_webhook_delivery_workspace_id_webhook_endpoint_id_id"),
        "webhook_delivery",
        ["workspace_id", "webhook_endpoint_id", "id"],
    )
    op.create_table(
        "intake_source",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slug", sa.String(length=190), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("mapping", Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_intake_source")),
        sa.UniqueConstraint("workspace_id", "slug", name=op.f("uq_intake_source_workspace_id_slug")),
    )
    op.create_table(
        "intake_item",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("intake_source_id", sa.String(length=36), nullable=False),
        sa.Column("delivery_id", sa.String(length=190), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "intake_source_id"],
            ["intake_source.workspace_id", "intake_source.id"],
            name=op.f("fk_intake_item_workspace_id_intake_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "intake_source_id", "delivery_id", name=op.f("pk_intake_item")),
    )
    op.create_table(
        "channel",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("config", Json, nullable=False),
        sa.Column("types", Json, nullable=False),
        sa.Column("teams", Json, nullable=False),
        sa.Column("quiet", Json, nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_channel")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_channel_workspace_id_name")),
    )
    op.create_table(
        "notification",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channel.workspace_id", "channel.id"],
            name=op.f("fk_notification_workspace_id_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_notification")),
    )
    op.create_index(
        op.f("ix_notification_workspace_id_channel_id_id"), "notification", ["workspace_id", "channel_id", "id"]
    )
    op.create_index(op.f("ix_run_workspace_id_state_due_at"), "run", ["workspace_id", "state", "due_at"])
    _list_tags()


def _list_tags() -> None:
    """Anew where an upgrade was cut short here: what it had listed goes first."""
    tagged = sa.table("ticket", sa.column("workspace_id"), sa.column("id"), sa.column("tags", Json))
    listed = sa.table("ticket_tag", sa.column("workspace_id"), sa.column("ticket_id"), sa.column("tag"))
    connection = op.get_bind()
    connection.execute(listed.delete())
    rows = [
        {"workspace_id": workspace_id, "ticket_id": ticket_id, "tag": tag}
        for workspace_id, ticket_id, tags in connection.execute(sa.select(tagged).where(tagged.c.tags != []))
        if isinstance(tags, list)
        for tag in sorted({tag for tag in tags if isinstance(tag, str) and len(tag) <= TAG_LENGTH})
    ]
    for first in range(0, len(rows), FILLED_AT_ONCE):
        connection.execute(listed.insert(), rows[first : first + FILLED_AT_ONCE])
