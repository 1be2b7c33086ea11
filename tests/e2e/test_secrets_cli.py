"""`ticketflow secrets`, and what doctor says of them: names are told, values never, and a rotation may be killed."""

import json
from pathlib import Path

import pytest
from e2e_harness import Command

from ticketflow import runtime as wiring
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.store import audit
from ticketflow.store.keyring import new_key_text

CANARY = "canary-of-the-command-line"
DONE, FAILED, WRONG = 0, 1, 2


def store(home: Path, *names: str, slug: str = "default") -> None:
    built = wiring.build(Config(home=home))
    if migrations.current(built.database) is None:
        migrations.upgrade(built.database)
    workspace = built.workspace(slug)
    with built.database.write() as session:
        for name in names:
            built.secrets.put(session, workspace.id, name, f"{CANARY} {name}", "eve")
    built.close()


def values(home: Path, *names: str, slug: str = "default") -> list[str | None]:
    built = wiring.build(Config(home=home))
    workspace = built.workspace(slug)
    with built.database.read() as session:
        found = [built.secrets.get(session, workspace.id, name) for name in names]
    built.close()
    return found


def finding(command: Command) -> dict[str, object]:
    findings = [json.loads(command("doctor", "--json").out)]
    return next(found for found in findings[0] if found["name"] == "secrets")


def test_names_are_listed_and_values_are_not(command: Command, home: Path) -> None:
    store(home, "channel:a", "setting:[b]")
    ended = command("secrets", "list", "--json")
    listed = [json.loads(line) for line in ended.out.splitlines()]
    assert [(one["name"], one["version"], one["updated_by"]) for one in listed] == [
        ("channel:a", 1, "eve"),
        ("setting:[b]", 1, "eve"),
    ]
    shown = command("secrets", "list")
    assert "setting:[b]" in shown.out
    assert CANARY not in ended.out + shown.out + shown.err


def test_a_rotation_encrypts_every_workspace_anew(command: Command, home: Path) -> None:
    store(home, "a", "b")
    store(home, "c", slug="second")
    before = (home / "encryption.key").read_text()
    ended = command("secrets", "rotate", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["values"], told["dropped"]) == (DONE, 3, 1)
    assert (home / "encryption.key").read_text() != before
    assert len((home / "encryption.key").read_text().split()) == 1
    assert [*values(home, "a", "b"), *values(home, "c", slug="second")] == [f"{CANARY} {name}" for name in "abc"]
    built = wiring.build(Config(home=home))
    with built.database.read() as session:
        for slug in ("default", "second"):
            entries = audit.newest(session, wiring.workspaces.find(session, slug).id)  # type: ignore[union-attr]
            assert [entry.action for entry in entries].count("secrets.rotated") == 1
    built.close()


def test_with_keys_in_the_variable_the_command_says_what_to_do(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = new_key_text(), new_key_text()
    monkeypatch.setenv("TICKETFLOW_ENCRYPTION_KEY", old)
    store(home, "a")
    assert "put one in front of TICKETFLOW_ENCRYPTION_KEY" in command("secrets", "rotate").err
    monkeypatch.setenv("TICKETFLOW_ENCRYPTION_KEY", f"{new},{old}")
    assert "take every key but the first out of TICKETFLOW_ENCRYPTION_KEY" in command("secrets", "rotate").err
    monkeypatch.setenv("TICKETFLOW_ENCRYPTION_KEY", new)
    assert values(home, "a") == [f"{CANARY} a"]
    monkeypatch.setenv("TICKETFLOW_ENCRYPTION_KEY", old)
    ended = command("secrets", "rotate")
    assert ended.code == WRONG
    assert "TICKETFLOW_ENCRYPTION_KEY does not hold" in ended.err
    monkeypatch.setenv("TICKETFLOW_ENCRYPTION_KEY", "short")
    ended = command("secrets", "list")
    assert ended.code == WRONG
    assert "TICKETFLOW_ENCRYPTION_KEY does not hold an encryption key" in ended.err
    assert not (home / "encryption.key").exists()


def test_doctor_tells_whether_everything_can_be_read(command: Command, home: Path) -> None:
    command("db", "upgrade")
    assert finding(command)["text"] == "nothing is encrypted yet"
    store(home, "a")
    file = home / "encryption.key"
    assert finding(command)["text"] == f"1 can be read with the keys in {file}"
    file.chmod(0o640)
    assert f"chmod 600 {file}" in str(finding(command)["text"])
    file.unlink()
    lost = finding(command)
    assert lost["good"] is False
    assert str(file) in str(lost["text"])
    assert "ticketflow secrets discard" in str(lost["text"])


def test_what_cannot_be_read_is_discarded_when_asked_for(command: Command, home: Path) -> None:
    store(home, "a", "b")
    (home / "encryption.key").unlink()
    assert command("secrets", "discard").code == WRONG
    assert json.loads(command("secrets", "discard", "--yes", "--json").out) == {"discarded": ["a", "b"]}
    assert "nothing is removed" in command("secrets", "discard", "--yes").err
    store(home, "a")
    assert values(home, "a", "b") == [f"{CANARY} a", None]
