"""Any history of arrivals, crashes, stalls, failures and clock jumps keeps the invariants, and ends."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from histories import HISTORIES
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from workflow_harness import (
    LEASE_SECONDS,
    NO_COUNT_AT_CLAIM,
    NO_FENCE,
    Deps,
    Killed,
    Mutation,
    accept,
    kill_at,
    mutate,
    open_database,
    runner,
    violations,
)

from ticketflow.clock import SECOND
from ticketflow.db.tables import run, step_output
from ticketflow.errors import InvalidInput, NotReady, StorageUnavailable
from ticketflow.testing import FrozenClock
from ticketflow.workflow import queue

STEPS = ("read", "think", "call", "choose", "send")
COMMITS = ("think", "call", "send")
BETWEEN = ["claimed", *(f"{kind}:{step}" for step in STEPS for kind in ("before", "computed"))]
BETWEEN += [f"{kind}:{step}" for step in COMMITS for kind in ("before_commit", "committed")]
INSIDE = ["applied:send", *(f"in_commit:{step}" for step in COMMITS)]
GIVING_UP = ["before_retry", "before_give_up", "in_give_up"]
ERRORS = [OSError("no route"), NotReady("busy"), InvalidInput("never")]


class Histories(RuleBasedStateMachine):
    """One queue and its workers, driven by a clock that stands still between the rules."""

    mutation: Mutation | None = None

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.clock = FrozenClock()
        self.database = open_database(Path(self._folder.name) / "machine.db", self.clock)
        self.stored: dict[tuple[str, str], Any] = {}
        self.fences: dict[str, int] = {}
        self.refusing = ""
        self.outages = 0
        self.accepted: set[int] = set()
        sqlalchemy_event.listen(self.database.engine, "before_cursor_execute", self._refuse)
        if self.mutation:
            mutate(self.database, self.mutation)

    def _refuse(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if self.refusing and statement.startswith(self.refusing):
            raise OperationalError(statement, {}, Exception("database is locked"))

    @initialize()
    def arrive(self) -> None:
        self.enqueue(0)

    @rule(number=st.integers(0, 4))
    def enqueue(self, number: int) -> None:
        with self.database.write() as session:
            accept(session, number)
        self.accepted.add(number)

    @rule()
    def work(self) -> None:
        runner(self.database, Deps()).run_one()

    @rule(point=st.sampled_from(BETWEEN + INSIDE))
    def crash(self, point: str) -> None:
        with contextlib.suppress(Killed):
            runner(self.database, Deps(), checkpoint=kill_at(point)).run_one()

    @rule(error=st.sampled_from(ERRORS), point=st.sampled_from(["", *GIVING_UP]))
    def fail(self, error: Exception, point: str) -> None:
        def refuse(_state: Any) -> None:
            raise error

        with contextlib.suppress(Killed):
            runner(self.database, Deps(on_call=refuse), checkpoint=kill_at(point)).run_one()

    @rule(
        point=st.sampled_from(BETWEEN),
        reached=st.sampled_from(["claimed", "before_commit:call", "done", *BETWEEN]),
        back=st.booleans(),
    )
    def stall(self, point: str, reached: str, back: bool) -> None:
        stalls = [1]

        def stand_still(at: str) -> None:
            if at == point and stalls[0]:
                stalls[0] -= 1
                self.clock.advance(-3600 if back else 0)
                runner(self.database, Deps()).run_one([])  # takes note of the clock
                self.clock.advance(LEASE_SECONDS + 1)
                with contextlib.suppress(Killed):
                    runner(self.database, Deps(), checkpoint=kill_at(reached)).run_one()

        runner(self.database, Deps(), checkpoint=stand_still).run_one()

    @rule(statement=st.sampled_from(["INSERT INTO step_output", "UPDATE run", "INSERT INTO event", "SELECT run"]))
    def lose_storage(self, statement: str) -> None:
        self.refusing = statement
        self.outages += 1
        with contextlib.suppress(StorageUnavailable):
            runner(self.database, Deps()).run_one()
        self.refusing = ""

    @rule(seconds=st.sampled_from([0.5, 2.0, LEASE_SECONDS, 300.0]))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(hours=st.sampled_from([-1, 1]))
    def set_clock(self, hours: int) -> None:
        self.clock.advance(3600 * hours)
        runner(self.database, Deps()).run_one([])  # a worker takes note of it within a poll

    @invariant()
    def nothing_is_violated(self) -> None:
        assert violations(self.database) == []

    @invariant()
    def what_is_stored_stays(self) -> None:
        with self.database.read() as session:
            now = {(row.run_id, row.step): row.output for row in session.execute(select(step_output))}
            fences, attempts = {}, {}
            for row in session.execute(select(run)):
                fences[row.id], attempts[row.id] = row.fence, row.attempt
        assert self.stored.items() <= now.items(), "I4: an output changed"
        assert all(fences[run_id] >= fence for run_id, fence in self.fences.items()), "I3: a fence fell"
        uncounted = sum(fences.values()) - sum(attempts.values())
        assert uncounted <= self.outages, "I7: a claim was not counted though the storage did not fail"
        assert len(fences) == len(self.accepted), "I1: a run was lost or doubled"
        self.stored, self.fences = now, fences

    def teardown(self) -> None:
        for _ in range(100):
            while runner(self.database, Deps()).run_one():
                pass
            with self.database.read() as session:
                if queue.next_due(session, {"letters": 1}) is None:
                    break
            self.clock.advance(queue.BACKOFF_CAP_US / SECOND)
        assert violations(self.database, finished=True) == []
        self.what_is_stored_stays()
        self.database.close()
        self._folder.cleanup()


def test_every_history_keeps_the_invariants_and_ends() -> None:
    run_state_machine_as_test(Histories, settings=HISTORIES)


@pytest.mark.parametrize("taken_out", [NO_FENCE, NO_COUNT_AT_CLAIM])
def test_a_guard_that_is_taken_out_is_missed(taken_out: Mutation) -> None:
    class Mutant(Histories):
        mutation = taken_out

    with pytest.raises(AssertionError, match=r"I[1-7]"):
        run_state_machine_as_test(Mutant, settings=settings(HISTORIES, phases=[Phase.generate]))
