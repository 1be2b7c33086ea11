"""Worker processes on the agent's own pipeline that are killed when they reach a named point."""

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

from agent_harness import Company

from ticketflow.agent.deps import Deps
from ticketflow.clock import SystemClock
from ticketflow.retrieval.language import detect
from ticketflow.workflow import queue
from ticketflow.workflow.runner import Runner

LEASE_SECONDS = 0.3


def kill_each(cases: list[tuple[str, str, int]], told: str) -> None:
    """Run `killed_at` for each case in a process of its own; their exit codes go to the file `told`.

    They are forked from this process, which has loaded what is slow to load: a worker then costs a tenth.
    """
    import scipy.stats  # noqa: F401  thresholds need it

    detect("the language model is loaded by the first text")
    codes: list[int] = []
    for case in cases:
        process = os.fork()
        if process == 0:
            try:
                killed_at(*case)
            finally:
                os._exit(1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    Path(told).write_text(json.dumps(codes))


def killed_at(folder: str, point: str, hit: int) -> None:
    """Work the queue off; SIGKILL this process when it reaches `point` for the `hit`-th time."""
    seen: Counter[str] = Counter()

    def checkpoint(reached: str) -> None:
        seen[reached] += 1
        if reached == point and seen[reached] == hit:
            os.kill(os.getpid(), signal.SIGKILL)

    company = Company(Path(folder), clock=SystemClock())
    work_off(company, company.runner(checkpoint, lease_seconds=LEASE_SECONDS))
    company.close()


def work_off(company: Company, runner: Runner[Deps]) -> None:
    """Run what is due until nothing is left, waiting for leases of the dead."""
    while True:
        with company.database.read() as session:
            due_at, now = queue.next_due(session, {"ticket": 1}), session.now
        if due_at is None:
            return
        if due_at > now:
            time.sleep(0.01)
        else:
            runner.run_one()
