"""What each role may do. A scope that is not named here belongs to owners alone: everything else is denied.

docs/reference/api.md shows the same as a table, made from here.
"""

from collections.abc import Mapping

from ticketflow.api.scopes import Scope
from ticketflow.domain import Role

LEAST: Mapping[Scope, Role] = {
    Scope.TICKETS_READ: Role.VIEWER,
    Scope.ARTICLES_READ: Role.VIEWER,
    Scope.SEARCH_READ: Role.VIEWER,
    Scope.RUNS_READ: Role.VIEWER,
    Scope.EVENTS_READ: Role.VIEWER,
    Scope.SETTINGS_READ: Role.VIEWER,
    Scope.AUDITS_READ: Role.VIEWER,
    Scope.TICKETS_WRITE: Role.AGENT,
    Scope.ARTICLES_WRITE: Role.AGENT,
    Scope.FEEDBACK_WRITE: Role.AGENT,
    Scope.AUDITS_WRITE: Role.AGENT,
    Scope.SETTINGS_WRITE: Role.ADMIN,
    Scope.KEYS_READ: Role.ADMIN,
    Scope.KEYS_WRITE: Role.ADMIN,
    Scope.PEOPLE_READ: Role.ADMIN,
    Scope.PEOPLE_WRITE: Role.ADMIN,
    Scope.AUDIT_LOG_READ: Role.ADMIN,
    Scope.WEBHOOKS_READ: Role.ADMIN,
    Scope.WEBHOOKS_WRITE: Role.ADMIN,
    Scope.SOURCES_READ: Role.ADMIN,
    Scope.SOURCES_WRITE: Role.ADMIN,
}
"""The lowest role that carries a scope."""


def scopes_of(role: Role) -> frozenset[str]:
    """Everything that a person with this role may do."""
    return frozenset(scope.value for scope in Scope if role.rank >= least_role(scope).rank)


def least_role(scope: Scope) -> Role:
    """The lowest role that carries `scope`."""
    return LEAST.get(scope, Role.OWNER)
