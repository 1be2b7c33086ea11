"""Tickets a second, and how long a ticket waits, with 1, 2 and 4 worker processes on SQLite and on TiDB.

Every worker is `ticketflow worker --threads 1`, a process as an operator starts it. Throughput is a backlog that becomes
visible in one commit, divided by the time until its last decision; the numbers of workers take turns, and each figure
is the median of its rounds. The wait is measured at half of what one worker does. TiDB is measured beside SQLite where
TICKETFLOW_TEST_DATABASE_URL names one; its server then shares the cores with the workers.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from common import ROOT, Bar, data, report

sys.path.insert(0, str(ROOT / "tests"))

import databases
from ticketflow.agent import pipeline
from ticketflow.config import Config
from ticketflow.db.tables import run
from ticketflow.runtime import Runtime, build
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow.queue import RunState

WORKERS = (1, 2, 4)
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """How much is asked of each number of workers."""

    every: int  # of the history's rows
    backlog: int
    rounds: int
    steady_seconds: float


FULL = Load(every=4, backlog=200, rounds=5, steady_seconds=20)
SHORT = Load(every=20, backlog=80, rounds=2, steady_seconds=3)


@dataclass
class Measured:
    """Figures of one database: by the number of workers, tickets a second in each round and every wait in ms."""

    rates: dict[int, list[float]] = field(default_factory=lambda: {number: [] for number in WORKERS})
    waits: dict[int, list[float]] = field(default_factory=dict)

    def rate(self, number: int) -> float:
        return statistics.median(self.rates[number])


class Company:
    """An installation with a history, and the processes that work for it."""

    def __init__(self, home: Path, url: str, train: Path, questions: list[str]) -> None:
        self.home = home
        self._environment = os.environ | {
            "TICKETFLOW_DATABASE_URL": url,
            "TICKETFLOW_HOME": str(home),
            "TICKETFLOW_LOG_LEVEL": "ERROR",
        }
        self._command("import", str(train), "--text", "text", "--answer", "category", "--json")
        self.runtime: Runtime = build(Config(home=home, database_url=url))
        self.workspace = self.runtime.workspace()
        self._questions = questions
        self._asked = 0

    @contextmanager
    def workers(self, number: int) -> Iterator[None]:
        """That many worker processes, warm."""
        command = [sys.executable, "-m", "ticketflow", "worker", "--threads", "1", "--attached"]
        started = [
            subprocess.Popen(command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            for _ in range(number)
        ]
        time.sleep(3)  # until all of them look for work, so that each takes some of what warms it
        self.burst(12 * number)
        try:
            yield
        finally:
            for process in started:
                assert process.stdin is not None
                process.stdin.close()
            for process in started:
                process.wait(30)

    def burst(self, count: int) -> float:
        """Tickets a second of a backlog of `count`."""
        began, ids = self._accept(count)
        ended = max(ended for _, ended in self._done(ids))
        return count / ((ended - began) / 1e6)

    def steady(self, rate: float, seconds: float) -> list[float]:
        """The wait of each ticket, in ms from accepted to decided, while one comes every 1 / `rate` s."""
        ids: list[str] = []
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            ids += self._accept(1)[1]
            time.sleep(max(0.0, began + len(ids) / rate - time.monotonic()))
        return [(ended - accepted) / 1e3 for accepted, ended in self._done(ids)]

    def _accept(self, count: int) -> tuple[int, list[str]]:
        with self.runtime.database.write() as session:
            began = session.now
            ids: list[str] = []
            for _ in range(count):
                new = NewTicket(subject="", body=self._questions[self._asked % len(self._questions)])
                self._asked += 1
                ids.append(pipeline.start(session, self.workspace.id, new)[1])
        return began, ids

    def _done(self, ids: list[str]) -> list[tuple[int, int]]:
        """When each run was accepted and when its last commit began, once all have ended."""
        mine = (run.c.workspace_id == self.workspace.id, run.c.id.in_(ids))
        deadline = time.monotonic() + PATIENCE_SECONDS
        live = select(func.count()).select_from(run).where(*mine, run.c.state == RunState.LIVE.value)
        while time.monotonic() < deadline:
            with self.runtime.database.read() as session:
                if session.execute(live).scalar_one() == 0:
                    ends = select(run.c.created_at, run.c.updated_at).where(*mine)
                    return [(row.created_at, row.updated_at) for row in session.execute(ends)]
            time.sleep(0.1)
        raise SystemExit("The workers did not end their tickets in time.")

    def _command(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "ticketflow", *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true", help="A small history, short backlogs, a wide bar.")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    folder = data("banking77")
    if folder is None:
        return 0
    load = SHORT if chosen.short else FULL
    bars: list[Bar] = []
    with tempfile.TemporaryDirectory() as place:
        train, held = _sample(folder / "train.csv", Path(place) / "train.csv", load.every)
        questions = [row["text"] for row in csv.DictReader((folder / "test.csv").open(encoding="utf-8"))]
        for name, url in _databases(Path(place)):
            company = Company(Path(place) / name, url, train, questions)
            bars += _told(name, _measure(company, load), load, held, short=chosen.short)
            company.runtime.close()
    if databases.SERVER is not None:
        databases.drop_all()
    title = "Worker processes on one database"
    if databases.SERVER is None and not chosen.json:
        print("TiDB not measured: TICKETFLOW_TEST_DATABASE_URL names no server")
    return report(title, bars, as_json=chosen.json)


def _databases(place: Path) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite:///{place}/scale.db"
    if databases.SERVER is not None:
        yield "TiDB", databases.url(place / "tidb.db")


def _sample(source: Path, target: Path, every: int) -> tuple[Path, int]:
    with source.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::every]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target, len(rows)


def _measure(company: Company, load: Load) -> Measured:
    measured = Measured()
    for number in range(load.rounds):
        for workers in WORKERS if number % 2 == 0 else reversed(WORKERS):
            with company.workers(workers):
                measured.rates[workers].append(company.burst(load.backlog))
    for workers in WORKERS:
        with company.workers(workers):
            measured.waits[workers] = company.steady(measured.rate(1) / 2, load.steady_seconds)
    return measured


def _told(name: str, measured: Measured, load: Load, held: int, *, short: bool) -> list[Bar]:
    backlog = f"backlogs of {load.backlog}, {load.rounds} rounds, {held:,} cases"
    bars = [
        Bar(f"{name}, {number} workers" if number > 1 else f"{name}, 1 worker", measured.rate(number), None,
            "tickets/s", backlog)
        for number in WORKERS
    ]  # fmt: skip
    least = (1.1 if short else 1.3) if name == "SQLite" else None
    bars.append(Bar(f"{name}, two against one", measured.rate(2) / measured.rate(1), least, "times", "the same"))
    for number, waits in measured.waits.items():
        conditions = f"{len(waits)} tickets, {measured.rate(1) / 2:.0f} a second, {number} workers"
        for share in (50, 95):
            bars.append(Bar(f"{name}, wait p{share}", float(np.percentile(waits, share)), None, "ms", conditions))
    return bars


if __name__ == "__main__":
    sys.exit(main())
