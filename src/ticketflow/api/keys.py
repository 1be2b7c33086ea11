"""API keys: made, checked and revoked here; only a digest of the secret is ever stored.

A key reads `tf_live_<id>_<secret>_<crc>`. The checksum tells a mistyped key from a wrong one before any look-up.
"""

import hashlib
import hmac
import secrets
import string
import time
import zlib
from collections.abc import Callable, Iterable

from ticketflow.api.principal import Principal, require_all
from ticketflow.api.remembered import Remembered
from ticketflow.api.scopes import parse
from ticketflow.api.uses import Uses
from ticketflow.db import Database, Session
from ticketflow.errors import InvalidInput, Unauthenticated
from ticketflow.store import audit, keys
from ticketflow.store.keys import ApiKey

PREFIX = "tf_live"
ID_LENGTH = 16
SECRET_LENGTH = 43  # of 62 characters: 256 bits
CRC_LENGTH = 8
NAME_LENGTH = 190

_ALPHABET = string.ascii_letters + string.digits
_ID_ALPHABET = string.ascii_lowercase + string.digits
_REMEDY = "Send a live key as `Authorization: Bearer tf_live_…`; `ticketflow key create` makes one."


def create(
    session: Session,
    workspace_id: str,
    installation_secret: bytes,
    name: str,
    scope_names: Iterable[str],
    *,
    actor: str,
    expires_at: int | None = None,
    held: Iterable[str] | None = None,
    replaces: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key: the stored row, and the text that is shown once and kept nowhere.

    `held` is what its maker may do; None stands for whoever holds the machine, and may do everything. Raises
    InvalidInput for an unknown scope, none at all, an unusable name, or an expiry that is over already, and Forbidden
    for a scope that is not held.
    """
    scopes = parse(scope_names)
    if held is not None:
        require_all(held, scopes, "Such a key")
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
        replaces=replaces,
    )
    keys.add(session, made)
    told = {"name": made.name, "scopes": made.scopes} | ({"replaces": replaces} if replaces else {})
    audit.record(session, workspace_id, actor, "api_key.created", key_id, **told)
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
    """Checks the keys of one process. Rows are remembered for half a second, secrets never."""

    def __init__(
        self,
        database: Database,
        installation_secret: bytes,
        uses: Uses,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._secret = installation_secret
        self._uses = uses
        self._rows = Remembered(self._read, monotonic)

    def admit(self, authorization: str | None) -> Principal:
        """Who sends this Authorization header. Raises Unauthenticated, StorageUnavailable."""
        key_id, secret = split(bearer(authorization))
        row = self._rows.get(key_id)
        # A digest is compared for an unknown id too, so that the time taken tells nothing about which ids exist.
        right = hmac.compare_digest(digest(self._secret, key_id, secret), row.digest if row else "0" * 64)
        if row is None or not right:
            raise Unauthenticated("There is no such API key here.", remedy=_REMEDY)
        now = self._database.clock.now()
        if not row.live(now):
            ended = "was revoked" if row.revoked_at is not None else "has expired"
            raise Unauthenticated(f"The API key {key_id} {ended}.", remedy=_REMEDY)
        self._uses.key(key_id, now)
        return Principal("key", key_id, row.name, row.workspace_id, frozenset(row.scopes))

    def _read(self, key_id: str) -> ApiKey | None:
        with self._database.read() as session:
            return keys.find(session, key_id)


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
