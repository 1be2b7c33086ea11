"""An event as it is sent: written once for all who read it."""

from dataclasses import dataclass

from ticketflow.api.schemas.runs import EventOut
from ticketflow.api.scopes import Scope
from ticketflow.api.topics import scope_of, topic_of
from ticketflow.events import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """What decides who is shown an event, and its JSON (an EventOut) as a WebSocket message and as an SSE message."""

    seq: int
    type: str
    topic: str
    scope: Scope
    ticket_id: str
    frame: str
    block: bytes

    @classmethod
    def of(cls, event: Event) -> "Entry":
        """Write an event down."""
        text = EventOut.model_validate(event).model_dump_json()
        return cls(
            seq=event.seq,
            type=event.type,
            topic=topic_of(event.type),
            scope=scope_of(event.type),
            ticket_id=event.ticket_id,
            frame=f'{{"type":"event","event":{text}}}',
            block=f"id: {event.seq}\ndata: {text}\n\n".encode(),
        )
