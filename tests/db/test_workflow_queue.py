"""The queue: who gets a run, for how long, and whose writes are refused."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from workflow_harness import WORKSPACE, accept, one, open_database

from ticketflow import origin
from ticketflow.clock import HOUR, SECOND
from ticketflow.db import Database, Session
from ticketflow.db.tables import run
from ticketflow.errors import LeaseLost
from ticketflow.origin import NOWHERE, Origin
from ticketflow.store import workspaces
from ticketflow.testing import FrozenClock
from ticketflow.workflow import history, queue
from ticketflow.workflow.queue import Backlog, Run

LEASE_US = 30 * SECOND
LETTERS = {"letters": 1}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def database(tmp_path: Path, clock: FrozenClock) -> Iterator[Database]:
    opened = open_database(tmp_path / "queue.db", clock)
    yield opened
    opened.close()


def claim(database: Database, workflows: dict[str, int] | None = None) -> Run | None:
    return queue.claim(database, workflows or LETTERS, LEASE_US, random.Random(7))


def claimed(database: Database) -> Run:
    found = claim(database)
    assert found is not None
    return found


def test_a_trigger_makes_one_run_however_often_it_is_delivered(database: Database) -> None:
    with database.write() as session:
        first = accept(session, 1)
        again = accept(session, 1, payload={"number": 99})
    with database.write() as session:
        later = accept(session, 1)
        other = accept(session, 1, trigger_id="reopened")
    assert first == again == later
    assert other != first
    assert one(database, first).payload == {"number": 1}


def test_a_rolled_back_enqueue_leaves_no_run_and_wakes_nobody(database: Database) -> None:
    rung = queue.bell.rung

    def accept_and_fail() -> None:
        with database.write() as session:
            accept(session, 1)
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        accept_and_fail()
    assert claim(database) is None
    assert queue.bell.rung == rung
    with database.write() as session:
        accept(session, 1)
        assert queue.bell.rung == rung
    assert queue.bell.rung == rung + 1


def test_a_claim_is_counted_and_leased(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        accept(session, 1)
    first = claimed(database)
    assert (first.fence, first.attempt, first.due_at) == (1, 1, clock.now() + LEASE_US)
    assert claim(database) is None
    clock.advance(29.9)
    assert claim(database) is None
    clock.advance(0.1)
    second = claimed(database)
    assert (second.id, second.fence, second.attempt) == (first.id, 2, 2)


def test_a_run_waits_for_its_time(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        accept(session, 1, due_at=session.now + 60 * SECOND)
    with database.read() as session:
        assert queue.next_due(session, LETTERS) == clock.now() + 60 * SECOND
    assert claim(database) is None
    clock.advance(60)
    assert claimed(database).ticket_id == "ticket-1"


def test_a_process_takes_only_workflows_and_versions_it_knows(database: Database) -> None:
    with database.write() as session:
        accept(session, 1, version=2)
        accept(session, 2, workflow="refit")
    assert claim(database, {"letters": 1, "deliver": 1}) is None
    found = claim(database, {"letters": 2})
    assert found is not None
    assert found.ticket_id == "ticket-1"


def test_with_no_workflow_there_is_nothing_to_claim(database: Database) -> None:
    with database.write() as session:
        accept(session, 1)
        assert queue.next_due(session, {}) is None
    assert queue.claim(database, {}, LEASE_US, random.Random(7)) is None


def test_each_run_goes_to_one_claim_and_the_oldest_come_first(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        old = {accept(session, number) for number in range(queue.CANDIDATES)}
    clock.advance(1)
    with database.write() as session:
        new = accept(session, 1_000)
    taken = [claimed(database).id for _ in range(queue.CANDIDATES)]
    assert set(taken) - {new} <= old
    assert taken[0] in old, "a newcomer is not among the first candidates"
    assert len(set(taken)) == queue.CANDIDATES
    claimed(database)
    assert claim(database) is None


WRITES: dict[str, Callable[[Session, Run], Any]] = {
    "move_on": lambda session, run: queue.move_on(session, run, "read", LEASE_US),
    "renew": lambda session, run: queue.renew(session, run, LEASE_US),
    "finish": lambda session, run: queue.finish(session, run, "send"),
    "retry_later": lambda session, run: queue.retry_later(session, run, "no", random.Random(7)),
    "give_up": lambda session, run: queue.give_up(session, run, "no"),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_stale_claim_may_write_nothing(database: Database, clock: FrozenClock, name: str) -> None:
    with database.write() as session:
        accept(session, 1)
    stale = claimed(database)
    clock.advance(31)
    current = claimed(database)
    before = one(database, current.id)
    with pytest.raises(LeaseLost), database.write() as session:
        WRITES[name](session, stale)
    assert one(database, current.id) == before
    with database.write() as session:
        WRITES[name](session, current)


@pytest.mark.parametrize("name", WRITES)
def test_a_claim_whose_lease_ran_out_unnoticed_may_still_write(
    database: Database, clock: FrozenClock, name: str
) -> None:
    with database.write() as session:
        accept(session, 1)
    mine = claimed(database)
    clock.advance(3600)
    with database.write() as session:
        WRITES[name](session, mine)


def test_a_cancelled_run_refuses_its_worker(database: Database) -> None:
    with database.write() as session:
        run_id = accept(session, 1)
    mine = claimed(database)
    with database.write() as session:
        assert not queue.cancel(session, "another workspace", run_id)
        assert queue.cancel(session, WORKSPACE, run_id)
        assert not queue.cancel(session, WORKSPACE, run_id)
    with pytest.raises(LeaseLost), database.write() as session:
        queue.finish(session, mine, "send")
    assert one(database, run_id).state == "cancelled"


def test_a_retry_keeps_the_error_and_a_success_clears_it(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        run_id = accept(session, 1)
    mine = claimed(database)
    with database.write() as session:
        due_at = queue.retry_later(session, mine, "x" * 10_000, random.Random(7))
    row = one(database, run_id)
    assert row.due_at == due_at
    assert clock.now() <= due_at <= clock.now() + queue.BACKOFF_BASE_US
    assert row.error == "x" * queue.ERROR_LENGTH
    clock.advance(1)
    again = claimed(database)
    with database.write() as session:
        queue.finish(session, again, "send")
    assert (one(database, run_id).error, one(database, run_id).state) == (None, "succeeded")


def test_a_forgiven_failure_does_not_count(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        accept(session, 1)
    for fence in (1, 2, 3):
        mine = claimed(database)
        assert (mine.fence, mine.attempt) == (fence, 1)
        with database.write() as session:
            queue.retry_later(session, mine, "the disk is full", random.Random(7), forgive=True)
        clock.advance(300)


def test_after_the_clock_was_set_back_delays_count_from_now(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        leased = accept(session, 1)
    claimed(database)
    with database.write() as session:
        planned = accept(session, 2, due_at=session.now + HOUR)
    clock.advance(-7200)
    with database.write() as session:
        assert queue.ahead(session)
        assert queue.rebase(session) == 2
        assert not queue.ahead(session)
    assert one(database, leased).due_at == clock.now() + LEASE_US
    assert one(database, planned).due_at == clock.now() + HOUR


def test_no_run_is_claimed_by_two_of_four_processes(tmp_path: Path) -> None:
    from process_harness import claim_all, in_processes

    from ticketflow.clock import SystemClock

    database = open_database(tmp_path / "shared.db", SystemClock())
    with database.write() as session:
        run_ids = {accept(session, number) for number in range(120)}
    taken = in_processes(claim_all, [(database.url, seed) for seed in range(4)])
    everything = [run_id for of_one in taken for run_id in of_one]
    assert sorted(everything) == sorted(run_ids)
    with database.read() as session:
        assert set(session.execute(select(run.c.attempt)).scalars()) == {1}
    database.close()


def test_a_backlog_is_its_owners_alone(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        noisy, quiet = (workspaces.ensure(session, name).id for name in ("noisy", "quiet"))
        for number in range(3 * queue.CANDIDATES):
            queue.enqueue(session, noisy, "letters", trigger_id=f"n{number}", payload={})
    clock.advance(1)
    with database.write() as session:
        for number in range(3):
            queue.enqueue(session, quiet, "letters", trigger_id=f"q{number}", payload={})
    rng, claimed_by = random.Random(7), []
    for _ in range(20):
        found = queue.claim(database, LETTERS, LEASE_US, rng)
        assert found is not None
        claimed_by.append(found.workspace_id)
    assert claimed_by.count(quiet) == 3, "first come, first served would have come to none"


def test_what_waits_is_counted_by_workflow_with_the_age_of_the_oldest(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        accept(session, 1)
        accept(session, 2, due_at=session.now + 3 * SECOND)
        accept(session, 3, due_at=session.now + HOUR)
        accept(session, 4)
    assert claim(database) is not None
    clock.advance(10)
    with database.read() as session:
        found = queue.backlog(session, ["letters", "parcels"])
    assert found == [Backlog("letters", 2, 10 * SECOND), Backlog("parcels", 0, 0)]
    clock.advance(LEASE_US / SECOND)  # a run whose worker is gone waits again, from the end of its lease on
    with database.read() as session:
        assert queue.backlog(session, ["letters"]) == [Backlog("letters", 3, 40 * SECOND)]


def test_a_run_keeps_where_it_comes_from_apart_from_its_payload(database: Database) -> None:
    with database.write() as session:
        plain = accept(session, 1)
        with origin.under(Origin("request-0001", "00-trace-span-01", "an-earlier-run")):
            asked = accept(session, 2)
    with database.read() as session:
        assert history.get(session, WORKSPACE, plain).origin == NOWHERE
        found = history.get(session, WORKSPACE, asked)
    assert found.origin == Origin("request-0001", "00-trace-span-01", asked)
    assert found.payload == {"number": 2}
    assert Run.model_validate(found.model_dump()) == found
