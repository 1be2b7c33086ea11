"""What a workspace's archive holds: a file of JSON lines for each kind, one row a line, without the workspace's id.

Left out: secrets, keys, sessions, runs, the event log, and what learning made: it learns anew where it is restored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Table

from ticketflow.db import tables

WORKSPACE = "workspace_id"


@dataclass(frozen=True)
class Kind:
    """One file: `name` and its table.

    `standing` are columns that tell how something stands here and now; elsewhere they begin with these values.
    """

    name: str
    table: Table
    standing: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> list[Column[Any]]:
        """The columns that order the rows: the primary key without the workspace."""
        return [column for column in self.table.primary_key.columns if column.name != WORKSPACE]

    @property
    def columns(self) -> list[Column[Any]]:
        """What a line holds, in this order."""
        return [column for column in self.table.columns if column.name not in {WORKSPACE, *self.standing}]

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}.jsonl"


_RESTORED = "It was restored, and secrets are not in an archive: give it one, then switch it on."

KINDS: Sequence[Kind] = (
    Kind("settings", tables.setting),
    Kind("people", tables.person),
    Kind("answers", tables.answer),
    Kind("articles", tables.article),
    Kind("article_versions", tables.article_version),
    Kind("cases", tables.case),
    Kind("tickets", tables.ticket),
    Kind("messages", tables.message),
    Kind("tags", tables.ticket_tag),
    Kind("links", tables.ticket_link),
    Kind("attachments", tables.attachment),
    Kind("attachment_parts", tables.attachment_part),
    Kind("decisions", tables.decision),
    Kind("grades", tables.audit_sample),
    Kind("feedback", tables.feedback),
    Kind("days", tables.daily_metric),
    Kind("sources", tables.intake_source, {"state": "disabled"}),
    Kind("channels", tables.channel, {"state": "disabled", "position": 0}),
    Kind(
        "webhooks",
        tables.webhook_endpoint,
        {"state": "disabled", "reason": _RESTORED, "failing_since": None, "position": 0},
    ),
)
"""In the order in which they can be restored: what others refer to comes first."""
