"""What was learned and proven: artefacts, certificates, audits, the watch, experiments, notices, daily counts."""

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
from ticketflow.db.types import Bytes, Json, Real

# What learning produced, as plain arrays with their provenance. Parts keep each row under TiDB's entry limit.
artefact = Table(
    "artefact",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("kind", String(32)),
    required("version", String(64)),
    required("active", Boolean),
    required("provenance", Json),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "kind", "active"),
)

artefact_part = Table(
    "artefact_part",
    metadata,
    required("workspace_id", Id),
    required("artefact_id", Id),
    required("ordinal", Integer),
    required("data", Bytes),
    PrimaryKeyConstraint("workspace_id", "artefact_id", "ordinal"),
    ForeignKeyConstraint(["workspace_id", "artefact_id"], ["artefact.workspace_id", "artefact.id"], ondelete="CASCADE"),
)

# What was proven, or refused, for a score version; `live` marks the proofs that automatic replies rest on.
certificate = Table(
    "certificate",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("segment", Name),  # a category with a wrong share of its own, empty text for all others
    required("version", String(64)),
    required("standing", String(16)),
    required("live", Boolean),
    required("body", Json),
    required("created_at", BigInteger),
    optional("ended_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "live"),
    Index(None, "workspace_id", "version", "segment"),
)

# Decisions that the audit coin drew, and what graders said of them.
audit_sample = Table(
    "audit_sample",
    metadata,
    required("workspace_id", Id),
    required("decision_id", Id),
    required("ticket_id", Id),
    required("run_id", Id),
    required("segment", Name),
    optional("category", Name),
    required("version", String(64)),
    optional("answer_id", Id),
    required("confidence", Real),
    required("automatic", Boolean),  # the reply was, or in shadow would have been, sent without a human
    required("state", String(16)),
    required("wrong", Boolean),
    optional("grade", String(16)),
    optional("grader", Name),
    optional("graded_at", BigInteger),
    optional("right_answer_id", Id),
    required("twice", Boolean),  # a second grader is asked
    optional("second_grade", String(16)),
    optional("second_grader", Name),
    optional("complaint", String(16)),
    required("note", Text),
    required("due_at", BigInteger),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "decision_id"),
    Index(None, "workspace_id", "state", "due_at"),
    Index(None, "workspace_id", "version", "created_at"),
    Index(None, "workspace_id", "ticket_id"),
)

# How the watch over a segment's automatic replies stands.
watch = Table(
    "watch",
    metadata,
    required("workspace_id", Id),
    required("segment", Name),
    required("body", Json),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "segment"),
)

experiment = Table(
    "experiment",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("name", Name),
    required("state", String(16)),
    required("body", Json),
    required("created_at", BigInteger),
    optional("ended_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "name"),
)

# What an operator is to know: every move of the watch, and what asks for a hand.
notice = Table(
    "notice",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("kind", String(64)),
    required("text", Text),
    required("created_at", BigInteger),
    optional("read_at", BigInteger),
    optional("read_by", Name),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "read_at"),
)

daily_metric = Table(
    "daily_metric",
    metadata,
    required("workspace_id", Id),
    required("day", Integer),  # days since 1970-01-01 UTC
    required("name", String(64)),
    required("dimension", Name),
    required("value", Real),
    PrimaryKeyConstraint("workspace_id", "day", "name", "dimension"),
)
