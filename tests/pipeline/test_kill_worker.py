"""The worker process: SIGTERM ends what is under way and nothing is lost; a second signal ends it at once."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from kill_harness import calls, exit_code, serve, start
from sqlalchemy import select
from workflow_harness import accept, open_database, violations

from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.db.tables import run


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "worker.db", SystemClock())
    with opened.write() as session:
        for number in range(6):
            accept(session, number)
    yield opened
    opened.close()


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def signalled(process: BaseProcess, number: signal.Signals) -> None:
    import os

    assert process.pid
    os.kill(process.pid, number)


def states(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.execute(select(run.c.state)).scalars())


def log(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_runs_under_way_end(database: Database, tmp_path: Path, number: signal.Signals) -> None:
    process = start(serve, database.url, str(tmp_path), 0.3)
    until(lambda: sum(calls(tmp_path).values()) == 2)
    signalled(process, number)
    assert exit_code(process) == 0
    assert states(database) == ["live"] * 4 + ["succeeded"] * 2
    said = [line["event"] for line in log(tmp_path)]
    assert said == ["worker_started", "worker_stopping", "worker_stopped"]
    assert violations(database) == []

    again = start(serve, database.url, str(tmp_path), 0.0)
    until(lambda: states(database) == ["succeeded"] * 6)
    signalled(again, number)
    assert exit_code(again) == 0
    assert sum(calls(tmp_path).values()) == 6, "a graceful stop repeats no outside call"
    assert violations(database, finished=True) == []


def test_a_second_signal_ends_the_process_at_once(database: Database, tmp_path: Path) -> None:
    process = start(serve, database.url, str(tmp_path), 30.0)
    until(lambda: sum(calls(tmp_path).values()) == 2)
    signalled(process, signal.SIGTERM)
    until(lambda: any(line["event"] == "worker_stopping" for line in log(tmp_path)))
    time.sleep(0.05)  # the handlers are taken down right after that line
    signalled(process, signal.SIGTERM)
    assert exit_code(process) == -signal.SIGTERM
