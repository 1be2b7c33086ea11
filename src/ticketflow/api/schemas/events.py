"""What readers of the event log ask for, and tickets for the live stream. Events themselves are in `runs`."""

from typing import Annotated

from pydantic import Field

from ticketflow.api.schemas.base import LONGEST_PAGE, In, Moment, Out, example
from ticketflow.api.topics import MOST, TOPIC_PATTERN, TYPE_PATTERN

Topic = Annotated[str, Field(pattern=TOPIC_PATTERN)]
Type = Annotated[str, Field(pattern=TYPE_PATTERN)]


class Following(In):
    """Which events are wanted."""

    topic: list[Topic] = Field(
        [], max_length=MOST, description="Only events of these topics; `tickets/ID` is one ticket's."
    )
    type: list[Type] = Field([], max_length=MOST, description="Only events of these types.")


class EventQuery(Following):
    """Where to go on in the event log, and what is wanted of it."""

    after: int = Field(
        0,
        ge=0,
        le=2**62,
        description="Events after this seq. Left out, a list begins with the first, a stream with what comes now.",
    )
    limit: int = Field(100, ge=1, le=LONGEST_PAGE, description="Length of a list's page.")


class StreamTicketOut(Out):
    """A ticket for one stream."""

    model_config = example(
        {"ticket": "Jx0vZ9b1Qb6mEo7yF3kQw2dYl8sT4uRn5cXgHaPiV0M", "expires_at": "2026-03-02T09:16:00.000Z"}
    )

    ticket: str = Field(description="Send it as the query parameter `ticket`; it is spent when the stream opens.")
    expires_at: Moment
