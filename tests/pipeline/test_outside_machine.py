"""Any history of arrivals, crashes, stalls, replies, switches and erasures sends once at most and loses nothing."""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import outside_mutants
import pytest
from histories import HISTORIES
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from outside_memory import Post, worker
from outside_workflow import SWITCH, arrive, live, unprepared, violations
from sqlalchemy import delete, insert, select, update
from workflow_harness import LEASE_SECONDS, MAX_ATTEMPTS, WORKSPACE, Killed, kill_at, open_database, spoken

import databases
from ticketflow.clock import SECOND
from ticketflow.db.tables import effect, message, setting, step_output, ticket
from ticketflow.errors import NotSent
from ticketflow.testing import FrozenClock
from ticketflow.workflow import queue
from ticketflow.workflow.engine import State

OUTSIDE = ["before_sending", "sending", "calling", "called", "looking_up", "looked_up", "before_release", "released"]
STANDING = ["claimed", "committed:decide", *(f"{point}:send" for point in [*OUTSIDE, "before_commit", "committed"])]
INSIDE = [f"{point}:{step}" for point, step in [("in_commit", "decide"), ("in_sending", "send"), ("in_commit", "send")]]
INSIDE += ["applied:send", "in_release:send", "in_give_up"]
UNSEEN = {"calling:send", "called:send"}  # past its last look, a worker cannot know of a human
NUMBERS = st.integers(0, 5)
FAILURES: list[tuple[str, Exception]] = [
    ("before", NotSent("no connection")),
    ("before", TimeoutError("no answer")),
    ("after", TimeoutError("no answer")),
]


