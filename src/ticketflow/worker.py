"""The run loop as a process of its own: works until it is asked to stop, then ends what it has begun.

Not the loop itself: that is `workflow.runner`, which `serve` uses as well.
"""

import signal
import threading
from typing import Any

import structlog

from ticketflow.workflow.runner import Runner

DRAIN_SECONDS = 20.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)

log = structlog.get_logger(__name__)


def run_worker(runner: Runner[Any], threads: int, *, drain_seconds: float = DRAIN_SECONDS) -> bool:
    """Work off runs on `threads` threads until SIGINT or SIGTERM, then end those under way. Main thread only.

    False when some did not end within `drain_seconds`: another worker takes them over. A second signal ends the
    process at once.
    """
    asked = threading.Event()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, _frame: Any) -> None:
        log.info("worker_stopping", signal=signal.Signals(number).name, drain_seconds=drain_seconds)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        asked.set()

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        runner.start(threads)
        log.info("worker_started", threads=threads)
        asked.wait()
        drained = runner.stop(drain_seconds)
        log.info("worker_stopped", drained=drained)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return drained
