"""Work and what came of it: runs, their steps and effects, the event log."""

from sqlalchemy import BigInteger, Index, Integer, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from ticketflow.db.tables.columns import Id, Name, metadata, optional, required
from ticketflow.db.types import Json

run = Table(
    "run",
    metadata,
    required("id", Id, primary_key=True),
    required("workspace_id", Id),
    required("ticket_id", Id),  # empty text for a run that concerns no ticket
    required("trigger_id", Name),
    required("workflow", String(64)),
    required("version", Integer),
    required("step", String(64)),
    required("state", String(16)),
    required("fence", Integer),
    required("attempt", Integer),
    required("due_at", BigInteger),
    required("payload", Json),
    optional("error", Text),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    UniqueConstraint("workspace_id", "ticket_id", "trigger_id"),
    Index(None, "state", "due_at"),
    Index(None, "workspace_id", "state", "due_at"),
    Index(None, "workspace_id", "created_at"),
)

step_output = Table(
    "step_output",
    metadata,
    required("run_id", Id),
    required("step", String(64)),
    required("workspace_id", Id),
    required("ordinal", Integer),
    required("version", String(64)),
    required("input", Json),
    required("output", Json),
    required("duration_us", BigInteger),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("run_id", "step"),
)

effect = Table(
    "effect",
    metadata,
    required("key", String(64), primary_key=True),
    required("workspace_id", Id),
    required("ticket_id", Id),
    required("run_id", Id),
    required("kind", String(32)),
    required("state", String(16)),
    required("payload", Json),
    required("created_at", BigInteger),
    required("updated_at", BigInteger),
    Index(None, "workspace_id", "ticket_id"),
)

event_seq = Table(
    "event_seq",
    metadata,
    required("workspace_id", Id, primary_key=True),
    required("last", BigInteger),
)

event = Table(
    "event",
    metadata,
    required("workspace_id", Id),
    required("seq", BigInteger),
    required("type", String(64)),
    required("ticket_id", Id),
    required("data", Json),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "seq"),
    Index(None, "workspace_id", "ticket_id", "seq"),
)
