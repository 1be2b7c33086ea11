"""A ticket's life: which status may follow which, as one table. Pure; `desk` is what keeps to it.

docs/guides/tickets.md shows it as a figure, and a test holds the two together.
"""

from collections.abc import Mapping

from ticketflow.domain import TicketStatus
from ticketflow.errors import Conflict

NEW, PROCESSING, WAITING, ESCALATED, RESOLVED, REOPENED, CLOSED = TicketStatus

MOVES: Mapping[TicketStatus, frozenset[TicketStatus]] = {
    NEW: frozenset({PROCESSING, WAITING, ESCALATED, RESOLVED, CLOSED}),
    PROCESSING: frozenset({NEW, WAITING, ESCALATED, RESOLVED, REOPENED, CLOSED}),  # NEW: put back by a shadow run
    WAITING: frozenset({PROCESSING, ESCALATED, RESOLVED, REOPENED, CLOSED}),
    ESCALATED: frozenset({PROCESSING, WAITING, RESOLVED, CLOSED}),
    RESOLVED: frozenset({PROCESSING, WAITING, REOPENED, CLOSED}),
    REOPENED: frozenset({PROCESSING, WAITING, ESCALATED, RESOLVED, CLOSED}),
    CLOSED: frozenset({REOPENED}),
}
"""What a status may become. Staying what it is, is no move and always allowed."""

DONE = frozenset({RESOLVED, CLOSED})
"""Nothing is waited for."""

BY_PEOPLE = frozenset({WAITING, ESCALATED, RESOLVED, REOPENED, CLOSED})
"""What a person may set; the others come with a new ticket and with a run."""


def allowed(before: TicketStatus, after: TicketStatus) -> bool:
    """Whether a ticket may go from one status to another."""
    return before is after or after in MOVES[before]


def sources(after: TicketStatus) -> frozenset[TicketStatus]:
    """Every status from which a ticket may come to this one, itself included."""
    return frozenset(before for before in TicketStatus if allowed(before, after))


def check(before: TicketStatus, after: TicketStatus) -> None:
    """Raises Conflict when a ticket may not go from one status to the other."""
    if not allowed(before, after):
        ways = ", ".join(status for status in TicketStatus if status in MOVES[before])
        raise Conflict(
            f"A ticket that is {before} does not become {after}.", remedy=f"It can become {ways}.", field="status"
        )
