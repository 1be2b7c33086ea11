"""Lanes: how many runs that wait for the same other machine a process works on at a time.

Without them a machine that hangs would in time hold every thread that calls others.
"""

import threading
from collections import Counter

from ticketflow.workflow import queue
from ticketflow.workflow.queue import Run


class Lanes:
    """The lanes of one process. `turn` is held by the one thread that looks for the next run of any of them."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()
        self._full: set[str] = set()

    def full(self) -> frozenset[str]:
        """The lanes that take no further run now."""
        with self._lock:
            return frozenset(self._full)

    def enter(self, run: Run, width: int) -> None:
        """Take note that work on `run` begins; its lane is full from `width` runs on."""
        lane = queue.lane_of(run.trigger_id)
        with self._lock:
            self._inside[lane] += 1
            if self._inside[lane] >= width:
                self._full.add(lane)

    def leave(self, run: Run) -> bool:
        """Take note that it has ended; whether its lane was full."""
        lane = queue.lane_of(run.trigger_id)
        with self._lock:
            was_full = lane in self._full
            self._full.discard(lane)
            self._inside[lane] -= 1
            if not self._inside[lane]:
                del self._inside[lane]
        return was_full
