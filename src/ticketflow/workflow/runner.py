"""Threads that claim runs and execute them until they are told to stop.

What happens to a run whose step failed is decided here and nowhere else: again later, or to a human.
"""

import random
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import PurePath
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from ticketflow import events, origin
from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.errors import LeaseLost, StorageUnavailable, TicketFlowError
from ticketflow.workflow import effects, queue
from ticketflow.workflow.engine import Execution, Workflow
from ticketflow.workflow.lanes import Lanes
from ticketflow.workflow.observing import Ended, Observer
from ticketflow.workflow.queue import Run

POLL_SECONDS = 0.2
STORAGE_PAUSE_SECONDS = 5.0  # the longest pause of a thread while the database is unavailable
SWITCH_SECONDS = 0.0005
"""How long a background run may keep the interpreter from a ticket's thread: with Python's 5 ms the p95 of a ticket
beside a refit rose by 35 %, with this by 20 %."""
CALLING_THREADS = 8
"""For workflows that wait for other machines: four that hang leave no other waiting where two runs of a lane may."""
FOLLOW_SECONDS = 0.1
"""Between two looks at the event log, so that what belongs to a burst of events is written at once."""
FORGIVEN_CLAIMS = 100  # a storage failure costs no attempt until then; a run that itself causes them still ends

D = TypeVar("D")
log = structlog.get_logger(__name__)


def _no_checkpoint(_point: str) -> None:
    pass


