"""Steps and checkpoints: what is stored, in how many commits, and what a crash costs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from workflow_harness import (
    LEASE_SECONDS,
    WORKSPACE,
    Deps,
    Killed,
    Words,
    accept,
    count_commits,
    hand_over,
    kill_at,
    letters,
    one,
    open_database,
    outputs,
    runner,
    violations,
    work_off,
)

from ticketflow.db import Database, Session
from ticketflow.db.tables import message, step_output
from ticketflow.domain import Intake
from ticketflow.errors import NotFound
from ticketflow.testing import FrozenClock
from ticketflow.workflow import history, queue
from ticketflow.workflow.engine import State, Step, Workflow

STEPS = ("read", "think", "call", "choose", "send")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def database(tmp_path: Path, clock: FrozenClock) -> Iterator[Database]:
    opened = open_database(tmp_path / "engine.db", clock)
    yield opened
    opened.close()


def accepted(database: Database, number: int = 1) -> str:
    with database.write() as session:
        return accept(session, number)


def test_a_run_goes_through_its_steps(database: Database) -> None:
    run_id = accepted(database)
    assert work_off(runner(database, Deps())) == 1
    row = one(database, run_id)
    assert (row.state, row.step, row.attempt, row.error) == ("succeeded", "send", 1, None)
    assert list(outputs(database, run_id)) == list(STEPS)
    assert outputs(database, run_id)["send"] == {"text": "read 1, think, call, choose", "count": 5}
    assert violations(database, finished=True) == []


def test_every_step_can_be_read_back_with_its_input_in_full(database: Database, clock: FrozenClock) -> None:
    run_id = accepted(database)
    clock.advance(1)
    work_off(runner(database, Deps()))
    with database.read() as session:
        records = history.steps(session, WORKSPACE, run_id)
        brief = history.outputs(session, WORKSPACE, run_id)
        assert history.outputs(session, "another", run_id) == {}
    assert [record.output for record in brief.values()] == [record.output for record in records]
    assert brief["choose"].input["from"] == ["think", "call"]
    by_name = {record.step: record for record in records}
    assert [record.step for record in records] == list(STEPS)
    assert by_name["choose"].input == {"think": by_name["think"].output, "call": by_name["call"].output}
    ticket = by_name["read"].input["ticket"]
    assert (ticket["id"], ticket["subject"], ticket["payload"]) == ("ticket-1", "About ticket-1", {"number": 1})
    assert [said["body"] for said in ticket["messages"]] == ["Question 1"], "the reply came later"
    assert all(record.duration_us >= 0 and record.version == "1" for record in records)


def test_an_edited_output_is_noticed_by_the_steps_that_built_on_it(database: Database) -> None:
    run_id = accepted(database)
    work_off(runner(database, Deps()))
    with database.read() as session:
        assert history.altered(session, WORKSPACE, run_id) == []
    with database.write() as session:
        thought = (step_output.c.run_id == run_id) & (step_output.c.step == "think")
        session.execute(update(step_output).where(thought).values(output={"text": "other", "count": 2}))
    with database.read() as session:
        assert history.altered(session, WORKSPACE, run_id) == ["call", "choose"]


def test_runs_are_listed_within_their_workspace_only(database: Database, clock: FrozenClock) -> None:
    run_ids = []
    for number in range(5):
        run_ids.append(accepted(database, number))
        clock.advance(number % 2)
    with database.write() as session:
        queue.enqueue(session, "another", "letters", trigger_id="created", payload={}, ticket_id="ticket-1")
    with database.read() as session:
        assert [found.id for found in history.of_ticket(session, WORKSPACE, "ticket-1")] == [run_ids[1]]
        seen, page = [], history.of_workspace(session, WORKSPACE, limit=2)
        while page:
            seen += [found.id for found in page]
            page = history.of_workspace(session, WORKSPACE, before=page[-1], limit=2)
        assert seen == run_ids[::-1]
        assert history.of_workspace(session, WORKSPACE, state="failed") == []
        assert len(history.of_workspace(session, WORKSPACE, workflow="letters")) == 5
        with pytest.raises(NotFound):
            history.get(session, "another", run_ids[0])
        with pytest.raises(NotFound):
            history.steps(session, "another", run_ids[0])


def test_a_ticket_without_an_outside_call_costs_three_commits(database: Database) -> None:
    deps, plain = Deps(), letters(outside=())
    worker = runner(database, deps, plain)
    counter = count_commits(database)
    for number in range(10):
        accepted(database, number)
    work_off(worker)
    assert counter["commits"] == 30
    assert violations(database, finished=True) == []


def test_an_outside_call_costs_two_commits_more(database: Database) -> None:
    worker = runner(database, Deps())
    counter = count_commits(database)
    accepted(database)
    work_off(worker)
    assert counter["commits"] == 5


POINTS = [
    "claimed",
    *(f"{kind}:{step}" for step in STEPS for kind in ("before", "computed")),
    *(f"{kind}:{step}" for step in ("think", "call", "send") for kind in ("before_commit", "in_commit", "committed")),
    "applied:send",
]


def test_the_points_are_all_there_are(database: Database) -> None:
    reached: list[str] = []
    accepted(database)
    work_off(runner(database, Deps(), checkpoint=reached.append))
    assert sorted(reached) == sorted(POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_a_run_resumes_from_every_point_to_the_same_end(
    database: Database, clock: FrozenClock, tmp_path: Path, point: str
) -> None:
    undisturbed = open_database(tmp_path / "undisturbed.db", clock)
    expected = accepted(undisturbed)
    work_off(runner(undisturbed, Deps()))

    run_id, deps = accepted(database), Deps()
    with pytest.raises(Killed):
        runner(database, deps, checkpoint=kill_at(point)).run_one()
    stored = outputs(database, run_id)
    clock.advance(LEASE_SECONDS)
    assert work_off(runner(database, deps)) == (0 if point == "committed:send" else 1)

    assert outputs(database, run_id) == outputs(undisturbed, expected)
    assert outputs(database, run_id) | stored == outputs(database, run_id), "what was stored has changed"
    assert violations(database, finished=True) == []
    repeated = point in {"computed:call", "before_commit:call", "in_commit:call"}
    assert len(deps.calls) == (2 if repeated else 1)
    with database.read() as session:
        assert history.altered(session, WORKSPACE, run_id) == []
    undisturbed.close()


def test_an_outside_step_is_not_repeated_once_it_is_checkpointed(database: Database, clock: FrozenClock) -> None:
    accepted(database)
    deps = Deps()
    for _ in range(3):
        with pytest.raises(Killed):
            runner(database, deps, checkpoint=kill_at("before_commit:send")).run_one()
        clock.advance(LEASE_SECONDS)
    work_off(runner(database, deps))
    assert deps.calls == ["ticket-1"]
    assert violations(database, finished=True) == []


def test_a_later_call_never_begins_on_an_old_lease(database: Database, clock: FrozenClock) -> None:
    remaining: list[int] = []

    def look(state: State) -> None:
        remaining.append(one(database, state.run.id).due_at - clock.now())

    def dawdle(point: str) -> None:
        if point == "before:call":
            clock.advance(LEASE_SECONDS * 0.6)

    accepted(database)
    runner(database, Deps(on_call=look), checkpoint=dawdle).run_one()
    assert remaining == [LEASE_SECONDS * 1_000_000]


def test_long_work_keeps_its_lease_by_renewing(database: Database, clock: FrozenClock) -> None:
    def refit(state: State) -> None:
        for _ in range(100):
            clock.advance(LEASE_SECONDS / 10)
            state.renew()
            assert not runner(database, Deps()).run_one(), "the lease is lost in spite of renewing"

    counter = count_commits(database)
    accepted(database)
    deps = Deps(on_call=refit)
    runner(database, deps).run_one()
    assert violations(database, finished=True) == []
    assert counter["commits"] < 5 + 30, "renewing must not write each time it is called"


def simple(*steps: Step[Deps], version: int = 1) -> Workflow[Deps]:
    return Workflow("letters", version, steps, hand_over)


def test_what_a_commit_returns_is_stored_in_place_of_the_value(database: Database) -> None:
    def compute(_deps: Deps, _state: State) -> Words:
        return Words(text="draft", count=1)

    def commit(_deps: Deps, session: Session, state: State, value: Words) -> Words:
        assert state.output("first", Words) == value
        return Words(text=f"{value.text} at {session.now}", count=2)

    def follow(_deps: Deps, _session: Session, state: State, _value: None) -> Words:
        return state.output("first", Words)

    run_id = accepted(database)
    workflow = simple(
        Step("first", "1", compute, commit, output=Words),
        Step("second", "1", None, follow, output=Words, inputs=("first",)),
    )
    runner(database, Deps(), workflow).run_one()
    stored = outputs(database, run_id)
    assert stored["first"]["count"] == 2
    assert stored["first"] == stored["second"]
    with database.read() as session:
        assert history.altered(session, WORKSPACE, run_id) == []


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (Step("wrong", "1", lambda _deps, _state: Words(text="", count=0), output=Intake), "promises a Intake"),
        (Step("wrong", "1", lambda _deps, _state: Words(text="", count=0)), "promises nothing"),
        (Step("wrong", "1", lambda _deps, _state: None, output=Words), "yielded nothing"),
        (Step("wrong", "1", lambda _deps, state: state.output("never", Words), output=Words), "has yielded no Words"),
    ],
)
def test_a_step_that_breaks_its_promise_fails_with_a_clear_error(
    database: Database, step: Step[Any], complaint: str
) -> None:
    run_id = accepted(database)
    runner(database, Deps(), simple(step)).run_one()
    row = one(database, run_id)
    assert row.state == "live"
    assert row.error.startswith("wrong: ")
    assert complaint in row.error
    assert outputs(database, run_id) == {}


def test_a_step_without_output_is_recorded_as_well(database: Database) -> None:
    run_id = accepted(database)
    steps = [Step[Deps]("tidy", "3", None), Step[Deps]("after", "1", None, inputs=("tidy",))]
    runner(database, Deps(), simple(*steps)).run_one()
    assert outputs(database, run_id) == {"tidy": {}, "after": {}}
    with database.read() as session:
        assert history.altered(session, WORKSPACE, run_id) == []
    assert one(database, run_id).state == "succeeded"


def test_a_newer_release_finishes_a_run_that_it_has_fewer_steps_for(database: Database, clock: FrozenClock) -> None:
    run_id = accepted(database)
    with pytest.raises(Killed):
        runner(database, Deps(), checkpoint=kill_at("before:call")).run_one()
    clock.advance(LEASE_SECONDS)
    shorter = simple(letters().steps[0], letters().steps[1], version=2)
    assert runner(database, Deps(), shorter).run_one()
    assert (one(database, run_id).state, one(database, run_id).step) == ("succeeded", "think")


def test_a_stored_output_that_this_release_cannot_read_goes_to_a_human(database: Database, clock: FrozenClock) -> None:
    run_id, deps = accepted(database), Deps()
    with pytest.raises(Killed):
        runner(database, deps, checkpoint=kill_at("committed:think")).run_one()
    with database.write() as session:
        session.execute(update(step_output).where(step_output.c.step == "read").values(output={"words": "old"}))
    clock.advance(LEASE_SECONDS)
    runner(database, deps).run_one()
    assert one(database, run_id).state == "failed"
    assert [ticket_id for ticket_id, _ in deps.handed_over] == ["ticket-1"]
    assert "cannot be read" in deps.handed_over[0][1]


def test_business_writes_and_checkpoint_are_one_transaction(database: Database, clock: FrozenClock) -> None:
    def commit(_deps: Deps, session: Session, state: State, _value: None) -> Words:
        row = dict(session.execute(select(message)).mappings().first() or {})
        session.execute(insert(message), row | {"id": f"note-{state.run.fence}", "author": "system"})
        return Words(text="noted", count=1)

    run_id = accepted(database)
    workflow = simple(Step("note", "1", None, commit, output=Words))
    with pytest.raises(Killed):
        runner(database, Deps(), workflow, checkpoint=kill_at("in_commit:note")).run_one()
    with database.read() as session:
        assert session.execute(select(message.c.id).where(message.c.author == "system")).all() == []
    assert (outputs(database, run_id), one(database, run_id).step) == ({}, "")
    clock.advance(LEASE_SECONDS)
    work_off(runner(database, Deps(), workflow))
    with database.read() as session:
        assert session.execute(select(message.c.id).where(message.c.author == "system")).scalars().all() == ["note-2"]
