"""Runs, their steps, events and feedback on the wire."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from ticketflow.api.schemas.base import NO_TEXT, In, Moment, Name, Out, Text, example
from ticketflow.api.schemas.tickets import ANSWER_ID, RUN_ID, TICKET_ID
from ticketflow.domain import FeedbackKind, StepRecord

_RUN = {
    "id": RUN_ID,
    "ticket_id": TICKET_ID,
    "workflow": "ticket",
    "version": 1,
    "state": "succeeded",
    "step": "execute",
    "attempt": 1,
    "error": None,
    "created_at": "2026-03-02T09:15:00.000Z",
    "updated_at": "2026-03-02T09:15:00.041Z",
}
_STEP = {
    "step": "search",
    "version": "1",
    "input": {"ingest": {"text": "Parcel has not moved for a week"}},
    "output": {"cases": [], "articles": [], "answers": []},
    "duration_ms": 6.4,
    "created_at": "2026-03-02T09:15:00.041Z",
}
_EVENT = {
    "seq": 18,
    "type": "ticket.created",
    "ticket_id": TICKET_ID,
    "data": {"channel": "email", "subject": "Parcel has not moved for a week"},
    "created_at": "2026-03-02T09:15:00.000Z",
}


class RunOut(Out):
    """One execution of a workflow."""

    model_config = example(_RUN)

    id: str
    ticket_id: str = Field(description="Empty for a run that concerns no ticket.")
    workflow: str
    version: int
    state: str = Field(description="`live`, `succeeded`, `failed` or `cancelled`.")
    step: str = Field(description="The last step that is done; empty before the first.")
    attempt: int
    error: str | None
    created_at: Moment
    updated_at: Moment


class StepOut(Out):
    """A step as it was done."""

    model_config = example(_STEP)

    step: str
    version: str
    input: dict[str, Any] = Field(description="What it built on, by name.")
    output: dict[str, Any]
    duration_ms: float
    created_at: Moment

    @classmethod
    def of(cls, record: StepRecord) -> "StepOut":
        """A stored step."""
        return cls.model_validate(
            {**record.model_dump(exclude={"duration_us"}), "duration_ms": record.duration_us / 1_000}
        )


class RunDetail(RunOut):
    """A run with its steps."""

    model_config = example({**_RUN, "steps": [_STEP]})

    steps: list[StepOut] = Field(description="In the order they were done.")


class RunList(Out):
    """A ticket's runs, oldest first."""

    model_config = example({"items": [_RUN]})

    items: list[RunOut]


class EventOut(Out):
    """A fact about the workspace."""

    model_config = example(_EVENT)

    seq: int = Field(description="Gapless, in the order of the commits.")
    type: str
    ticket_id: str = Field(description="Empty where the fact concerns no ticket.")
    data: dict[str, Any]
    created_at: Moment


class EventPage(Out):
    """Some events, oldest first."""

    model_config = example({"items": [_EVENT], "next_after": 18, "last_seq": 18})

    items: list[EventOut]
    next_after: int = Field(description="Send it as `after` to go on from here; it stands still at the end of the log.")
    last_seq: int = Field(description="The newest event's seq, 0 before the first.")


class FeedbackIn(In):
    """One person's word on the newest decision."""

    model_config = example({"kind": "wrong", "answer_id": ANSWER_ID, "note": "It was about a refund."})

    kind: FeedbackKind = Field(description="What is said of the decision.")
    answer_id: Name | None = Field(None, description="The answer that would have been right.")
    score: Annotated[int, Field(ge=1, le=5), NO_TEXT] | None = Field(
        None, description="The customer's satisfaction, with kind `csat` only."
    )
    note: Text = Field("", max_length=10_000, description="Why, in words.")

    @model_validator(mode="after")
    def _score_with_csat(self) -> "FeedbackIn":
        if (self.score is not None) != (self.kind is FeedbackKind.CSAT):
            raise ValueError("`score` belongs to kind `csat`, and to no other")
        return self


class FeedbackOut(Out):
    """Feedback as it is stored."""

    model_config = example(
        {
            "id": "0192f0d0-90aa-7c00-8000-1b2c3d4e5f60",
            "ticket_id": TICKET_ID,
            "decision_id": "0192f0c1-7b90-7f00-8000-2f4d1c0b9a88",
            "kind": "wrong",
            "answer_id": ANSWER_ID,
            "score": None,
            "note": "It was about a refund.",
            "author": "key:3k9x0qv7m2ab81tz",
            "created_at": "2026-03-02T10:00:00.000Z",
        }
    )

    id: str
    ticket_id: str
    decision_id: str | None
    kind: FeedbackKind
    answer_id: str | None
    score: int | None
    note: str
    author: str
    created_at: Moment
