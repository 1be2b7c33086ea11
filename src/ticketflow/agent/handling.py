"""What people do with a ticket: its status, who has it, what it is called and filed under.

Each change is in the event log and, with what was there before, in the audit log.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ticketflow import events
from ticketflow.agent import desk, life
from ticketflow.db import Session
from ticketflow.domain import TicketStatus
from ticketflow.errors import InvalidInput
from ticketflow.store import audit, tickets
from ticketflow.store.tickets import Ticket

MOST_TAGS = 50

_MOVED = {
    TicketStatus.WAITING: "ticket.waiting",
    TicketStatus.ESCALATED: "ticket.escalated",
    TicketStatus.RESOLVED: "ticket.resolved",
    TicketStatus.REOPENED: "ticket.reopened",
    TicketStatus.CLOSED: "ticket.closed",
}
_ASSIGNED = ("team", "assignee")
_FILED = ("subject", "category", "priority")


def change_ticket(session: Session, workspace_id: str, ticket_id: str, wanted: Mapping[str, Any], actor: str) -> Ticket:
    """Change what `wanted` names; the ticket as it then stands. What is so already is no change.

    wanted   any of status, priority, category, team, assignee, subject, tags (the whole list), add_tags, remove_tags

    Raises NotFound, InvalidInput for a status that people do not set or too many tags, and Conflict for a move that
    `life` has not, or a ticket that was merged.
    """
    before = tickets.get(session, workspace_id, ticket_id)
    desk.check_unmerged(before)
    values = {
        name: wanted[name] for name in (*_ASSIGNED, *_FILED) if name in wanted and wanted[name] != getattr(before, name)
    }
    tags = _tags(before.tags, wanted)
    if tags != before.tags:
        tickets.tag(session, workspace_id, ticket_id, tags)
        values["tags"] = tags
    status = _status(before, wanted.get("status"))
    if status is not None:
        desk.move(session, workspace_id, ticket_id, status, **values)
        values["status"] = status
    elif values:
        desk.change(session, workspace_id, ticket_id, **values)
    if values:
        _tell(session, before, values, actor)
    return tickets.get(session, workspace_id, ticket_id)


def _status(before: Ticket, wanted: str | None) -> TicketStatus | None:
    status = before.status if wanted is None else TicketStatus(wanted)
    if status is before.status:
        return None
    if status not in life.BY_PEOPLE:
        raise InvalidInput(
            f"A ticket becomes {status} by itself.", remedy="Add a message to it instead.", field="status"
        )
    return status


def _tags(before: Sequence[str], wanted: Mapping[str, Any]) -> list[str]:
    """In the order they were given, each once."""
    kept = [*wanted.get("tags", before), *wanted.get("add_tags", ())]
    gone = set(wanted.get("remove_tags", ()))
    tags = [tag for tag in dict.fromkeys(kept) if tag not in gone]
    if len(tags) > MOST_TAGS and len(tags) > len(before):
        raise InvalidInput(f"A ticket has at most {MOST_TAGS} tags.", field="add_tags")
    return tags


def _tell(session: Session, before: Ticket, values: Mapping[str, Any], actor: str) -> None:
    workspace_id, ticket_id = before.workspace_id, before.id
    if "status" in values:
        events.append(session, workspace_id, _MOVED[values["status"]], ticket_id, by=actor)
    if assigned := {name: values[name] for name in _ASSIGNED if name in values}:
        events.append(session, workspace_id, "ticket.assigned", ticket_id, **assigned, by=actor)
    if "tags" in values:
        added = [tag for tag in values["tags"] if tag not in before.tags]
        removed = [tag for tag in before.tags if tag not in values["tags"]]
        events.append(session, workspace_id, "ticket.tagged", ticket_id, added=added, removed=removed, by=actor)
    if filed := [name for name in _FILED if name in values]:
        events.append(session, workspace_id, "ticket.changed", ticket_id, fields=filed, by=actor)
    were = {name: getattr(before, name) for name in values}
    audit.record(session, workspace_id, actor, "ticket.changed", ticket_id, before=were, after=dict(values))
