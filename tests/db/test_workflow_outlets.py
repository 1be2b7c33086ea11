"""Sending outside: what each crash, error, objection and answer leads to, for both kinds of outlet."""

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))  # the workflow is shared with the tests there

from outside_memory import Post, worker
from outside_workflow import KIND, SWITCH, arrive, handed_over, violations
from sqlalchemy import delete, insert, select, update
from workflow_harness import LEASE_SECONDS, MAX_ATTEMPTS, WORKSPACE, Killed, kill_at, one, open_database

from ticketflow.clock import SECOND
from ticketflow.db import Database, Session
from ticketflow.db.tables import effect, message, setting, ticket
from ticketflow.errors import NotSent, Refused
from ticketflow.testing import FrozenClock
from ticketflow.workflow import effects, queue
from ticketflow.workflow.engine import State
from ticketflow.workflow.outlets import call_seconds

B, C = 0, 1
"""Numbers of tickets whose answer goes to an outlet that knows our key, and to one that does not."""


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def database(tmp_path: Path, clock: FrozenClock) -> Iterator[Database]:
    opened = open_database(tmp_path / "outlets.db", clock)
    yield opened
    opened.close()


@pytest.fixture
def post() -> Post:
    return Post()


def accepted(database: Database, number: int) -> str:
    with database.write() as session:
        return arrive(session, number)


def row(database: Database) -> Any:
    with database.read() as session:
        return session.execute(select(effect)).one()


def finish(database: Database, post: Post, clock: FrozenClock) -> list[str]:
    """Work everything off; what contradicts the invariants then."""
    for _ in range(4 * MAX_ATTEMPTS):
        clock.advance(queue.BACKOFF_CAP_US / SECOND)
        worker(database, post).run_one()
    return violations(database, post.accepted, lease_us=0, most_attempts=MAX_ATTEMPTS)


def die(database: Database, post: Post, point: str) -> None:
    with pytest.raises(Killed):
        worker(database, post, kill_at(point)).run_one()


@pytest.mark.parametrize("number", [B, C])
def test_it_is_sent_once_and_the_outcome_is_stored(
    database: Database, post: Post, clock: FrozenClock, number: int
) -> None:
    run_id = accepted(database, number)
    worker(database, post).run_one()
    sent = row(database)
    assert (sent.state, sent.kind, sent.payload["draft"]["text"]) == ("sent", KIND, f"Answer {number}")
    assert sent.payload["reference"] == f"message-{sent.key[:8]}"
    assert (sent.payload["fence"], sent.payload["calls"], sent.payload["first_at"]) == (1, 1, clock.now())
    assert one(database, run_id).state == "succeeded"
    assert (post.calls, post.timeouts) == (["send"], {call_seconds(LEASE_SECONDS)})
    assert call_seconds(LEASE_SECONDS) < LEASE_SECONDS / 2
    assert finish(database, post, clock) == []


@pytest.mark.parametrize(
    ("number", "point", "calls", "state"),
    [
        (B, "before_sending:send", ["send"], "sent"),
        (C, "in_sending:send", ["send"], "sent"),
        (B, "sending:send", ["send"], "sent"),
        (C, "sending:send", ["confirm"], "unconfirmed"),
        (B, "called:send", ["send", "send"], "sent"),
        (C, "called:send", ["send", "confirm"], "sent"),
        (C, "in_commit:send", ["send", "confirm"], "sent"),
        (B, "committed:send", ["send"], "sent"),
    ],
)
def test_after_a_crash(
    database: Database, post: Post, clock: FrozenClock, number: int, point: str, calls: list[str], state: str
) -> None:
    accepted(database, number)
    die(database, post, point)
    assert finish(database, post, clock) == []
    assert (post.calls, row(database).state) == (calls, state)
    assert handed_over(database) == ({f"ticket-{number}"} if state == "unconfirmed" else set())


@pytest.mark.parametrize(
    ("number", "moment", "calls", "state"),
    [
        (B, "on_send", ["send", "send"], "sent"),
        (B, "after_send", ["send", "send"], "sent"),
        (C, "on_send", ["send", "confirm"], "unconfirmed"),
        (C, "after_send", ["send", "confirm"], "sent"),
    ],
)
def test_after_an_error_that_proves_nothing(
    database: Database, post: Post, clock: FrozenClock, number: int, moment: str, calls: list[str], state: str
) -> None:
    def fail_once(_key: str) -> None:
        setattr(post, moment, lambda _key: None)
        raise TimeoutError("no answer")

    setattr(post, moment, fail_once)
    accepted(database, number)
    assert finish(database, post, clock) == []
    assert (post.calls, row(database).state) == (calls, state)


@pytest.mark.parametrize("number", [B, C])
def test_what_was_surely_not_sent_is_tried_again(
    database: Database, post: Post, clock: FrozenClock, number: int
) -> None:
    def refuse(_key: str) -> None:
        raise NotSent("No connection.")

    accepted(database, number)
    post.on_send = refuse
    worker(database, post).run_one()
    assert (row(database).state, row(database).payload["fence"]) == ("intended", 0)
    post.on_send = lambda _key: None
    assert finish(database, post, clock) == []
    assert (post.calls, row(database).state) == (["send", "send"], "sent")


def test_not_sent_takes_nothing_back_where_an_earlier_claim_had_called(
    database: Database, post: Post, clock: FrozenClock
) -> None:
    def refuse(_key: str) -> None:
        raise NotSent("No connection.")

    accepted(database, B)
    die(database, post, "called:send")
    post.on_send = refuse
    assert finish(database, post, clock) == []
    assert row(database).state == "unconfirmed"
    assert handed_over(database) == {"ticket-0"}


