"""Settings: what an operator changes while the product runs, one row each."""

from typing import Any

from sqlalchemy import select

from ticketflow.db import Session
from ticketflow.db.tables import setting
from ticketflow.domain import Level, Value


class Settings(Value):
    """A workspace's settings with their defaults; rows override them."""

    automation: bool = True
    """The kill switch: false stops every automatic reply within a second."""
    level: Level = Level.AUTO
    """What the agent may do at most; it replies by itself only under a live certificate."""
    levels: dict[str, Level] = {}
    """The same for single categories, where that is less."""
    max_wrong: float = 0.05
    """Largest accepted share of wrong automatic replies."""
    certainty: float = 0.95
    """How sure a certificate must be that the share is kept."""
    category_max_wrong: dict[str, float] = {}
    """Categories with a share, and so a certificate, of their own."""
    sensitive: list[str] = ["refund", "legal", "security", "minors"]
    """Categories that are never answered automatically, unless they have a share of their own."""
    max_replies_per_day: int | None = None
    """Most automatic replies in one day (UTC); none is no limit."""
    max_replies_per_ticket: int = 3
    """Most automatic replies in one ticket."""
    max_replies_per_requester: int = 10
    """Most automatic replies to one e-mail address in one day (UTC): two machines must not write to each other."""
    audit_share: float = 0.1
    """Share of tickets that people grade, drawn before anything is known of them."""
    audit_days: int = 14
    """Days for grading; what is not graded then counts as wrong."""
    novelty_share: float = 0.2
    """Expected share of tickets that no known answer fits, until the history tells."""
    link_hosts: list[str] | None = None
    """Hosts that links and addresses in replies may name, what lies under them included; none is any host."""
    teams: dict[str, str] = {}
    """Team that takes the tickets of a category."""
    default_team: str = "support"
    """Team that takes every other ticket."""
    language_models: bool = True
    """Whether the language models that the installation has are asked about this workspace's tickets."""
    max_model_tokens_per_day: int | None = None
    """Most tokens sent to and received from language models in one day (UTC); none is no limit."""
    max_model_cost_per_day: float | None = None
    """Most money for language models in one day (UTC), in the currency of their prices; none is no limit."""
    refit_after: int = 200
    """New or changed cases after which learning runs again."""


def get(session: Session, workspace_id: str) -> Settings:
    """The settings in force."""
    rows = session.execute(select(setting.c.name, setting.c.value).where(setting.c.workspace_id == workspace_id))
    stored = {name: value for name, value in rows if name in Settings.model_fields}
    return Settings.model_validate(stored)


def put(session: Session, workspace_id: str, changes: dict[str, Any], author: str) -> Settings:
    """Change settings by name. Raises pydantic's ValidationError for an unknown name or a wrong value."""
    merged = Settings.model_validate({**get(session, workspace_id).model_dump(), **changes})
    statement = session.dialect.upsert(
        setting, ["workspace_id", "name"], ["value", "version", "updated_at", "updated_by"]
    )
    known = session.execute(select(setting.c.name, setting.c.version).where(setting.c.workspace_id == workspace_id))
    versions: dict[str, int] = {name: version for name, version in known}
    rows = [
        {
            "workspace_id": workspace_id,
            "name": name,
            "value": getattr(merged, name),
            "version": versions.get(name, 0) + 1,
            "updated_at": session.now,
            "updated_by": author,
        }
        for name in changes
    ]
    if rows:
        session.execute(statement, rows)
    return merged
