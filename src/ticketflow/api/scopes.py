"""What an API key may be allowed to do. Everything that is not granted is denied."""

from collections.abc import Iterable
from enum import StrEnum

from ticketflow.errors import InvalidInput


class Scope(StrEnum):
    """A permission that a route asks for and a key carries."""

    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    ARTICLES_READ = "articles:read"
    ARTICLES_WRITE = "articles:write"
    SEARCH_READ = "search:read"
    FEEDBACK_WRITE = "feedback:write"
    RUNS_READ = "runs:read"
    EVENTS_READ = "events:read"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    AUDITS_READ = "audits:read"
    AUDITS_WRITE = "audits:write"


ALLOWS = {
    Scope.TICKETS_READ: "read tickets, their messages and decisions",
    Scope.TICKETS_WRITE: "open tickets and add messages to them",
    Scope.ARTICLES_READ: "read articles and answers",
    Scope.ARTICLES_WRITE: "write articles and answers, and approve answers",
    Scope.SEARCH_READ: "search cases, articles, answers and tickets",
    Scope.FEEDBACK_WRITE: "say whether a decision was right",
    Scope.RUNS_READ: "read runs and the input and output of their steps",
    Scope.EVENTS_READ: "read the event log and the notices",
    Scope.SETTINGS_READ: "read the settings, how automation stands, certificates and experiments",
    Scope.SETTINGS_WRITE: "change the settings, stop automation, try for a certificate, run experiments",
    Scope.AUDITS_READ: "read the tickets that wait for a grade, and how the audit stands",
    Scope.AUDITS_WRITE: "grade them",
}


def parse(names: Iterable[str]) -> list[Scope]:
    """The scopes of these names, each once, sorted. Raises InvalidInput for an unknown name and for none at all."""
    wanted = {name.strip() for name in names if name.strip()}
    known = {scope.value for scope in Scope}
    if unknown := sorted(wanted - known):
        raise InvalidInput(
            f"There is no scope {', '.join(unknown)}.",
            remedy=f"Known scopes: {', '.join(sorted(known))}.",
            field="scope",
        )
    if not wanted:
        raise InvalidInput(
            "A key without scopes opens nothing.",
            remedy=f"Give at least one of {', '.join(sorted(known))}.",
            field="scope",
        )
    return sorted(Scope(name) for name in wanted)
