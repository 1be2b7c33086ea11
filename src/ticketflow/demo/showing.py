"""The demo's live table and its summary, for a terminal."""

from collections import deque
from collections.abc import Sequence
from statistics import quantiles

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ticketflow.agent.batch import Processed
from ticketflow.demo.company import Arrival
from ticketflow.domain import Action, Value

ROWS = 14


class Tally(Value):
    """How the agent did. `right` and `wrong` are automatic replies; times are milliseconds of a ticket's steps."""

    tickets: int
    resolved: int
    escalated: int
    right: int
    wrong: int
    without_answer: int
    p50_ms: float
    p95_ms: float


class Board:
    """What was decided so far, the newest tickets as a table."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._rows: deque[tuple[Arrival, Processed]] = deque(maxlen=ROWS)
        self._told: list[tuple[Arrival, Processed]] = []

    def add(self, arrival: Arrival, told: Processed) -> None:
        """Take note of one ticket's decision."""
        self._rows.append((arrival, told))
        self._told.append((arrival, told))

    def tally(self) -> Tally:
        """The counts so far."""
        return tally(self._told)

    def render(self) -> RenderableType:
        """The newest tickets, and the counts."""
        table = Table(box=None, header_style="bold dim", pad_edge=False, expand=True)
        for name, ratio in (("ticket", 4), ("understood as", 4), ("decision", 6)):
            table.add_column(name, ratio=ratio, no_wrap=True, overflow="ellipsis")
        for name in ("sure", "ms"):
            table.add_column(name, width=4, no_wrap=True, justify="right")
        for arrival, told in self._rows:
            table.add_row(
                Text(" ".join((arrival.ticket.subject or arrival.ticket.body).split())),
                Text(f"{told.category or '-'} · {told.priority} · {told.language or '?'}"),
                _decision(arrival, told),
                f"{told.confidence:.2f}",
                f"{sum(told.timings_ms.values()):.0f}",
            )
        return Group(table, Text(), Text.from_markup(line(self.tally(), self._total)))


def tally(told: Sequence[tuple[Arrival, Processed]]) -> Tally:
    """Count decisions against what would have been right."""
    resolved = [(arrival, made) for arrival, made in told if made.action is Action.RESOLVE]
    right = sum(made.answer is not None and made.answer.label == arrival.right for arrival, made in resolved)
    times = sorted(sum(made.timings_ms.values()) for _, made in told)
    cuts = quantiles(times, n=20, method="inclusive") if len(times) > 1 else [*times, 0.0] * 20
    return Tally(
        tickets=len(told),
        resolved=len(resolved),
        escalated=len(told) - len(resolved),
        right=right,
        wrong=len(resolved) - right,
        without_answer=sum(arrival.right is None for arrival, _ in told),
        p50_ms=round(cuts[9], 1),
        p95_ms=round(cuts[18], 1),
    )


def line(counts: Tally, total: int) -> str:
    """The counts as one line of markup."""
    return (
        f"[bold]{counts.tickets}[/bold] of {total} tickets   "
        f"[green]{counts.resolved} answered[/green] ({counts.right} right, {counts.wrong} wrong)   "
        f"[yellow]{counts.escalated} handed to people[/yellow]   "
        f"p50 {counts.p50_ms:.0f} ms   p95 {counts.p95_ms:.0f} ms"
    )


def _decision(arrival: Arrival, told: Processed) -> Text:
    if told.action is Action.RESOLVE and told.answer is not None:
        right = told.answer.label == arrival.right
        return Text(f"answered: {told.answer.label}", style="green" if right else "red")
    proposed = f" (proposes {told.answer.label})" if told.answer else ""
    return Text(f"to a human{proposed}", style="yellow")
