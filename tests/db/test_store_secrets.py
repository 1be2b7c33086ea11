"""Secrets at rest: encrypted, bound to their place, readable with the right keys alone, never lost by a rotation."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ticketflow.db import Database
from ticketflow.db.tables import secret_value
from ticketflow.domain import Workspace
from ticketflow.errors import Misconfigured
from ticketflow.store.keyring import Keyring, new_key_text
from ticketflow.store.secrets import Secrets

CANARY = "canary-5e1f-ünicode"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "encryption.key"


@pytest.fixture
def secrets(file: Path) -> Secrets:
    return Secrets(Keyring((), file))


def put(database: Database, secrets: Secrets, workspace: Workspace, name: str, value: str = CANARY) -> int:
    with database.write() as session:
        return secrets.put(session, workspace.id, name, value, "eve")


def get(database: Database, secrets: Secrets, workspace: Workspace, name: str) -> str | None:
    with database.read() as session:
        return secrets.get(session, workspace.id, name)


def rotate(database: Database, secrets: Secrets) -> None:
    with database.write() as session:
        secrets.add_key(session)
    finish(database, secrets)


def finish(database: Database, secrets: Secrets) -> int:
    done = True
    while done:
        with database.write() as session:
            done = secrets.encrypt_anew(session, 2)
    with database.write() as session:
        return secrets.drop_keys(session)


def key_ids(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.execute(select(secret_value.c.key_id)).scalars())


def test_a_value_comes_back_and_the_next_one_takes_its_place(
    database: Database, secrets: Secrets, workspace: Workspace, other: Workspace
) -> None:
    assert get(database, secrets, workspace, "setting:x") is None
    assert put(database, secrets, workspace, "setting:x") == 1
    assert get(database, secrets, workspace, "setting:x") == CANARY
    assert put(database, secrets, workspace, "setting:x", "") == 2
    assert get(database, secrets, workspace, "setting:x") == ""
    assert get(database, secrets, other, "setting:x") is None
    with database.write() as session:
        assert secrets.remove(session, other.id, "setting:x") is False
        assert secrets.remove(session, workspace.id, "setting:x") is True
    assert get(database, secrets, workspace, "setting:x") is None


def test_names_are_those_of_the_prefix(
    database: Database, secrets: Secrets, workspace: Workspace, other: Workspace
) -> None:
    for name in ("webhook:b:1", "webhook:a:1", "Webhook:a:1", "webhook_a", "channel:a"):
        put(database, secrets, workspace, name)
    put(database, secrets, other, "webhook:c:1")
    with database.read() as session:
        assert secrets.names(session, workspace.id, "webhook:") == ["webhook:a:1", "webhook:b:1"]
        assert secrets.names(session, workspace.id, "webhook_") == ["webhook_a"]
        assert len(secrets.names(session, workspace.id)) == 5


def test_nothing_readable_is_stored_and_equal_values_look_different(
    database: Database, secrets: Secrets, workspace: Workspace
) -> None:
    for name in ("a", "b"):
        put(database, secrets, workspace, name)
    with database.read() as session:
        stored = session.execute(select(secret_value.c.ciphertext)).scalars().all()
    assert len(set(stored)) == len(stored) == 3
    assert not any(b"canary" in row for row in stored)


def test_the_key_file_is_made_once_for_its_owner_alone(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path
) -> None:
    put(database, secrets, workspace, "a")
    made = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(made)) == 32
    put(database, Secrets(Keyring((), file)), workspace, "b")
    assert file.read_bytes() == made
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("column", ["workspace_id", "name", "ciphertext"])
def test_a_row_that_was_moved_or_changed_is_not_read(
    database: Database, secrets: Secrets, workspace: Workspace, other: Workspace, column: str
) -> None:
    put(database, secrets, workspace, "a")
    with database.write() as session:
        sealed = session.execute(select(secret_value.c.ciphertext).where(secret_value.c.name == "a")).scalar_one()
        changed = {"workspace_id": other.id, "name": "b", "ciphertext": sealed[:-1] + bytes([sealed[-1] ^ 1])}
        session.execute(update(secret_value).where(secret_value.c.name == "a").values({column: changed[column]}))
    where, name = (other if column == "workspace_id" else workspace), ("b" if column == "name" else "a")
    with pytest.raises(Misconfigured, match="was changed, or moved") as refused:
        get(database, secrets, where, name)
    assert "canary" not in str(refused.value)


def test_a_lost_key_is_told_and_nothing_is_stored_under_another_one(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path
) -> None:
    put(database, secrets, workspace, "a")
    kept = file.read_bytes()
    file.unlink()
    for act in (get, put):
        with pytest.raises(Misconfigured, match="does not hold") as refused:
            act(database, secrets, workspace, "a")
        assert str(file) in str(refused.value)
        assert "TICKETFLOW_ENCRYPTION_KEY" in str(refused.value)
    assert not file.exists()
    file.write_bytes(kept)
    assert get(database, secrets, workspace, "a") == CANARY


def test_what_cannot_be_read_is_given_up_on_demand_only(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path
) -> None:
    put(database, secrets, workspace, "a")
    file.unlink()
    with database.write() as session:
        assert secrets.discard(session) == [(workspace.id, "a")]
    put(database, secrets, workspace, "a", "anew")
    with database.write() as session:
        assert secrets.discard(session) == []
        assert secrets.check(session) == 1
    assert get(database, secrets, workspace, "a") == "anew"


@pytest.mark.parametrize(
    ("given", "why"),
    [("canary", "no base64"), ("ü", "no base64"), ("c2hvcnQ=", "5 bytes"), ("Y2FuYXJ5-/", "no base64")],
)
def test_a_key_that_is_none_is_told_without_being_shown(tmp_path: Path, given: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=why) as refused:
        Keyring((given,), tmp_path / "x")
    assert "TICKETFLOW_ENCRYPTION_KEY" in str(refused.value)
    assert given not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=\n", b"\xff\xfe"])
def test_a_damaged_key_file_is_told(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path, content: bytes
) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match="does not hold an encryption key") as refused:
        put(database, secrets, workspace, "a")
    assert str(file) in str(refused.value)


def test_keys_of_the_environment_win_over_the_file(database: Database, workspace: Workspace, file: Path) -> None:
    old, new = new_key_text(), new_key_text().replace("+", "-").replace("/", "_")
    put(database, Secrets(Keyring((old,), file)), workspace, "a")
    both, alone = Secrets(Keyring((new, old), file)), Secrets(Keyring((new,), file))
    assert get(database, both, workspace, "a") == CANARY
    with pytest.raises(Misconfigured, match="TICKETFLOW_ENCRYPTION_KEY does not hold"):
        get(database, alone, workspace, "a")
    assert finish(database, both) == 0
    assert get(database, alone, workspace, "a") == CANARY
    assert not file.exists()
    with database.write() as session, pytest.raises(Misconfigured, match="by whoever sets it"):
        both.add_key(session)


def test_a_rotation_leaves_every_value_under_the_new_key_alone(
    database: Database, secrets: Secrets, workspace: Workspace, other: Workspace, file: Path
) -> None:
    for number in range(3):
        put(database, secrets, workspace, f"n{number}", f"{CANARY} {number}")
    put(database, secrets, other, "n0")
    before, old = file.read_text(), key_ids(database)
    with database.read() as session:
        told = session.execute(select(secret_value.c.version, secret_value.c.updated_by)).all()
    rotate(database, secrets)
    assert before.strip() not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(key_ids(database)) == 1
    assert key_ids(database).isdisjoint(old)
    assert [get(database, secrets, workspace, f"n{number}") for number in range(3)] == [
        f"{CANARY} {number}" for number in range(3)
    ]
    with database.read() as session:
        assert session.execute(select(secret_value.c.version, secret_value.c.updated_by)).all() == told


def test_a_rotation_cut_short_loses_nothing_and_is_finished_by_the_next(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path
) -> None:
    for number in range(5):
        put(database, secrets, workspace, f"n{number}")
    with database.write() as session:
        secrets.add_key(session)
    with database.write() as session:
        secrets.encrypt_anew(session, 2)
    with database.write() as session:
        assert secrets.drop_keys(session) == 0  # some values still need the old one
    for number in range(5):
        assert get(database, Secrets(Keyring((), file)), workspace, f"n{number}") == CANARY
    rotate(database, secrets)
    assert len(file.read_text().split()) == len(key_ids(database)) == 1
    assert [get(database, secrets, workspace, f"n{number}") for number in range(5)] == [CANARY] * 5


def test_a_crash_between_the_file_and_the_commit_loses_nothing(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path
) -> None:
    put(database, secrets, workspace, "a")
    try:
        with database.write() as session:
            secrets.add_key(session)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert len(file.read_text().split()) == 2
    assert get(database, secrets, workspace, "a") == CANARY
    put(database, secrets, workspace, "b")
    assert finish(database, secrets) == 1
    assert get(database, secrets, workspace, "a") == get(database, secrets, workspace, "b") == CANARY


def test_a_value_stored_while_keys_change_goes_by_the_new_one(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path
) -> None:
    elsewhere = Secrets(Keyring((), file))  # as another process, started before
    put(database, elsewhere, workspace, "a")
    rotate(database, secrets)
    put(database, elsewhere, workspace, "b")
    assert len(key_ids(database)) == 1
    assert get(database, secrets, workspace, "b") == CANARY


def test_values_stored_while_the_key_is_rotated_again_and_again_can_all_be_read(
    database: Database, workspace: Workspace, file: Path
) -> None:
    def store(author: str) -> None:
        own = Secrets(Keyring((), file))
        for number in range(12):
            put(database, own, workspace, f"{author}:{number}", f"{CANARY} {number}")

    def turn() -> None:
        for _ in range(3):
            rotate(database, Secrets(Keyring((), file)))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(store, "eve"), pool.submit(turn), pool.submit(store, "bob"), pool.submit(turn)]:
            done.result()
    secrets = Secrets(Keyring((), file))
    for author in ("eve", "bob"):
        found = [get(database, secrets, workspace, f"{author}:{number}") for number in range(12)]
        assert found == [f"{CANARY} {number}" for number in range(12)]
    finish(database, secrets)
    assert len(file.read_text().split()) == len(key_ids(database)) == 1


def test_a_rotation_waits_for_whoever_is_storing_with_the_old_key(
    database: Database, secrets: Secrets, workspace: Workspace, file: Path
) -> None:
    put(database, secrets, workspace, "a")
    stored, go_on, began = threading.Event(), threading.Event(), threading.Event()

    def storing() -> None:
        with database.write() as session:
            secrets.put(session, workspace.id, "b", CANARY, "eve")
            stored.set()
            go_on.wait(10)

    def rotating() -> None:
        with database.write() as session:
            secrets.add_key(session)
            began.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(storing)
        assert stored.wait(10)
        second = pool.submit(rotating)
        assert not began.wait(0.3)
        go_on.set()
        first.result()
        second.result()
    finish(database, secrets)
    assert get(database, secrets, workspace, "b") == CANARY
    assert len(key_ids(database)) == 1