class Histories(RuleBasedStateMachine):
    """Tickets, their workers and a provider in memory, on a clock that stands still between the rules."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.clock = FrozenClock()
        self.database = open_database(Path(self._folder.name) / "machine.db", self.clock)
        self.post = Post()
        self.post.on_send = self._called
        self.complaints: list[str] = []
        self.tickets = 0
        self.stored: dict[tuple[str, str], Any] = {}
        self.error: tuple[str, Exception] | None = None

    def _called(self, key: str) -> None:
        if self.error and self.error[0] == "before":
            raise self.error[1]
        if self.post.accepted[key] == 0:
            self.complaints += [
                complaint for complaint in (unprepared(self.database, key), self._late(key)) if complaint
            ]

    def _late(self, key: str) -> str | None:
        with self.database.read() as session:
            row = session.execute(select(effect.c.run_id, effect.c.ticket_id).where(effect.c.key == key)).first()
            if row is None:
                return "I8: sent after it was erased"
            version = session.execute(select(ticket.c.version).where(ticket.c.id == row.ticket_id)).scalar()
            decided = session.execute(
                select(step_output.c.output).where(step_output.c.run_id == row.run_id, step_output.c.step == "decide")
            ).scalar()
        seen = decided and decided["version"]
        return None if seen == version else f"I8 {row.ticket_id}: decided on version {seen}, sent at {version}"

    def _answered(self, _key: str) -> None:
        if self.error and self.error[0] == "after":
            raise self.error[1]

    def _work(self, checkpoint: Callable[[str], None] = lambda _point: None) -> None:
        with contextlib.suppress(Killed):
            worker(self.database, self.post, checkpoint).run_one()

    @initialize()
    def first(self) -> None:
        self.ingest()
        self.ingest()

    @rule()
    def ingest(self) -> None:
        with self.database.write() as session:
            arrive(session, self.tickets)
        self.tickets += 1

    @rule()
    def work(self) -> None:
        self._work()

    @rule(point=st.sampled_from(STANDING + INSIDE), said=st.booleans())
    def kill(self, point: str, said: bool) -> None:
        self._work(kill_at(point))
        if said:
            self.say_everywhere()
        self.clock.advance(LEASE_SECONDS)

    @rule(failure=st.sampled_from(FAILURES), point=st.sampled_from(["", *INSIDE]))
    def fail(self, failure: tuple[str, Exception], point: str) -> None:
        self.error = failure
        self.post.after_send = self._answered
        self._work(kill_at(point))
        self.error = None

    @rule(
        point=st.sampled_from(STANDING),
        said=st.booleans(),
        reached=st.sampled_from(["claimed", "called:send", "done"]),
    )
    def stall(self, point: str, said: bool, reached: str) -> None:
        stalls = [1]

        def stand_still(at: str) -> None:
            if at == point and stalls:
                stalls.clear()
                self.clock.advance(LEASE_SECONDS + 1)
                if said and point not in UNSEEN:
                    self.say_everywhere()
                self._work(kill_at(reached))

        self._work(stand_still)

    @rule(seconds=st.sampled_from([0.5, 2.0, LEASE_SECONDS, 300.0]))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(hours=st.sampled_from([-1, 1]))
    def set_clock(self, hours: int) -> None:
        self.clock.advance(3600 * hours)
        worker(self.database, self.post).run_one([])  # a worker takes note of it within a poll

    @rule(number=NUMBERS, author=st.sampled_from(["user", "requester"]))
    def say(self, number: int, author: str) -> None:
        ticket_id = f"ticket-{number}"
        with self.database.write() as session:
            changed = update(ticket).where(ticket.c.id == ticket_id).values(version=ticket.c.version + 1)
            if session.execute(changed).rowcount:
                session.execute(insert(message), spoken(ticket_id, author, "Wait.", session.now))

    def say_everywhere(self) -> None:
        for number in range(self.tickets):
            self.say(number, "user")

    @rule(on=st.sampled_from([True, True, False]))
    def switch(self, on: bool) -> None:
        with self.database.write() as session:
            session.execute(delete(setting).where(setting.c.name == SWITCH))
            row = {"workspace_id": WORKSPACE, "name": SWITCH, "value": {"on": on}, "version": 1, "updated_by": "admin"}
            session.execute(insert(setting), {**row, "updated_at": session.now})

    @rule(number=NUMBERS)
    def erase(self, number: int) -> None:
        with self.database.write() as session:
            session.execute(delete(message).where(message.c.ticket_id == f"ticket-{number}"))
            session.execute(delete(effect).where(effect.c.ticket_id == f"ticket-{number}"))
            session.execute(delete(ticket).where(ticket.c.id == f"ticket-{number}"))

    @invariant()
    def nothing_is_violated(self) -> None:
        assert self.complaints == []
        assert [key for key, times in self.post.accepted.items() if times > 1] == [], "I2: sent twice"
        with self.database.read() as session:
            now = {(row.run_id, row.step): row.output for row in session.execute(select(step_output))}
        assert self.stored.items() <= now.items(), "I4: an output changed"
        self.stored = now
        found = violations(self.database, self.post.accepted, lease_us=0, most_attempts=MAX_ATTEMPTS)
        assert [each for each in found if each.startswith(("I2", "I3", "I4", "I7")) or "too late" in each] == []

    def teardown(self) -> None:
        try:
            for _ in range(200):
                if not live(self.database):
                    break
                self._work()
                self.clock.advance(queue.BACKOFF_CAP_US / SECOND)
            self.nothing_is_violated()
            assert violations(self.database, self.post.accepted, lease_us=0, most_attempts=MAX_ATTEMPTS) == []
        finally:
            self.database.close()
            if databases.SERVER is not None:
                databases.take_back(Path(self._folder.name))
            self._folder.cleanup()


def test_every_history_sends_once_at_most_and_loses_nothing() -> None:
    run_state_machine_as_test(Histories, settings=HISTORIES)


@pytest.mark.parametrize(
    ("mutant", "invariants"),
    [("intent_after_send", "I[26]"), ("resend_when_absent", "I[28]"), ("nobody_objects", "I8")],
)
def test_a_guard_that_is_taken_out_is_missed(mutant: str, invariants: str) -> None:
    class Mutant(Histories):
        pass

    tried = settings(HISTORIES, phases=[Phase.generate], max_examples=100)
    with contextlib.ExitStack() as stack:
        for patch in outside_mutants.patches(mutant):
            stack.enter_context(patch)
        with pytest.raises(AssertionError, match=invariants):
            run_state_machine_as_test(Mutant, settings=tried)


def stalled_while_a_human_replied() -> list[str]:
    """What the provider complains of when a worker goes on to call after both."""
    history = Histories()
    history.first()
    history.stall("sending:send", said=True, reached="done")
    found = list(history.complaints)
    history.complaints.clear()
    history.teardown()
    return found


def test_without_the_look_at_the_lease_a_stalled_worker_sends_after_a_human() -> None:
    assert stalled_while_a_human_replied() == []
    with mock.patch.object(State, "left_us", lambda state: state.lease_us):
        assert [found[:2] for found in stalled_while_a_human_replied()] == ["I8"]
