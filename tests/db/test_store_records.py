"""Decisions, feedback, imports, the audit log, keys and workspaces: what is kept of who did what."""

import pytest

from ticketflow.clock import SECOND, new_id
from ticketflow.db import Database
from ticketflow.domain import Action, Analysis, Candidate, Decision, FeedbackKind, Guess, Priority, Workspace
from ticketflow.errors import KeyTaken, NotFound
from ticketflow.store import audit, decisions, feedback, imports, keys, workspaces
from ticketflow.store.feedback import NewFeedback
from ticketflow.store.keys import ApiKey
from ticketflow.testing import FrozenClock

GUESS = Guess(value="x", confidence=0.1 + 0.2, source="test")
ANALYSIS = Analysis(
    candidates=[Candidate(answer_id="a", label="l", score=1 / 3, features={"nearest": 2 / 3})],
    category=GUESS,
    priority=GUESS,
    language=GUESS,
    sentiment=GUESS,
    novelty=1e-9,
    version="v1",
)
DECISION = Decision(
    action=Action.RESOLVE,
    answer_id="a",
    label="l",
    confidence=0.1 + 0.2,
    threshold=1 / 3,
    category=None,
    priority=Priority.HIGH,
    team=None,
    reasons=["because"],
    version="v1",
)


def test_a_decision_comes_back_to_the_last_digit(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = decisions.add(session, workspace.id, "t", "r", DECISION, ANALYSIS)
        found = decisions.get(session, workspace.id, made)
        assert decisions.of_run(session, workspace.id, "r") == found
        assert decisions.of_run(session, workspace.id, "other run") is None
    assert (found.decision, found.analysis) == (DECISION, ANALYSIS)
    assert (found.id, found.ticket_id, found.run_id) == (made, "t", "r")


def test_a_run_decides_once_and_the_newest_of_a_ticket_counts(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        decisions.add(session, workspace.id, "t", "r1", DECISION, ANALYSIS)
        second = decisions.add(session, workspace.id, "t", "r2", DECISION, ANALYSIS)
        decisions.add(session, workspace.id, "another", "r3", DECISION, ANALYSIS)
        newest = decisions.newest(session, workspace.id, "t")
        assert newest is not None
        assert newest.id == second
        assert decisions.newest(session, workspace.id, "none") is None
    with pytest.raises(KeyTaken), database.write() as session:
        decisions.add(session, workspace.id, "t", "r1", DECISION, ANALYSIS)


def test_another_workspaces_decisions_and_feedback_are_not_seen(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = decisions.add(session, workspace.id, "t", "r", DECISION, ANALYSIS)
        feedback.add(session, workspace.id, "t", made, NewFeedback(kind=FeedbackKind.RIGHT), "eve")
        audit.record(session, workspace.id, "eve", "key.created", "k")
        with pytest.raises(NotFound):
            decisions.get(session, other.id, made)
        assert decisions.of_run(session, other.id, "r") is None
        assert decisions.newest(session, other.id, "t") is None
        assert feedback.of_ticket(session, other.id, "t") == []
        assert audit.newest(session, other.id) == []


def test_feedback_comes_in_the_order_it_was_given(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = [
            feedback.add(session, workspace.id, "t", None, NewFeedback(kind=kind, score=3, note=kind), "eve")
            for kind in FeedbackKind
        ]
        feedback.add(session, workspace.id, "another", None, NewFeedback(kind=FeedbackKind.RIGHT), "eve")
        assert feedback.of_ticket(session, workspace.id, "t") == made


@pytest.mark.parametrize("score", [0, 6, -1])
def test_csat_is_one_to_five(score: int) -> None:
    with pytest.raises(ValueError, match="score"):
        NewFeedback(kind=FeedbackKind.CSAT, score=score)


def test_an_import_goes_on_where_it_stopped(database: Database, workspace: Workspace, other: Workspace) -> None:
    with database.write() as session:
        made = imports.begin(session, workspace.id, "a.csv", "f" * 64, {"body": "text"})
        imports.progress(session, workspace.id, made.id, position=7, counts={"added": 6}, state="running")
        imports.progress(session, other.id, made.id, position=0, counts={}, state="finished")
        again = imports.begin(session, workspace.id, "moved.csv", "f" * 64, {})
        theirs = imports.begin(session, other.id, "a.csv", "f" * 64, {})
        different = imports.begin(session, workspace.id, "a.csv", "e" * 64, {})
    assert (again.id, again.position, again.counts, again.state) == (made.id, 7, {"added": 6}, "running")
    assert again.mapping == {"body": "text"}
    assert len({made.id, theirs.id, different.id}) == 3
    assert theirs.position == 0


def test_the_audit_log_tells_the_newest_first(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        for number in range(5):
            audit.record(session, workspace.id, "eve", "answer.changed", str(number), fields=["body"])
        found = audit.newest(session, workspace.id, limit=3)
    assert [entry.object for entry in found] == ["4", "3", "2"]
    assert found[0].detail == {"fields": ["body"]}


def key(workspace: Workspace, **fields: object) -> ApiKey:
    known = {
        "id": new_id(),
        "workspace_id": workspace.id,
        "name": "ci",
        "digest": "d" * 64,
        "last_four": "wxyz",
        "scopes": ["tickets:read"],
        "created_at": 1,
        "expires_at": None,
        "revoked_at": None,
    }
    return ApiKey.model_validate(known | fields)


def test_keys_are_listed_and_ended_by_their_own_workspace_only(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    first, second = key(workspace, created_at=2), key(workspace, created_at=1)
    with database.write() as session:
        for made in (first, second):
            keys.add(session, made)
        assert keys.find(session, first.id) == first
        assert keys.find(session, "unheard of") is None
        assert keys.every(session, workspace.id) == [second, first]
        assert keys.every(session, other.id) == []
        with pytest.raises(NotFound, match="key list"):
            keys.revoke(session, other.id, first.id)
        keys.revoke(session, workspace.id, first.id)
        revoked = keys.find(session, first.id)
        assert revoked is not None
        assert revoked.revoked_at == session.now
        assert not revoked.live(session.now)


def test_a_key_lives_until_it_expires(workspace: Workspace) -> None:
    made = key(workspace, expires_at=10 * SECOND)
    assert made.live(10 * SECOND - 1)
    assert not made.live(10 * SECOND)
    assert key(workspace).live(10**18)


def test_workspaces_are_made_once_and_numbered(database: Database) -> None:
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    with database.write() as session:
        first = workspaces.ensure(session, "one", "The One")
        second = workspaces.ensure(session, "two")
        assert workspaces.ensure(session, "one", "renamed?") == first
        assert (first.name, second.name) == ("The One", "two")
        assert (first.number, second.number) == (1, 2)
        assert workspaces.every(session) == [first, second]
        assert workspaces.find(session, "three") is None
        assert workspaces.get(session, second.id) == second
        with pytest.raises(NotFound):
            workspaces.get(session, "no-workspace")
