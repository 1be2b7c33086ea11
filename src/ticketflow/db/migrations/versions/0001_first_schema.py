"""The first schema: every table, full text and the change log.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

from ticketflow.db.types import Json, Vector

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, then what the dialect needs for search."""
    op.create_table(
        "answer",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("label", sa.String(length=190), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=190), nullable=True),
        sa.Column("team", sa.String(length=190), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("article_id", sa.String(length=36), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_answer")),
        sa.UniqueConstraint("workspace_id", "label", name=op.f("uq_answer_workspace_id_label")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )
    op.create_index(op.f("ix_api_key_workspace_id_created_at"), "api_key", ["workspace_id", "created_at"], unique=False)
    op.create_table(
        "artefact",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("provenance", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_artefact")),
    )
    op.create_index(
        op.f("ix_artefact_workspace_id_kind_active"), "artefact", ["workspace_id", "kind", "active"], unique=False
    )
    op.create_table(
        "article",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=190), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=190), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_article")),
        sa.UniqueConstraint("workspace_id", "external_id", name=op.f("uq_article_workspace_id_external_id")),
    )
    op.create_index(
        op.f("ix_article_workspace_id_status_updated_at"),
        "article",
        ["workspace_id", "status", "updated_at"],
        unique=False,
    )
    op.create_table(
        "audit_log",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("actor", sa.String(length=190), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=190), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "case",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=190), nullable=True),
        sa.Column("ticket_id", sa.String(length=36), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("resolution", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("answer_id", sa.String(length=36), nullable=True),
        sa.Column("category", sa.String(length=190), nullable=True),
        sa.Column("priority", sa.String(length=8), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_case")),
        sa.UniqueConstraint("workspace_id", "external_id", name=op.f("uq_case_workspace_id_external_id")),
        sa.UniqueConstraint("workspace_id", "ticket_id", name=op.f("uq_case_workspace_id_ticket_id")),
    )
    op.create_index(op.f("ix_case_workspace_id_answer_id"), "case", ["workspace_id", "answer_id"], unique=False)
    op.create_index(op.f("ix_case_workspace_id_created_at"), "case", ["workspace_id", "created_at"], unique=False)
    op.create_table(
        "chunk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("category", sa.String(length=190), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("answer_id", sa.String(length=36), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("terms", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("encoder", sa.String(length=64), nullable=False),
        sa.Column("vector", Vector, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunk")),
        sa.UniqueConstraint(
            "workspace_id", "kind", "source_id", "ordinal", name=op.f("uq_chunk_workspace_id_kind_source_id_ordinal")
        ),
    )
    op.create_index(
        op.f("ix_chunk_workspace_id_encoder_content_hash"),
        "chunk",
        ["workspace_id", "encoder", "content_hash"],
        unique=False,
    )
    op.create_table(
        "chunk_counter",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "kind", name=op.f("pk_chunk_counter")),
    )
    op.create_table(
        "daily_metric",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("dimension", sa.String(length=190), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "day", "name", "dimension", name=op.f("pk_daily_metric")),
    )
    op.create_table(
        "decision",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("answer_id", sa.String(length=36), nullable=True),
        sa.Column("confidence", sa.Float(precision=53), nullable=False),
        sa.Column("threshold", sa.Float(precision=53), nullable=True),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_decision")),
        sa.UniqueConstraint("workspace_id", "run_id", name=op.f("uq_decision_workspace_id_run_id")),
    )
    op.create_index(
        op.f("ix_decision_workspace_id_ticket_id_id"), "decision", ["workspace_id", "ticket_id", "id"], unique=False
    )
    op.create_table(
        "effect",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effect")),
    )
    op.create_index(op.f("ix_effect_workspace_id_ticket_id"), "effect", ["workspace_id", "ticket_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "seq", name=op.f("pk_event")),
    )
    op.create_index(
        op.f("ix_event_workspace_id_ticket_id_seq"), "event", ["workspace_id", "ticket_id", "seq"], unique=False
    )
    op.create_table(
        "event_seq",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_event_seq")),
    )
    op.create_table(
        "feedback",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("decision_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("answer_id", sa.String(length=36), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=190), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_feedback")),
    )
    op.create_index(
        op.f("ix_feedback_workspace_id_decision_id"), "feedback", ["workspace_id", "decision_id"], unique=False
    )
    op.create_index(
        op.f("ix_feedback_workspace_id_ticket_id_id"), "feedback", ["workspace_id", "ticket_id", "id"], unique=False
    )
    op.create_table(
        "import",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("mapping", Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_import")),
        sa.UniqueConstraint("workspace_id", "fingerprint", name=op.f("uq_import_workspace_id_fingerprint")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("trigger_id", sa.String(length=190), nullable=False),
        sa.Column("workflow", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint(
            "workspace_id", "ticket_id", "trigger_id", name=op.f("uq_run_workspace_id_ticket_id_trigger_id")
        ),
    )
    op.create_index(op.f("ix_run_state_due_at"), "run", ["state", "due_at"], unique=False)
    op.create_index(op.f("ix_run_workspace_id_created_at"), "run", ["workspace_id", "created_at"], unique=False)
    op.create_table(
        "setting",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=190), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_setting")),
    )
    op.create_table(
        "step_output",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("input", Json, nullable=False),
        sa.Column("output", Json, nullable=False),
        sa.Column("duration_us", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "step", name=op.f("pk_step_output")),
    )
    op.create_table(
        "ticket",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=190), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("requester_name", sa.String(length=190), nullable=True),
        sa.Column("requester_email", sa.String(length=190), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=190), nullable=True),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("sentiment", sa.String(length=8), nullable=True),
        sa.Column("team", sa.String(length=190), nullable=True),
        sa.Column("assignee", sa.String(length=190), nullable=True),
        sa.Column("tags", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("workspace_id", "external_id", name=op.f("uq_ticket_workspace_id_external_id")),
    )
    op.create_index(
        op.f("ix_ticket_workspace_id_category_updated_at"),
        "ticket",
        ["workspace_id", "category", "updated_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ticket_workspace_id_status_updated_at"),
        "ticket",
        ["workspace_id", "status", "updated_at"],
        unique=False,
    )
    op.create_index(op.f("ix_ticket_workspace_id_updated_at"), "ticket", ["workspace_id", "updated_at"], unique=False)
    op.create_table(
        "workspace",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=190), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("number", name=op.f("uq_workspace_number")),
        sa.UniqueConstraint("slug", name=op.f("uq_workspace_slug")),
    )
    op.create_table(
        "artefact_part",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("artefact_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(length=1048576), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "artefact_id"],
            ["artefact.workspace_id", "artefact.id"],
            name=op.f("fk_artefact_part_workspace_id_artefact_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "artefact_id", "ordinal", name=op.f("pk_artefact_part")),
    )
    op.create_table(
        "article_version",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("author", sa.String(length=190), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "article_id"],
            ["article.workspace_id", "article.id"],
            name=op.f("fk_article_version_workspace_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "article_id", "version", name=op.f("pk_article_version")),
    )
    op.create_table(
        "message",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("author", sa.String(length=16), nullable=False),
        sa.Column("author_name", sa.String(length=190), nullable=True),
        sa.Column("body", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["ticket.workspace_id", "ticket.id"],
            name=op.f("fk_message_workspace_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_message")),
    )
    op.create_index(
        op.f("ix_message_workspace_id_ticket_id_id"), "message", ["workspace_id", "ticket_id", "id"], unique=False
    )
    context.config.attributes["dialect"].create_search(op.get_bind())
