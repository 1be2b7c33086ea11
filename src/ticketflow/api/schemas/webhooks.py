"""Endpoints of webhooks and deliveries to them on the wire. A secret goes out once, when it is made."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ticketflow.api.schemas.base import NO_TEXT, In, Moment, Out, PageQuery, Patch, Text, Words, example
from ticketflow.integrations.delivering import Attempted
from ticketflow.integrations.endpoints import TYPE_PATTERN
from ticketflow.store.webhook_deliveries import Delivery, DeliveryState, RunOfAttempt
from ticketflow.store.webhook_endpoints import EndpointState

ENDPOINT_ID = "0192f0c1-7a55-7cc0-8000-3f1a5e9b1ce1"
DELIVERY_ID = "0192f0c1-7a59-7b40-8000-1d0f3a5b7c92"
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
_NEW: dict[str, Any] = {
    "url": "https://hooks.example.org/ticketflow",
    "description": "Order system",
    "types": ["ticket.resolved", "ticket.escalated"],
}
_ENDPOINT = {
    "id": ENDPOINT_ID,
    **_NEW,
    "state": "enabled",
    "reason": None,
    "failing_since": None,
    "position": 1041,
    "version": 1,
    "created_at": "2026-03-02T09:15:00.000Z",
    "updated_at": "2026-03-02T09:15:00.000Z",
}
_DELIVERY = {
    "id": DELIVERY_ID,
    "endpoint_id": ENDPOINT_ID,
    "seq": 1042,
    "type": "ticket.resolved",
    "state": "pending",
    "attempts": 1,
    "status": 503,
    "error": "The endpoint answered 503.",
    "next_at": "2026-03-02T09:15:05.700Z",
    "created_at": "2026-03-02T09:15:00.200Z",
    "updated_at": "2026-03-02T09:15:00.700Z",
}
_ATTEMPT = {
    "at": "2026-03-02T09:15:00.400Z",
    "status": 503,
    "error": "The endpoint answered 503.",
    "excerpt": "upstream is starting",
    "duration_ms": 212,
}

Url = Annotated[str, Field(min_length=1, max_length=8_192)]
Types = Annotated[list[Annotated[str, Field(pattern=TYPE_PATTERN)]], Field(max_length=50)]

_TYPES = "Event types, or `ticket.*` for all that begin so; none means all."


class EndpointIn(In):
    """A new endpoint."""

    model_config = example(_NEW)

    url: Url = Field(description="Where events are sent: https and port 443, unless the operator allows more.")
    description: Text = Field("", max_length=190, description="What it is, for people.")
    types: Types = Field(default=[], description=_TYPES)


class EndpointPatch(Patch):
    """What is to change."""

    model_config = example({"state": "enabled", "after_seq": 1})

    url: Url = Field("", description="Where events are sent.")
    description: Text = Field("", max_length=190, description="What it is, for people.")
    types: Types = Field(default=[], description=_TYPES)
    state: EndpointState = Field(
        EndpointState.ENABLED, description="Enabled again, it is told of what happens from then on."
    )
    after_seq: Annotated[int, Field(ge=0), NO_TEXT] = Field(
        0, description="Send all events after this one, also those that were sent before."
    )


class EndpointOut(Out):
    """An endpoint without its secret."""

    model_config = example(_ENDPOINT)

    id: str
    url: str
    description: str
    types: list[str]
    state: EndpointState
    reason: str | None = Field(description="Why it is disabled.")
    failing_since: Moment | None = Field(description="The first failed attempt since one that succeeded.")
    position: int = Field(description="The last event that was considered for it.")
    version: int
    created_at: Moment
    updated_at: Moment


class EndpointMade(EndpointOut):
    """A new endpoint with its secret, which is shown this once."""

    model_config = example({**_ENDPOINT, "secret": SECRET})

    secret: str = Field(description="What its signatures are verified with.")


class SecretMade(Out):
    """A new secret, which is shown this once."""

    model_config = example({"id": ENDPOINT_ID, "secret": SECRET, "previous_until": "2026-03-03T09:15:00.000Z"})

    id: str
    secret: str
    previous_until: Moment = Field(description="Until then the secret before counts as well.")


class EndpointPage(Out):
    """Some endpoints, newest first."""

    model_config = example({"items": [_ENDPOINT], "next_cursor": None})

    items: list[EndpointOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class EndpointQuery(PageQuery):
    """Which page of the endpoints."""


class EndpointDeleted(Out):
    """It is gone."""

    model_config = example({"id": ENDPOINT_ID, "deleted": True})

    id: str
    deleted: Literal[True]


class DeliveryOut(Out):
    """A delivery. Its id is the `webhook-id` of every attempt."""

    model_config = example(_DELIVERY)

    id: str
    endpoint_id: str
    seq: int = Field(description="The event's; 0 for a test.")
    type: str
    state: DeliveryState
    attempts: int
    status: int | None = Field(description="HTTP status of the last attempt; null without a response.")
    error: str | None = Field(description="Why the last attempt failed; null where it did not.")
    next_at: Moment | None = Field(description="When the next attempt is due; null where none is.")
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, found: Delivery) -> "DeliveryOut":
        """A stored delivery."""
        return cls.model_validate({**found.model_dump(), "endpoint_id": found.webhook_endpoint_id})


class AttemptOut(Out):
    """One attempt."""

    model_config = example(_ATTEMPT)

    at: Moment
    status: int | None
    error: str | None
    excerpt: str = Field(description="How the response begins.")
    duration_ms: int


class DeliveryDetail(DeliveryOut):
    """A delivery with every attempt at it."""

    model_config = example({**_DELIVERY, "tried": [_ATTEMPT]})

    tried: list[AttemptOut] = Field(description="Oldest first.")

    @classmethod
    def with_attempts(cls, found: Delivery, runs: list[RunOfAttempt]) -> "DeliveryDetail":
        """A stored delivery and the runs of its attempts."""
        made = [_attempt(run) for run in runs]
        return cls(**dict(DeliveryOut.of(found)), tried=[one for one in made if one is not None])


class DeliveryPage(Out):
    """Some deliveries, newest first."""

    model_config = example({"items": [_DELIVERY], "next_cursor": None})

    items: list[DeliveryOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    endpoint_id: Annotated[Words, Field(max_length=64)] | None = Field(None, description="Of this endpoint alone.")
    state: DeliveryState | None = Field(None, description="In this state alone.")


def _attempt(run: RunOfAttempt) -> AttemptOut | None:
    if run.output:
        made = Attempted.model_validate(run.output)
        return AttemptOut.model_validate(made) if made.sent else None
    if run.state != "failed":
        return None  # it waits, or was taken back
    return AttemptOut(at=run.due_at, status=None, error=run.error, excerpt="", duration_ms=0)
