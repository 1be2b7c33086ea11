"""What is counted and traced of runs: one observer for the runner of an installation."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from ticketflow import origin
from ticketflow.domain import Decision, Value
from ticketflow.integrations.delivering import Attempted
from ticketflow.telemetry.metrics import Metrics
from ticketflow.telemetry.tracing import Tracing
from ticketflow.workflow.observing import Ended, Observer
from ticketflow.workflow.queue import Run


class Telemetry(Observer):
    """Metrics, and traces where they are on."""

    def __init__(self, metrics: Metrics, tracing: Tracing | None) -> None:
        self.metrics = metrics
        self.tracing = tracing

    def running(self, run: Run) -> AbstractContextManager[None]:
        """See Observer: a span for the claim, a child of the request's that queued the run."""
        if self.tracing is None:
            return nullcontext()
        return self._span(f"run {run.workflow}", "consumer", _ids(run) | {"ticketflow.attempt": run.attempt})

    def computing(self, run: Run, step: str) -> AbstractContextManager[None]:
        """See Observer: a span for the step."""
        if self.tracing is None:
            return nullcontext()
        return self._span(f"step {step}", "internal", {"ticketflow.run.id": run.id, "ticketflow.step": step})

    def committed(self, run: Run, step: str, duration_us: int, value: Value | None) -> None:
        """See Observer."""
        self.metrics.step(run.workflow, step, duration_us / 1_000_000)
        if isinstance(value, Decision):
            self.metrics.decided(value.action.value, value.path.value)
        elif isinstance(value, Attempted):
            self.metrics.delivered(_delivery(value))

    def ended(self, run: Run, how: Ended) -> None:
        """See Observer."""
        self.metrics.ended(run.workflow, how.value)
        if self.tracing is not None:
            self.tracing.note(origin.current().traceparent, "ticketflow.outcome", how.value, failed=how is Ended.FAILED)

    def close(self) -> None:
        """Send the spans that wait."""
        if self.tracing is not None:
            self.tracing.close()

    @contextmanager
    def _span(self, name: str, kind: str, attributes: dict[str, str | int]) -> Generator[None]:
        assert self.tracing is not None
        here = origin.current()
        with (
            self.tracing.span(name, kind, here.traceparent, attributes) as traceparent,
            origin.under(here._replace(traceparent=traceparent)),
        ):
            yield


def _ids(run: Run) -> dict[str, str | int]:
    found: dict[str, str | int] = {"ticketflow.run.id": run.id, "ticketflow.workflow": run.workflow}
    if run.ticket_id:
        found["ticketflow.ticket.id"] = run.ticket_id
    if run.origin.request_id:
        found["ticketflow.request.id"] = run.origin.request_id
    return found


def _delivery(value: Attempted) -> str:
    if not value.sent:
        return "dropped"
    return "delivered" if value.error is None else "failed"
