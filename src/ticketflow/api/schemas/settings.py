"""Settings and health on the wire."""

from typing import Annotated, Literal

from pydantic import Field

from ticketflow.api.schemas.base import NO_TEXT, Flag, Name, Number, Out, Patch, Whole, example
from ticketflow.domain import Level

_SETTINGS = {
    "automation": True,
    "level": "auto",
    "levels": {"warranty": "assist"},
    "max_wrong": 0.05,
    "certainty": 0.95,
    "category_max_wrong": {"billing": 0.01},
    "sensitive": ["refund", "legal", "security", "minors"],
    "max_replies_per_day": None,
    "max_replies_per_ticket": 3,
    "max_replies_per_requester": 10,
    "audit_share": 0.1,
    "audit_days": 14,
    "novelty_share": 0.2,
    "link_hosts": None,
    "teams": {"delivery": "logistics"},
    "default_team": "support",
    "language_models": True,
    "max_model_tokens_per_day": 2_000_000,
    "max_model_cost_per_day": None,
    "refit_after": 200,
}

WrongShare = Annotated[Number, Field(ge=0.0, le=0.5)]
"""A share of wrong replies that somebody may accept; from one half on, not replying is better."""


Host = Annotated[
    str,
    Field(
        max_length=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$"
    ),
]
"""A host by name or address, as it stands in a link."""


class SettingsOut(Out):
    """The settings in force."""

    model_config = example(_SETTINGS)

    automation: bool = Field(description="The kill switch: false stops every automatic reply.")
    level: Level = Field(description="What the agent may do at most: `off`, `shadow`, `assist` or `auto`.")
    levels: dict[str, Level] = Field(description="The same for single categories, where that is less.")
    max_wrong: float = Field(description="Largest accepted share of wrong automatic replies, 0 to 0.5.")
    certainty: float = Field(description="How sure a certificate must be that the share is kept, 0.5 to 0.999.")
    category_max_wrong: dict[str, float] = Field(
        description="Categories with a share, and so a certificate, of their own."
    )
    sensitive: list[str] = Field(
        description="Categories that are never answered automatically, unless they have a share of their own."
    )
    max_replies_per_day: int | None = Field(description="Most automatic replies in one day (UTC); null: no limit.")
    max_replies_per_ticket: int = Field(description="Most automatic replies in one ticket.")
    max_replies_per_requester: int = Field(description="Most automatic replies to one e-mail address in one day (UTC).")
    audit_share: float = Field(description="Share of tickets that people grade, 0 to 1.")
    audit_days: int = Field(description="Days for grading; what is not graded then counts as wrong.")
    novelty_share: float = Field(description="Expected share of tickets that no known answer fits, 0 to 1.")
    link_hosts: list[str] | None = Field(
        description="Hosts that links in replies may name, hosts under them included; null: any."
    )
    teams: dict[str, str] = Field(description="Team that takes the tickets of a category.")
    default_team: str = Field(description="Team that takes every other ticket.")
    language_models: bool = Field(description="Whether language models read this workspace's tickets.")
    max_model_tokens_per_day: int | None = Field(
        description="Most tokens for language models in one day (UTC), both ways; null: no limit."
    )
    max_model_cost_per_day: float | None = Field(
        description="Most money for language models in one day (UTC), in the currency of their prices; null: no limit."
    )
    refit_after: int = Field(description="New or changed cases after which learning runs again.")


class SettingsPatch(Patch):
    """What is to change; the rest stays."""

    model_config = example({"max_wrong": 0.02, "category_max_wrong": {"billing": 0.01}})

    automation: Flag = Field(True, description="The kill switch: false stops every automatic reply.")
    level: Level = Field(Level.AUTO, description="What the agent may do at most.")
    levels: dict[Name, Level] = Field(
        default={}, max_length=1_000, description="The same for single categories; replaces the whole table."
    )
    max_wrong: WrongShare = Field(0.0, description="Largest accepted share of wrong automatic replies.")
    certainty: Number = Field(0.5, ge=0.5, le=0.999, description="How sure a certificate must be that it is kept.")
    category_max_wrong: dict[Name, WrongShare] = Field(
        default={}, max_length=100, description="Categories with a share of their own; replaces the whole table."
    )
    sensitive: list[Name] = Field(
        default=[], max_length=1_000, description="Categories that are never automatic; replaces the whole list."
    )
    max_replies_per_day: Annotated[int, Field(ge=0, le=10_000_000), NO_TEXT] | None = Field(
        None, description="Most automatic replies in one day (UTC); null takes the limit away."
    )
    max_replies_per_ticket: Whole = Field(1, ge=0, le=1_000, description="Most automatic replies in one ticket.")
    max_replies_per_requester: Whole = Field(
        1, ge=0, le=100_000, description="Most automatic replies to one e-mail address in one day."
    )
    audit_share: Number = Field(0.0, ge=0.0, le=1.0, description="Share of tickets that people grade.")
    audit_days: Whole = Field(1, ge=1, le=365, description="Days for grading, after which a ticket counts as wrong.")
    novelty_share: Number = Field(
        0.0, ge=0.0, le=1.0, description="Expected share of tickets that no known answer fits."
    )
    link_hosts: list[Host] | None = Field(
        None, max_length=1_000, description="Hosts that links in replies may name; replaces the list; null: any."
    )
    teams: dict[Name, Name] = Field(default={}, max_length=1_000, description="Replaces the whole table.")
    default_team: Name = Field("", description="Team that takes every other ticket.")
    language_models: Flag = Field(True, description="Whether language models read this workspace's tickets.")
    max_model_tokens_per_day: Annotated[int, Field(ge=0, le=10**12), NO_TEXT] | None = Field(
        None, description="Most tokens for language models in one day; null takes the limit away."
    )
    max_model_cost_per_day: Annotated[Number, Field(ge=0.0, le=10**9)] | None = Field(
        None, description="Most money for language models in one day; null takes the limit away."
    )
    refit_after: Whole = Field(1, ge=1, le=1_000_000, description="New or changed cases before learning runs again.")


class HealthOut(Out):
    """The process lives."""

    model_config = example({"status": "alive", "version": "0.1.0"})

    status: Literal["alive"]
    version: str


class PartOut(Out):
    """One thing that serving needs."""

    name: Literal["database", "migrations", "encoder"]
    ready: bool
    detail: str


class ReadyOut(Out):
    """Everything that serving needs is there."""

    model_config = example(
        {
            "status": "ready",
            "parts": [
                {"name": "database", "ready": True, "detail": "It answers."},
                {"name": "migrations", "ready": True, "detail": "The schema is at revision 0001."},
                {"name": "encoder", "ready": True, "detail": "minilm is loaded."},
            ],
        }
    )

    status: Literal["ready"]
    parts: list[PartOut]


class WelcomeOut(Out):
    """What this server is."""

    model_config = example(
        {
            "name": "TicketFlow",
            "version": "0.1.0",
            "about": "Tickets in, decisions out: each one explained and measured.",
            "docs": "/docs",
            "openapi": "/openapi.json",
            "ready": "/readyz",
        }
    )

    name: str
    version: str
    about: str
    docs: str
    openapi: str
    ready: str
