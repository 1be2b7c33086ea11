"""The one commit: all or nothing, one at a time, and clear errors when the database cannot."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from process_harness import count_up, in_processes
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert, select, text
from workflow_harness import WORKSPACE, accept, open_database

import databases
from ticketflow import events
from ticketflow.clock import SystemClock
from ticketflow.db import Database, Session, dialect
from ticketflow.db.tables import daily_metric, message, run, ticket
from ticketflow.errors import StorageUnavailable
from ticketflow.testing import FrozenClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "session.db", SystemClock())
    yield opened
    opened.close()


def add(session: Session, name: str, value: float = 0.0) -> None:
    row = {"workspace_id": WORKSPACE, "day": 1, "name": name, "dimension": "", "value": value}
    session.execute(insert(daily_metric), row)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.execute(select(daily_metric.c.name)).scalars())


def add_and_fail(database: Database, name: str, said: list[str]) -> None:
    with database.write() as session:
        add(session, name)
        accept(session, 1)
        events.append(session, WORKSPACE, "added")
        session.before_commit(lambda: said.append("before"))
        session.after_commit(lambda: said.append("after"))
        raise RuntimeError("no")


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    said: list[str] = []
    with pytest.raises(RuntimeError):
        add_and_fail(database, "a", said)
    with database.read() as session:
        for table in (daily_metric, ticket, message, run):
            assert session.execute(select(table)).all() == []
        assert events.after(session, WORKSPACE, 0) == []
    assert said == []


def test_hooks_run_inside_before_and_outside_after_the_commit(database: Database) -> None:
    seen: list[tuple[str, list[str]]] = []
    with database.write() as session:
        session.after_commit(lambda: seen.append(("after", names(database))))
        session.before_commit(lambda: add(session, "b"))
        add(session, "a")
        assert seen == []
    assert seen == [("after", ["a", "b"])]


def test_a_failure_at_the_very_end_rolls_everything_back(database: Database) -> None:
    def fail() -> None:
        raise ValueError("at the end")

    def add_with_a_bad_end() -> None:
        with database.write() as session:
            session.before_commit(fail)
            add(session, "a")

    with pytest.raises(ValueError, match="at the end"):
        add_with_a_bad_end()
    assert names(database) == []


def test_a_transaction_inside_another_is_refused(database: Database) -> None:
    for outer in (database.read, database.write):
        for inner in (database.read, database.write):
            with outer(), pytest.raises(RuntimeError, match="pass its Session down"), inner():
                pass
    with database.write() as session:
        add(session, "a")
    assert names(database) == ["a"]


def test_a_failed_transaction_does_not_block_the_next(database: Database) -> None:
    for _ in range(3):
        with pytest.raises(RuntimeError):
            add_and_fail(database, "a", [])
    with database.write() as session:
        add(session, "a")
    assert names(database) == ["a"]


def test_a_reader_sees_one_state_and_does_not_wait_for_a_writer(database: Database) -> None:
    written = threading.Event()

    def write() -> None:
        with database.write() as session:
            add(session, "later")
        written.set()

    with database.read() as session:
        before = session.execute(select(daily_metric.c.name)).all()
        threading.Thread(target=write, daemon=True).start()
        assert written.wait(10), "the reader held the writer up"
        assert session.execute(select(daily_metric.c.name)).all() == before == []
    assert names(database) == ["later"]


def test_a_transaction_has_one_time(tmp_path: Path) -> None:
    clock = FrozenClock()
    database = open_database(tmp_path / "frozen.db", clock)
    with database.write() as session:
        began = session.now
        clock.advance(60)
        assert session.now == began == clock.now() - 60_000_000
    database.close()


def test_four_processes_that_read_and_then_write_never_meet_busy(database: Database) -> None:
    with database.write() as session:
        add(session, "count")
    times = 50
    assert in_processes(count_up, [(database.url, WORKSPACE, times)] * 4) == [times] * 4
    with database.read() as session:
        assert session.execute(select(daily_metric.c.value)).scalar_one() == 4 * times


def test_threads_of_one_process_share_the_database(database: Database) -> None:
    with database.write() as session:
        add(session, "count")
    threads = [threading.Thread(target=_count_up, args=(database, 50)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.execute(select(daily_metric.c.value)).scalar_one() == 200


def _count_up(database: Database, times: int) -> None:
    for _ in range(times):
        with database.write() as session:
            value = session.execute(session.held(select(daily_metric.c.value))).scalar_one()
            session.execute(daily_metric.update().values(value=value + 1))


def fill(database: Database, rows: int) -> None:
    with database.write() as session:
        accept(session, 1)
        for number in range(rows):
            add(session, f"{number}-" + "x" * 150)


def limit_pages(database: Database, extra: int) -> None:
    """The file may grow by `extra` pages more: a disk that is nearly full."""

    def limit(connection: Any, *_rest: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + extra}")

    database.close()
    sqlalchemy_event.listen(database.engine, "connect", limit)


@databases.on_sqlite_only
def test_a_full_disk_is_said_clearly_and_loses_nothing(database: Database) -> None:
    with database.write() as session:
        add(session, "kept")
    limit_pages(database, extra=3)
    with pytest.raises(StorageUnavailable, match=r"disk is full.*Free some space"):
        fill(database, 2_000)
    assert names(database) == ["kept"]
    with database.read() as session:
        assert session.execute(select(ticket)).all() == []
        assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    with database.write() as session:
        session.execute(text("PRAGMA max_page_count = 1000000"))
    fill(database, 2_000)
    assert len(names(database)) == 2_001


def _impatient(connection: Any, _record: Any) -> None:
    wait = "PRAGMA busy_timeout = 20" if databases.SERVER is None else "SET SESSION innodb_lock_wait_timeout = 1"
    connection.cursor().execute(wait)


def test_a_lock_that_is_held_for_too_long_is_said_clearly(database: Database, tmp_path: Path) -> None:
    other = databases.open_url(database.url, database.clock)
    sqlalchemy_event.listen(other.engine, "connect", _impatient)
    refused: list[StorageUnavailable] = []

    def knock() -> None:
        try:
            with other.write() as session:
                session.execute(session.held(select(daily_metric)))
                add(session, "b")
        except StorageUnavailable as error:
            refused.append(error)

    with database.write() as session:
        add(session, "a")
    with database.write() as session:
        session.execute(session.held(select(daily_metric)))
        thread = threading.Thread(target=knock)
        thread.start()
        thread.join()
    assert ("database is locked" if databases.SERVER is None else "in the way") in str(refused[0])
    assert refused[0].retryable
    knock()
    assert (names(database), len(refused)) == (["a", "b"], 1)
    other.close()


@databases.on_sqlite_only
def test_a_database_that_cannot_be_opened_is_said_clearly(tmp_path: Path, database: Database) -> None:
    (tmp_path / "folder.db").mkdir()
    broken = Database(f"sqlite:///{tmp_path / 'folder.db'}", database.dialect, database.clock)
    with pytest.raises(StorageUnavailable, match="did not answer"), broken.read():
        pass
    broken.close()


def test_who_waits_too_long_for_a_connection_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05}.items():
        monkeypatch.setitem(dialect.POOL, name, value)
    database = databases.migrated(tmp_path / "small.db", SystemClock())
    with database.connection(writes=False), pytest.raises(StorageUnavailable, match="Every connection") as refused:
        names(database)
    assert refused.value.remedy
    assert names(database) == []
    database.close()