class Runner(Generic[D]):
    """Executes the runs of `workflows` with `deps`. Threads exist only between `start` and `stop`.

    `lease_seconds` is how long a claimed run stays with its worker; `max_attempts` is the number of claims after
    which a human gets the matter; `checkpoint` is for tests (see Execution). `followers` go along the event log on a
    thread of their own: each is called again and again, and says whether it left something undone. `observer` is told
    what becomes of runs.
    """

    def __init__(
        self,
        database: Database,
        deps: D,
        workflows: Iterable[Workflow[D]],
        *,
        lease_seconds: float,
        max_attempts: int,
        rng: random.Random | None = None,
        checkpoint: Callable[[str], None] = _no_checkpoint,
        followers: Sequence[Callable[[], bool]] = (),
        observer: Observer | None = None,
    ) -> None:
        self._database = database
        self._deps = deps
        self._workflows = {workflow.name: workflow for workflow in workflows}
        self._lease_us = round(lease_seconds * SECOND)
        self._max_attempts = max_attempts
        self._rng = rng or random.Random()
        self._checkpoint = checkpoint
        self._followers = followers
        self._observer = observer or Observer()
        self._lanes = Lanes()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._latest = 0

    def run_one(self, names: Sequence[str] | None = None) -> bool:
        """Claim one due run of the named workflows (all by default) and execute it. False when none was to be had.

        A step's failure is recorded on the run. Raises StorageUnavailable when the database cannot be used, and what
        a workflow's give_up raises; the run is tried again in both cases.
        """
        run = self._claim(list(self._workflows) if names is None else names)
        if run is not None:
            self._execute(run)
        return run is not None

    def follow(self) -> bool:
        """Let every follower look at the event log once; whether one of them left something undone."""
        left = [follower() for follower in self._followers]  # every one of them, whatever the first says
        return any(left)

    def start(self, threads: int) -> None:
        """Start `threads` threads for the short workflows, one for the background ones, CALLING_THREADS for those that
        wait for other machines and one for the followers, where there are any.
        """
        if self._threads:
            raise RuntimeError("the runner is started already")
        self._stopping.clear()
        known = self._workflows.values()
        calling = [one.name for one in known if one.lane_width]
        background = [one.name for one in known if one.background and not one.lane_width]
        short = self.short
        for number in range(1, 1 + threads if short else 0):
            self._begin(lambda: self._turn(short), f"runs-{number}")
        if background and threads:
            sys.setswitchinterval(SWITCH_SECONDS)
            self._begin(lambda: self._turn(background), "background")
        for number in range(1, 1 + CALLING_THREADS if calling and threads else 0):
            self._begin(lambda: self._call(calling), f"calls-{number}")
        if self._followers and threads:
            self._begin(self._look, "followers")

    def start_only(self, names: Sequence[str]) -> None:
        """Start one thread for these workflows and no other: for a command that waits for its own run."""
        self._stopping.clear()
        self._begin(lambda: self._turn(names), "runs-only")

    def _begin(self, turn: Callable[[], None], title: str) -> None:
        thread = threading.Thread(target=self._work, args=(turn,), name=title, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self, drain_seconds: float) -> bool:
        """Claim nothing more and wait for the runs under way. False when some did not end in time.

        Those are taken over by another worker once their lease is over.
        """
        self._stopping.set()
        self.wake()
        events.bell.ring()  # the followers wait for that one
        deadline = time.monotonic() + drain_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        drained = not any(thread.is_alive() for thread in self._threads)
        self._threads = []
        return drained

    def wake(self) -> None:
        """Make idle threads look for runs now. Enqueueing in this process does it by itself."""
        queue.bell.ring()

    @property
    def names(self) -> list[str]:
        """The workflows' names."""
        return list(self._workflows)

    @property
    def short(self) -> list[str]:
        """The names of those that a customer waits for: neither in the background nor waiting for other machines."""
        return [one.name for one in self._workflows.values() if not one.background and not one.lane_width]

    def overdue_us(self) -> int:
        """How long the oldest due run of the short workflows has waited for a worker, in microseconds."""
        with self._database.read() as session:
            due_at = queue.next_due(session, {name: self._workflows[name].version for name in self.short})
            return 0 if due_at is None else max(0, session.now - due_at)

    def threads_dead(self) -> int:
        """How many threads that were started have ended although nobody stopped them."""
        return 0 if self._stopping.is_set() else len(self._threads) - self.threads_alive()

    def threads_alive(self) -> int:
        """How many threads are at work or waiting for it: what a health check asks."""
        return sum(thread.is_alive() for thread in self._threads)

    def _work(self, turn: Callable[[], None]) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                turn()
                failures = 0
            except Exception as error:  # noqa: BLE001  a worker thread that dies would leave its runs to nobody
                failures += 1
                log.error("worker_pauses", error=_told(error))
                self._stopping.wait(min(STORAGE_PAUSE_SECONDS, 0.05 * 2 ** min(failures, 10)))

    def _turn(self, names: Sequence[str]) -> None:
        rung = queue.bell.rung
        if not self.run_one(names):
            self._rest(names, rung)

    def _call(self, names: Sequence[str]) -> None:
        run = None
        with self._lanes.turn:  # one thread looks for all: no lane gets more than its width, and idling costs no more
            full, rung = self._lanes.full(), queue.bell.rung
            if not self._stopping.is_set():
                run = self._claim(names, full)
            if run is not None:
                self._lanes.enter(run, self._workflows[run.workflow].lane_width)
            elif not self._stopping.is_set():
                self._rest(names, rung, full)
        if run is None:
            return
        try:
            self._execute(run)
        finally:
            if self._lanes.leave(run):
                queue.bell.ring()

    def _look(self) -> None:
        rung = events.bell.rung
        if not self.follow():
            events.bell.wait(POLL_SECONDS, rung)
            self._stopping.wait(FOLLOW_SECONDS)

    def _claim(self, names: Sequence[str], full: Collection[str] = ()) -> Run | None:
        self._watch_clock()
        versions = {name: self._workflows[name].version for name in names}
        run = queue.claim(self._database, versions, self._lease_us, self._rng, full)
        if run is not None:
            self._checkpoint("claimed")
        return run

    def _rest(self, names: Sequence[str], rung: int, full: Collection[str] = ()) -> None:
        with self._database.read() as session:
            due_at = queue.next_due(session, {name: self._workflows[name].version for name in names}, full)
            now = session.now
        wait = POLL_SECONDS if due_at is None else min(POLL_SECONDS, max(0.005, (due_at - now) / SECOND))
        queue.bell.wait(wait, rung)

    def _watch_clock(self) -> None:
        now = self._database.clock.now()
        if self._latest == 0 or now < self._latest - SECOND:
            with self._database.read() as session:
                behind = queue.ahead(session)
            if behind:
                with self._database.write() as session:
                    log.warning("clock_set_back", runs_moved=queue.rebase(session))
        self._latest = now

    def _execute(self, run: Run) -> None:
        with origin.under(run.origin._replace(run_id=run.id)), self._observer.running(run):
            try:
                how = self._worked_off(run)
            except Exception:  # the database is away, or nobody could be handed the run: it is tried again
                self._observer.ended(run, Ended.RETRIED)
                raise
            self._observer.ended(run, how)

    def _worked_off(self, run: Run) -> Ended:
        workflow = self._workflows[run.workflow]
        execution = Execution(
            self._database, self._deps, workflow, run, self._lease_us, self._checkpoint, self._observer
        )
        try:
            if run.attempt > self._max_attempts:
                text = run.error or "The worker stopped during every attempt."
                return self._hand_over(run, text, "every attempt was used up")
            execution.execute()
        except Exception as error:  # noqa: BLE001  the step boundary: whatever a step raises is recorded on its run
            try:
                return self._failed(run, execution.step, error)
            except LeaseLost:
                log.warning("lease_lost", run=run.id, step=execution.step, fence=run.fence, after=_told(error))
                return Ended.LOST
        return Ended.SUCCEEDED

    def _failed(self, run: Run, step: str, error: Exception) -> Ended:
        if isinstance(error, LeaseLost):
            raise error
        text, told = (f"{step}: {said}" if step else said for said in (_sentence(error), _told(error)))
        if not isinstance(error, TicketFlowError):
            log.error("step_failed", run=run.id, step=step, at=_where(error), error=_told(error))
        if isinstance(error, StorageUnavailable):
            self._retry_later(run, text, told, forgive=run.fence < FORGIVEN_CLAIMS)
            raise error
        retryable = error.retryable if isinstance(error, TicketFlowError) else True
        if run.attempt > self._max_attempts:  # it was the handing over that failed
            text = f"{run.error or ''} Handing it to a human failed: {text}".strip()
            if run.attempt < 2 * self._max_attempts:
                return self._retry_later(run, text, told)
            return self._hand_over(run, text, told, bare=True)
        if retryable and run.attempt < self._max_attempts:
            return self._retry_later(run, text, told)
        return self._hand_over(run, text, told)

    # `text` is kept on the run, `told` goes to the log: it quotes nobody.

    def _retry_later(self, run: Run, text: str, told: str, *, forgive: bool = False) -> Ended:
        self._checkpoint("before_retry")
        with self._database.write() as session:
            due_at = queue.retry_later(session, run, text, self._rng, forgive=forgive)
            wait_us = due_at - session.now
        log.warning("run_retried_later", run=run.id, attempt=run.attempt, wait_ms=wait_us // 1_000, error=told)
        return Ended.RETRIED

    def _hand_over(self, run: Run, text: str, told: str, *, bare: bool = False) -> Ended:
        # `bare` leaves the workflow's own part out: the last resort when that part fails every time.
        self._checkpoint("before_give_up")
        with self._database.write() as session:
            queue.give_up(session, run, text)
            effects.abandon(session, run, text)
            if not bare:
                self._workflows[run.workflow].give_up(self._deps, session, run, text)
            events.append(
                session, run.workspace_id, "run.failed", run.ticket_id, run_id=run.id, workflow=run.workflow, error=text
            )
            self._checkpoint("in_give_up")
        log.error("run_failed", run=run.id, workflow=run.workflow, attempt=run.attempt, error=told)
        return Ended.FAILED


def _where(error: Exception) -> str:
    # Lines rather than the traceback, which some formatters print with its variables: customers' words.
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    return " > ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in own[-3:])


def _sentence(error: Exception) -> str:
    if isinstance(error, TicketFlowError):
        return str(error)
    cause = error.orig if isinstance(error, DBAPIError) else error  # SQLAlchemy's text shows rows: customers' words
    return f"{type(error).__name__}: {cause}"


def _told(error: Exception) -> str:
    """What the log says of an error: our own sentence, and of any other its kind, as its text may quote a customer."""
    return str(error) if isinstance(error, TicketFlowError) else type(error).__name__
