"""What is known: answers, resolved cases, articles, and the chunks by which they are found."""

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
from ticketflow.db.types import Json, LongText, Vector

answer = Table(
    "answer",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("label", Name),
    required("title", Text),
    required("body", LongText),
    required("status", String(16)),
    optional("category", Name),
    optional("team", Name),
    optional("language", String(8)),
    optional("article_id", Id),
    required("used", Integer),
    required("succeeded", Integer),
    required("version", Integer),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "label"),
)

case = Table(
    "case",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    optional("external_id", Name),
    optional("ticket_id", Id),
    required("subject", Text),
    required("body", LongText),
    required("resolution", LongText),
    optional("answer_id", Id),
    optional("category", Name),
    optional("priority", String(8)),
    optional("language", String(8)),
    required("content_hash", String(64)),
    required("resolved_at", BigInteger),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    UniqueConstraint("workspace_id", "ticket_id"),
    Index(None, "workspace_id", "answer_id"),
    Index(None, "workspace_id", "created_at"),
)

article = Table(
    "article",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    optional("external_id", Name),
    required("title", Text),
    required("status", String(16)),
    optional("category", Name),
    optional("language", String(8)),
    required("version", Integer),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    Index(None, "workspace_id", "status", "updated_at"),
)

article_version = Table(
    "article_version",
    metadata,
    required("workspace_id", Id),
    required("article_id", Id),
    required("version", Integer),
    required("title", Text),
    required("body", LongText),
    required("author", Name),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "article_id", "version"),
    ForeignKeyConstraint(["workspace_id", "article_id"], ["article.workspace_id", "article.id"], ondelete="CASCADE"),
)

imports = Table(
    "import",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("source", Text),
    required("fingerprint", String(64)),
    required("mapping", Json),
    required("state", String(16)),
    required("position", Integer),  # records of the file that are committed
    required("counts", Json),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "fingerprint"),
)

# A chunk's id is workspace.number << 40 | kind << 36 | counter, so a workspace's chunks of one kind are one range of
# ids: full text and vectors are scoped by that range at no cost. The counter comes from chunk_counter.
chunk = Table(
    "chunk",
    metadata,
    required("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    required("workspace_id", Id),
    required("kind", Integer),
    required("source_id", Id),
    required("ordinal", Integer),
    optional("status", String(16)),
    optional("category", Name),
    optional("language", String(8)),
    optional("answer_id", Id),
    required("title", Text),
    optional("heading", Text),  # of the section that the passage stands in; None also where it was not kept
    required("text", LongText),
    required("terms", LongText),  # what full text indexes: the analyzer's terms, joined by spaces
    required("content_hash", String(64)),
    # Two slots for vectors: the encoder in force has one, the one before it or the next one the other. A slot without a
    # vector names none.
    required("encoder", String(64)),
    required("vector", Vector),
    optional("second_encoder", String(64)),
    optional("second_vector", Vector),
    UniqueConstraint("workspace_id", "kind", "source_id", "ordinal"),
    Index(None, "workspace_id", "encoder", "content_hash"),
)

chunk_counter = Table(
    "chunk_counter",
    metadata,
    required("workspace_id", Id),
    required("kind", Integer),
    required("last", BigInteger),
    PrimaryKeyConstraint("workspace_id", "kind"),
)

# The encoders whose vectors the chunks hold, at most one a slot. None: the bundled one has the first slot, in force.
encoder = Table(
    "encoder",
    metadata,
    required("id", String(64), primary_key=True),
    required("name", Name),  # what the configuration calls it
    required("slot", Integer),
    required("dimension", Integer),
    required("state", String(16)),
    required("done", BigInteger),  # chunks that have its vector, of `total`
    required("total", BigInteger),
    optional("error", Text),
    required("changed_at", BigInteger),
)
