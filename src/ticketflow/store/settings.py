"""Settings: what an operator changes while the product runs, one row each."""

from enum import StrEnum
from typing import Any

from pydantic import Field
from sqlalchemy import select

from ticketflow.db import Session
from ticketflow.db.tables import setting
from ticketflow.domain import AfterClosing, Level, Value


class Category(StrEnum):
    """What a setting is about."""

    AUTOMATION = "automation"
    AUDIT = "audit"
    LEARNING = "learning"
    ROUTING = "routing"
    TICKETS = "tickets"
    LANGUAGE_MODELS = "language_models"
    RETENTION = "retention"


def setting_of(category: Category, default: Any, description: str) -> Any:
    """A setting as a field of its class: what it is about, its value where no row is, and what it does."""
    return Field(default, description=description, json_schema_extra={"category": category})


class Settings(Value):
    """A workspace's settings with their defaults; rows override them."""

    automation: bool = setting_of(
        Category.AUTOMATION,
        True,
        "The kill switch: false stops every automatic reply within a second; checked again at the moment of sending.",
    )
    level: Level = setting_of(
        Category.AUTOMATION,
        Level.AUTO,
        "What the agent may do at most: `off`, `shadow`, `assist` or `auto`; it replies by itself only under a live "
        "certificate.",
    )
    levels: dict[str, Level] = setting_of(
        Category.AUTOMATION, {}, "The same for single categories, where that is less."
    )
    max_wrong: float = setting_of(
        Category.AUTOMATION,
        0.05,
        "Largest accepted share of wrong automatic replies, 0 to 0.5; the threshold follows from it.",
    )
    certainty: float = setting_of(
        Category.AUTOMATION, 0.95, "How sure a certificate must be that the share is kept, 0.5 to 0.999."
    )
    category_max_wrong: dict[str, float] = setting_of(
        Category.AUTOMATION, {}, "Categories with an accepted share, and so a certificate, of their own."
    )
    sensitive: list[str] = setting_of(
        Category.AUTOMATION,
        ["refund", "legal", "security", "minors"],
        "Categories that are never answered automatically, unless they have a share of their own; capitals do not "
        "matter.",
    )
    max_replies_per_day: int | None = setting_of(
        Category.AUTOMATION, None, "Most automatic replies in one day (UTC); null is no limit."
    )
    max_replies_per_ticket: int = setting_of(Category.AUTOMATION, 3, "Most automatic replies in one ticket.")
    max_replies_per_requester: int = setting_of(
        Category.AUTOMATION,
        10,
        "Most automatic replies to one e-mail address in one day (UTC), so that two machines do not write to each "
        "other for ever.",
    )
    audit_share: float = setting_of(
        Category.AUDIT,
        0.1,
        "Share of tickets that people grade, drawn before anything is known of them, 0 to 1; doubled while the watch "
        "has its doubts.",
    )
    audit_days: int = setting_of(
        Category.AUDIT, 14, "Days for grading, 1 to 365; what is not graded then counts as wrong."
    )
    novelty_share: float = setting_of(
        Category.LEARNING,
        0.2,
        "Expected share of tickets that no known answer fits, 0 to 1; learning weighs them so, until the history or "
        "the audit tells.",
    )
    link_hosts: list[str] | None = setting_of(
        Category.AUTOMATION,
        None,
        "Hosts that links and addresses in replies may name, what lies under them included; where the best answer "
        "leads elsewhere, the ticket goes to a human. Null is any host.",
    )
    teams: dict[str, str] = setting_of(Category.ROUTING, {}, "Team that takes the tickets of a category.")
    default_team: str = setting_of(Category.ROUTING, "support", "Team that takes every other ticket.")
    close_after_days: int | None = setting_of(
        Category.TICKETS, 14, "Days after which a resolved ticket is closed; null closes none by itself."
    )
    after_closing: AfterClosing = setting_of(
        Category.TICKETS,
        AfterClosing.FOLLOW_UP,
        "What a customer's message to a closed ticket does: open a `follow_up` that is linked to it, or `reopen` it.",
    )
    language_models: bool = setting_of(
        Category.LANGUAGE_MODELS,
        True,
        "Whether the installation's language models are asked about this workspace's tickets.",
    )
    max_model_tokens_per_day: int | None = setting_of(
        Category.LANGUAGE_MODELS,
        None,
        "Most tokens sent to and received from language models in one day (UTC); then tickets are decided without. "
        "Null is no limit.",
    )
    max_model_cost_per_day: float | None = setting_of(
        Category.LANGUAGE_MODELS,
        None,
        "The same in money, in the currency of the configured prices; null is no limit.",
    )
    refit_after: int = setting_of(
        Category.LEARNING, 200, "New or changed cases after which learning runs again in the background."
    )
    retain_tickets_days: int | None = setting_of(
        Category.RETENTION,
        None,
        "Days that a resolved or closed ticket stays, with all that hangs on it; null is for ever.",
    )
    retain_attachments_days: int | None = setting_of(
        Category.RETENTION, None, "Days that attachments stay; null is for ever."
    )
    retain_steps_days: int | None = setting_of(
        Category.RETENTION, None, "Days that the inputs and outputs of ended runs' steps stay; null is for ever."
    )
    retain_events_days: int | None = setting_of(
        Category.RETENTION, None, "Days that events stay in the log; null is for ever."
    )


