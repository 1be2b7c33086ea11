"""The proofs prove something: with a guard taken out of the product, each of them finds a violation.

The guards are taken out of the SQL as it goes to the database, so that what runs is the product itself.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from workflow_harness import (
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    NO_COUNT_AT_CLAIM,
    NO_FENCE,
    Deps,
    Killed,
    accept,
    kill_at,
    letters,
    mutate,
    one,
    open_database,
    runner,
    violations,
)

from ticketflow.db import Database
from ticketflow.db.tables import run
from ticketflow.testing import FrozenClock


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def database(tmp_path: Path, clock: FrozenClock) -> Iterator[Database]:
    opened = open_database(tmp_path / "mutants.db", clock)
    yield opened
    opened.close()


def stall_and_overtake(database: Database, clock: FrozenClock, point: str) -> list[str]:
    """A worker stalls at `point` past its lease; another claims the run, and is under way when the first goes on."""
    with database.write() as session:
        accept(session, 1)
    stalls = [1]

    def stall(at: str) -> None:
        if at == point and stalls[0]:
            stalls[0] -= 1
            clock.advance(LEASE_SECONDS + 1)
            with pytest.raises(Killed):
                runner(database, Deps(), letters(outside=()), checkpoint=kill_at("claimed")).run_one()

    runner(database, Deps(), letters(outside=()), checkpoint=stall).run_one()
    return violations(database)


def kill_until_it_ends(database: Database, clock: FrozenClock, most: int) -> int:
    """How many workers a run kills before it comes to its end, `most` when it does not."""
    with database.write() as session:
        run_id = accept(session, 1)
    for deaths in range(most):
        try:
            runner(database, Deps(), checkpoint=kill_at("computed:read")).run_one()
        except Killed:
            clock.advance(LEASE_SECONDS)
        else:
            assert one(database, run_id).state == "failed"
            return deaths
    return most


@pytest.mark.parametrize("point", ["claimed", "computed:call", "before_commit:send"])
def test_the_fence_is_what_keeps_a_stalled_worker_out(database: Database, clock: FrozenClock, point: str) -> None:
    assert stall_and_overtake(database, clock, point) == []


@pytest.mark.parametrize("point", ["claimed", "computed:call", "before_commit:send"])
def test_without_the_fence_a_stalled_worker_is_found_writing(
    database: Database, clock: FrozenClock, point: str
) -> None:
    changed = mutate(database, NO_FENCE)
    found = stall_and_overtake(database, clock, point)
    assert changed
    assert any(violation.startswith("I3") for violation in found)


def test_counting_at_the_claim_is_what_ends_a_kill_loop(database: Database, clock: FrozenClock) -> None:
    assert kill_until_it_ends(database, clock, 4 * MAX_ATTEMPTS) == MAX_ATTEMPTS


def test_counted_on_failure_only_a_kill_loop_is_found_endless(database: Database, clock: FrozenClock) -> None:
    changed = mutate(database, NO_COUNT_AT_CLAIM)
    assert kill_until_it_ends(database, clock, 4 * MAX_ATTEMPTS) == 4 * MAX_ATTEMPTS
    assert changed


def test_a_run_done_twice_still_answers_once(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        run_id = accept(session, 1)
    runner(database, Deps(), letters(outside=())).run_one()
    with database.write() as session:
        again = accept(session, 1, trigger_id="again")
        session.execute(update(run).where(run.c.id == run_id).values(trigger_id="an older one"))
        session.execute(update(run).where(run.c.id == again).values(trigger_id="created"))
    runner(database, Deps(), letters(outside=())).run_one()
    assert one(database, again).state == "succeeded"
    found = violations(database)
    assert found, "the harness counts events per ticket"
    assert all("messages, effects and events (1, 1, 2)" in violation for violation in found)
