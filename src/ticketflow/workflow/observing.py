"""What may watch runs without having a say in them: metrics and traces. The base watches nothing."""

from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum

from ticketflow.domain import Value
from ticketflow.workflow.queue import Run


class Ended(StrEnum):
    """How a claim of a run ended: done, given back for another attempt, at a human, or another worker's meanwhile."""

    SUCCEEDED = "succeeded"
    RETRIED = "retried"
    FAILED = "failed"
    LOST = "lost"


class Observer:
    """Told of every claim, by the thread that works on it. What it does must be quick, and raises nothing."""

    def running(self, run: Run) -> AbstractContextManager[None]:
        """Around a claim."""
        return nullcontext()

    def computing(self, run: Run, step: str) -> AbstractContextManager[None]:
        """Around a step's computation; what that raises passes through."""
        return nullcontext()

    def committed(self, run: Run, step: str, duration_us: int, value: Value | None) -> None:
        """A step was committed with this value."""

    def ended(self, run: Run, how: Ended) -> None:
        """The claim ended."""
