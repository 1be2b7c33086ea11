"""The cluster's time: the same for every machine, whatever its own clock says, and no reason to wait for long."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import databases
from ticketflow.clock import HOUR, SECOND
from ticketflow.db import Database, tidb_clock
from ticketflow.db.tidb_clock import ClusterClock

pytestmark = databases.on_tidb_only


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "clock.db")
    yield opened
    opened.close()


@pytest.fixture
def clock(database: Database) -> ClusterClock:
    return ClusterClock(database.engine)


def clusters(database: Database) -> int:
    """The server's own word, in microseconds."""
    with database.read() as session:
        told = session.connection.exec_driver_sql("SELECT unix_timestamp(now(6))").scalar_one()
    return round(float(told) * SECOND)


def test_it_tells_what_the_cluster_tells(database: Database, clock: ClusterClock) -> None:
    before = clusters(database)
    told = clock.now()
    assert before - SECOND // 10 <= told <= clusters(database) + SECOND // 10


@pytest.mark.parametrize("hours", [1, -1])
def test_the_machines_clock_does_not_matter(database: Database, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    before = clusters(database)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + hours * HOUR * 1_000)
    monkeypatch.setattr(time, "time", lambda: real() / 1e9 + hours * 3600)
    asked_before, asks_now = database.clock, ClusterClock(database.engine)
    for now in (asked_before.now(), asks_now.now()):
        assert before - SECOND // 10 <= now <= clusters(database) + SECOND // 10


def test_it_asks_again_and_follows_the_cluster(clock: ClusterClock, monkeypatch: pytest.MonkeyPatch) -> None:
    right = clock.now()
    clock._base -= HOUR  # the steady clock has lost an hour
    clock._latest = 0
    assert clock.now() < right - HOUR // 2
    monkeypatch.setattr(tidb_clock, "AGAIN_SECONDS", 0.0)
    assert 0 <= clock.now() - right < 10 * SECOND


def test_it_never_goes_back(clock: ClusterClock, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.now()
    clock._base += HOUR
    ahead = clock.now()
    monkeypatch.setattr(tidb_clock, "AGAIN_SECONDS", 0.0)
    assert clock.now() >= ahead


def test_one_thread_waits_for_a_silent_cluster_and_the_others_go_on(
    clock: ClusterClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = clock.now()
    monkeypatch.setattr(tidb_clock, "AGAIN_SECONDS", 0.0)
    asked, answered = threading.Event(), threading.Event()
    ask = clock._ask

    def silent() -> None:
        asked.set()
        assert answered.wait(30)
        ask()

    monkeypatch.setattr(clock, "_ask", silent)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(clock.now)
        assert asked.wait(10)
        others = [pool.submit(clock.now).result(timeout=5) for _ in range(3)]
        assert others == sorted(others)
        assert others[0] >= first
        assert not waiting.done()
        answered.set()
        assert waiting.result(timeout=10) >= others[-1]


def test_threads_that_come_before_the_first_answer_wait_for_it(database: Database) -> None:
    clock = ClusterClock(database.engine)
    before = clusters(database)
    with ThreadPoolExecutor(8) as pool:
        told = [one.result() for one in [pool.submit(clock.now) for _ in range(8)]]
    assert min(told) >= before - SECOND // 10
    assert max(told) <= clusters(database) + SECOND // 10
