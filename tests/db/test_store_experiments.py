"""Experiments are stored whole, read by workspace, and joined with what the audit found of their tickets."""

import pytest

from ticketflow.clock import SECOND
from ticketflow.db import Database, Session
from ticketflow.domain import Action, Analysis, Decision, Guess, Priority, Workspace
from ticketflow.errors import Conflict, NotFound
from ticketflow.store import audits, decisions, experiments
from ticketflow.store.audits import AuditState, NewSample
from ticketflow.store.experiments import Experiment, ExperimentState, Factor, Metric, NewExperiment, Sides
from ticketflow.testing import FrozenClock

GUESS = Guess(value="x", confidence=0.5, source="test")
ANALYSIS = Analysis(
    candidates=[], category=GUESS, priority=GUESS, language=GUESS, sentiment=GUESS, novelty=0.1, version="v1"
)
NEW = NewExperiment(
    name="stricter",
    factor=Factor.THRESHOLD,
    sides=Sides(control="certified", treatment=0.1 + 0.2),
    share=1 / 3,
    metric=Metric.RESOLVED,
    note="why not",
)
WEIGHTS = NewExperiment(
    name="words",
    factor=Factor.FUSION,
    sides=Sides(control="learned", treatment={"similarity": 1.0, "lexical": 0.4, "both": 0.0}),
    share=1.0,
    metric=Metric.RIGHT,
    note="",
)


def decide(
    session: Session,
    workspace: Workspace,
    ticket_id: str,
    run_id: str,
    variants: dict[str, str],
    *,
    drawn: bool = True,
    answer_id: str | None = "a",
) -> str:
    """Store a decision with its sides; an audited one waits for a grade."""
    made = Decision(
        action=Action.RESOLVE,
        answer_id=answer_id,
        label="l",
        confidence=0.9,
        threshold=0.8,
        category=None,
        priority=Priority.NORMAL,
        team=None,
        reasons=["because"],
        version="v1",
        variants=variants,
    )
    decision_id = decisions.add(session, workspace.id, ticket_id, run_id, made, ANALYSIS)
    if drawn:
        sample = NewSample(
            decision_id=decision_id,
            ticket_id=ticket_id,
            run_id=run_id,
            segment="",
            category=None,
            version="v1",
            answer_id=answer_id,
            confidence=0.9,
            automatic=ticket_id != "by hand",
            twice=False,
            due_at=session.now,
        )
        audits.draw(session, workspace.id, sample)
    return decision_id


@pytest.mark.parametrize("new", [NEW, WEIGHTS])
def test_an_experiment_comes_back_as_it_was_stored(
    database: Database, workspace: Workspace, new: NewExperiment
) -> None:
    with database.write() as session:
        made = experiments.add(session, workspace.id, new, "eve")
    with database.read() as session:
        assert experiments.get(session, workspace.id, made.id) == made
        assert experiments.by_name(session, workspace.id, new.name) == made
    assert made.model_dump(include=set(NewExperiment.model_fields)) == new.model_dump()
    assert (made.author, made.state, made.ended_at) == ("eve", ExperimentState.RUNNING, None)


def test_a_name_is_used_once_in_a_workspace(database: Database, workspace: Workspace, other: Workspace) -> None:
    with database.write() as session:
        first = experiments.add(session, workspace.id, NEW, "eve")
        experiments.stop(session, workspace.id, first.id)
        with pytest.raises(Conflict, match="'stricter' already"):
            experiments.add(session, workspace.id, NEW, "eve")
        assert experiments.add(session, other.id, NEW, "eve").name == "stricter"


def test_a_stopped_experiment_runs_no_more_and_ends_once(database: Database, workspace: Workspace) -> None:
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    with database.write() as session:
        first = experiments.add(session, workspace.id, NEW, "eve")
        second = experiments.add(session, workspace.id, WEIGHTS, "eve")
        assert experiments.running(session, workspace.id) == [first, second]
    clock.advance(5)
    with database.write() as session:
        ended = experiments.stop(session, workspace.id, first.id)
        assert ended.state is ExperimentState.STOPPED
        assert ended.ended_at == first.created_at + 5 * SECOND
    clock.advance(5)
    with database.write() as session:
        assert experiments.stop(session, workspace.id, first.id) == ended
        assert experiments.running(session, workspace.id) == [second]
        with pytest.raises(NotFound):
            experiments.stop(session, workspace.id, "none")


