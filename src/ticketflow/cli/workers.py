"""Who works on the runs while a command waits for them: this process, and others beside it for long work."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime


@contextmanager
def working(built: "Runtime", processes: int) -> Generator[None]:
    """Work off runs in one thread of this process and in `processes - 1` worker processes while the block runs.

    Threads would share one interpreter lock; on two cores a second process does 1.5 times the work.
    """
    command = [sys.executable, "-m", "ticketflow", "worker", "--threads", "1", "--home", str(built.config.home)]
    others = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(processes - 1)
    ]
    built.runner.start(1)
    try:
        yield
    finally:
        for other in others:
            other.terminate()
        built.runner.stop(drain_seconds=built.config.lease_seconds)
        for other in others:
            other.wait()
