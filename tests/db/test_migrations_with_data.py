"""Every earlier revision, with rows in every table, becomes this version's; no row is lost, and the product works."""

from pathlib import Path

import pytest
import revision_harness
import rows_harness

import databases
from ticketflow.agent import pipeline
from ticketflow.config import Config
from ticketflow.db import Database, migrations
from ticketflow.domain import TicketStatus
from ticketflow.runtime import build
from ticketflow.store import decisions, tickets
from ticketflow.testing import FrozenClock, HashEncoder

REVISIONS = revision_harness.revisions()


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_revision_becomes_this_one_with_all_its_rows(tmp_path: Path, revision: str) -> None:
    database = revision_harness.at_revision(tmp_path / "old.db", revision)
    written = rows_harness.fill(database)
    assert all(rows for name, rows in written.items() if name != "encoder")
    assert rows_harness.told(rows_harness.read(database)) == rows_harness.told(written), (
        "what is written is what is read"
    )

    wanted = rows_harness.meant(written, revision, migrations.head())
    migrations.upgrade(database)
    migrations.check(database)
    assert revision_harness.differences(database) == []
    rows_harness.assert_kept(wanted, rows_harness.read(database))
    assert_found(database)
    database.close()

    assert_works(tmp_path / "old.db", tmp_path)
    database = databases.open_at(tmp_path / "old.db")
    rows_harness.assert_kept(wanted, rows_harness.read(database), others=True)
    database.close()


def assert_found(database: Database) -> None:
    """Full text knows the chunks that were there."""
    every = (0, 1 << 62)
    with database.read() as session:
        terms = [["lid", "東京"], *([word] for word in (f"word{place}" for place in rows_harness.PLACES))]
        found = [list(ids) for ids in database.dialect.postings(session.connection, terms, every, 100)]
    chunk_ids = [place + 1 for place in rows_harness.PLACES]
    assert found == [chunk_ids[::-1], *([one] for one in chunk_ids)]


def assert_works(path: Path, home: Path) -> None:
    """A company that comes new to this database has its ticket decided."""
    config = Config(home=home, database_url=databases.url(path), workspace="new-here")
    built = build(config, clock=FrozenClock(), encoder=HashEncoder())
    workspace = built.workspace()
    built.search.load()
    with built.database.write() as session:
        made, _ = pipeline.start(session, workspace.id, tickets.NewTicket(subject="Lid", body="My lid is lost 🙂"))
    assert built.runner.run_one(["ticket"])
    with built.database.read() as session:
        assert tickets.get(session, workspace.id, made.id).status is TicketStatus.ESCALATED
        assert decisions.newest(session, workspace.id, made.id) is not None
    built.close()
