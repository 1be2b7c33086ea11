"""What becomes of a run whose step fails, whose worker dies or stalls, and whose database is away."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from workflow_harness import (
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    WORKSPACE,
    Deps,
    Killed,
    accept,
    kill_at,
    letters,
    one,
    open_database,
    outputs,
    runner,
    violations,
    work_off,
)

from ticketflow import events
from ticketflow.clock import SECOND
from ticketflow.db import Database, Session
from ticketflow.db.tables import message
from ticketflow.errors import InvalidInput, NotReady, StorageUnavailable
from ticketflow.testing import FrozenClock
from ticketflow.workflow import queue
from ticketflow.workflow import runner as runner_module
from ticketflow.workflow.engine import State, Workflow
from ticketflow.workflow.queue import Run


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def database(tmp_path: Path, clock: FrozenClock) -> Iterator[Database]:
    opened = open_database(tmp_path / "failures.db", clock)
    yield opened
    opened.close()


def accepted(database: Database, number: int = 1) -> str:
    with database.write() as session:
        return accept(session, number)


def failing(error: Exception, times: int = 1_000) -> Deps:
    deps = Deps()

    def fail(_state: State) -> None:
        if len(deps.calls) <= times:
            raise error

    deps.on_call = fail
    return deps


def told(database: Database) -> list[str]:
    """What the product itself said on tickets: its hand-overs to humans."""
    with database.read() as session:
        return list(session.execute(select(message.c.body).where(message.c.author == "system")).scalars())


def test_a_failed_step_is_tried_again_after_a_backoff(database: Database, clock: FrozenClock) -> None:
    run_id, deps = accepted(database), failing(OSError("no route"), times=2)
    worker = runner(database, deps)
    for attempt in (1, 2):
        assert worker.run_one()
        row = one(database, run_id)
        assert (row.state, row.attempt, row.error) == ("live", attempt, "call: OSError: no route")
        assert row.due_at <= clock.now() + queue.BACKOFF_BASE_US * 2 ** (attempt - 1)
        clock.advance((row.due_at - clock.now()) / SECOND)
    assert worker.run_one()
    assert (one(database, run_id).state, one(database, run_id).error) == ("succeeded", None)
    assert len(deps.calls) == 3
    assert violations(database, finished=True) == []


def test_what_was_checkpointed_before_a_failure_is_not_done_again(database: Database, clock: FrozenClock) -> None:
    run_id, deps = accepted(database), failing(OSError("no route"), times=1)
    reached: list[str] = []
    worker = runner(database, deps, checkpoint=reached.append)
    worker.run_one()
    assert list(outputs(database, run_id)) == ["read", "think"]
    clock.advance(5)
    worker.run_one()
    assert reached.count("before:read") == 1
    assert one(database, run_id).state == "succeeded"


@pytest.mark.parametrize("error", [RuntimeError("broken"), NotReady("The provider is busy.")])
def test_after_the_last_attempt_a_human_gets_the_ticket_with_the_error(
    database: Database, clock: FrozenClock, error: Exception
) -> None:
    run_id, deps = accepted(database), failing(error)
    worker = runner(database, deps)
    for _ in range(MAX_ATTEMPTS):
        assert worker.run_one()
        clock.advance(queue.BACKOFF_CAP_US / SECOND)
    assert not worker.run_one()
    row = one(database, run_id)
    assert (row.state, row.attempt) == ("failed", MAX_ATTEMPTS)
    assert told(database) == [row.error]
    assert str(error) in row.error
    assert len(deps.calls) == MAX_ATTEMPTS
    with database.read() as session:
        failed = [fact for fact in events.after(session, WORKSPACE, 0) if fact.type == "run.failed"]
    assert [(fact.ticket_id, fact.data["run_id"]) for fact in failed] == [("ticket-1", run_id)]


def test_an_error_that_no_retry_mends_goes_to_a_human_at_once(database: Database) -> None:
    run_id, deps = accepted(database), failing(InvalidInput("The text is empty."))
    assert work_off(runner(database, deps)) == 1
    assert (one(database, run_id).state, one(database, run_id).attempt) == ("failed", 1)
    assert told(database) == ["call: The text is empty."]


def test_a_run_that_kills_every_worker_comes_to_an_end(database: Database, clock: FrozenClock) -> None:
    run_id, deps = accepted(database), Deps()
    deaths = 0
    while one(database, run_id).state == "live":
        try:
            runner(database, deps, checkpoint=kill_at("computed:read")).run_one()
        except Killed:
            deaths += 1
        clock.advance(LEASE_SECONDS)
        assert deaths <= MAX_ATTEMPTS, "attempts are not bounded"
    assert deaths == MAX_ATTEMPTS
    assert told(database) == ["The worker stopped during every attempt."]
    assert violations(database, finished=True) == []


@pytest.mark.parametrize("point", ["before_give_up", "in_give_up"])
def test_a_crash_while_handing_over_does_not_lose_the_ticket(
    database: Database, clock: FrozenClock, point: str
) -> None:
    run_id, deps = accepted(database), failing(InvalidInput("The text is empty."))
    with pytest.raises(Killed):
        runner(database, deps, checkpoint=kill_at(point)).run_one()
    assert one(database, run_id).state == "live"
    assert told(database) == []
    clock.advance(LEASE_SECONDS)
    work_off(runner(database, deps))
    assert told(database) == ["call: The text is empty."]


def test_even_a_hand_over_that_always_fails_ends(database: Database, clock: FrozenClock) -> None:
    def refuse(_deps: Deps, _session: Session, _run: Run, _error: str) -> None:
        raise RuntimeError("there is no team")

    run_id, deps = accepted(database), failing(OSError("no route"))
    worker = runner(database, deps, Workflow("letters", 1, letters().steps, refuse))
    for _ in range(2 * MAX_ATTEMPTS):
        try:
            assert worker.run_one()
        except RuntimeError:
            assert one(database, run_id).attempt == MAX_ATTEMPTS
        clock.advance(queue.BACKOFF_CAP_US / SECOND)
    row = one(database, run_id)
    assert row.state == "failed"
    assert "no route" in row.error
    assert "there is no team" in row.error
    assert not worker.run_one()


def test_a_poison_run_does_not_delay_the_others(database: Database, clock: FrozenClock) -> None:
    def poison(state: State) -> None:
        if state.run.ticket_id == "ticket-0":
            raise RuntimeError("poison")

    run_ids = [accepted(database, number) for number in range(20)]
    began = clock.now()
    while work_off(runner(database, Deps(on_call=poison))):
        clock.advance(queue.BACKOFF_CAP_US / SECOND)
    ends = {one(database, run_id).updated_at - began for run_id in run_ids[1:]}
    assert ends == {0}, "others waited for the poison run"
    assert one(database, run_ids[0]).state == "failed"


def test_a_poison_run_that_kills_delays_the_others_less_than_a_lease(database: Database, clock: FrozenClock) -> None:
    run_ids = [accepted(database, number) for number in range(20)]
    began = clock.now()

    def poison(state: State) -> None:
        if state.run.ticket_id == "ticket-0":
            raise Killed("poison")

    deps = Deps(on_call=poison)
    for _ in range(3 * MAX_ATTEMPTS):
        try:
            work_off(runner(database, deps))
        except Killed:
            continue  # started again at once
        clock.advance(LEASE_SECONDS)
    assert max(one(database, run_id).updated_at - began for run_id in run_ids[1:]) < LEASE_SECONDS * SECOND
    assert one(database, run_ids[0]).state == "failed"
    assert violations(database, finished=True) == []


STALLS = ["before:read", "before_commit:think", "committed:think", "before:call", "computed:call", "before_commit:send"]


@pytest.mark.parametrize("point", STALLS)
@pytest.mark.parametrize("reached", ["claimed", "before_commit:think", "committed:call", "done"])
def test_a_stalled_worker_finds_its_commit_refused(
    database: Database, clock: FrozenClock, point: str, reached: str
) -> None:
    """The worker stands still at `point` for longer than its lease; another one takes over and comes to `reached`."""
    run_id = accepted(database)
    stalls, finished = [1], []

    def stall(at: str) -> None:
        if at == point and stalls[0]:
            stalls[0] -= 1
            clock.advance(LEASE_SECONDS + 1)
            with contextlib.suppress(Killed):
                finished.append(runner(database, Deps(), checkpoint=kill_at(reached)).run_one())

    runner(database, Deps(), checkpoint=stall).run_one()
    assert stalls == [0]
    row = one(database, run_id)
    assert row.fence == 2
    assert row.state == ("succeeded" if finished else "live")
    assert violations(database) == []
    clock.advance(LEASE_SECONDS + 1)
    work_off(runner(database, Deps()))
    assert violations(database, finished=True) == []


def test_a_lease_taken_before_the_clock_was_set_back_does_not_hold_a_run(
    database: Database, clock: FrozenClock
) -> None:
    accepted(database)
    worker = runner(database, Deps())
    with pytest.raises(Killed):
        runner(database, Deps(), checkpoint=kill_at("computed:read")).run_one()
    assert not worker.run_one()
    clock.advance(-3600)
    assert not worker.run_one(), "the lease itself holds"
    assert violations(database) == []
    clock.advance(LEASE_SECONDS)
    assert worker.run_one()
    assert violations(database, finished=True) == []


class Outage:
    """While `on`, the database refuses the statements that `matches` picks."""

    def __init__(self, database: Database, matches: Callable[[str], bool]) -> None:
        self.on = True
        self.hits = 0
        self._matches = matches
        sqlalchemy_event.listen(database.engine, "before_cursor_execute", self._refuse)

    def _refuse(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if self.on and self._matches(statement):
            self.hits += 1
            raise OperationalError(statement, {}, Exception("database or disk is full"))


def test_a_full_disk_costs_no_attempt_and_hands_nothing_over(database: Database, clock: FrozenClock) -> None:
    run_id, deps = accepted(database), Deps()
    outage = Outage(database, lambda statement: statement.startswith("INSERT INTO step_output"))
    worker = runner(database, deps)
    for _ in range(3 * MAX_ATTEMPTS):
        with pytest.raises(StorageUnavailable):
            worker.run_one()
        row = one(database, run_id)
        assert (row.state, row.attempt) == ("live", 0)
        assert violations(database) == []
        clock.advance((row.due_at - clock.now()) / SECOND)
    outage.on = False
    assert work_off(worker) == 1
    assert violations(database, finished=True) == []
    assert deps.handed_over == []


def test_a_run_that_itself_breaks_the_storage_still_ends(
    database: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "FORGIVEN_CLAIMS", 20)
    run_id, deps = accepted(database), Deps()
    Outage(database, lambda statement: statement.startswith("INSERT INTO step_output"))
    worker = runner(database, deps)
    for _ in range(20 + MAX_ATTEMPTS + 1):
        try:
            worker.run_one()
        except StorageUnavailable:
            clock.advance(queue.BACKOFF_CAP_US / SECOND)
    assert one(database, run_id).state == "failed"
    assert len(deps.handed_over) == 1


def test_a_database_that_is_gone_leaves_the_run_to_its_lease(database: Database, clock: FrozenClock) -> None:
    run_id = accepted(database)
    outage = Outage(database, lambda _statement: False)

    def cut(point: str) -> None:
        if point == "computed:read":
            outage._matches = lambda _statement: True

    worker = runner(database, Deps(), checkpoint=cut)
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            worker.run_one()
    outage.on = False
    assert not worker.run_one()
    clock.advance(LEASE_SECONDS)
    assert worker.run_one()
    assert one(database, run_id).attempt == 2
    assert violations(database, finished=True) == []
