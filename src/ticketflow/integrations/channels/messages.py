"""What a channel is told: a subject and a text, made from events by templates.

The fields of a template are a closed list of plain texts: there are no attributes, indexes, conversions or formats, so
that a template can show nothing but these. What stands in a field may be a customer's words, and is escaped for where
it goes.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ticketflow.clock import to_iso
from ticketflow.domain import Value
from ticketflow.errors import InvalidInput
from ticketflow.events import Event
from ticketflow.store.tickets import Ticket

FIELDS = (
    "assignee",
    "category",
    "priority",
    "reason",
    "seq",
    "status",
    "subject",
    "team",
    "ticket_id",
    "time",
    "type",
    "workspace",
)
EMPTY = "none"
"""What stands for a field without a value."""
LONGEST_FIELD = 300
LONGEST_TEMPLATE = 2_000
MOST_TEMPLATES = 50
LINES = 40
"""Of a digest; the rest is counted."""
TEST = "channel.test"

_OF_TICKET = "\nTeam: {team}, priority: {priority}, category: {category}\nTicket {ticket_id}"
DEFAULTS: Mapping[str, str] = {
    "ticket.created": "New ticket: {subject}" + _OF_TICKET,
    "ticket.escalated": "A ticket needs a human: {subject}" + _OF_TICKET,
    "ticket.resolved": "Resolved: {subject}" + _OF_TICKET,
    "ticket.reopened": "Reopened: {subject}" + _OF_TICKET,
    "ticket.assigned": "Assigned to {assignee}: {subject}" + _OF_TICKET,
    "ticket.*": "{type}: {subject}" + _OF_TICKET,
    "run.failed": "A run failed: {reason}\nTicket {ticket_id}",
    "automation.lowered": "Automatic replies were restricted: {reason}",
    "automation.raised": "A restriction of automatic replies was taken back",
    "audit.overdue": "Graded tickets are overdue and count as wrong",
    "webhook.disabled": "A webhook endpoint was disabled: {reason}",
    "channel.failing": "A notification channel does not work: {reason}",
    TEST: "This is a test of TicketFlow's notifications in the workspace {workspace}",
    "*": "{type} in the workspace {workspace}\n{reason}",
}
USUAL = ("ticket.escalated", "automation.lowered", "run.failed", "webhook.disabled", "channel.failing")
"""What a channel is told of unless somebody says otherwise."""

Escape = Callable[[str], str]


class Rendered(Value):
    """A message. `lines` of a digest are one for each event."""

    subject: str
    text: str


def check(templates: Mapping[str, str]) -> None:
    """Raises InvalidInput for the first template that is none."""
    for key, template in templates.items():
        field = f"templates/{key}"
        if not template.strip() or len(template) > LONGEST_TEMPLATE:
            raise InvalidInput(f"A template has 1 to {LONGEST_TEMPLATE} characters.", field=field)
        try:
            _filled(template, dict.fromkeys(FIELDS, ""))
        except ValueError as error:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise InvalidInput(
                f"{error}", remedy=f"Fields are {known}; braces are written twice.", field=field
            ) from None


def fields_of(workspace: str, event: Event, ticket: Ticket | None) -> dict[str, str]:
    """The fields of an event; `workspace` is the slug."""
    given: dict[str, Any] = {
        "seq": event.seq,
        "time": to_iso(event.created_at),
        "type": event.type,
        "workspace": workspace,
        "ticket_id": event.ticket_id,
        "reason": event.data.get("reason") or event.data.get("error"),
    }
    if ticket is not None:
        for name in ("assignee", "category", "priority", "status", "subject", "team"):
            given[name] = getattr(ticket, name)
    return {name: _plain(given.get(name)) for name in FIELDS}


def rendered(templates: Mapping[str, str], fields: Mapping[str, str], escape: Escape) -> Rendered:
    """One event's message: the template's first line is its subject."""
    event_type = fields["type"]
    text = _filled(_template(templates, event_type), {name: escape(value) for name, value in fields.items()}).strip()
    return Rendered(subject=text.partition("\n")[0].strip() or event_type, text=text)


def digest(each: Sequence[Rendered]) -> Rendered:
    """One message of several."""
    subject = f"{len(each)} notifications"
    lines = [f"- {one.subject}" for one in each[:LINES]]
    if len(each) > LINES:
        lines.append(f"and {len(each) - LINES} more")
    return Rendered(subject=subject, text="\n".join([f"{subject}:", *lines]))


def _template(templates: Mapping[str, str], event_type: str) -> str:
    keys = (event_type, f"{event_type.partition('.')[0]}.*", "*")
    own = next((templates[key] for key in keys if key in templates and event_type != TEST), None)
    return own or next(DEFAULTS[key] for key in keys if key in DEFAULTS)


def _plain(value: Any) -> str:
    text = "" if value is None else str(value)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST_FIELD else f"{text[: LONGEST_FIELD - 1]}…"


def _filled(template: str, fields: Mapping[str, str]) -> str:
    """ValueError where the template is none."""
    parts: list[str] = []
    for literal, name, form, conversion in string.Formatter().parse(template):
        parts.append(literal)
        if name is None:
            continue
        if name not in fields or form or conversion:
            raise ValueError(f"There is no field {{{name}}}." if name not in fields else f"{{{name}}} takes no format.")
        parts.append(fields[name] or EMPTY)
    return "".join(parts)
