"""Threads: they start, wake, survive outages and stop; long workflows keep to a thread of their own."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.exc import OperationalError
from workflow_harness import Deps, accept, hand_over, letters, one, open_database, runner, violations

from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.workflow import runner as runner_module
from ticketflow.workflow.engine import State, Step, Workflow
from ticketflow.workflow.runner import Runner


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "runner.db", SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def running() -> Iterator[list[Runner[Deps]]]:
    """Runners to stop when the test is over."""
    started: list[Runner[Deps]] = []
    yield started
    for worker in started:
        worker.stop(5)


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def accepted(database: Database, *numbers: int, **options: Any) -> list[str]:
    with database.write() as session:
        return [accept(session, number, **options) for number in numbers]


def ended(database: Database, run_ids: list[str]) -> bool:
    return all(one(database, run_id).state != "live" for run_id in run_ids)


def test_threads_work_off_what_is_queued(database: Database, running: list[Runner[Deps]]) -> None:
    run_ids = accepted(database, *range(40))
    running.append(runner(database, Deps()))
    running[0].start(3)
    until(lambda: ended(database, run_ids))
    assert running[0].stop(5)
    assert violations(database, finished=True) == []


def test_an_idle_thread_is_woken_by_an_enqueue(
    database: Database, running: list[Runner[Deps]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "POLL_SECONDS", 30.0)
    running.append(runner(database, Deps()))
    running[0].start(2)
    for number in range(5):
        began = time.monotonic()
        run_ids = accepted(database, number)
        until(lambda: ended(database, run_ids))  # noqa: B023  called within this turn of the loop
        assert time.monotonic() - began < 5.0


def test_a_run_of_another_process_is_found_by_polling(database: Database, running: list[Runner[Deps]]) -> None:
    running.append(runner(database, Deps()))
    running[0].start(1)
    until(lambda: bool(running[0].threads_alive()))
    from process_harness import accept_one, in_processes

    run_ids = in_processes(accept_one, [(database.url, 7)])
    until(lambda: ended(database, run_ids), 3.0)


def test_a_thread_is_up_again_when_the_next_run_is_due(
    database: Database, running: list[Runner[Deps]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "POLL_SECONDS", 30.0)
    run_ids = accepted(database, 1, due_at=SystemClock().now() + 300_000)
    running.append(runner(database, Deps()))
    running[0].start(1)
    until(lambda: ended(database, run_ids), 5.0)
    assert one(database, run_ids[0]).updated_at >= one(database, run_ids[0]).created_at + 200_000


def test_a_long_workflow_does_not_hold_tickets_up(database: Database, running: list[Runner[Deps]]) -> None:
    release, begun = threading.Event(), threading.Event()

    def refit(_deps: Deps, _state: State) -> None:
        begun.set()
        release.wait(10)

    long = Workflow("refit", 1, [Step("refit", "1", refit)], hand_over, background=True)
    refits = accepted(database, 100, workflow="refit") + accepted(database, 101, workflow="refit")
    running.append(Runner(database, Deps(), [letters(), long], lease_seconds=30, max_attempts=3))
    running[0].start(1)
    assert begun.wait(5)
    run_ids = accepted(database, *range(10))
    until(lambda: ended(database, run_ids))
    assert [one(database, run_id).state for run_id in refits] == ["live", "live"]
    release.set()
    until(lambda: ended(database, refits))


def test_stopping_ends_what_is_under_way_and_begins_nothing(database: Database) -> None:
    entered, release = threading.Event(), threading.Event()

    def hold(_state: State) -> None:
        entered.set()
        release.wait(10)

    run_ids = accepted(database, *range(3))
    worker = runner(database, Deps(on_call=hold))
    worker.start(1)
    assert entered.wait(5)
    threading.Timer(0.1, release.set).start()
    assert worker.stop(10)
    assert sorted(one(database, run_id).state for run_id in run_ids) == ["live", "live", "succeeded"]
    worker.start(1)
    until(lambda: ended(database, run_ids))
    assert worker.stop(5)


def test_stopping_says_when_a_step_did_not_end_in_time(database: Database) -> None:
    entered, release = threading.Event(), threading.Event()

    def hang(_state: State) -> None:
        entered.set()
        release.wait(10)

    accepted(database, 1)
    worker = runner(database, Deps(on_call=hang))
    worker.start(1)
    with pytest.raises(RuntimeError, match="started already"):
        worker.start(1)
    assert entered.wait(5)
    assert not worker.stop(0.05)
    release.set()


def test_threads_outlive_a_database_outage(database: Database, running: list[Runner[Deps]]) -> None:
    away, refused = threading.Event(), threading.Event()

    def refuse(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if away.is_set() and threading.current_thread().name.startswith("runs"):
            refused.set()
            raise OperationalError(statement, {}, Exception("unable to open database file"))

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", refuse)
    running.append(runner(database, Deps()))
    away.set()
    running[0].start(2)
    run_ids = accepted(database, *range(5))
    assert refused.wait(5)
    assert running[0].threads_alive() == 2
    away.clear()
    until(lambda: ended(database, run_ids))
    assert violations(database, finished=True) == []


def test_threads_outlive_an_error_nobody_thought_of(database: Database, running: list[Runner[Deps]]) -> None:
    failures = [3]

    def stumble(point: str) -> None:
        if point == "claimed" and failures[0]:
            failures[0] -= 1
            raise ArithmeticError("a bug in the runner itself")

    run_ids = accepted(database, 1)
    running.append(runner(database, Deps(), lease_seconds=0.05, checkpoint=stumble))
    running[0].start(1)
    until(lambda: ended(database, run_ids))
    assert one(database, run_ids[0]).state == "succeeded"
