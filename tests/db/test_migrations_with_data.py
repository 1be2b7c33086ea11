"""Every earlier revision, with rows in every table, becomes this version's; what a release left is worked on."""

from pathlib import Path

import kept_harness
import pytest
from kept_harness import KEPT
from sqlalchemy import event

import databases
from ticketflow import events
from ticketflow.config import Config
from ticketflow.db import Database, migrations
from ticketflow.domain import TicketStatus
from ticketflow.runtime import build
from ticketflow.store import decisions, tickets
from ticketflow.testing import FrozenClock
from ticketflow.workflow import history
from ticketflow.workflow.queue import RunState

REVISIONS = kept_harness.revisions()
LATER = 1_900_000_000_000_000  # when the kept databases are opened: everything in them is due


def sorted_rows(rows: list[dict[str, object]]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


@pytest.mark.parametrize("revision", REVISIONS)
def test_no_row_is_lost_or_changed(tmp_path: Path, revision: str) -> None:
    database = kept_harness.at_revision(tmp_path / "old.db", revision)
    written = kept_harness.fill(database)
    before = kept_harness.read(database)
    assert {name: sorted_rows(rows) for name, rows in before.items()} == {
        name: sorted_rows(rows) for name, rows in written.items()
    }, "what this test writes is what it reads"

    migrations.upgrade(database)
    migrations.check(database)
    after = kept_harness.read(database)
    for name, rows in written.items():
        kept = [{column: row[column] for column in rows[0]} for row in after[name]]
        assert sorted_rows(kept) == sorted_rows(rows), name
    database.close()


def test_each_revision_has_its_kept_database() -> None:
    assert sorted(path.name for path in KEPT.glob("*.db.gz")) == sorted(
        f"{revision}.db.gz" for revision in [*REVISIONS, migrations.head()]
    ), "tools/keep_database.py makes it"


@pytest.mark.parametrize("revision", [*REVISIONS, migrations.head()])
def test_what_a_release_left_is_finished_by_this_one(tmp_path: Path, revision: str) -> None:
    clock = FrozenClock(LATER)
    database = kept_harness.restored(tmp_path / "kept.db", revision, clock)
    migrations.upgrade(database)
    url = databases.url(tmp_path / "kept.db")
    database.close()

    built = build(Config(home=tmp_path, database_url=url), clock=clock)
    workspace = built.workspace()
    with built.database.read() as session:
        waiting = [tickets.find(session, workspace.id, f"waiting-{number}") for number in range(5)]
        done = [tickets.find(session, workspace.id, f"done-{number}") for number in range(3)]
        replies = {ticket.id: tickets.messages(session, workspace.id, ticket.id) for ticket in done}
        facts = events.after(session, workspace.id, 0, 1_000)
    while built.runner.run_one():
        clock.advance(1)
    with built.database.read() as session:
        for ticket in waiting:
            (run,) = history.of_ticket(session, workspace.id, ticket.id)
            assert run.state is RunState.SUCCEEDED, run.error
            now = tickets.get(session, workspace.id, ticket.id)
            assert now.status in {TicketStatus.RESOLVED, TicketStatus.ESCALATED}
            made = decisions.newest(session, workspace.id, ticket.id)
            assert made is not None
            assert made.decision.version != "untaught", "what was learned is used on"
        for ticket in done:
            assert tickets.messages(session, workspace.id, ticket.id) == replies[ticket.id], "nothing is answered twice"
        log = events.after(session, workspace.id, 0, 1_000)
    assert log[: len(facts)] == facts
    assert [fact.seq for fact in log] == list(range(1, len(log) + 1))
    built.close()


@databases.on_tidb_only
@pytest.mark.parametrize("revision", [None, *REVISIONS])
def test_an_upgrade_cut_short_after_any_statement_is_finished_by_the_next(tmp_path: Path, revision: str | None) -> None:
    whole, database = (_at(tmp_path / name, revision) for name in ("whole.db", "cut.db"))
    migrations.upgrade(whole)
    written = kept_harness.fill(database) if revision else {}
    cut, cuts = 1, 0
    while not _upgraded(database, cut):
        cut, cuts = cut + (1 if revision else 4), cuts + 1
    assert cuts >= 8
    migrations.check(database)
    assert kept_harness.columns(database) == kept_harness.columns(whole)
    after = kept_harness.read(database)
    assert {name: len(rows) for name, rows in written.items()} == {name: len(after[name]) for name in written}
    whole.close()
    database.close()


class Cut(Exception):
    """The process ends here."""


def _at(path: Path, revision: str | None) -> Database:
    if revision is not None:
        return kept_harness.at_revision(path, revision)
    return databases.open_url(databases.url(path, empty=True))


def _upgraded(database: Database, cut: int) -> bool:
    """Upgrade, and fail after so many statements that change something. Whether it came to its end before."""
    done = 0

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal done
        done += statement.lstrip().startswith(("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE"))
        if done == cut:
            raise Cut

    event.listen(database.engine, "after_cursor_execute", count)
    try:
        migrations.upgrade(database)
    except Cut:
        return False
    finally:
        event.remove(database.engine, "after_cursor_execute", count)
    return True
