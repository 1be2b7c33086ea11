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
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    OWNERS_WRITE = "owners:write"
    AUDIT_LOG_READ = "audit-log:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    SOURCES_READ = "sources:read"
    SOURCES_WRITE = "sources:write"
    DATA_ERASE = "data:erase"
    DATA_EXPORT = "data:export"
    METRICS_READ = "metrics:read"


ALLOWS = {
    Scope.TICKETS_READ: "read tickets, their messages and decisions",
    Scope.TICKETS_WRITE: "open tickets, change them, and add messages and attachments to them",
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
    Scope.KEYS_READ: "read which API keys there are, without their secrets",
    Scope.KEYS_WRITE: "make API keys that do no more than the caller, rotate them, and revoke any",
    Scope.PEOPLE_READ: "read who may sign in, with which role, and their sessions",
    Scope.PEOPLE_WRITE: "invite people, change and disable those who may do no more than the caller",
    Scope.OWNERS_WRITE: "do so with owners: no route asks for it, and every owner has it",
    Scope.AUDIT_LOG_READ: "read who changed what, and who signed in",
    Scope.WEBHOOKS_READ: "read webhook endpoints and what was delivered to them",
    Scope.WEBHOOKS_WRITE: "add, change, rotate and delete webhook endpoints, and send again",
    Scope.SOURCES_READ: "read the sources that may send tickets, and try their mappings",
    Scope.SOURCES_WRITE: "add, change, rotate and delete sources",
    Scope.DATA_ERASE: "erase a person's data for good",
    Scope.DATA_EXPORT: "export the whole workspace",
    Scope.METRICS_READ: "read the figures of the server, over all workspaces",
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
