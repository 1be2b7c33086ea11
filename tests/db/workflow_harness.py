"""A small workflow with every kind of step, on a real database, and the invariants that must hold after it ran.

Used by the tests of the run engine in one process; the ones that kill processes have their own (tests/pipeline).
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert, select

import databases
from ticketflow import events
from ticketflow.clock import SECOND, Clock, new_id
from ticketflow.db import Database, Session
from ticketflow.db.tables import effect, message, run, step_output, ticket
from ticketflow.domain import Value
from ticketflow.workflow import effects, queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run
from ticketflow.workflow.runner import Runner

WORKSPACE = "workspace-1"
LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 5

Mutation = tuple[str, str]
"""A guard in the product's SQL as a regular expression, and what to put in its place."""
NO_FENCE = (r"run\.fence = (\S+)", r"(run.fence = \1 OR 1 = 1)")
NO_COUNT_AT_CLAIM = (r"attempt=\(run\.attempt \+ ([^)\s]+(?:\)s)?)\)", r"attempt=(run.attempt + 0 * \1)")


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the product catches it."""


class Words(Value):
    """A step's output."""

    text: str
    count: int


@dataclass
class Deps:
    """What the harness's steps use: a list of the outside calls they made, and hooks to make them fail."""

    calls: list[str] = field(default_factory=list)
    handed_over: list[tuple[str, str]] = field(default_factory=list)
    on_call: Callable[[State], None] = lambda _state: None


def open_database(path: Path, clock: Clock) -> Database:
    """A new, migrated database. SQLite does not wait for the disk: no test here cuts the power."""
    database = databases.migrated(path, clock)
    if databases.SERVER is None:
        sqlalchemy_event.listen(database.engine, "connect", _hurry)
    return database


