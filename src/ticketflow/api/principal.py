"""Who asks: an API key or a person, with what they may do. Nobody gives to others what they do not have."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ticketflow.api.roles import least_role, scopes_of
from ticketflow.api.scopes import Scope
from ticketflow.domain import Role
from ticketflow.errors import Forbidden


@dataclass(frozen=True)
class Principal:
    """A caller. Only a person has a role and a session, whose id is the digest of the cookie."""

    kind: Literal["key", "person"]
    id: str
    name: str
    workspace_id: str
    scopes: frozenset[str]
    role: Role | None = None
    session_id: str | None = None

    @property
    def actor(self) -> str:
        """How the audit log and the feedback name this caller, at most 190 characters."""
        return f"{self.kind}:{self.id}"

    def require(self, scope: Scope) -> None:
        """Raises Forbidden unless the caller carries the scope."""
        if scope in self.scopes:
            return
        if self.kind == "key":
            raise Forbidden(
                f"The API key {self.id} does not carry the scope {scope}.",
                remedy=f"Make one with `ticketflow key create NAME --scope {scope}`.",
            )
        raise Forbidden(
            f"The role {self.role} does not carry the scope {scope}.",
            remedy=f"Ask for the role {least_role(scope)}, or ask somebody who has it.",
        )


def require_all(held: Iterable[str], scopes: Iterable[str], doing: str) -> None:
    """Raises Forbidden when `doing` would give scopes that are not `held`."""
    if missing := sorted(set(scopes) - set(held)):
        raise Forbidden(
            f"{doing} takes scopes that you do not have: {', '.join(missing)}.",
            remedy="Ask somebody who has them.",
        )


def require_role(held: Iterable[str], role: Role, doing: str) -> None:
    """Raises Forbidden when `doing` concerns a role that may do more than what is `held`."""
    require_all(held, scopes_of(role), doing)
