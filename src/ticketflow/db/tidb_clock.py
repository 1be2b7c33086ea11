"""The time of a TiDB cluster: what its timestamp service says, carried on by this machine's steady clock.

Leases are compared by processes of several machines. Their own clocks differ and are set; the cluster's is one.
"""

import threading
import time

from sqlalchemy import Engine

AGAIN_SECONDS = 30.0
LOGICAL_BITS = 18  # of a timestamp; the bits above count milliseconds


class ClusterClock:
    """See clock.Clock. Asks the cluster at first use and every AGAIN_SECONDS; never goes back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asking = threading.Lock()
        self._going_on = threading.Lock()
        self._asked_at: float | None = None
        self._base = 0  # microseconds to add to the steady clock
        self._latest = 0

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        # One thread asks. The others wait for the first answer only: later ones just correct a drift, and a cluster
        # that is silent would hold them up one after the other.
        if self._due() and self._asking.acquire(blocking=self._asked_at is None):
            try:
                if self._due():
                    self._ask()
            finally:
                self._asking.release()
        with self._going_on:
            self._latest = max(self._latest, self._base + time.monotonic_ns() // 1_000)
            return self._latest

    def _due(self) -> bool:
        return self._asked_at is None or time.monotonic() - self._asked_at >= AGAIN_SECONDS

    def _ask(self) -> None:
        with self._engine.connect().execution_options(writes=False) as connection:
            sent = time.monotonic_ns()
            timestamp = int(connection.exec_driver_sql("SELECT @@tidb_current_ts").scalar_one())
        self._base = (timestamp >> LOGICAL_BITS) * 1_000 - sent // 1_000
        self._asked_at = time.monotonic()
