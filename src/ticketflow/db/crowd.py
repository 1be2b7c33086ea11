"""Who waits for the database: where nobody gets through any more, newcomers are turned away at once.

Without this a database that is locked or silent takes a server's threads one after the other, each for the whole
wait, and even what needs no database is answered by nobody.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from ticketflow.errors import StorageUnavailable

WAITING = 16
"""So many may wait while nobody gets through: less than a server has threads, more than a pause in the work gathers."""
PATIENCE_SECONDS = 2.0


class Crowd:
    """Those who wait to begin a transaction."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._in_vain = False
        self._passed_at = 0.0  # when somebody got through last, or began to wait where nobody did

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Around the wait. Raises StorageUnavailable at once where it would be in vain.

        Once somebody has waited in vain, one alone goes on trying until it gets through.
        """
        with self._lock:
            now = time.monotonic()
            if self._waiting == 0:
                self._passed_at = now
            stuck = self._in_vain or now - self._passed_at > PATIENCE_SECONDS
            if stuck and self._waiting >= (1 if self._in_vain else WAITING):
                raise StorageUnavailable(
                    "The database does not answer, and others wait for it already.",
                    remedy="Check that it runs and that nobody keeps it locked; then try again.",
                )
            self._waiting += 1
        passed = False
        try:
            yield
            passed = True
        finally:
            with self._lock:
                self._waiting -= 1
                self._in_vain = not passed
                if passed:
                    self._passed_at = time.monotonic()
