"""Settings and health on the wire."""

from typing import Literal

from pydantic import Field

from ticketflow.api.schemas.base import Name, Out, Patch, example

_SETTINGS = {
    "max_wrong": 0.05,
    "novelty_share": 0.2,
    "teams": {"delivery": "logistics"},
    "default_team": "support",
    "automation": True,
    "refit_after": 200,
}


class SettingsOut(Out):
    """The settings in force."""

    model_config = example(_SETTINGS)

    max_wrong: float = Field(description="Largest accepted share of wrong automatic replies, 0 to 1.")
    novelty_share: float = Field(description="Expected share of tickets that no known answer fits, 0 to 1.")
    teams: dict[str, str] = Field(description="Team that takes the tickets of a category.")
    default_team: str = Field(description="Team that takes every other ticket.")
    automation: bool = Field(description="Whether the agent may reply by itself at all.")
    refit_after: int = Field(description="New or changed cases after which learning runs again.")


class SettingsPatch(Patch):
    """What is to change; the rest stays."""

    model_config = example({"automation": False})

    max_wrong: float = Field(
        0.0, ge=0.0, le=0.5, allow_inf_nan=False, description="Largest accepted share of wrong automatic replies."
    )
    novelty_share: float = Field(
        0.0, ge=0.0, le=1.0, allow_inf_nan=False, description="Expected share of tickets that no known answer fits."
    )
    teams: dict[Name, Name] = Field(default={}, max_length=1_000, description="Replaces the whole table.")
    default_team: Name = Field("", description="Team that takes every other ticket.")
    automation: bool = Field(True, description="Whether the agent may reply by itself at all.")
    refit_after: int = Field(1, ge=1, le=1_000_000, description="New or changed cases before learning runs again.")


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
