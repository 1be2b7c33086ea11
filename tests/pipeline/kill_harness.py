"""Workers that are processes and die, or stand still, at a named point. One database file, a real clock."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "db"))  # the engine's harness is shared with the tests there

import process_harness
import structlog
from sqlalchemy.exc import OperationalError
from workflow_harness import Deps, letters

from ticketflow.errors import StorageUnavailable
from ticketflow.workflow import queue
from ticketflow.workflow.engine import State
from ticketflow.workflow.runner import Runner

CONTEXT = process_harness.CONTEXT
LOCK = threading.Lock()  # multiprocessing loses an exit code when two threads look for it at once, as start() does
LEASE_SECONDS = 0.3
MAX_ATTEMPTS = 5


def work(url: str, folder: str, point: str, hit: int, harm: str) -> None:
    """Work the queue off; do `harm` to this process when it reaches `point` for the `hit`-th time.

    `harm` is "kill" (SIGKILL), "stop" (SIGSTOP, after leaving a note in `folder`) or "error" (the database refuses).
    """
    _log_to(folder)
    database = process_harness.open_url(url)
    seen: Counter[str] = Counter()

    def checkpoint(reached: str) -> None:
        seen[reached] += 1
        if reached == point and seen[reached] == hit:
            _harm(harm, folder)

    worker = Runner(
        database,
        Deps(on_call=_noting_calls(folder)),
        [letters()],
        lease_seconds=LEASE_SECONDS,
        max_attempts=MAX_ATTEMPTS,
        checkpoint=checkpoint,
    )
    if harm == "threads":
        worker.start(2)
    while True:
        with database.read() as session:
            due_at, now = queue.next_due(session, {"letters": 1}), session.now
        if due_at is None:
            break
        if harm == "threads" or due_at > now:
            time.sleep(0.01)
        else:
            _run_one(worker)
    worker.stop(5)
    database.close()


def poisoned(url: str, folder: str, ticket_id: str) -> None:
    """Work the queue off; the run of `ticket_id` kills this process each time."""

    def poison(state: State) -> None:
        if state.run.ticket_id == ticket_id:
            os.kill(os.getpid(), signal.SIGKILL)

    _log_to(folder)
    database = process_harness.open_url(url)
    worker = Runner(database, Deps(on_call=poison), [letters()], lease_seconds=LEASE_SECONDS, max_attempts=MAX_ATTEMPTS)
    while worker.run_one():
        pass
    database.close()


def serve(url: str, folder: str, seconds_per_call: float) -> None:
    """The worker as an operator runs it."""
    from ticketflow.worker import run_worker

    class Runtime:
        def __init__(self) -> None:
            note = _noting_calls(folder)

            def dawdle(state: State) -> None:
                note(state)
                time.sleep(seconds_per_call)

            deps = Deps(on_call=dawdle)
            self.runner = Runner(
                process_harness.open_url(url), deps, [letters()], lease_seconds=2, max_attempts=MAX_ATTEMPTS
            )

    _log_to(folder)
    sys.exit(0 if run_worker(Runtime().runner, 2, drain_seconds=5) else 3)


def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """A process that runs `target`."""
    process = CONTEXT.Process(target=target, args=arguments, daemon=True)
    with LOCK:
        process.start()
    return process


def exit_code(process: BaseProcess, seconds: float = 20.0) -> int | None:
    """Wait for the end of a process; None when it has not ended in time. Several threads may wait for theirs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with LOCK:
            if process.exitcode is not None:
                return process.exitcode
        time.sleep(0.005)
    return None


def calls(folder: Path) -> Counter[str]:
    """How often each ticket's outside call was made, by any worker."""
    noted = folder / "calls"
    return Counter(noted.read_text().split()) if noted.exists() else Counter()


def _run_one(worker: Runner[Deps]) -> None:
    try:
        worker.run_one()
    except StorageUnavailable:
        time.sleep(0.01)


def _noting_calls(folder: str) -> Callable[[State], None]:
    def note(state: State) -> None:
        with open(Path(folder, "calls"), "a") as file:
            file.write(f"{state.run.ticket_id}\n")

    return note


def _harm(harm: str, folder: str) -> None:
    if harm == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif harm == "stop":
        Path(folder, "stopped").touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    elif harm == "error":
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))


def _log_to(folder: str) -> None:
    file = open(Path(folder, "log"), "a", buffering=1)  # noqa: SIM115  open as long as the process lives
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(file)
    )
