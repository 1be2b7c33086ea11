"""Effects in our own database: once for each trigger and kind, and only if their transaction is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from workflow_harness import WORKSPACE, open_database

from ticketflow.db import Database, Session
from ticketflow.db.tables import effect
from ticketflow.testing import FrozenClock
from ticketflow.workflow import effects

IDENTITY = {"workspace_id": WORKSPACE, "ticket_id": "ticket-1", "trigger_id": "created", "kind": "reply"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "effects.db", FrozenClock())
    yield opened
    opened.close()


def once(session: Session, **changes: str) -> bool:
    return effects.once(session, **{**IDENTITY, **changes}, run_id="run-1", payload={"to": "x"})


def test_an_effect_happens_once_for_any_number_of_runs(database: Database) -> None:
    with database.write() as session:
        assert once(session)
        assert not once(session)
    with database.write() as session:
        assert not effects.once(session, **IDENTITY, run_id="run-2", payload={})
        row = session.execute(select(effect)).one()
    assert (row.run_id, row.state, row.payload) == ("run-1", "sent", {"to": "x"})


@pytest.mark.parametrize("part", IDENTITY)
def test_another_workspace_ticket_trigger_or_kind_is_another_effect(database: Database, part: str) -> None:
    with database.write() as session:
        assert once(session)
        assert once(session, **{part: "other"})


def test_an_effect_that_was_rolled_back_did_not_happen(database: Database) -> None:
    def do_and_fail() -> None:
        with database.write() as session:
            assert once(session)
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        do_and_fail()
    with database.write() as session:
        assert once(session)
