"""Tickets, their messages and the agent's decision on the wire."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ticketflow.api.schemas.base import Flag, In, Moment, Name, Out, PageQuery, Text, Words, example
from ticketflow.domain import Action, Author, Path, Priority, TicketStatus
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.links import LinkKind

TICKET_ID = "0192f0c1-7a55-7cc0-8000-3f1a5e9b1c2d"
RUN_ID = "0192f0c1-7a58-7d10-8000-90be6a4f3d71"
ANSWER_ID = "0192f0a0-11b2-7e40-8000-5a0b4c3d2e1f"
OTHER_ID = "0192f0b2-3c11-7d00-8000-7b2a4c9d8e10"
MESSAGE_ID = "0192f0c1-7a56-7aa0-8000-6f3b0f6f2f10"

TICKET = {
    "id": TICKET_ID,
    "external_id": "4711",
    "channel": "email",
    "subject": "Parcel has not moved for a week",
    "requester_name": "Nadia Brandt",
    "requester_email": "nadia@example.org",
    "status": "processing",
    "category": None,
    "priority": "normal",
    "language": None,
    "sentiment": None,
    "team": None,
    "assignee": None,
    "tags": ["web-shop"],
    "snoozed_until": None,
    "merged_into": None,
    "resolved_at": None,
    "version": 1,
    "created_at": "2026-03-02T09:15:00.000Z",
    "updated_at": "2026-03-02T09:15:00.000Z",
}
MESSAGE = {
    "id": MESSAGE_ID,
    "ticket_id": TICKET_ID,
    "author": "requester",
    "author_name": "Nadia Brandt",
    "body": "My parcel has been in the same depot since Monday. Where is it?",
    "internal": False,
    "created_at": "2026-03-02T09:15:00.000Z",
}
LINK = {
    "other_id": OTHER_ID,
    "kind": "related",
    "created_by": "key:k3v9x2m4",
    "created_at": "2026-03-02T10:00:00.000Z",
}
DECISION = {
    "id": "0192f0c1-7b90-7f00-8000-2f4d1c0b9a88",
    "run_id": RUN_ID,
    "action": "resolve",
    "answer_id": ANSWER_ID,
    "label": "parcel_delayed",
    "confidence": 0.97,
    "threshold": 0.93,
    "category": "delivery",
    "priority": "normal",
    "team": None,
    "reasons": ["The confidence of 97 % is above the threshold of 93 %."],
    "candidates": [
        {"answer_id": ANSWER_ID, "label": "parcel_delayed", "score": 0.97, "features": {"neighbours": 0.9}},
    ],
    "understood": {
        "category": {"value": "delivery", "confidence": 0.98, "source": "neighbours"},
        "priority": {"value": "normal", "confidence": 0.6, "source": "rules"},
        "language": {"value": "en", "confidence": 0.99, "source": "langid"},
        "sentiment": {"value": "neutral", "confidence": 0.6, "source": "rules"},
    },
    "novelty": 0.08,
    "version": "12",
    "path": "learned",
    "created_at": "2026-03-02T09:15:00.041Z",
}

Headers = dict[Annotated[str, Field(max_length=200)], Annotated[Text, Field(max_length=4_000)]]


class _Mail(In):
    headers: Headers = Field(
        default={}, max_length=200, description="Headers of the mail it came by; the agent never answers machines."
    )

    @field_validator("headers")
    @classmethod
    def _lower(cls, headers: dict[str, str]) -> dict[str, str]:
        return {name.lower(): value for name, value in headers.items()}


class TicketIn(_Mail):
    """A ticket as it arrives."""

    model_config = example(
        {
            "subject": TICKET["subject"],
            "body": MESSAGE["body"],
            "external_id": "4711",
            "channel": "email",
            "requester_name": "Nadia Brandt",
            "requester_email": "nadia@example.org",
            "tags": ["web-shop"],
        }
    )

    subject: Text = Field("", max_length=2_000, description="One line; may be empty.")
    body: Words = Field(max_length=200_000, description="What the customer wrote, as plain text.")
    external_id: Name | None = Field(None, description="The other system's id; a second ticket with it is refused.")
    channel: str = Field("api", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="Where it came in.")
    requester_name: Name | None = Field(None, description="Who asks.")
    requester_email: str | None = Field(
        None, max_length=190, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", description="Where to reach them."
    )
    priority: Priority = Field(Priority.NORMAL, description="At least this urgent; the agent may raise it.")
    tags: list[Annotated[Name, Field(max_length=64)]] = Field(default=[], max_length=50, description="Labels of yours.")


class MessageIn(_Mail):
    """The next message of a conversation."""

    model_config = example({"author": "user", "author_name": "Ines", "body": "We asked the depot and will call you."})

    author: Literal["requester", "user"] = Field(
        description="`requester` for the customer: the agent works on the ticket again. `user` for a human of the team."
    )
    body: Words = Field(max_length=200_000, description="Plain text.")
    author_name: Name | None = Field(None, description="The writer's name.")
    internal: Flag = Field(False, description="A note that the customer never sees; for humans of the team only.")

    @model_validator(mode="after")
    def _notes_are_ours(self) -> "MessageIn":
        if self.internal and self.author == Author.REQUESTER:
            raise ValueError("a customer writes no internal notes")
        return self


class TicketOut(Out):
    """A ticket without its messages."""

    model_config = example(TICKET)

    id: str
    external_id: str | None
    channel: str
    subject: str
    requester_name: str | None
    requester_email: str | None
    status: TicketStatus
    category: str | None
    priority: Priority
    language: str | None
    sentiment: str | None
    team: str | None
    assignee: str | None
    tags: list[str]
    snoozed_until: Moment | None = Field(description="Put aside until then; null while it is not.")
    merged_into: str | None = Field(description="The ticket that goes on in this one's place; null for most.")
    resolved_at: Moment | None = Field(description="Since when it is resolved, or was when it was closed.")
    version: int = Field(description="Grows with every change.")
    created_at: Moment
    updated_at: Moment


class LinkOut(Out):
    """A ticket that belongs to this one."""

    model_config = example(LINK)

    other_id: str
    kind: LinkKind = Field(
        description="What the other one is: `related`, its `follow_up`, what it `follows`, `merged` into this one, or "
        "what this one was `merged_into`."
    )
    created_by: str
    created_at: Moment


class MessageOut(Out):
    """A message of a conversation."""

    model_config = example(MESSAGE)

    id: str
    ticket_id: str = Field(description="Where it was written: another ticket when that was merged into this one.")
    author: Author
    author_name: str | None
    body: str
    internal: bool
    created_at: Moment


class GuessOut(Out):
    """A predicted attribute."""

    value: str | None
    confidence: float = Field(description="Probability that the value is right, 0 to 1.")
    source: str = Field(description="What produced it.")


class CandidateOut(Out):
    """An answer that was considered."""

    answer_id: str
    label: str
    score: float
    features: dict[str, float] = Field(description="What spoke for and against it.")


class UnderstoodOut(Out):
    """What the agent understood of a ticket."""

    category: GuessOut
    priority: GuessOut
    language: GuessOut
    sentiment: GuessOut


class DecisionOut(Out):
    """What the agent decided and why."""

    model_config = example(DECISION)

    id: str
    run_id: str
    action: Action
    answer_id: str | None
    label: str | None
    confidence: float = Field(description="Calibrated probability that the answer is right, 0 to 1.")
    threshold: float | None = Field(description="What the confidence had to reach; null while nothing is learned.")
    category: str | None
    priority: Priority
    team: str | None
    reasons: list[str] = Field(description="Sentences for a reader, the deciding one first.")
    candidates: list[CandidateOut] = Field(description="The answers that were considered, best first.")
    understood: UnderstoodOut
    novelty: float = Field(description="How unlike everything known the ticket is, 0 to 1.")
    version: str
    path: Path = Field(description="`model` where a language model's reading was heard, `learned` where none was.")
    created_at: Moment

    @classmethod
    def of(cls, stored: StoredDecision) -> "DecisionOut":
        """A stored decision with what it came from."""
        return cls.model_validate(
            {
                **stored.decision.model_dump(),
                "id": stored.id,
                "run_id": stored.run_id,
                "candidates": [candidate.model_dump() for candidate in stored.analysis.candidates],
                "understood": stored.analysis.model_dump(include={"category", "priority", "language", "sentiment"}),
                "novelty": stored.analysis.novelty,
                "created_at": stored.created_at,
            }
        )


class TicketDetail(TicketOut):
    """A ticket with its conversation and the agent's newest decision."""

    model_config = example(
        {**TICKET, "status": "resolved", "messages": [MESSAGE], "links": [LINK], "decision": DECISION}
    )

    messages: list[MessageOut] = Field(description="Oldest first, with those of tickets that were merged into it.")
    links: list[LinkOut] = Field(description="Tickets that belong to it, oldest link first.")
    decision: DecisionOut | None = Field(description="Null until the first run has decided.")


