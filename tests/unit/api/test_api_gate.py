"""The gate's memory: rows are read once in a while, and a revoked one is forgotten in time."""

import shutil
from pathlib import Path

import pytest

from ticketflow.api import keys
from ticketflow.api.keys import Gate
from ticketflow.api.remembered import SECONDS as REMEMBERED_SECONDS
from ticketflow.api.scopes import Scope
from ticketflow.api.uses import Uses
from ticketflow.db import Database, migrations
from ticketflow.db.sqlite import SQLite
from ticketflow.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from ticketflow.store import audit, workspaces
from ticketflow.testing import FrozenClock

SECRET = b"an installation's secret"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "ticketflow.db"
    database = Database(f"sqlite:///{path}", SQLite(), FrozenClock())
    migrations.upgrade(database)
    database.close()
    return path


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Database:
    shutil.copy(migrated, tmp_path / "ticketflow.db")
    return Database(f"sqlite:///{tmp_path / 'ticketflow.db'}", SQLite(), FrozenClock())


def made(database: Database, *scopes: str, expires_at: int | None = None) -> tuple[str, str, str]:
    """A new key: its workspace, its id and its text."""
    with database.write() as session:
        workspace = workspaces.ensure(session, "acme")
        key, text = keys.create(
            session, workspace.id, SECRET, "  a key  ", scopes or ["tickets:read"], actor="me", expires_at=expires_at
        )
    return workspace.id, key.id, text


def test_the_secret_is_stored_nowhere(database: Database) -> None:
    _, _, text = made(database)
    secret = text.split("_")[3]
    path = Path(database.url.removeprefix("sqlite:///"))
    raw = path.read_bytes() + path.with_name(path.name + "-wal").read_bytes()
    assert secret.encode() not in raw
    assert len(secret) == 43


def test_a_revocation_shows_once_the_memory_is_old(database: Database) -> None:
    now = 100.0
    gate = Gate(database, SECRET, Uses(database), lambda: now)
    workspace_id, key_id, text = made(database)
    assert gate.admit(f"Bearer {text}").workspace_id == workspace_id
    with database.write() as session:
        keys.revoke(session, workspace_id, key_id, actor="me")
        keys.revoke(session, workspace_id, key_id, actor="me")
    now += REMEMBERED_SECONDS * 0.9
    gate.admit(f"Bearer {text}")
    now += REMEMBERED_SECONDS * 0.2
    with pytest.raises(Unauthenticated, match="was revoked"):
        gate.admit(f"Bearer {text}")
    with database.read() as session:
        actions = [entry.action for entry in audit.newest(session, workspace_id)]
    assert actions == ["api_key.revoked", "api_key.created"]
    assert REMEMBERED_SECONDS < 1


def test_a_new_key_works_at_once_though_its_id_was_asked_for_before(database: Database) -> None:
    gate = Gate(database, SECRET, Uses(database), lambda: 0.0)
    unknown = f"tf_live_{'a' * 16}_{'B' * 43}"
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="no such API key"):
            gate.admit(f"Bearer {unknown}_{keys.checksum(unknown)}")
    _, _, text = made(database)
    gate.admit(f"Bearer {text}")


def test_the_right_id_with_a_wrong_secret_opens_nothing(database: Database) -> None:
    _, key_id, _ = made(database)
    body = f"tf_live_{key_id}_{'B' * 43}"
    with pytest.raises(Unauthenticated, match="no such API key"):
        Gate(database, SECRET, Uses(database)).admit(f"Bearer {body}_{keys.checksum(body)}")


def test_keys_of_a_lost_secret_open_nothing(database: Database) -> None:
    _, _, text = made(database)
    with pytest.raises(Unauthenticated):
        Gate(database, b"a new secret", Uses(database)).admit(f"Bearer {text}")


def test_what_is_not_granted_is_denied(database: Database) -> None:
    _, _, text = made(database, "tickets:read", "runs:read")
    principal = Gate(database, SECRET, Uses(database)).admit(f"Bearer {text}")
    allowed = {Scope.TICKETS_READ, Scope.RUNS_READ}
    for scope in Scope:
        if scope in allowed:
            principal.require(scope)
        else:
            with pytest.raises(Forbidden, match=scope):
                principal.require(scope)


def test_a_key_that_could_never_be_used_is_not_made(database: Database) -> None:
    with pytest.raises(InvalidInput, match="expired"):
        made(database, expires_at=database.clock.now())
    with database.write() as session, pytest.raises(InvalidInput, match="name"):
        keys.create(session, "w", SECRET, " ", ["tickets:read"], actor="me")


def test_another_workspaces_key_cannot_be_revoked(database: Database) -> None:
    _, key_id, text = made(database)
    with database.write() as session, pytest.raises(NotFound):
        keys.revoke(session, "another workspace", key_id, actor="me")
    Gate(database, SECRET, Uses(database)).admit(f"Bearer {text}")
