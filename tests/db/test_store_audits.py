"""Audit samples: drawn once by decision, queued oldest first, overdue after their deadline, counted by workspace."""

import pytest

from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.domain import Grade, Workspace
from ticketflow.errors import KeyTaken, NotFound
from ticketflow.store import audits
from ticketflow.store.audits import AuditCounts, AuditState, NewSample
from ticketflow.testing import FrozenClock


def new(decision_id: str, **fields: object) -> NewSample:
    known = {
        "decision_id": decision_id,
        "ticket_id": f"t-{decision_id}",
        "run_id": f"r-{decision_id}",
        "segment": "",
        "category": "account",
        "version": "v1",
        "answer_id": "a",
        "confidence": 0.1 + 0.2,
        "automatic": True,
        "twice": False,
        "due_at": 2_000_000_000 * SECOND,
    }
    return NewSample.model_validate(known | fields)


def drawn(database: Database, workspace: Workspace, *samples: NewSample) -> None:
    with database.write() as session:
        for sample in samples:
            audits.draw(session, workspace.id, sample)


@pytest.fixture
def clock(database: Database) -> FrozenClock:
    assert isinstance(database.clock, FrozenClock)
    return database.clock


def test_a_drawn_sample_is_open_and_holds_what_was_drawn(database: Database, workspace: Workspace) -> None:
    drawn(database, workspace, new("d1", twice=True))
    with database.read() as session:
        found = audits.get(session, workspace.id, "d1")
    assert NewSample.model_validate(found.model_dump(include=set(NewSample.model_fields))) == new("d1", twice=True)
    assert found.confidence == 0.1 + 0.2
    assert (found.state, found.wrong, found.grade, found.complaint) == (AuditState.OPEN, False, None, None)
    assert found.created_at == found.updated_at == database.clock.now()


def test_a_decision_is_drawn_once(database: Database, workspace: Workspace) -> None:
    drawn(database, workspace, new("d1"))
    with pytest.raises(KeyTaken):
        drawn(database, workspace, new("d1"))


def test_what_was_not_drawn_is_not_there(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        assert audits.find(session, workspace.id, "d1") is None
        with pytest.raises(NotFound, match="was not drawn"):
            audits.get(session, workspace.id, "d1")
        with pytest.raises(NotFound):
            audits.change(session, workspace.id, "d1", wrong=True)


def test_a_change_is_stored_with_its_moment(database: Database, workspace: Workspace, clock: FrozenClock) -> None:
    drawn(database, workspace, new("d1"), new("d2"))
    clock.advance(3)
    with database.write() as session:
        made = audits.change(session, workspace.id, "d1", state=AuditState.GRADED, grade=Grade.UNSAFE, wrong=True)
        assert audits.get(session, workspace.id, "d2").state is AuditState.OPEN
    assert (made.state, made.grade, made.wrong) == (AuditState.GRADED, Grade.UNSAFE, True)
    assert made.updated_at - made.created_at == 3 * SECOND


def queued(database: Database, workspace: Workspace, **options: object) -> list[str]:
    with database.read() as session:
        return [sample.decision_id for sample in audits.queue(session, workspace.id, **options)]  # pyright: ignore[reportArgumentType]


def test_the_queue_holds_what_waits_oldest_first(database: Database, workspace: Workspace) -> None:
    drawn(database, workspace, *(new(f"d{number}") for number in range(6)))
    with database.write() as session:
        audits.change(session, workspace.id, "d1", state=AuditState.GRADED, grader="ana")
        audits.change(session, workspace.id, "d2", state=AuditState.SECOND, grader="ana")
        audits.change(session, workspace.id, "d3", state=AuditState.OVERDUE)
    assert queued(database, workspace) == ["d0", "d2", "d4", "d5"]
    assert queued(database, workspace, limit=2) == ["d0", "d2"]
    assert queued(database, workspace, after="d2") == ["d4", "d5"]


def test_a_second_grade_is_asked_of_somebody_else(database: Database, workspace: Workspace) -> None:
    drawn(database, workspace, new("d0"), new("d1"))
    with database.write() as session:
        audits.change(session, workspace.id, "d1", state=AuditState.SECOND, grader="ana")
    assert queued(database, workspace, grader="ana") == ["d0"]
    assert queued(database, workspace, grader="ben") == ["d0", "d1"]


def test_overdue_is_what_is_open_after_its_deadline(
    database: Database, workspace: Workspace, clock: FrozenClock
) -> None:
    due = clock.now() + 10 * SECOND
    drawn(database, workspace, new("d0", due_at=due), new("d1", due_at=due + 1), new("d2", due_at=due))
    with database.write() as session:
        audits.change(session, workspace.id, "d2", state=AuditState.SECOND)

    def overdue() -> list[str]:
        with database.read() as session:
            return [sample.decision_id for sample in audits.overdue(session, workspace.id)]

    assert overdue() == []
    clock.advance(10)
    assert overdue() == [], "the deadline itself is in time"
    clock.advance(0.000001)
    assert overdue() == ["d0"]
    clock.advance(1)
    assert overdue() == ["d0", "d1"]


def test_since_gives_what_was_drawn_from_a_moment_on(
    database: Database, workspace: Workspace, clock: FrozenClock
) -> None:
    drawn(database, workspace, new("d0"))
    clock.advance(1)
    moment = clock.now()
    drawn(database, workspace, new("d1"), new("d2", version="v2"))

    def since(moment: int, version: str | None = None) -> list[str]:
        with database.read() as session:
            found = audits.since(session, workspace.id, moment, version=version)
        return [sample.decision_id for sample in found]

    assert since(0) == ["d0", "d1", "d2"]
    assert since(moment) == ["d1", "d2"]
    assert since(moment + 1) == []
    assert since(0, "v1") == ["d0", "d1"]


def test_counts_tell_states_errors_and_agreement(database: Database, workspace: Workspace) -> None:
    drawn(database, workspace, *(new(f"d{number}") for number in range(6)))
    right, wrong = {"grade": Grade.RIGHT}, {"grade": Grade.WRONG, "wrong": True}
    with database.write() as session:
        audits.change(session, workspace.id, "d0", state=AuditState.GRADED, **right)
        audits.change(session, workspace.id, "d1", state=AuditState.GRADED, second_grade=Grade.WRONG, **wrong)
        audits.change(session, workspace.id, "d2", state=AuditState.GRADED, second_grade=Grade.UNSAFE, **wrong)
        audits.change(session, workspace.id, "d3", state=AuditState.OVERDUE, wrong=True)
        audits.change(session, workspace.id, "d4", state=AuditState.SECOND, **right)
        found = audits.counts(session, workspace.id)
    assert found == AuditCounts(open=1, second=1, graded=3, overdue=1, wrong=3, doubly=2, agreed=1)


def test_nothing_drawn_counts_nothing(database: Database, workspace: Workspace) -> None:
    with database.read() as session:
        none = audits.counts(session, workspace.id)
    assert set(none.model_dump().values()) == {0}


def test_another_workspaces_samples_are_not_there(database: Database, workspace: Workspace, other: Workspace) -> None:
    drawn(database, workspace, new("d1", due_at=0))
    drawn(database, other, new("d1", confidence=0.9))
    with database.write() as session:
        audits.change(session, other.id, "d1", wrong=True)
        assert not audits.get(session, workspace.id, "d1").wrong
        assert audits.overdue(session, other.id) == []
        assert audits.counts(session, workspace.id).wrong == 0
        assert len(audits.queue(session, other.id)) == len(audits.since(session, other.id, 0)) == 1
