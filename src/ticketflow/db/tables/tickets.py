"""Workspaces and their tickets: messages, tags, links, attachments, decisions, feedback."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from ticketflow.db.types import Bytes, Json, LongText, Real

workspace = Table(
    "workspace",
    metadata,
    required("id", Id, primary_key=True),
    required("number", Integer),  # the high bits of its chunk ids
    required("slug", Name),
    required("name", Name),
    required("created_at", BigInteger),
    UniqueConstraint("slug"),
    UniqueConstraint("number"),
)

ticket = Table(
    "ticket",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    optional("external_id", Name),
    required("channel", String(32)),
    required("subject", Text),
    optional("requester_name", Name),
    optional("requester_email", Name),
    required("status", String(16)),
    optional("category", Name),
    required("priority", String(8)),
    optional("language", String(8)),
    optional("sentiment", String(8)),
    optional("team", Name),
    optional("assignee", Name),
    required("tags", Json),
    optional("snoozed_until", BigInteger),
    optional("merged_into", Id),
    optional("resolved_at", BigInteger),  # unknown for tickets that were resolved before the fourth schema
    required("version", Integer),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    Index(None, "workspace_id", "updated_at"),
    Index(None, "workspace_id", "status", "updated_at"),
    Index(None, "workspace_id", "category", "updated_at"),
    Index(None, "workspace_id", "team", "updated_at"),
    Index(None, "workspace_id", "assignee", "updated_at"),
    Index(None, "workspace_id", "requester_email", "updated_at"),
    Index(None, "workspace_id", "snoozed_until"),
)

message = Table(
    "message",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("ticket_id", Id),
    required("author", String(16)),
    optional("author_name", Name),
    required("body", LongText),
    required("internal", Boolean),
    required("headers", Json),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(["workspace_id", "ticket_id"], ["ticket.workspace_id", "ticket.id"], ondelete="CASCADE"),
    Index(None, "workspace_id", "ticket_id", "id"),
)

# A ticket's tags by tag; `ticket.tags` holds the same list by ticket.
ticket_tag = Table(
    "ticket_tag",
    metadata,
    required("workspace_id", Id),
    required("ticket_id", Id),
    required("tag", Name),
    PrimaryKeyConstraint("workspace_id", "ticket_id", "tag"),
    ForeignKeyConstraint(["workspace_id", "ticket_id"], ["ticket.workspace_id", "ticket.id"], ondelete="CASCADE"),
    Index(None, "workspace_id", "tag", "ticket_id"),
)

# Two tickets that belong together; one row for each direction.
ticket_link = Table(
    "ticket_link",
    metadata,
    required("workspace_id", Id),
    required("ticket_id", Id),
    required("other_id", Id),
    required("kind", String(16)),
    required("created_by", Name),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "ticket_id", "other_id"),
    ForeignKeyConstraint(["workspace_id", "ticket_id"], ["ticket.workspace_id", "ticket.id"], ondelete="CASCADE"),
    Index(None, "workspace_id", "other_id"),
)

attachment = Table(
    "attachment",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("ticket_id", Id),
    optional("message_id", Id),
    required("name", Name),
    required("media_type", Name),  # as its bytes say, not as the sender said
    required("size", BigInteger),
    required("digest", String(64)),
    required("created_by", Name),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(["workspace_id", "ticket_id"], ["ticket.workspace_id", "ticket.id"], ondelete="CASCADE"),
    Index(None, "workspace_id", "ticket_id", "id"),
)

attachment_part = Table(
    "attachment_part",
    metadata,
    required("workspace_id", Id),
    required("attachment_id", Id),
    required("ordinal", Integer),
    required("data", Bytes),
    PrimaryKeyConstraint("workspace_id", "attachment_id", "ordinal"),
    ForeignKeyConstraint(
        ["workspace_id", "attachment_id"], ["attachment.workspace_id", "attachment.id"], ondelete="CASCADE"
    ),
)

decision = Table(
    "decision",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("ticket_id", Id),
    required("run_id", Id),
    required("action", String(16)),
    optional("answer_id", Id),
    required("confidence", Real),
    optional("threshold", Real),
    required("version", String(64)),
    optional("segment", Name),  # unknown for decisions of the first schema
    required("body", Json),  # the whole decision: reasons, features, evidence ids and scores
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "run_id"),
    Index(None, "workspace_id", "ticket_id", "id"),
)

feedback = Table(
    "feedback",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("ticket_id", Id),
    optional("decision_id", Id),
    required("kind", String(16)),
    optional("answer_id", Id),
    optional("score", Integer),
    required("note", Text),
    required("author", Name),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "ticket_id", "id"),
    Index(None, "workspace_id", "decision_id"),
)