@pytest.mark.parametrize("number", [B, C])
def test_what_is_refused_for_good_goes_to_a_human_at_once(
    database: Database, post: Post, clock: FrozenClock, number: int
) -> None:
    def refuse(_key: str) -> None:
        raise Refused("No such address.")

    accepted(database, number)
    post.on_send = refuse
    assert finish(database, post, clock) == []
    assert (post.calls, row(database).state) == (["send"], "dropped")
    assert handed_over(database) == {f"ticket-{number}"}


def test_a_look_up_that_fails_is_made_again_and_ends_at_a_human(
    database: Database, post: Post, clock: FrozenClock
) -> None:
    def fail(_key: str) -> None:
        raise TimeoutError("no answer")

    accepted(database, C)
    die(database, post, "called:send")
    post.on_confirm = fail
    assert finish(database, post, clock) == []
    assert post.calls == ["send"] + ["confirm"] * (MAX_ATTEMPTS - 1)
    assert (row(database).state, handed_over(database)) == ("unconfirmed", {"ticket-1"})


def test_a_key_is_used_again_only_while_the_other_side_knows_it(
    database: Database, post: Post, clock: FrozenClock
) -> None:
    accepted(database, B)
    die(database, post, "sending:send")
    clock.advance(40 * 86_400)
    assert finish(database, post, clock) == []
    assert (post.calls, row(database).state) == (["confirm"], "unconfirmed")


def human_reply(session: Session) -> None:
    session.execute(update(ticket).values(version=ticket.c.version + 1))


def kill_switch(session: Session) -> None:
    session.execute(
        insert(setting),
        {
            "workspace_id": WORKSPACE,
            "name": SWITCH,
            "value": {"on": False},
            "version": 1,
            "updated_at": session.now,
            "updated_by": "admin",
        },
    )


OBJECTIONS = [human_reply, kill_switch]


@pytest.mark.parametrize("number", [B, C])
@pytest.mark.parametrize("object_", OBJECTIONS)
def test_with_an_objection_it_is_dropped_and_a_human_has_the_draft(
    database: Database, post: Post, clock: FrozenClock, number: int, object_: Callable[[Session], None]
) -> None:
    accepted(database, number)
    die(database, post, "before_sending:send")
    with database.write() as session:
        object_(session)
    assert finish(database, post, clock) == []
    assert (post.calls, row(database).state) == ([], "dropped")
    assert handed_over(database) == {f"ticket-{number}"}


@pytest.mark.parametrize(("point", "state"), [("sending:send", "unconfirmed"), ("called:send", "sent")])
@pytest.mark.parametrize("object_", OBJECTIONS)
def test_with_an_objection_nothing_is_sent_again_and_it_is_looked_up(
    database: Database,
    post: Post,
    clock: FrozenClock,
    object_: Callable[[Session], None],
    point: str,
    state: str,
) -> None:
    accepted(database, B)
    die(database, post, point)
    with database.write() as session:
        object_(session)
    assert finish(database, post, clock) == []
    assert post.calls[-1] == "confirm"
    assert post.calls.count("send") == (point == "called:send")
    assert row(database).state == state


@pytest.mark.parametrize("number", [B, C])
@pytest.mark.parametrize("point", ["committed:decide", "in_sending:send", "sending:send", "called:send"])
def test_an_erased_ticket_ends_without_sending(
    database: Database, post: Post, clock: FrozenClock, number: int, point: str
) -> None:
    run_id = accepted(database, number)
    die(database, post, point)
    calls = list(post.calls)
    with database.write() as session:
        for table in (message, effect, ticket):
            session.execute(delete(table))
    assert finish(database, post, clock) == []
    assert (one(database, run_id).state, post.calls) == ("succeeded", calls)


@pytest.mark.parametrize("seconds", [0.6 * LEASE_SECONDS, -3600.0])
def test_a_worker_that_stood_still_before_the_call_does_not_call(
    database: Database, post: Post, clock: FrozenClock, seconds: float
) -> None:
    accepted(database, C)

    def stand_still(point: str) -> None:
        if point == "sending:send":
            clock.advance(seconds)

    worker(database, post, stand_still).run_one()
    assert (post.calls, row(database).state) == ([], "intended")
    clock.advance(3600)
    assert finish(database, post, clock) == []
    assert post.calls == ["send"]


def test_a_worker_that_was_overtaken_before_the_call_does_not_call(
    database: Database, post: Post, clock: FrozenClock
) -> None:
    accepted(database, C)
    stalls = [1]

    def be_overtaken(point: str) -> None:
        if point == "sending:send" and stalls:
            stalls.clear()
            clock.advance(LEASE_SECONDS + 1)
            worker(database, post).run_one()

    worker(database, post, be_overtaken).run_one()
    assert finish(database, post, clock) == []
    assert (post.calls, row(database).state) == (["confirm"], "unconfirmed")


def test_a_run_that_is_only_looked_at_has_no_transactions(database: Database, clock: FrozenClock) -> None:
    accepted(database, C)
    run = queue.claim(database, {"outside": 1}, SECOND, random.Random(1))
    assert run
    with pytest.raises(RuntimeError, match="only looked at"), State(run, clock, SECOND, lambda: None).write():
        pass


def test_the_first_draft_stays(database: Database) -> None:
    accepted(database, C)
    run = queue.claim(database, {"outside": 1}, SECOND, random.Random(1))
    assert run
    with database.write() as session:
        assert effects.intend(session, run, KIND, {"text": "first"})
        assert not effects.intend(session, run, KIND, {"text": "second"})
        found = effects.find(session, run, KIND)
    assert found
    assert found.draft == {"text": "first"}
