"""What events are about: each type belongs to one topic, and whoever reads the topic needs its scope.

The only place that says so: the stream, the list and their description follow it. docs/reference/events.md names the
topic of every type, and a test compares.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ticketflow.api.scopes import Scope
from ticketflow.errors import InvalidInput
from ticketflow.events import Event

SCOPES = {
    "tickets": Scope.TICKETS_READ,
    "runs": Scope.RUNS_READ,
    "knowledge": Scope.ARTICLES_READ,
    "learning": Scope.SETTINGS_READ,
    "automation": Scope.SETTINGS_READ,
    "experiments": Scope.SETTINGS_READ,
    "audits": Scope.AUDITS_READ,
    "settings": Scope.SETTINGS_READ,
    "people": Scope.PEOPLE_READ,
    "webhooks": Scope.WEBHOOKS_READ,
    "sources": Scope.SOURCES_READ,
    "channels": Scope.SETTINGS_READ,
    "workspace": Scope.SETTINGS_READ,
}
"""Every topic with the scope that its events need, besides `events:read`, which opens the log."""

OTHER = "workspace"
"""The topic of a type that no line below knows: what nobody thought of is not shown to everybody."""

_TOPIC_OF = {
    "ticket": "tickets",
    "message": "tickets",
    "decision": "tickets",
    "feedback": "tickets",
    "attachment": "tickets",
    "run": "runs",
    "article": "knowledge",
    "answer": "knowledge",
    "import": "knowledge",
    "learning": "learning",
    "encoder": "learning",
    "automation": "automation",
    "experiment": "experiments",
    "audit": "audits",
    "settings": "settings",
    "person": "people",
    "webhook": "webhooks",
    "source": "sources",
    "channel": "channels",
    "data": "workspace",
    "export": "workspace",
    "workspace": "workspace",
}
"""The topic by the part of a type before its dot."""

TOPIC_PATTERN = rf"^(tickets(/[A-Za-z0-9_-]{{1,190}})?|{'|'.join(sorted(set(SCOPES) - {'tickets'}))})$"
TYPE_PATTERN = r"^[a-z_]{1,60}\.[a-z_]{1,60}$"
MOST = 50
"""A filter names so many topics, and so many types, at most."""


def topic_of(event_type: str) -> str:
    """The topic of a type; OTHER where none is written down."""
    return _TOPIC_OF.get(event_type.partition(".")[0], OTHER)


def scope_of(event_type: str) -> Scope:
    """The scope that shows events of this type."""
    return SCOPES[topic_of(event_type)]


@dataclass(frozen=True)
class Filter:
    """Which events a reader wants: of any of the topics and of any of the types; empty means every one.

    A topic is one of SCOPES, or `tickets/ID` for what concerns one ticket.
    """

    topics: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    @classmethod
    def of(cls, topics: Iterable[str], types: Iterable[str]) -> "Filter":
        """Raises InvalidInput for a topic that there is not, for what is no type, and for too many of them."""
        wanted = cls(frozenset(topics), frozenset(types))
        for field, pattern, given in (("topic", TOPIC_PATTERN, wanted.topics), ("type", TYPE_PATTERN, wanted.types)):
            if len(given) > MOST:
                raise InvalidInput(f"A filter names {MOST} of `{field}` at most.", field=field)
            if not all(re.fullmatch(pattern, one) for one in given):
                known = f"Topics are {', '.join(SCOPES)} and tickets/ID; types look like ticket.created."
                raise InvalidInput(f"The {field} of the filter is not one that there is.", remedy=known, field=field)
        return wanted

    def wants(self, topic: str, event_type: str, ticket_id: str) -> bool:
        """Whether an event passes."""
        if self.types and event_type not in self.types:
            return False
        return not self.topics or topic in self.topics or bool(ticket_id and f"tickets/{ticket_id}" in self.topics)


def shown(event: Event, wanted: Filter, scopes: frozenset[str]) -> bool:
    """Whether a reader with these scopes and this filter is shown an event."""
    return scope_of(event.type) in scopes and wanted.wants(topic_of(event.type), event.type, event.ticket_id)
