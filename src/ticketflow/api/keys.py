"""API keys: made, checked and revoked here; only a digest of the secret is ever stored.

A key reads `tf_live_<id>_<secret>_<crc>`. The checksum tells a mistyped key from a wrong one before any look-up.
"""

import hashlib
import hmac
import secrets
import string
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ticketflow.api.scopes import Scope, parse
from ticketflow.db import Database, Session
from ticketflow.errors import Forbidden, InvalidInput, Unauthenticated
from ticketflow.store import audit, keys
from ticketflow.store.keys import ApiKey

PREFIX = "tf_live"
ID_LENGTH = 16
SECRET_LENGTH = 43  # of 62 characters: 256 bits
CRC_LENGTH = 8
CACHE_SECONDS = 0.5  # a revocation made by another process shows after this long at the latest
CACHED_KEYS = 10_000
NAME_LENGTH = 190

_ALPHABET = string.ascii_letters + string.digits
_ID_ALPHABET = string.ascii_lowercase + string.digits
_REMEDY = "Send a live key as `Authorization: Bearer tf_live_…`; `ticketflow key create` makes one."


@dataclass(frozen=True)
class Principal:
    """Who asks: a key, its workspace and what it may do."""

    key_id: str
    name: str
    workspace_id: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """How the audit log and the feedback name this caller, at most 190 characters."""
        return f"key:{self.key_id}"


def create(
    session: Session,
    workspace_id: str,
    installation_secret: bytes,
    name: str,
    scope_names: Iterable[str],
    *,
    actor: str,
    expires_at: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key: the stored row, and the text that is shown once and kept nowhere.

    Raises InvalidInput for an unknown scope, none at all, an unusable name, or an expiry that is over already.
    """
    scopes = parse(scope_names)
    if not 1 <= len(name.strip()) <= NAME_LENGTH:
        raise InvalidInput(f"A key's name has 1 to {NAME_LENGTH} characters.", field="name")
    if expires_at is not None and expires_at <= session.now:
        raise InvalidInput("The key would have expired before it is made.", field="expires")
    key_id = _random(ID_LENGTH, _ID_ALPHABET)
    secret = _random(SECRET_LENGTH, _ALPHABET)
    body = f"{PREFIX}_{key_id}_{secret}"
    made = ApiKey(
        id=key_id,
        workspace_id=workspace_id,
        name=name.strip(),
        digest=digest(installation_secret, key_id, secret),
        last_four=secret[-4:],
        scopes=[scope.value for scope in scopes],
        created_at=session.now,
        expires_at=expires_at,
        revoked_at=None,
    )
    keys.add(session, made)
    audit.record(session, workspace_id, actor, "api_key.created", key_id, name=made.name, scopes=made.scopes)
    return made, f"{body}_{checksum(body)}"


def revoke(session: Session, workspace_id: str, key_id: str, *, actor: str) -> None:
    """End a key; every process refuses it within a second. Ending it twice is no error. Raises NotFound."""
    known = keys.find(session, key_id)
    if known is not None and known.workspace_id == workspace_id and known.revoked_at is not None:
        return
    keys.revoke(session, workspace_id, key_id)
    audit.record(session, workspace_id, actor, "api_key.revoked", key_id)


def digest(installation_secret: bytes, key_id: str, secret: str) -> str:
    """What is stored of a key: HMAC-SHA256 of its id and secret, 64 hex characters."""
    purpose = hmac.digest(installation_secret, b"ticketflow api key", "sha256")
    return hmac.new(purpose, f"{key_id}.{secret}".encode(), hashlib.sha256).hexdigest()


def checksum(body: str) -> str:
    """The CRC32 of a key up to its last underscore, eight hex digits."""
    return f"{zlib.crc32(body.encode()):08x}"


def split(token: str) -> tuple[str, str]:
    """The id and the secret of a key's text. Raises Unauthenticated with what is wrong with it, never its text."""
    body, _, crc = token.rpartition("_")
    parts = body.split("_")
    if not token.isascii() or len(parts) != 4 or "_".join(parts[:2]) != PREFIX:
        raise Unauthenticated("This is not a TicketFlow API key.", remedy=_REMEDY)
    key_id, secret = parts[2:]
    whole = len(key_id) == ID_LENGTH and len(secret) == SECRET_LENGTH and len(crc) == CRC_LENGTH
    if not whole or not hmac.compare_digest(checksum(body), crc):
        raise Unauthenticated(
            "The API key is mistyped or cut short: its checksum does not match.", remedy="Copy the whole key again."
        )
    return key_id, secret


class Gate:
    """Checks the keys of one process. Rows are remembered for CACHE_SECONDS, secrets never."""

    def __init__(
        self, database: Database, installation_secret: bytes, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._secret = installation_secret
        self._monotonic = monotonic
        self._rows: dict[str, tuple[float, ApiKey]] = {}
        self._lock = threading.Lock()

    def admit(self, authorization: str | None, scope: Scope) -> Principal:
        """Who sends this Authorization header. Raises Unauthenticated, Forbidden, StorageUnavailable."""
        key_id, secret = split(bearer(authorization))
        row = self._row(key_id)
        # A digest is compared for an unknown id too, so that the time taken tells nothing about which ids exist.
        right = hmac.compare_digest(digest(self._secret, key_id, secret), row.digest if row else "0" * 64)
        if row is None or not right:
            raise Unauthenticated("There is no such API key here.", remedy=_REMEDY)
        if not row.live(self._database.clock.now()):
            ended = "was revoked" if row.revoked_at is not None else "has expired"
            raise Unauthenticated(f"The API key {key_id} {ended}.", remedy=_REMEDY)
        if scope not in row.scopes:
            raise Forbidden(
                f"The API key {key_id} does not carry the scope {scope}.",
                remedy=f"Make one with `ticketflow key create NAME --scope {scope}`.",
            )
        return Principal(key_id, row.name, row.workspace_id, frozenset(row.scopes))

    def _row(self, key_id: str) -> ApiKey | None:
        now = self._monotonic()
        with self._lock:
            read_at, row = self._rows.get(key_id, (0.0, None))
        if row is not None and now - read_at < CACHE_SECONDS:
            return row
        with self._database.read() as session:
            row = keys.find(session, key_id)
        with self._lock:
            if len(self._rows) >= CACHED_KEYS:
                self._rows.clear()
            if row is None:
                self._rows.pop(key_id, None)
            else:
                self._rows[key_id] = (now, row)  # the time before the read: a row is never older than it claims
        return row


def bearer(authorization: str | None) -> str:
    """The key inside an Authorization header. Raises Unauthenticated when there is none."""
    if not authorization:
        raise Unauthenticated("This needs an API key.", remedy=_REMEDY)
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization header is not `Bearer` and a key.", remedy=_REMEDY)
    return token.strip()


def _random(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
