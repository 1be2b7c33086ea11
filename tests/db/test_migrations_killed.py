"""A process that upgrades is killed, at any statement, or does not upgrade alone: the next one comes to the same end.

By default at some of the points; `pytest -m slow tests/db/test_migrations_killed.py` tries every one.
"""

from pathlib import Path

import killing_harness
import process_harness
import pytest
import revision_harness
import rows_harness
from rows_harness import Rows

import databases
from ticketflow.db import Database, migrations

FEW = 19
"""To the next point that is tried: making everything takes some sixty statements and commits, a later change a few."""
EARLIER = revision_harness.revisions()[:-1]
POINTS = pytest.mark.parametrize(
    "every", [pytest.param(False, id="some"), pytest.param(True, id="every", marks=pytest.mark.slow)]
)


@databases.on_sqlite_only
@POINTS
@pytest.mark.parametrize("revision", [None, *EARLIER])
def test_a_killed_upgrade_leaves_one_revision_or_the_other(tmp_path: Path, revision: str | None, every: bool) -> None:
    defined = {None: dict[str, str]()}
    for known in revision_harness.revisions():
        made = revision_harness.at_revision(tmp_path / f"{known}.db", known)
        defined[known] = revision_harness.definition(made)
        made.close()
    database, written = _with_rows(tmp_path / "before.db", revision)
    database.close()
    before = databases.read(tmp_path / "before.db") if written else b""

    path, point, tried = tmp_path / "killed.db", 1, 0
    while True:
        for file in tmp_path.glob("killed.db*"):
            file.unlink()
        databases.write(path, before)
        ended = not killing_harness.killed(databases.url(path), point)
        database = databases.open_at(path)
        found = migrations.current(database)
        assert revision_harness.definition(database) == defined[found]
        rows_harness.assert_kept(_meant(written, revision, found), rows_harness.read(database))
        migrations.upgrade(database)
        assert revision_harness.definition(database) == defined[migrations.head()]
        rows_harness.assert_kept(_meant(written, revision, migrations.head()), rows_harness.read(database))
        database.close()
        if ended:
            break
        point, tried = point + (1 if every else FEW if revision is None else 3), tried + 1
    assert tried >= 2


@databases.on_tidb_only
@POINTS
@pytest.mark.parametrize("revision", [None, *EARLIER])
def test_an_upgrade_killed_again_and_again_is_finished(tmp_path: Path, revision: str | None, every: bool) -> None:
    """Each process does anew what the one before it did, and then more: what it left is met at every point."""
    database, written = _with_rows(tmp_path / "killed.db", revision)
    url, point, tried = databases.url(tmp_path / "killed.db"), 1, 0
    step = 1 if every or revision == EARLIER[-1] else FEW
    while killing_harness.killed(url, point):
        if every:
            killing_harness.killed(url, point + 1, within=True)
        point, tried = point + step, tried + 1
    assert tried >= 2
    migrations.upgrade(database)
    _assert_upgraded(database, written, revision)
    whole = databases.migrated(tmp_path / "whole.db")
    assert revision_harness.definition(database) == revision_harness.definition(whole)
    whole.close()
    database.close()


@pytest.mark.parametrize("revision", [None, *EARLIER])
def test_of_several_that_upgrade_at_once_one_may_be_killed(tmp_path: Path, revision: str | None) -> None:
    database, written = _with_rows(tmp_path / "shared.db", revision)
    url = databases.url(tmp_path / "shared.db")
    doomed = killing_harness.start(url, 9)
    done = process_harness.in_processes(process_harness.upgrade, [(url,)] * 2)
    doomed.join(60)
    assert done == [migrations.head()] * 2
    _assert_upgraded(database, written, revision)
    database.close()


def _with_rows(path: Path, revision: str | None) -> tuple[Database, Rows]:
    database = revision_harness.at_revision(path, revision)
    return database, rows_harness.fill(database, rows_harness.SMALL) if revision else {}


def _meant(written: Rows, revision: str | None, now: str | None) -> Rows:
    return rows_harness.meant(written, revision, now) if revision and now else written


def _assert_upgraded(database: Database, written: Rows, revision: str | None) -> None:
    migrations.check(database)
    assert revision_harness.differences(database) == []
    rows_harness.assert_kept(_meant(written, revision, migrations.head()), rows_harness.read(database))
