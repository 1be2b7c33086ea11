"""The audit log on the wire."""

from typing import Any

from pydantic import Field

from ticketflow.api.schemas.base import Moment, Name, Out, PageQuery, example

_ENTRY = {
    "id": "0192f0c1-8a10-7b40-8000-6d5c4b3a2f1e",
    "actor": "person:0192f0aa-21b2-7e40-8000-5a0b4c3d2e1f",
    "action": "settings.changed",
    "object": "settings",
    "detail": {"before": {"level": "shadow"}, "after": {"level": "auto"}},
    "created_at": "2026-03-02T09:15:00.000Z",
}


class AuditEntryOut(Out):
    """One change, or one attempt to sign in."""

    model_config = example(_ENTRY)

    id: str
    actor: str = Field(description="`person:ID`, `key:ID`, or what did it without either, such as `command line`.")
    action: str = Field(description="What was done, such as `api_key.revoked`.")
    object: str = Field(description="The id or name of what it was done to.")
    detail: dict[str, Any] = Field(description="What was there before and after; never a secret.")
    created_at: Moment


class AuditLogPage(Out):
    """Some of the audit log, newest first."""

    model_config = example({"items": [_ENTRY], "next_cursor": None})

    items: list[AuditEntryOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class AuditLogQuery(PageQuery):
    """Which entries; every filter that is given must hold."""

    actor: Name | None = Field(None, description="Who did it, exactly as `actor` reads.")
    action: Name | None = Field(None, description="What was done, such as `session.refused`.")
    object: Name | None = Field(None, description="What it was done to.")
    since: Moment | None = Field(None, description="From this time on.")
    until: Moment | None = Field(None, description="Before this time.")
