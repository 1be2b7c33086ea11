"""Values that are encrypted at rest: secret settings, webhooks' secrets, passwords of channels.

A value is bound to its workspace and name: copied into another row of the database it cannot be read. Names look like
`setting:NAME`, `webhook:ENDPOINT_ID:1` or `channel:CHANNEL_ID`. Values never go into events, the audit log or a log:
whoever changes one writes down that it changed.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, select

from ticketflow.db import Session
from ticketflow.db.tables import secret_value
from ticketflow.domain import Value
from ticketflow.errors import Misconfigured
from ticketflow.store.keyring import VARIABLE, EncryptionKey, Keyring

INSTALLATION = ""
"""Stands for a workspace in the row that tells which key the installation goes by."""
_IN_FORCE = "key in force"
_LOST = "`ticketflow secrets discard` gives up what can no longer be read, so that it can be entered anew."


class StoredSecret(Value):
    """What may be told of a value."""

    name: str
    version: int
    updated_at: int
    updated_by: str
    key_id: str


class Secrets:
    """The encrypted values of every workspace. Safe to share between threads."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def put(self, session: Session, workspace_id: str, name: str, value: str, author: str) -> int:
        """Store a value in the place of the one before; its version, 1 for the first.

        Raises Misconfigured where the key that the installation goes by is not here: a second one would split what is
        stored into what one machine can read and what another can.
        """
        key = self._key_in_force(session)
        before = session.execute(session.held(select(secret_value.c.version).where(_one(workspace_id, name)))).scalar()
        self._write(session, key, workspace_id, name, value, author, version=(before or 0) + 1)
        return (before or 0) + 1

    def get(self, session: Session, workspace_id: str, name: str) -> str | None:
        """The value, None where there is none. Raises Misconfigured where it cannot be read with the keys here."""
        row = session.execute(select(secret_value).where(_one(workspace_id, name))).first()
        return None if row is None else self._opened(row)

    def remove(self, session: Session, workspace_id: str, name: str) -> bool:
        """Forget a value; whether there was one."""
        return session.execute(delete(secret_value).where(_one(workspace_id, name))).rowcount > 0

    def names(self, session: Session, workspace_id: str, prefix: str = "") -> list[str]:
        """The names that begin with `prefix`, in order. No key is needed."""
        found = session.execute(
            select(secret_value.c.name)
            .where(secret_value.c.workspace_id == workspace_id, secret_value.c.name.startswith(prefix, autoescape=True))
            .order_by(secret_value.c.name)
        ).scalars()
        return [name for name in found if name.startswith(prefix)]  # a database may take capitals for small letters

    def stored(self, session: Session, workspace_id: str) -> list[StoredSecret]:
        """What there is in a workspace, by name. No key is needed."""
        rows = session.execute(
            select(*(secret_value.c[name] for name in StoredSecret.model_fields))
            .where(secret_value.c.workspace_id == workspace_id)
            .order_by(secret_value.c.name)
        )
        return [StoredSecret.model_validate(dict(row)) for row in rows.mappings()]

    def check(self, session: Session) -> int:
        """How many values of all workspaces can be read. Raises Misconfigured for the first that cannot."""
        rows = session.execute(select(secret_value)).all()
        for row in rows:
            self._opened(row)
        return sum(row.workspace_id != INSTALLATION for row in rows)

    def add_key(self, session: Session) -> None:
        """Begin a rotation: a new key in the file encrypts from now on. Raises Misconfigured for keys of the variable.

        Here and below the transaction is the lock: whoever stores a value, or rotates as well, waits for its end, and
        then goes by the new key.
        """
        self._key_in_force(session)
        self.keyring.add()

    def encrypt_anew(self, session: Session, limit: int) -> list[str]:
        """Encrypt up to `limit` rows with the first key that are not yet; the workspace of each. None left: empty."""
        self._key_in_force(session)
        key = self.keyring.keys()[0]
        rows = session.execute(session.held(_with_other_keys(key).limit(limit))).all()
        for row in rows:
            value = self._opened(row)
            self._write(session, key, row.workspace_id, row.name, value, row.updated_by, row.version, row.updated_at)
        return [row.workspace_id for row in rows]

    def drop_keys(self, session: Session) -> int:
        """End a rotation: forget the keys that nothing is encrypted with; how many. None while something still is."""
        key = self._key_in_force(session)
        left = session.execute(_with_other_keys(key).limit(1)).first()
        return self.keyring.drop_others() if left is None and self.keyring.changeable else 0

    def discard(self, session: Session) -> list[tuple[str, str]]:
        """Remove what no key here can read, for good; workspace and name of each value."""
        gone: list[tuple[str, str]] = []
        for row in session.execute(session.held(select(secret_value))).all():
            if self._read(row) is None:
                self.remove(session, row.workspace_id, row.name)
                gone.append((row.workspace_id, row.name))
        return [pair for pair in gone if pair[0] != INSTALLATION]

    def _key_in_force(self, session: Session) -> EncryptionKey:
        """The key that encrypts, its row held to the end of the transaction; made where there is none."""
        known = session.execute(session.held(select(secret_value).where(_one(INSTALLATION, _IN_FORCE)))).first()
        if known is not None:
            self._opened(known)
            return self.keyring.keys()[0]
        key = self.keyring.made()[0]
        if not session.insert_once(secret_value, self._row(session, key, INSTALLATION, _IN_FORCE, "", "installation")):
            return self._key_in_force(session)
        return key

    def _write(
        self,
        session: Session,
        key: EncryptionKey,
        workspace_id: str,
        name: str,
        value: str,
        author: str,
        version: int = 1,
        at: int | None = None,
    ) -> None:
        row = self._row(session, key, workspace_id, name, value, author)
        row |= {"version": version, "updated_at": session.now if at is None else at}
        changed = [column for column in row if column not in ("workspace_id", "name")]
        session.execute(session.dialect.upsert(secret_value, ["workspace_id", "name"], changed), row)

    def _row(
        self, session: Session, key: EncryptionKey, workspace_id: str, name: str, value: str, author: str
    ) -> dict[str, object]:
        return {
            "workspace_id": workspace_id,
            "name": name,
            "ciphertext": key.seal(value, _bound(workspace_id, name)),
            "key_id": key.id,
            "version": 1,
            "updated_at": session.now,
            "updated_by": author,
        }

    def _read(self, row: Row[*tuple[Any, ...]]) -> str | None:
        key = _key(self.keyring.keys(), row.key_id)
        return None if key is None else key.open(row.ciphertext, _bound(row.workspace_id, row.name))

    def _opened(self, row: Row[*tuple[Any, ...]]) -> str:
        value = self._read(row)
        if value is not None:
            return value
        what = "The stored secrets" if row.workspace_id == INSTALLATION else f"The stored secret {row.name!r}"
        if _key(self.keyring.keys(), row.key_id) is not None:
            raise Misconfigured(
                f"{what} cannot be read: the row was changed, or moved, in the database.",
                remedy=f"Restore the table secret_value from a backup; {_LOST}",
            )
        place = self.keyring.place
        raise Misconfigured(
            f"{what} cannot be read: encrypted with the key {row.key_id}, which {place} does not hold.",
            remedy=f"Restore {place} as it was (on several machines: {VARIABLE} with the same keys on each). Where the "
            f"key is lost for good, {_LOST}",
        )


def _one(workspace_id: str, name: str) -> ColumnElement[bool]:
    return (secret_value.c.workspace_id == workspace_id) & (secret_value.c.name == name)


def _with_other_keys(key: EncryptionKey) -> Select[*tuple[Any, ...]]:
    return select(secret_value).where(secret_value.c.key_id != key.id)


def _key(keys: Sequence[EncryptionKey], key_id: str) -> EncryptionKey | None:
    return next((key for key in keys if key.id == key_id), None)


def _bound(workspace_id: str, name: str) -> bytes:
    return f"{len(workspace_id)}:{workspace_id}{name}".encode()
