"""A company that is served over a real socket."""

from dataclasses import dataclass

from agent_harness import Company

from ticketflow.api import keys
from ticketflow.api.scopes import Scope


@dataclass(frozen=True)
class Served:
    """A company that is served at `url`; `key` may do everything."""

    company: Company
    url: str
    key: str

    def key_with(self, *scopes: Scope) -> str:
        """Another key."""
        database, workspace_id = self.company.database, self.company.id
        with database.write() as session:
            names = [scope.value for scope in scopes]
            return keys.create(session, workspace_id, self.company.runtime.secret, "a test", names, actor="test")[1]
