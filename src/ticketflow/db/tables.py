"""Every table, as SQLAlchemy Core metadata. The migrations build the same; a test compares them.

Portable to SQLite and TiDB: ids are made by us, times are BIGINT microseconds, and `workspace_id` leads every key.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ticketflow.db.types import Bytes, Json, LongText, Real, Vector

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(36)
Name = String(190)  # the longest text that every index of TiDB holds in utf8mb4


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


def _optional(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=True)


workspace = Table(
    "workspace",
    metadata,
    _required("id", Id, primary_key=True),
    _required("number", Integer),  # the high bits of its chunk ids
    _required("slug", Name),
    _required("name", Name),
    _required("created_at", BigInteger),
    UniqueConstraint("slug"),
    UniqueConstraint("number"),
)

ticket = Table(
    "ticket",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _optional("external_id", Name),
    _required("channel", String(32)),
    _required("subject", Text),
    _optional("requester_name", Name),
    _optional("requester_email", Name),
    _required("status", String(16)),
    _optional("category", Name),
    _required("priority", String(8)),
    _optional("language", String(8)),
    _optional("sentiment", String(8)),
    _optional("team", Name),
    _optional("assignee", Name),
    _required("tags", Json),
    _required("version", Integer),
    _required("created_at", BigInteger),
    _required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    Index(None, "workspace_id", "updated_at"),
    Index(None, "workspace_id", "status", "updated_at"),
    Index(None, "workspace_id", "category", "updated_at"),
)

message = Table(
    "message",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("ticket_id", Id),
    _required("author", String(16)),
    _optional("author_name", Name),
    _required("body", LongText),
    _required("internal", Boolean),
    _required("headers", Json),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(["workspace_id", "ticket_id"], ["ticket.workspace_id", "ticket.id"], ondelete="CASCADE"),
    Index(None, "workspace_id", "ticket_id", "id"),
)

answer = Table(
    "answer",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("label", Name),
    _required("title", Text),
    _required("body", LongText),
    _required("status", String(16)),
    _optional("category", Name),
    _optional("team", Name),
    _optional("language", String(8)),
    _optional("article_id", Id),
    _required("used", Integer),
    _required("succeeded", Integer),
    _required("version", Integer),
    _required("created_at", BigInteger),
    _required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "label"),
)

case = Table(
    "case",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _optional("external_id", Name),
    _optional("ticket_id", Id),
    _required("subject", Text),
    _required("body", LongText),
    _required("resolution", LongText),
    _optional("answer_id", Id),
    _optional("category", Name),
    _optional("priority", String(8)),
    _optional("language", String(8)),
    _required("content_hash", String(64)),
    _required("resolved_at", BigInteger),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    UniqueConstraint("workspace_id", "ticket_id"),
    Index(None, "workspace_id", "answer_id"),
    Index(None, "workspace_id", "created_at"),
)

article = Table(
    "article",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _optional("external_id", Name),
    _required("title", Text),
    _required("status", String(16)),
    _optional("category", Name),
    _optional("language", String(8)),
    _required("version", Integer),
    _required("created_at", BigInteger),
    _required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    Index(None, "workspace_id", "status", "updated_at"),
)

article_version = Table(
    "article_version",
    metadata,
    _required("workspace_id", Id),
    _required("article_id", Id),
    _required("version", Integer),
    _required("title", Text),
    _required("body", LongText),
    _required("author", Name),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "article_id", "version"),
    ForeignKeyConstraint(["workspace_id", "article_id"], ["article.workspace_id", "article.id"], ondelete="CASCADE"),
)

# A chunk's id is workspace.number << 40 | kind << 36 | counter, so a workspace's chunks of one kind are one range of
# ids: full text and vectors are scoped by that range at no cost. The counter comes from chunk_counter.
chunk = Table(
    "chunk",
    metadata,
    _required("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    _required("workspace_id", Id),
    _required("kind", Integer),
    _required("source_id", Id),
    _required("ordinal", Integer),
    _optional("status", String(16)),
    _optional("category", Name),
    _optional("language", String(8)),
    _optional("answer_id", Id),
    _required("title", Text),
    _optional("heading", Text),  # of the section that the passage stands in; None also where it was not kept
    _required("text", LongText),
    _required("terms", LongText),  # what full text indexes: the analyzer's terms, joined by spaces
    _required("content_hash", String(64)),
    # Two slots for vectors: the encoder in force has one, the one before it or the next one the other. A slot without a
    # vector names none.
    _required("encoder", String(64)),
    _required("vector", Vector),
    _optional("second_encoder", String(64)),
    _optional("second_vector", Vector),
    UniqueConstraint("workspace_id", "kind", "source_id", "ordinal"),
    Index(None, "workspace_id", "encoder", "content_hash"),
)

# The encoders whose vectors the chunks hold, at most one a slot. None: the bundled one has the first slot, in force.
encoder = Table(
    "encoder",
    metadata,
    _required("id", String(64), primary_key=True),
    _required("name", Name),  # what the configuration calls it
    _required("slot", Integer),
    _required("dimension", Integer),
    _required("state", String(16)),
    _required("done", BigInteger),  # chunks that have its vector, of `total`
    _required("total", BigInteger),
    _optional("error", Text),
    _required("changed_at", BigInteger),
)

chunk_counter = Table(
    "chunk_counter",
    metadata,
    _required("workspace_id", Id),
    _required("kind", Integer),
    _required("last", BigInteger),
    PrimaryKeyConstraint("workspace_id", "kind"),
)

run = Table(
    "run",
    metadata,
    _required("id", Id, primary_key=True),
    _required("workspace_id", Id),
    _required("ticket_id", Id),  # empty text for a run that concerns no ticket
    _required("trigger_id", Name),
    _required("workflow", String(64)),
    _required("version", Integer),
    _required("step", String(64)),
    _required("state", String(16)),
    _required("fence", Integer),
    _required("attempt", Integer),
    _required("due_at", BigInteger),
    _required("payload", Json),
    _optional("error", Text),
    _required("created_at", BigInteger),
    _required("updated_at", BigInteger),
    UniqueConstraint("workspace_id", "ticket_id", "trigger_id"),
    Index(None, "state", "due_at"),
    Index(None, "workspace_id", "created_at"),
)

step_output = Table(
    "step_output",
    metadata,
    _required("run_id", Id),
    _required("step", String(64)),
    _required("workspace_id", Id),
    _required("ordinal", Integer),
    _required("version", String(64)),
    _required("input", Json),
    _required("output", Json),
    _required("duration_us", BigInteger),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("run_id", "step"),
)

effect = Table(
    "effect",
    metadata,
    _required("key", String(64), primary_key=True),
    _required("workspace_id", Id),
    _required("ticket_id", Id),
    _required("run_id", Id),
    _required("kind", String(32)),
    _required("state", String(16)),
    _required("payload", Json),
    _required("created_at", BigInteger),
    _required("updated_at", BigInteger),
    Index(None, "workspace_id", "ticket_id"),
)

decision = Table(
    "decision",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("ticket_id", Id),
    _required("run_id", Id),
    _required("action", String(16)),
    _optional("answer_id", Id),
    _required("confidence", Real),
    _optional("threshold", Real),
    _required("version", String(64)),
    _optional("segment", Name),  # unknown for decisions of the first schema
    _required("body", Json),  # the whole decision: reasons, features, evidence ids and scores
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "run_id"),
    Index(None, "workspace_id", "ticket_id", "id"),
)

feedback = Table(
    "feedback",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("ticket_id", Id),
    _optional("decision_id", Id),
    _required("kind", String(16)),
    _optional("answer_id", Id),
    _optional("score", Integer),
    _required("note", Text),
    _required("author", Name),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "ticket_id", "id"),
    Index(None, "workspace_id", "decision_id"),
)

event_seq = Table(
    "event_seq",
    metadata,
    _required("workspace_id", Id, primary_key=True),
    _required("last", BigInteger),
)

event = Table(
    "event",
    metadata,
    _required("workspace_id", Id),
    _required("seq", BigInteger),
    _required("type", String(64)),
    _required("ticket_id", Id),
    _required("data", Json),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "seq"),
    Index(None, "workspace_id", "ticket_id", "seq"),
)

api_key = Table(
    "api_key",
    metadata,
    _required("id", Id, primary_key=True),
    _required("workspace_id", Id),
    _required("name", Name),
    _required("digest", String(64)),
    _required("last_four", String(4)),
    _required("scopes", Json),
    _required("created_at", BigInteger),
    _optional("expires_at", BigInteger),
    _optional("revoked_at", BigInteger),
    Index(None, "workspace_id", "created_at"),
)

setting = Table(
    "setting",
    metadata,
    _required("workspace_id", Id),
    _required("name", Name),
    _required("value", Json),
    _required("version", Integer),
    _required("updated_at", BigInteger),
    _required("updated_by", Name),
    PrimaryKeyConstraint("workspace_id", "name"),
)

daily_metric = Table(
    "daily_metric",
    metadata,
    _required("workspace_id", Id),
    _required("day", Integer),  # days since 1970-01-01 UTC
    _required("name", String(64)),
    _required("dimension", Name),
    _required("value", Real),
    PrimaryKeyConstraint("workspace_id", "day", "name", "dimension"),
)

audit_log = Table(
    "audit_log",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("actor", Name),
    _required("action", String(64)),
    _required("object", Name),
    _required("detail", Json),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
)

imports = Table(
    "import",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("source", Text),
    _required("fingerprint", String(64)),
    _required("mapping", Json),
    _required("state", String(16)),
    _required("position", Integer),  # records of the file that are committed
    _required("counts", Json),
    _required("created_at", BigInteger),
    _required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "fingerprint"),
)

# What learning produced, as plain arrays with their provenance. Parts keep each row under TiDB's entry limit.
artefact = Table(
    "artefact",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("kind", String(32)),
    _required("version", String(64)),
    _required("active", Boolean),
    _required("provenance", Json),
    _required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "kind", "active"),
)

artefact_part = Table(
    "artefact_part",
    metadata,
    _required("workspace_id", Id),
    _required("artefact_id", Id),
    _required("ordinal", Integer),
    _required("data", Bytes),
    PrimaryKeyConstraint("workspace_id", "artefact_id", "ordinal"),
    ForeignKeyConstraint(["workspace_id", "artefact_id"], ["artefact.workspace_id", "artefact.id"], ondelete="CASCADE"),
)

# What was proven, or refused, for a score version; `live` marks the proofs that automatic replies rest on.
certificate = Table(
    "certificate",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("segment", Name),  # a category with a wrong share of its own, empty text for all others
    _required("version", String(64)),
    _required("standing", String(16)),
    _required("live", Boolean),
    _required("body", Json),
    _required("created_at", BigInteger),
    _optional("ended_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "live"),
    Index(None, "workspace_id", "version", "segment"),
)

# Decisions that the audit coin drew, and what graders said of them.
audit_sample = Table(
    "audit_sample",
    metadata,
    _required("workspace_id", Id),
    _required("decision_id", Id),
    _required("ticket_id", Id),
    _required("run_id", Id),
    _required("segment", Name),
    _optional("category", Name),
    _required("version", String(64)),
    _optional("answer_id", Id),
    _required("confidence", Real),
    _required("automatic", Boolean),  # the reply was, or in shadow would have been, sent without a human
    _required("state", String(16)),
    _required("wrong", Boolean),
    _optional("grade", String(16)),
    _optional("grader", Name),
    _optional("graded_at", BigInteger),
    _optional("right_answer_id", Id),
    _required("twice", Boolean),  # a second grader is asked
    _optional("second_grade", String(16)),
    _optional("second_grader", Name),
    _optional("complaint", String(16)),
    _required("note", Text),
    _required("due_at", BigInteger),
    _required("created_at", BigInteger),
    _required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "decision_id"),
    Index(None, "workspace_id", "state", "due_at"),
    Index(None, "workspace_id", "version", "created_at"),
    Index(None, "workspace_id", "ticket_id"),
)

# How the watch over a segment's automatic replies stands.
watch = Table(
    "watch",
    metadata,
    _required("workspace_id", Id),
    _required("segment", Name),
    _required("body", Json),
    _required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "segment"),
)

experiment = Table(
    "experiment",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("name", Name),
    _required("state", String(16)),
    _required("body", Json),
    _required("created_at", BigInteger),
    _optional("ended_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "name"),
)

# What an operator is to know: every move of the watch, and what asks for a hand.
notice = Table(
    "notice",
    metadata,
    _required("workspace_id", Id),
    _required("id", Id),
    _required("kind", String(64)),
    _required("text", Text),
    _required("created_at", BigInteger),
    _optional("read_at", BigInteger),
    _optional("read_by", Name),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "read_at"),
)
