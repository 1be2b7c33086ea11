"""Sources of intake on the wire, and what they are answered. A secret goes out once, when it is made."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ticketflow.api.schemas.base import In, Moment, Name, Out, PageQuery, Patch, Text, example
from ticketflow.api.schemas.webhooks import SECRET
from ticketflow.integrations import paths
from ticketflow.integrations.intake import Result
from ticketflow.integrations.mapping import Mapped, Translated
from ticketflow.store.intake_sources import SourceState

SOURCE_ID = "0192f0c1-7a55-7cc0-8000-3f1a5e9b1cf3"
ADDRESS = "default_shop"
ITEM: dict[str, Any] = {
    "id": 4711,
    "title": "Parcel has not moved for a week",
    "customer": {"name": "Nadia Brandt", "email": "nadia@example.org"},
    "text": "My parcel has been in the same depot since Monday. Where is it?",
    "prio": "P1",
}
_MAPPING = {
    "external_id": "$.id",
    "subject": "$.title",
    "body": "$.text",
    "channel": "shop",
    "requester_name": "$.customer.name",
    "requester_email": "$.customer.email",
    "priority": {"path": "$.prio", "values": {"P1": "urgent", "P2": "high"}, "default": "normal"},
}
_SOURCE = {
    "id": SOURCE_ID,
    "slug": "shop",
    "name": "Web shop",
    "address": ADDRESS,
    "mapping": _MAPPING,
    "state": "enabled",
    "version": 1,
    "created_at": "2026-03-02T09:15:00.000Z",
    "updated_at": "2026-03-02T09:15:00.000Z",
}
TAKEN = {
    "items": [
        {
            "index": 0,
            "result": "opened",
            "ticket_id": "0192f0c1-7a55-7cc0-8000-3f1a5e9b1c2d",
            "run_id": "0192f0c1-7a58-7d10-8000-90be6a4f3d71",
            "error": None,
            "field": None,
        }
    ]
}


_PATH = Field(max_length=paths.MAX_CHARACTERS, pattern=f"^{paths.PATTERN}$", description="Such as `$.customer.email`.")
_WORD = Annotated[Text, Field(max_length=500)]


class RuleIn(In):
    """Where a value stands, and what the other system's words are called here."""

    path: Annotated[str, _PATH]
    values: dict[Annotated[Text, Field(max_length=190)], _WORD] = Field(
        default={}, max_length=200, description="Each of their words with ours; others become `default`."
    )
    default: _WORD | None = Field(None, description="Where there is no value.")


_PLAIN = Annotated[str, Field(min_length=1, max_length=500, pattern=rf"^([^$\x00][^\x00]*|{paths.PATTERN})$")]
Rule = _PLAIN | RuleIn


class MappingIn(In):
    """For each field a path into the item, a text that stands for itself, or a path with translations."""

    model_config = example(_MAPPING)

    body: Rule = Field(description="Of tickets and of messages.")
    subject: Rule | None = Field(None, description="One line.")
    external_id: Rule | None = Field(None, description="The other system's id; a second ticket with it is none.")
    channel: Rule | None = Field(None, description="Where it came in.")
    requester_name: Rule | None = Field(None, description="Who asks.")
    requester_email: Rule | None = Field(None, description="Where to reach them.")
    priority: Rule | None = Field(None, description="`low`, `normal`, `high` or `urgent`.")
    tags: Rule | None = Field(None, description="A list, or a text with commas.")
    ticket: Rule | None = Field(
        None, description="External id of a ticket that was sent before: with a value, the item is a message to it."
    )
    message: Rule | None = Field(None, description="External id of the message itself: a second one with it is none.")
    author: Rule | None = Field(None, description="Of messages: `requester` or `agent`.")
    author_name: Rule | None = Field(None, description="Of messages.")
    internal: Rule | None = Field(None, description="Of messages: whether it is a note for the team alone.")

    def rules(self) -> dict[str, str | Translated]:
        """The mapping as it is applied."""
        given = {name: rule for name, rule in self if rule is not None}
        return {
            name: Translated.model_validate(rule.model_dump()) if isinstance(rule, RuleIn) else str(rule)
            for name, rule in given.items()
        }


