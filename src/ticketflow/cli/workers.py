"""Who works on the runs while a command waits for them: this process, and others beside it for long work."""

import os
import signal
import subprocess
import sys
import threading
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
    quiet = {**os.environ, "TICKETFLOW_LOG_LEVEL": "ERROR"}  # the coming and going of these is nobody's news
    others = [
        subprocess.Popen([*command, "--attached"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=quiet)
        for _ in range(processes - 1)
    ]
    built.runner.start(1)
    try:
        yield
    finally:
        for other in others:
            if other.stdin is not None:
                other.stdin.close()
        built.runner.stop(drain_seconds=built.config.lease_seconds)
        for other in others:
            other.wait()


def leave_with_parent() -> None:
    """End this worker in order when whoever started it is gone: standard input, a pipe from there, then ends."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
