"""Processes that are killed in the middle of an erasure: at their n-th commit, before or after it."""

import os
import signal
from pathlib import Path

from agent_harness import Company
from sqlalchemy import Connection, event

from ticketflow.agent.erasing import ERASE


def kill_each(cases: list[tuple[str, int]], told: str) -> None:
    """Erase in each folder, in a process of its own that is killed at its n-th commit; their signals go to a file."""
    codes: list[str] = []
    for folder, number in cases:
        process = os.fork()
        if process == 0:
            try:
                _killed_at(Path(folder), number)
            finally:
                os._exit(0)
        codes.append(str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])))
    Path(told).write_text(" ".join(codes))


def _killed_at(folder: Path, number: int) -> None:
    company = Company(folder)
    seen = 0

    def commit(connection: Connection) -> None:
        nonlocal seen
        seen += connection.get_execution_options().get("writes", True)
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(company.database.engine, "commit", commit)
    company.runtime.runner.run_one([ERASE])
