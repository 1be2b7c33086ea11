"""Runs that wait for other machines: one machine that hangs holds up neither the others nor anybody's ticket."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from workflow_harness import WORKSPACE, Deps, accept, hand_over, letters, one, open_database

from ticketflow import events
from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.workflow import queue
from ticketflow.workflow.engine import State, Step, Workflow
from ticketflow.workflow.lanes import Lanes
from ticketflow.workflow.runner import CALLING_THREADS, Runner

WIDTH = 2
HANGING = 100


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "lanes.db", SystemClock())
    yield opened
    opened.close()


class Machines:
    """Other machines by lane: `stuck` ones answer when `release` is set. `most` is how many calls each had at once."""

    def __init__(self, *stuck: str) -> None:
        self.release = threading.Event()
        self.most: Counter[str] = Counter()
        self._stuck = stuck
        self._now: Counter[str] = Counter()
        self._lock = threading.Lock()

    def call(self, _deps: Deps, state: State) -> None:
        lane = queue.lane_of(state.run.trigger_id)
        with self._lock:
            self._now[lane] += 1
            self.most[lane] = max(self.most[lane], self._now[lane])
        if lane in self._stuck:
            self.release.wait(20)
        with self._lock:
            self._now[lane] -= 1


def working(database: Database, machines: Machines) -> Runner[Deps]:
    calls = Workflow("call", 1, [Step("call", "1", machines.call, outside=True)], hand_over, lane_width=WIDTH)
    return Runner(database, Deps(), [letters(), calls], lease_seconds=30, max_attempts=3)


def queued(database: Database, lane: str, count: int) -> list[str]:
    with database.write() as session:
        return [
            queue.enqueue(session, WORKSPACE, "call", trigger_id=f"{lane}:{number}", payload={})
            for number in range(count)
        ]


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def ended(database: Database, run_ids: list[str]) -> bool:
    return all(one(database, run_id).state != "live" for run_id in run_ids)


def test_a_machine_that_hangs_holds_up_no_other_and_no_ticket(database: Database) -> None:
    machines = Machines("stuck", "stuck too")
    hanging = queued(database, "stuck", HANGING) + queued(database, "stuck too", HANGING)
    worker = working(database, machines)
    worker.start(1)
    try:
        until(lambda: machines.most["stuck"] == machines.most["stuck too"] == WIDTH)
        sound = queued(database, "sound", 10)
        with database.write() as session:
            tickets = [accept(session, number) for number in range(10)]
        until(lambda: ended(database, sound + tickets))
        assert not machines.release.is_set()
        machines.release.set()
        until(lambda: ended(database, hanging), 30.0)
    finally:
        machines.release.set()
        assert worker.stop(10)
    assert machines.most["stuck"] == machines.most["stuck too"] == WIDTH
    assert machines.most["sound"] <= WIDTH


def test_a_lane_that_is_full_is_passed_over_and_its_end_is_noticed(database: Database) -> None:
    machines = Machines("stuck")
    queued(database, "stuck", 3)
    worker = working(database, machines)
    worker.start(1)
    try:
        until(lambda: machines.most["stuck"] == WIDTH)
        with database.read() as session:
            left = queue.next_due(session, {"call": 1}, {"stuck"})
        assert left is None
    finally:
        machines.release.set()
        assert worker.stop(10)


def test_a_lane_is_what_stands_before_the_first_colon(database: Database) -> None:
    queued(database, "a_b", 1)  # no pattern: a name like `aXb` is another lane
    queued(database, "aXb", 1)
    with database.read() as session:
        assert queue.next_due(session, {"call": 1}, {"a_b"}) is not None
        assert queue.next_due(session, {"call": 1}, {"a_b", "aXb"}) is None


def test_lanes_count_what_is_inside() -> None:
    lanes, runs = Lanes(), [_Run(f"a:{number}") for number in range(3)]
    for run in runs[:2]:
        lanes.enter(run, 2)  # pyright: ignore[reportArgumentType]
    assert lanes.full() == {"a"}
    assert lanes.leave(runs[0])  # pyright: ignore[reportArgumentType]
    assert lanes.full() == frozenset()
    assert not lanes.leave(runs[1])  # pyright: ignore[reportArgumentType]


class _Run:
    def __init__(self, trigger_id: str) -> None:
        self.trigger_id = trigger_id


def test_followers_look_at_what_is_new(database: Database) -> None:
    seen: list[int] = []

    def follow() -> bool:
        with database.read() as session:
            seen.append(events.last_seq(session, WORKSPACE))
        return False

    worker = Runner(database, Deps(), [letters()], lease_seconds=30, max_attempts=3, followers=[follow])
    worker.start(1)
    try:
        until(lambda: bool(seen))
        with database.write() as session:
            events.append(session, WORKSPACE, "something.happened")
        until(lambda: seen[-1] == 1)
    finally:
        assert worker.stop(5)


def test_every_follower_looks_though_the_first_is_behind(database: Database) -> None:
    looked: list[str] = []

    def behind() -> bool:
        looked.append("behind")
        return True

    def even() -> bool:
        looked.append("even")
        return False

    worker = Runner(database, Deps(), [letters()], lease_seconds=30, max_attempts=3, followers=[behind, even])
    assert worker.follow()
    assert looked == ["behind", "even"]


def test_calls_have_threads_of_their_own_beside_those_of_tickets(database: Database) -> None:
    worker = working(database, Machines())
    worker.start(2)
    try:
        assert worker.threads_alive() == 2 + CALLING_THREADS
    finally:
        assert worker.stop(5)
