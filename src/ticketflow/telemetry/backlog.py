"""The queue as Prometheus sees it: read from the database when it asks, at most every LOOK_SECONDS."""

import threading
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ticketflow.errors import StorageUnavailable
from ticketflow.workflow.queue import Backlog

LOOK_SECONDS = 5.0

Look = Callable[[], Sequence[Backlog]]


class BacklogCollector(Collector):
    """Asks `look` for every workflow's due runs. Where the database is away there are no figures, and it says so."""

    def __init__(self, look: Look, seconds: Callable[[], float]) -> None:
        self._look = look
        self._seconds = seconds
        self._lock = threading.Lock()
        self._found: Sequence[Backlog] | None = None
        self._looked = -LOOK_SECONDS

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The names, so that registering does not look."""
        yield from _families()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures."""
        found = self._kept()
        answers, depth, age = _families()
        answers.add_metric([], 0 if found is None else 1)
        for one in found or ():
            depth.add_metric([one.workflow], one.due)
            age.add_metric([one.workflow], one.oldest_us / 1_000_000)
        yield from (answers, depth, age)

    def _kept(self) -> Sequence[Backlog] | None:
        with self._lock:
            now = self._seconds()
            if now - self._looked >= LOOK_SECONDS:
                try:
                    self._found = self._look()
                except StorageUnavailable:
                    self._found = None
                self._looked = now
            return self._found


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("ticketflow_database_up", "Whether the database answered the latest look at the queue."),
        GaugeMetricFamily("ticketflow_queue_due", "Runs that wait for a worker.", labels=["workflow"]),
        GaugeMetricFamily(
            "ticketflow_queue_oldest_due_seconds", "How long the oldest of them has waited.", labels=["workflow"]
        ),
    )
