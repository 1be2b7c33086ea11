"""Workers killed at random moments under load. It proves less than the matrix, and finds what nobody thought of."""

import random
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from kill_harness import exit_code, start
from outside_provider import Provider
from outside_worker import MAX_ATTEMPTS, serve
from outside_workflow import arrive, handed_over, lease_us, live, unprepared, violations
from workflow_harness import open_database

from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.workflow.outlets import call_seconds

LEASE_SECONDS = 2.0
WORKERS = 2
THREADS = 2
WAITING = 20  # runs that are kept in the queue
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Soaked:
    """What it came to: how many kills, tickets and hand-offs there were, and what contradicts the invariants."""

    kills: int
    tickets: int
    hand_offs: int
    findings: list[str]

    def count(self, *invariants: str) -> int:
        """How many findings speak of these invariants."""
        return sum(finding.startswith(invariants) for finding in self.findings)


def soak(folder: Path, kills: int, seed: int = 1) -> Soaked:
    """Kill a worker `kills` times while tickets of both kinds arrive; the provider is healthy."""
    rng = random.Random(seed)
    database = open_database(folder / "soak.db", SystemClock())
    provider = Provider(patience=call_seconds(LEASE_SECONDS), on_accept=lambda key: unprepared(database, key))
    given = (database.url, str(folder), provider.port, LEASE_SECONDS, THREADS)
    workers = [start(serve, *given) for _ in range(WORKERS)]
    tickets = done = 0
    try:
        while done < kills:
            tickets = _fill(database, tickets)
            victim = rng.randrange(WORKERS)
            if not _begun(folder, workers[victim]):
                continue
            time.sleep(rng.uniform(0, 0.3))
            workers[victim].kill()
            exit_code(workers[victim])
            workers[victim] = start(serve, *given)
            done += 1
        return _result(folder, database, provider, workers, (done, tickets))
    finally:
        for worker in workers:
            worker.kill()
        provider.close()
        database.close()


def _fill(database: Database, tickets: int) -> int:
    missing = WAITING - live(database)
    if missing > 0:
        with database.write() as session:
            for number in range(tickets, tickets + missing):
                arrive(session, number)
        return tickets + missing
    return tickets


def _begun(folder: Path, worker: BaseProcess) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if (folder / f"begun-{worker.pid}").exists():
            return True
        time.sleep(0.005)
    return False


def _result(
    folder: Path, database: Database, provider: Provider, workers: list[BaseProcess], counted: tuple[Any, ...]
) -> Soaked:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while live(database) and time.monotonic() < deadline:
        time.sleep(0.05)
    (folder / "enough").touch()
    codes = [exit_code(worker) for worker in workers]
    provider.come_to_rest()
    found = violations(database, provider.accepted, lease_us=lease_us(LEASE_SECONDS), most_attempts=MAX_ATTEMPTS)
    found += provider.complaints + ([] if set(codes) == {0} else [f"exits {codes}"])
    return Soaked(*counted, len(handed_over(database)), found)