def test_the_stamp_moves_with_every_start_and_end(database: Database, workspace: Workspace, other: Workspace) -> None:
    def stamp() -> tuple[object, ...]:
        with database.read() as session:
            return experiments.stamp(session, workspace.id)

    seen = [stamp()]
    made: list[Experiment] = []
    for new in (NEW, WEIGHTS):
        with database.write() as session:
            made.append(experiments.add(session, workspace.id, new, "eve"))
        seen.append(stamp())
    for one in made:
        with database.write() as session:
            experiments.stop(session, workspace.id, one.id)
        seen.append(stamp())
    assert len(set(seen)) == 5
    with database.write() as session:
        experiments.add(session, other.id, NEW, "eve")
    assert stamp() == seen[-1]


def test_pages_go_from_the_newest_back(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = [
            experiments.add(session, workspace.id, NEW.model_copy(update={"name": f"n{number}"}), "eve")
            for number in range(5)
        ]
        first = experiments.page(session, workspace.id, limit=2)
        assert [one.name for one in first] == ["n4", "n3"]
        rest = experiments.page(session, workspace.id, before=first[-1].id)
        assert rest == made[2::-1]


def test_another_workspaces_experiments_are_not_seen(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = experiments.add(session, workspace.id, NEW, "eve")
        decide(session, workspace, "t", "r", {made.id: "control"})
        with pytest.raises(NotFound):
            experiments.get(session, other.id, made.id)
        with pytest.raises(NotFound):
            experiments.stop(session, other.id, made.id)
        assert experiments.by_name(session, other.id, NEW.name) is None
        assert experiments.running(session, other.id) == []
        assert experiments.page(session, other.id) == []
        assert experiments.tickets(session, other.id, made.id) == {}
        assert experiments.observations(session, other.id, made.id) == []
        assert experiments.get(session, workspace.id, made.id).state is ExperimentState.RUNNING


def test_a_ticket_counts_once_whatever_happens_to_it_later(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        one = experiments.add(session, workspace.id, NEW, "eve")
        two = experiments.add(session, workspace.id, WEIGHTS, "eve")
        first = decide(session, workspace, "t1", "r1", {one.id: "control"})
        decide(session, workspace, "t1", "r2", {one.id: "control"})
        second = decide(session, workspace, "t2", "r3", {one.id: "treatment", two.id: "control"}, answer_id=None)
        decide(session, workspace, "t3", "r4", {one.id: "treatment"}, drawn=False)
        decide(session, workspace, "t4", "r5", {})
        by_hand = decide(session, workspace, "by hand", "r6", {one.id: "control"})
        assert experiments.tickets(session, workspace.id, one.id) == {"control": 2, "treatment": 2}
        assert experiments.tickets(session, workspace.id, two.id) == {"control": 1}
        seen = experiments.observations(session, workspace.id, one.id)
    assert [(ticket.side, ticket.decision_id) for ticket in seen] == [
        ("control", first),
        ("treatment", second),
        ("control", by_hand),
    ]
    assert [ticket.proposed for ticket in seen] == [True, False, True]
    assert [ticket.automatic for ticket in seen] == [True, True, False]


def test_an_outcome_is_known_once_it_is_graded_or_overdue(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        one = experiments.add(session, workspace.id, NEW, "eve")
        for state in AuditState:
            made = decide(session, workspace, state.value, f"run {state.value}", {one.id: "control"})
            audits.change(session, workspace.id, made, state=state, wrong=state is AuditState.OVERDUE)
        seen = experiments.observations(session, workspace.id, one.id)
    assert {ticket.ticket_id: ticket.known for ticket in seen} == {
        "open": False,
        "second": True,
        "graded": True,
        "overdue": True,
    }
    assert [ticket.ticket_id for ticket in seen if ticket.wrong] == ["overdue"]
