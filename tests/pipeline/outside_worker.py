"""Worker processes that answer outside, and die, stand still or lose their database at a named point."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "db"))  # the engine's harness is shared with the tests there

import outside_mutants
import process_harness
import structlog
from outside_provider import HttpOutlet
from outside_workflow import NAME, OUTLETS, Outside, workflow
from sqlalchemy.exc import OperationalError

from ticketflow.errors import StorageUnavailable
from ticketflow.workflow import queue
from ticketflow.workflow.runner import Runner

LEASE_SECONDS = 0.5
MAX_ATTEMPTS = 5
INSIDE = ("in_", "applied")
HARMS = ("kill", "stop", "error")


def work(url: str, folder: str, port: int, point: str, hit: int, harm: str, mutant: str) -> None:
    """Work the queue off; do `harm` when `point` is reached for the `hit`-th time. `mutant` names a guard taken out."""
    log_to(folder)
    database = process_harness.open_url(url)
    seen: Counter[str] = Counter()

    def checkpoint(reached: str) -> None:
        seen[reached] += 1
        if reached == point and seen[reached] == hit:
            do_harm(harm, point, folder)

    worker = _runner(url, port, LEASE_SECONDS, mutant, checkpoint)
    while True:
        try:
            with database.read() as session:
                due_at, now = queue.next_due(session, {NAME: 1}), session.now
            if due_at is None:
                break
            if due_at > now:
                time.sleep(0.01)
            else:
                worker.run_one()
        except StorageUnavailable:
            time.sleep(0.01)
    database.close()


def serve(url: str, folder: str, port: int, lease_seconds: float, threads: int) -> None:
    """Work with threads until killed. A file named after the process tells that it has begun."""
    log_to(folder)

    def checkpoint(reached: str) -> None:
        if reached == "claimed":
            Path(folder, f"begun-{os.getpid()}").touch()

    worker = _runner(url, port, lease_seconds, "", checkpoint)
    worker.start(threads)
    while not Path(folder, "enough").exists():
        time.sleep(0.02)
    worker.stop(10)


def do_harm(harm: str, point: str, folder: str) -> None:
    """Kill or stop this process, or fail as the database would at that point."""
    Path(folder, "harmed").touch()
    if harm == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif harm == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif point.startswith(INSIDE):
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))
    else:
        raise StorageUnavailable("The connection was lost, and with it the commit's answer.")


def log_to(folder: str) -> None:
    """Keep this process's log in a file."""
    file = open(Path(folder, "log"), "a", buffering=1)  # noqa: SIM115  open as long as the process lives
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(file)
    )


def _runner(
    url: str, port: int, lease_seconds: float, mutant: str, checkpoint: Callable[[str], None]
) -> Runner[Outside]:
    deps = Outside({name: HttpOutlet(port, name) for name in OUTLETS})
    made = outside_mutants.apply(mutant, workflow)
    return Runner(
        process_harness.open_url(url),
        deps,
        [made],
        lease_seconds=lease_seconds,
        max_attempts=MAX_ATTEMPTS,
        checkpoint=checkpoint,
    )
