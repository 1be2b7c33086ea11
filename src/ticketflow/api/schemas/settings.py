"""Settings and health on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ticketflow.api.schemas.base import NO_TEXT, Flag, Moment, Name, Number, Out, Patch, Whole, Words, example
from ticketflow.domain import AfterClosing, Level
from ticketflow.store.settings import Category, SecretSettings, Settings

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
    "close_after_days": 14,
    "after_closing": "follow_up",
    "language_models": True,
    "max_model_tokens_per_day": 2_000_000,
    "max_model_cost_per_day": None,
    "refit_after": 200,
    "retain_tickets_days": 730,
    "retain_attachments_days": None,
    "retain_steps_days": 90,
    "retain_events_days": None,
    "provider_keys": {"openai": {"is_set": True, "last_four": "x7Qa"}},
}
_SETTING = {
    "name": "audit_days",
    "category": "audit",
    "type": "integer",
    "description": "Days for grading, 1 to 365; what is not graded then counts as wrong.",
    "default": 14,
    "accepts": {"type": "integer", "minimum": 1, "maximum": 365},
    "secret": False,
    "version": 2,
    "updated_at": "2026-03-02T09:15:00.000Z",
    "updated_by": "person:ana@example.com",
}

WrongShare = Annotated[Number, Field(ge=0.0, le=0.5)]
"""A share of wrong replies that somebody may accept; from one half on, not replying is better."""

Days = Annotated[int, Field(ge=1, le=36_500), NO_TEXT]
"""How long something is kept."""

Host = Annotated[
    str,
    Field(
        max_length=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$"
    ),
]
"""A host by name or address, as it stands in a link."""

KeyName = Annotated[Words, Field(max_length=63)]
"""What `key_setting` of a provider names."""

ProviderKey = Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"^[!-~]+$")]
"""A key as it goes into a header."""


def _told(name: str, *default: Any, **bounds: Any) -> Any:
    """A field that is described where the setting is defined."""
    known = {**Settings.model_fields, **SecretSettings.model_fields}
    return Field(*default, description=known[name].description, **bounds)


class ProviderKeyOut(Out):
    """What is told of a key."""

    is_set: bool
    last_four: str | None = Field(description="How it ends; null for one that is short or not set.")


class SettingsOut(Out):
    """The settings in force."""

    model_config = example(_SETTINGS)

    automation: bool = _told("automation")
    level: Level = _told("level")
    levels: dict[str, Level] = _told("levels")
    max_wrong: float = _told("max_wrong")
    certainty: float = _told("certainty")
    category_max_wrong: dict[str, float] = _told("category_max_wrong")
    sensitive: list[str] = _told("sensitive")
    max_replies_per_day: int | None = _told("max_replies_per_day")
    max_replies_per_ticket: int = _told("max_replies_per_ticket")
    max_replies_per_requester: int = _told("max_replies_per_requester")
    audit_share: float = _told("audit_share")
    audit_days: int = _told("audit_days")
    novelty_share: float = _told("novelty_share")
    link_hosts: list[str] | None = _told("link_hosts")
    teams: dict[str, str] = _told("teams")
    default_team: str = _told("default_team")
    close_after_days: int | None = _told("close_after_days")
    after_closing: AfterClosing = _told("after_closing")
    language_models: bool = _told("language_models")
    max_model_tokens_per_day: int | None = _told("max_model_tokens_per_day")
    max_model_cost_per_day: float | None = _told("max_model_cost_per_day")
    refit_after: int = _told("refit_after")
    retain_tickets_days: int | None = _told("retain_tickets_days")
    retain_attachments_days: int | None = _told("retain_attachments_days")
    retain_steps_days: int | None = _told("retain_steps_days")
    retain_events_days: int | None = _told("retain_events_days")
    provider_keys: dict[str, ProviderKeyOut] = _told("provider_keys")


class PlainSettingsPatch(Patch):
    """Other values for settings that are not secret; the rest stays. A list or table is replaced whole."""

    model_config = example({"max_wrong": 0.02, "category_max_wrong": {"billing": 0.01}})

    automation: Flag = _told("automation", True)
    level: Level = _told("level", Level.AUTO)
    levels: dict[Name, Level] = _told("levels", {}, max_length=1_000)
    max_wrong: WrongShare = _told("max_wrong", 0.0)
    certainty: Number = _told("certainty", 0.5, ge=0.5, le=0.999)
    category_max_wrong: dict[Name, WrongShare] = _told("category_max_wrong", {}, max_length=100)
    sensitive: list[Name] = _told("sensitive", [], max_length=1_000)
    max_replies_per_day: Annotated[int, Field(ge=0, le=10_000_000), NO_TEXT] | None = _told("max_replies_per_day", None)
    max_replies_per_ticket: Whole = _told("max_replies_per_ticket", 1, ge=0, le=1_000)
    max_replies_per_requester: Whole = _told("max_replies_per_requester", 1, ge=0, le=100_000)
    audit_share: Number = _told("audit_share", 0.0, ge=0.0, le=1.0)
    audit_days: Whole = _told("audit_days", 1, ge=1, le=365)
    novelty_share: Number = _told("novelty_share", 0.0, ge=0.0, le=1.0)
    link_hosts: list[Host] | None = _told("link_hosts", None, max_length=1_000)
    teams: dict[Name, Name] = _told("teams", {}, max_length=1_000)
    default_team: Name = _told("default_team", "")
    close_after_days: Days | None = _told("close_after_days", None)
    after_closing: AfterClosing = _told("after_closing", AfterClosing.FOLLOW_UP)
    language_models: Flag = _told("language_models", True)
    max_model_tokens_per_day: Annotated[int, Field(ge=0, le=10**12), NO_TEXT] | None = _told(
        "max_model_tokens_per_day", None
    )
    max_model_cost_per_day: Annotated[Number, Field(ge=0.0, le=10**9)] | None = _told("max_model_cost_per_day", None)
    refit_after: Whole = _told("refit_after", 1, ge=1, le=1_000_000)
    retain_tickets_days: Days | None = _told("retain_tickets_days", None)
    retain_attachments_days: Days | None = _told("retain_attachments_days", None)
    retain_steps_days: Days | None = _told("retain_steps_days", None)
    retain_events_days: Days | None = _told("retain_events_days", None)


class SettingsPatch(PlainSettingsPatch):
    """What is to change; the rest stays. A list or table is replaced whole; only `provider_keys` change one by one."""

    provider_keys: dict[KeyName, ProviderKey | None] = _told("provider_keys", {}, max_length=100)

    def changes(self) -> dict[str, Any]:
        """See Patch.changes. Without the secret ones."""
        return self.model_dump(exclude_unset=True, exclude={"provider_keys"})


class SettingOut(Out):
    """What a setting is."""

    model_config = example(_SETTING)

    name: str
    category: Category = Field(description="What it is about.")
    type: Literal["boolean", "integer", "number", "string", "array", "object"]
    description: str
    default: Any = Field(description="Its value until somebody changes it.")
    accepts: dict[str, Any] = Field(description="What `PATCH /v1/settings` takes for it, as a JSON schema.")
    secret: bool = Field(description="Whether it is written only: encrypted at rest, and never shown.")
    version: int = Field(description="How often it was changed; 0 where it never was.")
    updated_at: Moment | None
    updated_by: str | None


class SettingList(Out):
    """Every setting there is."""

    model_config = example({"items": [_SETTING]})

    items: list[SettingOut]


class HealthOut(Out):
    """The process lives."""

    model_config = example({"status": "alive", "version": "0.1.0"})

    status: Literal["alive"]
    version: str


def _part(name: str, detail: str, milliseconds: float) -> dict[str, Any]:
    return {"name": name, "ready": True, "detail": detail, "degraded": False, "milliseconds": milliseconds}


class PartOut(Out):
    """One thing that serving needs."""

    name: Literal["database", "migrations", "encoder", "workers", "queue", "disk"]
    ready: bool
    detail: str = Field(description="A sentence for people.")
    degraded: bool = Field(False, description="Whether it works, but not as it should.")
    milliseconds: float = Field(0.0, description="What the look at it took.")


class ReadyOut(Out):
    """Everything that serving needs is there."""

    model_config = example(
        {
            "status": "ready",
            "parts": [
                _part("database", "It answers.", 0.4),
                _part("migrations", "The schema is at revision 0004.", 2.1),
                _part("encoder", "minilm is loaded.", 210.0),
                _part("workers", "2 threads for tickets are alive.", 0.0),
                _part("queue", "No ticket waits longer than 0 s for a worker.", 0.6),
                _part("disk", "41.3 GB are free for the database.", 0.1),
            ],
        }
    )

    status: Literal["ready", "degraded"] = Field(description="`degraded` where a part is; it serves all the same.")
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