class SecretSettings(Value):
    """Settings that are written and never read: encrypted at rest, their rows say only what may be told."""

    provider_keys: dict[str, str] = setting_of(
        Category.LANGUAGE_MODELS,
        {},
        "Keys of providers whose `key_setting` names them, by that name; only in the workspace that "
        "`TICKETFLOW_WORKSPACE` names. A key is written and never shown; null removes it.",
    )


class Row(Value):
    """When a setting was changed last. Versions begin with 1."""

    version: int
    updated_at: int
    updated_by: str


def get(session: Session, workspace_id: str) -> Settings:
    """The settings in force."""
    rows = session.execute(select(setting.c.name, setting.c.value).where(setting.c.workspace_id == workspace_id))
    stored = {name: value for name, value in rows if name in Settings.model_fields}
    return Settings.model_validate(stored)


def put(session: Session, workspace_id: str, changes: dict[str, Any], author: str) -> Settings:
    """Change settings by name. Raises pydantic's ValidationError for an unknown name or a wrong value."""
    merged = Settings.model_validate({**get(session, workspace_id).model_dump(), **changes})
    store(session, workspace_id, {name: getattr(merged, name) for name in changes}, author)
    return merged


def rows(session: Session, workspace_id: str) -> dict[str, Row]:
    """Who changed which settings when, by name; those that have their defaults for want of a row are left out."""
    found = session.execute(select(setting).where(setting.c.workspace_id == workspace_id).order_by(setting.c.name))
    known = [row for row in found if row.name in Settings.model_fields or row.name in SecretSettings.model_fields]
    return {row.name: Row(version=row.version, updated_at=row.updated_at, updated_by=row.updated_by) for row in known}


def told(session: Session, workspace_id: str, name: str) -> Any:
    """What the row of a secret setting tells of it, None where there is no row."""
    return session.execute(
        select(setting.c.value).where(setting.c.workspace_id == workspace_id, setting.c.name == name)
    ).scalar()


def store(session: Session, workspace_id: str, values: dict[str, Any], author: str) -> None:
    """Write rows as they are, each with its next version."""
    statement = session.dialect.upsert(
        setting, ["workspace_id", "name"], ["value", "version", "updated_at", "updated_by"]
    )
    known = session.execute(select(setting.c.name, setting.c.version).where(setting.c.workspace_id == workspace_id))
    versions: dict[str, int] = {name: version for name, version in known}
    written = [
        {
            "workspace_id": workspace_id,
            "name": name,
            "value": value,
            "version": versions.get(name, 0) + 1,
            "updated_at": session.now,
            "updated_by": author,
        }
        for name, value in values.items()
    ]
    if written:
        session.execute(statement, written)
