"""Stops asking a provider that fails every time, and lets one call through now and then to see whether it is back.

A library would do but for two things: of many threads one probes, and no change of the clock may hold it open.
"""

import threading
import time
from collections.abc import Callable

FAILURES = 5
OPEN_SECONDS = 60.0


class Breaker:
    """Closed at first; open after more than `failures` consecutive failures; after `open_seconds` one probe decides."""

    def __init__(
        self,
        failures: int = FAILURES,
        open_seconds: float = OPEN_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._open_seconds = open_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failed = 0
        self._blocked_until = 0.0

    @property
    def open(self) -> bool:
        """Whether calls are refused for the time being, a probe aside."""
        return self._failed > self._failures

    def admit(self) -> bool:
        """Whether a call may be made now. Whoever is admitted says how it went, by `succeeded` or `failed`."""
        with self._lock:
            if not self.open:
                return True
            if self._monotonic() < self._blocked_until:
                return False
            self._blocked_until = self._monotonic() + self._open_seconds  # nobody else while this one probes
            return True

    def succeeded(self) -> None:
        """The call brought what was asked for."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """The call brought nothing of use."""
        with self._lock:
            self._failed += 1
            if self.open:
                self._blocked_until = self._monotonic() + self._open_seconds
