"""`ticketflow export`, `restore` and `erase` as a user runs them: a workspace copied, a customer out of its files."""

import json
from pathlib import Path

from e2e_harness import Command

from ticketflow import runtime as wiring
from ticketflow.agent import pipeline
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.store.tickets import NewTicket

EMAIL = "ana.zyqxan@example.org"


def company(home: Path) -> None:
    """A workspace with a customer's ticket that is worked off."""
    built = wiring.build(Config(home=home))
    migrations.upgrade(built.database)
    workspace = built.workspace()
    new = NewTicket(subject="Parcel", body="Where is it? Zyqxan", requester_email=EMAIL, requester_name="Zyqxan")
    with built.database.write() as session:
        pipeline.start(session, workspace.id, new)
    while built.runner.run_one():
        pass
    built.close()


def holds(home: Path) -> list[str]:
    return [path.name for path in home.rglob("*") if path.is_file() and b"yqxan" in path.read_bytes().lower()]


def test_a_workspace_is_copied_and_a_customer_erased(command: Command, home: Path, tmp_path: Path) -> None:
    company(home)
    target = tmp_path / "acme.zip"
    told = json.loads(command("export", str(target), "--json").out)
    assert told["counts"]["tickets"] == 1
    assert target.stat().st_mode & 0o077 == 0, "customers' words, for their owner alone"
    assert command("export", str(target)).code == 2
    assert command("export", str(tmp_path / "folder")).code == 0
    assert "manifest.json" in {path.name for path in (tmp_path / "folder").iterdir()}
    assert command("restore", str(target)).code == 1, "the workspace is not empty"
    restored = command("restore", str(target), "--workspace", "copy", "--json")
    assert json.loads(restored.out)["counts"]["tickets"] == 1
    assert "was restored already" in command("restore", str(target), "--workspace", "copy").err

    counted = json.loads(command("erase", "--requester", EMAIL, "--dry-run", "--json").out)
    assert (counted["run"], counted["counts"]["tickets"]) == (None, 1)
    assert command("erase", "--requester", EMAIL).code == 2, "nobody said yes"
    assert holds(home)
    for _ in range(2):
        assert command("erase", "--requester", EMAIL, "--yes").code == 0
    assert holds(home), "the copy is a workspace of its own"
    assert command("erase").code == 2


def test_nothing_is_left_in_the_files(command: Command, home: Path) -> None:
    company(home)
    assert holds(home)
    assert command("erase", "--requester", EMAIL.upper(), "--yes").code == 0
    assert holds(home) == []
