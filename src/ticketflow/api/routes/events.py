"""The event log: page by page, or live as server-sent events or over a WebSocket, all at one address."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, WebSocket

from ticketflow import events
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, GuardedRoute, Handler, answers_once, needs
from ticketflow.api.live import opening, sse, websocket
from ticketflow.api.schemas.events import EventQuery, StreamTicketOut
from ticketflow.api.schemas.runs import EventOut, EventPage
from ticketflow.api.scopes import Scope
from ticketflow.api.topics import Filter, shown


class _LogRoute(GuardedRoute):
    """A route that answers with the stream where that is asked for: it then takes no turn among the requests."""

    def get_route_handler(self) -> Handler:
        listed = super().get_route_handler()

        async def negotiated(request: Request) -> Response:
            wanted = request.method == "GET" and sse.asked_for(request)
            return await (sse.open_stream(request) if wanted else listed(request))

        return negotiated


routes = APIRouter(prefix="/v1", tags=["Runs and events"], route_class=_LogRoute)

_STREAM = {
    "content": {
        sse.MEDIA_TYPE: {
            "schema": {"type": "string", "description": "Server-sent events; each one's data is an EventOut."},
            "example": 'id: 18\ndata: {"seq":18,"type":"ticket.created",…}\n\n',
        }
    }
}
_SWITCHED = {
    "description": "The stream over a WebSocket: JSON messages, of which those of type `event` hold an EventOut."
}


@routes.get(
    "/events",
    summary="Read the event log, or follow it live",
    responses={101: _SWITCHED, 200: _STREAM, **fails(429)},
)
@needs(Scope.EVENTS_READ)
def list_events(calling: Calling, query: Annotated[EventQuery, Query()]) -> EventPage:
    """What happened in the workspace after `after`, oldest first. The log has no gaps: who has read up to a seq has
    missed nothing before it. Shown are events of topics whose scope the caller carries; a page may so hold fewer than
    `limit` of them, even none, while `next_after` moves on.

    With `Accept: text/event-stream` the answer is a stream that begins after `Last-Event-ID`, or else `after`, and goes
    on live; as a WebSocket the same address gives JSON messages. Either may be opened with `ticket=…` instead of a key.
    """
    with calling.runtime.database.read() as session:
        found = events.after(session, calling.workspace_id, query.after, query.limit)
        last = events.last_seq(session, calling.workspace_id)
    wanted = Filter(frozenset(query.topic), frozenset(query.type))
    return EventPage(
        items=[EventOut.model_validate(one) for one in found if shown(one, wanted, calling.principal.scopes)],
        next_after=found[-1].seq if found else query.after,
        last_seq=last,
    )


@routes.websocket("/events")
@needs(Scope.EVENTS_READ)
async def follow_events(connection: WebSocket) -> None:
    """See `list_events`, which describes it: OpenAPI has no words for a WebSocket."""
    await websocket.serve(connection)


@routes.post("/events/ticket", status_code=201, summary="Make a ticket for a live stream")
@needs(Scope.EVENTS_READ)
@answers_once
def make_stream_ticket(calling: Calling) -> StreamTicketOut:
    """A secret that opens one stream as this caller, within a minute: for browsers, which can send no key with a
    WebSocket or an EventSource. It is spent by opening, so that it may stand in a URL.
    """
    with calling.runtime.database.write() as session:
        ticket = opening.issue_ticket(session, calling.principal)
        expires_at = session.now + opening.TICKET_SECONDS * 1_000_000
    return StreamTicketOut(ticket=ticket, expires_at=expires_at)
