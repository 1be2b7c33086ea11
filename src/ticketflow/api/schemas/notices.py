"""Notices on the wire."""

from typing import Literal

from pydantic import Field

from ticketflow.api.schemas.base import Moment, Out, PageQuery, example

_NOTICE = {
    "id": "0192f0c1-7a55-7cc0-8000-3f1a5e9b1ca1",
    "kind": "automation.lowered",
    "text": "Automatic replies are withdrawn; people reply until a fresh certificate.",
    "created_at": "2026-03-02T09:15:00.000Z",
    "read_at": None,
    "read_by": None,
}


class NoticeOut(Out):
    """What an operator is to know."""

    model_config = example(_NOTICE)

    id: str
    kind: str = Field(description="The type of the event that it tells of.")
    text: str
    created_at: Moment
    read_at: Moment | None = Field(description="When somebody marked it as read; null before.")
    read_by: str | None


class NoticePage(Out):
    """Some notices, newest first."""

    model_config = example({"items": [_NOTICE], "next_cursor": None})

    items: list[NoticeOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class NoticeQuery(PageQuery):
    """Which notices."""

    unread: bool = Field(False, description="Only those that nobody has read.")


class NoticeRead(Out):
    """It is marked as read."""

    model_config = example({"id": _NOTICE["id"], "read": True})

    id: str
    read: Literal[True]
