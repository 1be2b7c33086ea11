"""Who may do what, and who did: keys, people, sessions, settings, secrets, the audit log."""

from sqlalchemy import BigInteger, Index, Integer, PrimaryKeyConstraint, String, Table, UniqueConstraint

from ticketflow.db.tables.columns import Id, Name, metadata, optional, required
from ticketflow.db.types import Bytes, Json

api_key = Table(
    "api_key",
    metadata,
    required("id", Id, primary_key=True),
    required("workspace_id", Id),
    required("name", Name),
    required("digest", String(64)),
    required("last_four", String(4)),
    required("scopes", Json),
    required("created_at", BigInteger),
    optional("expires_at", BigInteger),
    optional("revoked_at", BigInteger),
    optional("used_at", BigInteger),  # to the minute
    optional("replaces", Id),  # the key that this one is to take the place of
    Index(None, "workspace_id", "created_at"),
)

# People who sign in; whoever calls by API key is none of them.
person = Table(
    "person",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("email", Name),
    required("name", Name),
    required("role", String(16)),
    required("created_at", BigInteger),
    optional("disabled_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "email"),
)

# What a browser holds a cookie of; its id is a digest of the cookie.
browser_session = Table(
    "browser_session",
    metadata,
    required("id", String(64), primary_key=True),
    required("workspace_id", Id),
    required("person_id", Id),
    required("created_at", BigInteger),
    required("expires_at", BigInteger),
    optional("ended_at", BigInteger),
    Index(None, "workspace_id", "person_id"),
)

# Secrets that open something once: sign-in links, and tickets for the live stream.
one_time_token = Table(
    "one_time_token",
    metadata,
    required("digest", String(64), primary_key=True),
    required("workspace_id", Id),
    required("purpose", String(16)),
    required("subject", Json),
    required("created_at", BigInteger),
    required("expires_at", BigInteger),
    optional("used_at", BigInteger),
    Index(None, "expires_at"),
)

setting = Table(
    "setting",
    metadata,
    required("workspace_id", Id),
    required("name", Name),
    required("value", Json),
    required("version", Integer),
    required("updated_at", BigInteger),
    required("updated_by", Name),
    PrimaryKeyConstraint("workspace_id", "name"),
)

# Values that are encrypted at rest: secret settings, webhooks' secrets, passwords of channels.
secret_value = Table(
    "secret_value",
    metadata,
    required("workspace_id", Id),
    required("name", Name),
    required("ciphertext", Bytes),
    required("key_id", String(16)),  # of the encryption key
    required("version", Integer),
    required("updated_at", BigInteger),
    required("updated_by", Name),
    PrimaryKeyConstraint("workspace_id", "name"),
)

# What a POST with an Idempotency-Key was answered, so that its repetition is answered the same.
idempotency = Table(
    "idempotency",
    metadata,
    required("workspace_id", Id),
    required("caller", Name),
    required("key", Name),
    required("request_hash", String(64)),
    optional("status", Integer),  # none while the first request is under way
    required("headers", Json),
    required("body", Bytes),
    required("created_at", BigInteger),
    required("expires_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "caller", "key"),
    Index(None, "expires_at"),
)

audit_log = Table(
    "audit_log",
    metadata,
    required("workspace_id", Id),
    required("id", Id),
    required("actor", Name),
    required("action", String(64)),
    required("object", Name),
    required("detail", Json),
    required("created_at", BigInteger),
    PrimaryKeyConstraint("workspace_id", "id"),
)