def _hurry(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def accept(session: Session, number: int, **options: Any) -> str:
    """A ticket and its run, as the product accepts them. Returns the run's id."""
    ticket_id = f"ticket-{number}"
    known = session.execute(select(ticket.c.id).where(ticket.c.workspace_id == WORKSPACE, ticket.c.id == ticket_id))
    if known.first() is None:
        session.execute(insert(ticket), _ticket(ticket_id, session.now))
        session.execute(insert(message), spoken(ticket_id, "requester", f"Question {number}", session.now))
    options = {"workflow": "letters", "trigger_id": "created", "payload": {"number": number}, **options}
    return queue.enqueue(session, WORKSPACE, ticket_id=ticket_id, **options)


def letters(*, outside: tuple[str, ...] = ("call",), version: int = 1) -> Workflow[Deps]:
    """Five steps: three plain ones, a call, and one that sends a message in its commit."""

    def read(_deps: Deps, state: State) -> Words:
        return Words(text=f"read {state.run.payload['number']}", count=1)

    def think(_deps: Deps, state: State) -> Words:
        before = state.output("read", Words)
        return Words(text=f"{before.text}, think", count=before.count + 1)

    def call(deps: Deps, state: State) -> Words:
        deps.calls.append(state.run.ticket_id)
        deps.on_call(state)
        return Words(text=f"{state.output('think', Words).text}, call", count=3)

    def choose(_deps: Deps, state: State) -> Words:
        return Words(text=f"{state.output('call', Words).text}, choose", count=4)

    def send(_deps: Deps, session: Session, state: State, _value: None) -> Words:
        return send_once(session, state.run, state.output("choose", Words).text)

    steps = [
        Step("read", "1", read, output=Words, inputs=(TICKET,), outside="read" in outside),
        Step("think", "1", think, output=Words, inputs=("read",), outside="think" in outside),
        Step("call", "1", call, output=Words, inputs=("think",), outside="call" in outside),
        Step("choose", "1", choose, output=Words, inputs=("think", "call"), outside="choose" in outside),
        Step("send", "1", None, send, output=Words, inputs=("choose",), outside="send" in outside),
    ]
    return Workflow("letters", version, steps, hand_over)


def send_once(session: Session, held: Run, text: str) -> Words:
    """The effect of the harness, with an event that tells whose claim wrote it and whose claim was in force."""
    current = session.execute(select(run.c.fence).where(run.c.id == held.id)).scalar_one()
    sent = effects.once(
        session,
        workspace_id=held.workspace_id,
        ticket_id=held.ticket_id,
        trigger_id=held.trigger_id,
        run_id=held.id,
        kind="reply",
        payload={},
    )
    if sent:
        session.execute(insert(message), spoken(held.ticket_id, "agent", text, session.now))
    events.append(session, held.workspace_id, "letter.sent", held.ticket_id, held=held.fence, current=current)
    return Words(text=text, count=5)


def hand_over(deps: Deps, session: Session, failed: Run, error: str) -> None:
    """Give the ticket to a human: a message of the product itself says so."""
    session.execute(insert(message), spoken(failed.ticket_id, "system", error, session.now))
    session.after_commit(lambda: deps.handed_over.append((failed.ticket_id, error)))


def runner(database: Database, deps: Deps, workflow: Workflow[Deps] | None = None, **options: Any) -> Runner[Deps]:
    """A runner of the letters workflow with a fixed seed."""
    options = {"lease_seconds": LEASE_SECONDS, "max_attempts": MAX_ATTEMPTS, "rng": random.Random(1), **options}
    return Runner(database, deps, [workflow or letters()], **options)


def kill_at(point: str, times: int = 1) -> Callable[[str], None]:
    """A checkpoint that dies at `point`, `times` times."""
    left = [times]

    def checkpoint(reached: str) -> None:
        if reached == point and left[0]:
            left[0] -= 1
            raise Killed(point)

    return checkpoint


def work_off(worker: Runner[Deps], limit: int = 1_000) -> int:
    """Execute due runs until there is none. Returns how many there were."""
    done = 0
    while worker.run_one():
        done += 1
        assert done < limit, "the queue does not come to an end"
    return done


def one(database: Database, run_id: str) -> Any:
    """The run's row."""
    with database.read() as session:
        return session.execute(select(run).where(run.c.id == run_id)).one()


def outputs(database: Database, run_id: str) -> dict[str, Any]:
    """The run's stored outputs by step."""
    with database.read() as session:
        rows = session.execute(
            select(step_output).where(step_output.c.run_id == run_id).order_by(step_output.c.ordinal)
        ).all()
    return {row.step: row.output for row in rows}


def count_commits(database: Database) -> Counter[str]:
    """Counts from now on how many write transactions of this database are committed, under "commits"."""
    counter: Counter[str] = Counter()

    def committed(connection: Any) -> None:
        if connection.get_execution_options().get("writes", True):
            counter["commits"] += 1

    sqlalchemy_event.listen(database.engine, "commit", committed)
    return counter


def mutate(database: Database, mutation: Mutation) -> list[str]:
    """Rewrite this database's statements from now on; the list fills with those that were changed."""
    changed: list[str] = []

    def rewrite(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        mutant = re.sub(*mutation, statement)
        if mutant != statement:
            changed.append(mutant)
        return mutant, parameters

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", rewrite, retval=True)
    return changed


def violations(database: Database, *, finished: bool = False) -> list[str]:
    """What contradicts the invariants in the database as it stands; `finished` asks for every run to have ended."""
    with database.read() as session:
        runs = session.execute(select(run)).all()
        said = Counter(session.execute(select(message.c.ticket_id).where(message.c.author == "agent")).scalars())
        sent = Counter(session.execute(select(effect.c.ticket_id)).scalars())
        facts = events.after(session, WORKSPACE, 0, limit=100_000)
        now = session.now
    letters_sent = Counter(fact.ticket_id for fact in facts if fact.type == "letter.sent")
    longest_us = round(max(LEASE_SECONDS * SECOND, queue.BACKOFF_CAP_US))
    found = [f"seq {fact.seq} at {place}" for place, fact in enumerate(facts, 1) if fact.seq != place]
    for fact in facts:
        if fact.type == "letter.sent" and fact.data["held"] != fact.data["current"]:
            found.append(f"I3 {fact.ticket_id}: claim {fact.data['held']} wrote during claim {fact.data['current']}")
    for row in runs:
        letters_of = (said[row.ticket_id], sent[row.ticket_id], letters_sent[row.ticket_id])
        if row.state == "live" and row.due_at > now + longest_us:
            found.append(f"I1 {row.ticket_id}: due in {row.due_at - now} us")
        if finished and row.state == "live":
            found.append(f"I1 {row.ticket_id}: still live")
        if letters_of != ((1, 1, 1) if row.state == "succeeded" else (0, 0, 0)):
            found.append(f"I2 {row.ticket_id}: {row.state}, messages, effects and events {letters_of}")
        if row.attempt > 2 * MAX_ATTEMPTS:
            found.append(f"I7 {row.ticket_id}: {row.attempt} attempts")
    return found


def _ticket(ticket_id: str, now: int) -> dict[str, Any]:
    return {
        "workspace_id": WORKSPACE,
        "id": ticket_id,
        "channel": "api",
        "subject": f"About {ticket_id}",
        "status": "new",
        "priority": "normal",
        "tags": [],
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def spoken(ticket_id: str, author: str, body: str, now: int) -> dict[str, Any]:
    """A row of the message table."""
    return {
        "workspace_id": WORKSPACE,
        "id": new_id(),
        "ticket_id": ticket_id,
        "author": author,
        "body": body,
        "internal": author == "system",
        "headers": {},
        "created_at": now,
    }
