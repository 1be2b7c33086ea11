"""Rows that a process has just read, for a moment: a database look a request would be one too many.

What another process changes shows after SECONDS at the latest.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

SECONDS = 0.5
MOST = 10_000

Row = TypeVar("Row")


class Remembered(Generic[Row]):
    """Rows by their id. Safe to share between threads; rows that are not there are not remembered."""

    def __init__(self, read: Callable[[str], Row | None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._monotonic = monotonic
        self._rows: dict[str, tuple[float, Row]] = {}
        self._lock = threading.Lock()

    def get(self, row_id: str) -> Row | None:
        """The row as it was SECONDS ago or later, None where there is none. Raises what reading raises."""
        now = self._monotonic()
        with self._lock:
            known = self._rows.get(row_id)
        if known is not None and now - known[0] < SECONDS:
            return known[1]
        row = self._read(row_id)
        with self._lock:
            if len(self._rows) >= MOST:
                self._rows.clear()
            if row is None:
                self._rows.pop(row_id, None)
            else:
                self._rows[row_id] = (now, row)  # the time before the read: a row is never older than it claims
        return row

    def forget(self, row_id: str) -> None:
        """Read this row anew the next time."""
        with self._lock:
            self._rows.pop(row_id, None)
