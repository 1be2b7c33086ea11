"""What people do with tickets, on the wire: changes, one or many, merging, links and snoozing."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ticketflow.api.schemas.base import In, Moment, Name, Out, Patch, Text, example
from ticketflow.api.schemas.tickets import LINK, OTHER_ID, TICKET, TICKET_ID, LinkOut, TicketOut
from ticketflow.domain import Priority

MOST_AT_ONCE = 100

Tag = Annotated[Name, Field(max_length=64)]
Settable = Literal["waiting", "escalated", "resolved", "reopened", "closed"]
"""The statuses that people set; `new` and `processing` come by themselves."""


class TicketPatch(Patch):
    """What is to change; the rest stays."""

    model_config = example({"status": "resolved", "assignee": "ines@example.org", "add_tags": ["depot"]})

    status: Settable = Field("waiting", description="What it becomes; docs/guides/tickets.md shows from what.")
    priority: Priority = Field(Priority.NORMAL, description="How soon it wants a human.")
    subject: Text = Field("", max_length=2_000, description="One line; may be empty.")
    category: Name | None = Field(None, description="What it is filed under; null takes it away.")
    team: Name | None = Field(None, description="The team that has it; null takes it away.")
    assignee: Name | None = Field(None, description="The human who has it; null takes it away.")
    tags: list[Tag] = Field(default=[], max_length=50, description="Replaces the whole list.")
    add_tags: list[Tag] = Field(default=[], max_length=50, description="Adds to the list.")
    remove_tags: list[Tag] = Field(default=[], max_length=50, description="Takes from the list.")


class MergeIn(In):
    """Where a ticket goes on."""

    model_config = example({"into_ticket_id": OTHER_ID})

    into_ticket_id: Name = Field(description="The ticket that stays.")


class LinkIn(In):
    """A ticket that belongs to this one."""

    model_config = example({"other_ticket_id": OTHER_ID})

    other_ticket_id: Name = Field(description="The other ticket.")


class LinkList(Out):
    """A ticket's links."""

    model_config = example({"items": [LINK]})

    items: list[LinkOut] = Field(description="Oldest first.")


class SnoozeIn(In):
    """How long a ticket is put aside."""

    model_config = example({"until": "2028-10-02T08:00:00.000Z"})

    until: Moment = Field(description="When it comes back: within the five years that lie ahead.")


class AssignIn(Patch):
    """Who gets the tickets."""

    model_config = example({"assignee": "ines@example.org"})

    team: Name | None = Field(None, description="The team; null takes it away; as it is when left out.")
    assignee: Name | None = Field(None, description="The human; null takes it away; as it is when left out.")


class TagIn(In):
    """What the tickets are tagged with."""

    model_config = example({"add": ["depot"], "remove": []})

    add: list[Tag] = Field(default=[], max_length=50, description="Adds to each list.")
    remove: list[Tag] = Field(default=[], max_length=50, description="Takes from each list.")


class BulkIn(In):
    """Tickets, and the one thing that is done to each of them."""

    model_config = example({"ticket_ids": [TICKET_ID, OTHER_ID], "assign": {"assignee": "ines@example.org"}})

    ticket_ids: list[Name] = Field(min_length=1, max_length=MOST_AT_ONCE, description="Each once.")
    status: Settable | None = Field(None, description="What they become.")
    assign: AssignIn | None = Field(None, description="Who gets them.")
    tag: TagIn | None = Field(None, description="What they are tagged with.")

    @model_validator(mode="after")
    def _one_action(self) -> "BulkIn":
        if sum(action is not None for action in (self.status, self.assign, self.tag)) != 1:
            raise ValueError("send exactly one of status, assign and tag")
        return self

    def changes(self) -> dict[str, object]:
        """The action as a change of one ticket."""
        if self.status is not None:
            return {"status": self.status}
        if self.assign is not None:
            return self.assign.changes()
        return {"add_tags": self.tag.add, "remove_tags": self.tag.remove} if self.tag else {}


class BulkResult(Out):
    """What became of one ticket: the ticket as it stands, or why nothing was done to it."""

    model_config = example({"ticket_id": TICKET_ID, "ticket": TICKET, "code": None, "detail": None})

    ticket_id: str
    ticket: TicketOut | None = Field(description="Null where nothing was done.")
    code: str | None = Field(description="As in an error response; null where it was done.")
    detail: str | None = Field(description="A sentence for a person; null where it was done.")


class BulkOut(Out):
    """What became of each ticket."""

    model_config = example(
        {
            "items": [
                {"ticket_id": TICKET_ID, "ticket": TICKET, "code": None, "detail": None},
                {
                    "ticket_id": OTHER_ID,
                    "ticket": None,
                    "code": "not_found",
                    "detail": f"There is no ticket {OTHER_ID}.",
                },
            ]
        }
    )

    items: list[BulkResult] = Field(description="In the order of the request.")
