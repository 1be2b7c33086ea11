"""Certificates, audit samples, the watch, experiments and notices; the segment of a decision.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from ticketflow.db.types import Json

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit_sample",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("decision_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("segment", sa.String(length=190), nullable=False),
        sa.Column("category", sa.String(length=190), nullable=True),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("answer_id", sa.String(length=36), nullable=True),
        sa.Column("confidence", sa.Float(precision=53), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("wrong", sa.Boolean(), nullable=False),
        sa.Column("grade", sa.String(length=16), nullable=True),
        sa.Column("grader", sa.String(length=190), nullable=True),
        sa.Column("graded_at", sa.BigInteger(), nullable=True),
        sa.Column("right_answer_id", sa.String(length=36), nullable=True),
        sa.Column("twice", sa.Boolean(), nullable=False),
        sa.Column("second_grade", sa.String(length=16), nullable=True),
        sa.Column("second_grader", sa.String(length=190), nullable=True),
        sa.Column("complaint", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "decision_id", name=op.f("pk_audit_sample")),
    )
    op.create_index(
        op.f("ix_audit_sample_workspace_id_state_due_at"),
        "audit_sample",
        ["workspace_id", "state", "due_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_sample_workspace_id_ticket_id"), "audit_sample", ["workspace_id", "ticket_id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_sample_workspace_id_version_created_at"),
        "audit_sample",
        ["workspace_id", "version", "created_at"],
        unique=False,
    )
    op.create_table(
        "certificate",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("segment", sa.String(length=190), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_workspace_id_live"), "certificate", ["workspace_id", "live"], unique=False)
    op.create_index(
        op.f("ix_certificate_workspace_id_version_segment"),
        "certificate",
        ["workspace_id", "version", "segment"],
        unique=False,
    )
    op.create_table(
        "experiment",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_experiment")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_experiment_workspace_id_name")),
    )
    op.create_table(
        "notice",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("read_by", sa.String(length=190), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_workspace_id_read_at"), "notice", ["workspace_id", "read_at"], unique=False)
    op.create_table(
        "watch",
        sa.Column("workspace_id", sa.String(length=36), nullable=False),
        sa.Column("segment", sa.String(length=190), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "segment", name=op.f("pk_watch")),
    )
    op.add_column("decision", sa.Column("segment", sa.String(length=190), nullable=True))
