"""The event log: gapless and in commit order, whoever writes, and followed without a miss."""

import threading
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from process_harness import in_processes, roll_back, write_events
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import update
from workflow_harness import WORKSPACE, accept, open_database

from ticketflow import events
from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.db.tables import ticket
from ticketflow.testing import FrozenClock

WRITERS, TRANSACTIONS, PER_TRANSACTION = 8, 15, 3


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "events.db", SystemClock())
    yield opened
    opened.close()


def append(database: Database, *numbers: int, workspace_id: str = WORKSPACE) -> None:
    with database.write() as session:
        for number in numbers:
            events.append(session, workspace_id, "counted", f"ticket-{number}", number=number)


def read(database: Database, seq: int = 0, workspace_id: str = WORKSPACE) -> list[events.Event]:
    with database.read() as session:
        return events.after(session, workspace_id, seq)


def test_facts_are_numbered_from_one_in_the_order_they_happened(tmp_path: Path) -> None:
    clock = FrozenClock()
    database = open_database(tmp_path / "frozen.db", clock)
    append(database, 10, 11)
    append(database, 12)
    found = read(database)
    assert [(fact.seq, fact.data["number"], fact.ticket_id) for fact in found] == [
        (1, 10, "ticket-10"),
        (2, 11, "ticket-11"),
        (3, 12, "ticket-12"),
    ]
    assert {fact.created_at for fact in found} == {clock.now()}
    assert [fact.seq for fact in read(database, seq=2)] == [3]
    with database.read() as session:
        assert events.last_seq(session, WORKSPACE) == 3
        assert [fact.seq for fact in events.after(session, WORKSPACE, 0, limit=2)] == [1, 2]
    database.close()


def test_each_workspace_counts_for_itself(database: Database) -> None:
    append(database, 1, 2)
    append(database, 3, workspace_id="another")
    with database.write() as session:
        events.append(session, "another", "counted", number=4)
        events.append(session, WORKSPACE, "counted", number=5)
    assert [(fact.seq, fact.data["number"]) for fact in read(database)] == [(1, 1), (2, 2), (3, 5)]
    assert [(fact.seq, fact.data["number"]) for fact in read(database, workspace_id="another")] == [(1, 3), (2, 4)]
    with database.read() as session:
        assert events.last_seq(session, "a third") == 0


def test_a_rollback_leaves_no_fact_and_no_gap(database: Database) -> None:
    append(database, 1)
    roll_back(database, WORKSPACE)
    append(database, 2)
    assert [(fact.seq, fact.type) for fact in read(database)] == [(1, "counted"), (2, "counted")]


def test_the_counter_is_raised_last_in_the_transaction(database: Database) -> None:
    written: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            written.append(statement.split("(")[0].split(" SET")[0].strip())

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", note)
    append(database, 0)
    written.clear()
    with database.write() as session:
        events.append(session, WORKSPACE, "counted", number=1)
        accept(session, 1)
        session.execute(update(ticket).where(ticket.c.id == "ticket-1").values(version=2))
    assert written[-2:] == ["UPDATE event_seq", "INSERT INTO event"]
    assert written[0] == "INSERT INTO ticket"


def test_a_follower_of_eight_writing_processes_misses_nothing(database: Database) -> None:
    total = WRITERS * TRANSACTIONS * PER_TRANSACTION
    seen: list[events.Event] = []
    stop = threading.Event()

    def follow() -> None:
        for fact in events.follow(database, WORKSPACE, 0, stop):
            seen.append(fact)
            if len(seen) == total:
                break

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    calls = [(database.url, WORKSPACE, writer, TRANSACTIONS, PER_TRANSACTION) for writer in range(WRITERS)]
    last = 0
    writing = threading.Thread(target=in_processes, args=(write_events, calls), daemon=True)
    writing.start()
    while writing.is_alive():  # a reader that looks as often as it can finds each fact after all before it
        for fact in read(database, last):
            assert fact.seq == last + 1, "a fact became visible before an earlier one"
            last = fact.seq
    writing.join()
    reader.join(10)
    stop.set()

    assert [fact.seq for fact in seen] == list(range(1, total + 1))
    assert {fact.type for fact in seen} == {"written"}, "a rolled back fact was seen"
    assert len(read(database, last)) == total - last
    for writer in range(WRITERS):
        mine = [(fact.data["number"], fact.data["part"]) for fact in seen if fact.data["writer"] == writer]
        assert mine == [(number, part) for number in range(TRANSACTIONS) for part in range(PER_TRANSACTION)]
    parts = groupby(seen, key=lambda fact: (fact.data["writer"], fact.data["number"]))
    assert all(len(list(part)) == PER_TRANSACTION for _, part in parts), "a transaction's facts were interleaved"


def test_a_follower_in_this_process_is_woken_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_SECONDS", 30.0)
    stop, seen = threading.Event(), []
    reader = threading.Thread(
        target=lambda: seen.extend(fact for fact in events.follow(database, WORKSPACE, 0, stop)), daemon=True
    )
    reader.start()
    began = time.monotonic()
    for number in range(20):  # without pauses: some are appended between the follower's look and its sleep
        append(database, number)
    stop.set()
    events.bell.ring()
    reader.join(10)
    assert not reader.is_alive()
    assert time.monotonic() - began < 10
    assert [fact.seq for fact in seen] == list(range(1, len(seen) + 1))


def test_a_ring_between_the_look_and_the_sleep_is_heard() -> None:
    bell = events.Bell()
    rung = bell.rung
    bell.ring()
    began = time.monotonic()
    bell.wait(10, rung)
    assert time.monotonic() - began < 1
    bell.wait(0.01, bell.rung)
