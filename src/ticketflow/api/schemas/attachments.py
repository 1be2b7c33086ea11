"""Attachments on the wire."""

from typing import Annotated

from pydantic import Field

from ticketflow.api.schemas.base import In, Moment, Name, Out, Text, example
from ticketflow.api.schemas.tickets import MESSAGE_ID, TICKET_ID

ATTACHMENT = {
    "id": "0192f0c1-8a10-7c40-8000-1d2e3f405162",
    "ticket_id": TICKET_ID,
    "message_id": MESSAGE_ID,
    "name": "receipt.pdf",
    "media_type": "application/pdf",
    "size": 48_211,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_by": "key:k3v9x2m4",
    "created_at": "2026-03-02T09:15:01.000Z",
}


class AttachmentQuery(In):
    """What a file is called, and which message it came with."""

    name: Annotated[Text, Field(min_length=1, max_length=1_000)] = Field(
        description="The file's name; what is no part of a name is replaced, and the last 190 characters are kept."
    )
    message_id: Name | None = Field(None, description="One of the ticket's messages; the ticket itself when left out.")


class AttachmentOut(Out):
    """A file without its content."""

    model_config = example(ATTACHMENT)

    id: str
    ticket_id: str = Field(description="Where it came: another ticket when that was merged into this one.")
    message_id: str | None
    name: str
    media_type: str = Field(description="What its first bytes say it is, whatever the sender said.")
    size: int = Field(description="Bytes.")
    digest: str = Field(description="SHA-256 of the content, in hexadecimal.")
    created_by: str
    created_at: Moment


class AttachmentList(Out):
    """A ticket's files."""

    model_config = example({"items": [ATTACHMENT]})

    items: list[AttachmentOut] = Field(description="Oldest first.")