class SourceIn(In):
    """A new source."""

    model_config = example({"slug": "shop", "name": "Web shop", "mapping": _MAPPING})

    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Its part of the address; it never changes.")
    name: Name = Field(description="What it is, for people.")
    mapping: MappingIn = Field(description="What its fields are called here.")


class SourcePatch(Patch):
    """What is to change."""

    model_config = example({"name": "Web shop, old", "state": "disabled"})

    name: Name = Field("-", description="What it is, for people.")
    mapping: MappingIn = Field(
        default=MappingIn.model_validate({"body": "$"}), description="In place of the whole one before."
    )
    state: SourceState = Field(SourceState.ENABLED, description="What a disabled source sends is refused with 403.")


class RuleOut(Out):
    """Where a value stands, and what the other system's words are called here."""

    path: str
    values: dict[str, str]
    default: str | None


class SourceOut(Out):
    """A source without its secret."""

    model_config = example(_SOURCE)

    id: str
    slug: str
    name: str
    address: str = Field(description="It sends to `POST /v1/intake/{address}`.")
    mapping: dict[str, str | RuleOut]
    state: SourceState
    version: int
    created_at: Moment
    updated_at: Moment


class SourceMade(SourceOut):
    """A new source with its secret, which is shown this once."""

    model_config = example({**_SOURCE, "secret": SECRET})

    secret: str = Field(description="What it signs with.")


class SourceSecretMade(Out):
    """A new secret, which is shown this once."""

    model_config = example({"id": SOURCE_ID, "secret": SECRET, "previous_until": "2026-03-03T09:15:00.000Z"})

    id: str
    secret: str
    previous_until: Moment = Field(description="Until then the secret before counts as well.")


class SourcePage(Out):
    """Some sources, newest first."""

    model_config = example({"items": [_SOURCE], "next_cursor": None})

    items: list[SourceOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class SourceQuery(PageQuery):
    """Which page of the sources."""


class SourceDeleted(Out):
    """It is gone."""

    model_config = example({"id": SOURCE_ID, "deleted": True})

    id: str
    deleted: Literal[True]


class SampleIn(In):
    """An item as the source would send it."""

    model_config = example({"sample": ITEM})

    sample: dict[str, Any] = Field(description="One item.")


class TicketSample(Out):
    """A ticket that an item would open."""

    subject: str
    body: str
    external_id: str | None
    channel: str
    requester_name: str | None
    requester_email: str | None
    priority: str
    tags: list[str]


class MessageSample(Out):
    """A message that an item would add."""

    author: str
    body: str
    author_name: str | None
    internal: bool


class SampleOut(Out):
    """What a sample would become: a ticket, a message, or nothing for the reason in `error`."""

    model_config = example(
        {
            "ticket": {
                "subject": ITEM["title"],
                "body": ITEM["text"],
                "external_id": "shop:4711",
                "channel": "shop",
                "requester_name": "Nadia Brandt",
                "requester_email": "nadia@example.org",
                "priority": "urgent",
                "tags": [],
            },
            "message": None,
            "to": None,
            "error": None,
            "field": None,
        }
    )

    ticket: TicketSample | None
    message: MessageSample | None
    to: str | None = Field(description="External id of the ticket that the message would be added to.")
    error: str | None
    field: str | None = Field(description="The field of the mapping that the error is about.")

    @classmethod
    def of(cls, mapped: Mapped, prefixed: str | None) -> "SampleOut":
        """What an item is; `prefixed` is the external id under which its ticket would be, or is, known."""
        ticket = mapped.ticket.model_dump() | {"external_id": prefixed} if mapped.ticket else None
        message = mapped.message.model_dump() if mapped.message else None
        to = prefixed if mapped.message else None
        return cls.model_validate({"ticket": ticket, "message": message, "to": to, "error": None, "field": None})


class TakenOut(Out):
    """What became of an item."""

    index: int
    result: Result = Field(
        description="`opened` a ticket, `added` a message, was `known` already, or `refused`, with the error."
    )
    ticket_id: str | None
    run_id: str | None
    error: str | None
    field: str | None


class IntakeOut(Out):
    """A result for each item, in the order they came."""

    model_config = example(TAKEN)

    items: list[TakenOut]
