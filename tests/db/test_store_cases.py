"""Cases: one for each resolved ticket, known by external ids, counted since a moment, newest first for learning."""

import pytest

from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.errors import NotFound
from ticketflow.store import cases
from ticketflow.store.cases import NewCase
from ticketflow.testing import FrozenClock


def new(body: str, **fields: object) -> NewCase:
    return NewCase.model_validate({"body": body, "content_hash": "0" * 64, "resolved_at": 1} | fields)


def test_cases_come_back_as_they_went_in(database: Database, workspace: Workspace) -> None:
    fresh = [new("a", external_id="1", answer_id="x", category="c", priority="high", language="de"), new("b")]
    with database.write() as session:
        made = cases.add_many(session, workspace.id, fresh)
        assert cases.add_many(session, workspace.id, []) == []
        assert [cases.get(session, workspace.id, case.id) for case in made] == made
        assert cases.by_external_ids(session, workspace.id, ["1", "2"]) == {"1": made[0]}
        assert cases.count(session, workspace.id) == 2
        with pytest.raises(NotFound):
            cases.get(session, workspace.id, "no-case")


def test_a_tickets_case_is_brought_up_to_date_and_not_doubled(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        first = cases.put_for_ticket(session, workspace.id, new("a", ticket_id="t", answer_id="x"))
        second = cases.put_for_ticket(session, workspace.id, new("b", ticket_id="t", answer_id=None, category="c"))
        assert cases.get(session, workspace.id, first.id) == second
        assert cases.count(session, workspace.id) == 1
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert (second.body, second.answer_id, second.category) == ("b", None, "c")


def test_an_imported_case_is_replaced_and_keeps_its_identity(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        (known,) = cases.add_many(session, workspace.id, [new("a", external_id="1")])
        replaced = cases.replace(session, known, new("b", external_id="other", answer_id="x"))
        assert cases.get(session, workspace.id, known.id) == replaced
    assert (replaced.id, replaced.external_id, replaced.body, replaced.answer_id) == (known.id, "1", "b", "x")


def test_forgetting_a_tickets_case(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = cases.put_for_ticket(session, workspace.id, new("a", ticket_id="t"))
        assert cases.remove_for_ticket(session, workspace.id, "t") == made.id
        assert cases.remove_for_ticket(session, workspace.id, "t") is None
        assert cases.count(session, workspace.id) == 0


def test_another_workspaces_cases_are_neither_seen_nor_changed(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = cases.put_for_ticket(session, workspace.id, new("a", ticket_id="t", answer_id="x"))
        (imported,) = cases.add_many(session, workspace.id, [new("b", external_id="1")])
        theirs = cases.put_for_ticket(session, other.id, new("z", ticket_id="t"))
        assert theirs.id != made.id
        assert cases.remove_for_ticket(session, other.id, "t") == theirs.id
        with pytest.raises(NotFound):
            cases.get(session, other.id, made.id)
        assert cases.by_external_ids(session, other.id, ["1"]) == {}
        assert cases.count(session, other.id) == cases.count_since(session, other.id, 0) == 0
        assert cases.labelled(session, other.id, 10) == []
        assert cases.get(session, workspace.id, made.id) == made
        assert cases.get(session, workspace.id, imported.id) == imported


def test_counting_since_a_moment_leaves_the_moment_out(database: Database, workspace: Workspace) -> None:
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    with database.write() as session:
        cases.add_many(session, workspace.id, [new("a"), new("b")])
    moment = clock.now()
    clock.advance(1)
    with database.write() as session:
        assert cases.count_since(session, workspace.id, moment) == 0
        cases.add_many(session, workspace.id, [new("c")])
        assert cases.count_since(session, workspace.id, moment) == 1
        assert cases.count_since(session, workspace.id, 0) == 3


def test_the_newest_are_learned_from_oldest_first(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = cases.add_many(
            session,
            workspace.id,
            [new(str(moment), resolved_at=moment, answer_id=f"a{moment}") for moment in (5, 1, 4, 2, 3)],
        )
        newest = cases.labelled(session, workspace.id, 3)
    assert [case.answer_id for case in newest] == ["a3", "a4", "a5"]
    assert [case.id for case in newest] == [made[4].id, made[2].id, made[0].id]
