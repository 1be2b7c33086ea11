"""A second slot for vectors, which encoder has which, and what an encoder has to read of a chunk anew.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from ticketflow.db.types import Vector

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table and the columns."""
    op.create_table(
        "encoder",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=190), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encoder")),
    )
    op.add_column("chunk", sa.Column("heading", sa.Text(), nullable=True))
    op.add_column("chunk", sa.Column("second_encoder", sa.String(length=64), nullable=True))
    op.add_column("chunk", sa.Column("second_vector", Vector, nullable=True))