class TicketAccepted(Out):
    """A ticket that is stored, with the run that works on it."""

    model_config = example({"ticket": TICKET, "run_id": RUN_ID})

    ticket: TicketOut
    run_id: str


class MessageAccepted(Out):
    """A message that is stored, with the ticket as it stands and the run that it started, if any."""

    model_config = example(
        {
            "message": {
                **MESSAGE,
                "author": "user",
                "author_name": "Ines",
                "body": "We asked the depot and will call you.",
            },
            "ticket": {**TICKET, "status": "waiting", "version": 2},
            "run_id": None,
        }
    )

    message: MessageOut
    ticket: TicketOut
    run_id: str | None


class TicketPage(Out):
    """Some tickets, last changed first."""

    model_config = example({"items": [TICKET], "next_cursor": None})

    items: list[TicketOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class TicketQuery(PageQuery):
    """Which tickets to list: those that fit every filter that is sent."""

    status: list[TicketStatus] = Field(default=[], max_length=7, description="Any of these; all when left out.")
    category: Name | None = Field(None, description="Exactly this category.")
    priority: Priority | None = Field(None, description="Exactly this priority.")
    team: Name | None = Field(None, description="Exactly this team.")
    assignee: Name | None = Field(None, description="Exactly this assignee.")
    requester: Name | None = Field(None, description="Exactly this requester's e-mail address.")
    tag: Name | None = Field(None, description="Tagged with exactly this.")
    snoozed: bool | None = Field(None, description="Only those that are put aside, or only those that are not.")
    updated_since: Moment | None = Field(None, description="Changed last then or later.")
    updated_until: Moment | None = Field(None, description="Changed last then or earlier.")
