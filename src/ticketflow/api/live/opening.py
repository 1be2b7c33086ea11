"""Who opens a stream, from where and for what: looked at before anything is sent.

A caller shows a key or a session as in every request. Browsers cannot send a key's header with a WebSocket or an
EventSource, so that they may also spend a ticket: a secret that is good once, for a minute, and so may stand in a URL.
"""

from typing import Annotated, cast

from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from ticketflow.api import cookies, csrf
from ticketflow.api.admission import Admission
from ticketflow.api.guard import admit
from ticketflow.api.live.hub import Hub
from ticketflow.api.live.standing import read, standing, written
from ticketflow.api.principal import Principal
from ticketflow.api.rates import Rates
from ticketflow.api.schemas.events import Following
from ticketflow.api.scopes import Scope
from ticketflow.api.topics import Filter
from ticketflow.db import Session
from ticketflow.errors import InvalidInput, Unauthenticated
from ticketflow.runtime import Runtime
from ticketflow.store import one_time

PURPOSE = "stream"
TICKET_SECONDS = 60
LAST_SEEN = "last-event-id"
_LISTS = ("topic", "type")
_LONGEST_TICKET = 100


class StreamQuery(Following):
    """What a stream may be asked for in its URL."""

    after: Annotated[int, Field(ge=0, le=2**62)] | None = None
    ticket: Annotated[str, Field(max_length=_LONGEST_TICKET)] | None = None

    @property
    def wanted(self) -> Filter:
        """The filter that the URL asks for."""
        return Filter(frozenset(self.topic), frozenset(self.type))


def issue_ticket(session: Session, principal: Principal) -> str:
    """A ticket that opens one stream of this caller within TICKET_SECONDS."""
    lifetime = TICKET_SECONDS * 1_000_000
    return one_time.issue(session, principal.workspace_id, PURPOSE, written(principal), lifetime)


def asked(connection: HTTPConnection) -> StreamQuery:
    """What the URL asks for. A reader that comes again says where it was by Last-Event-ID, which counts before `after`.

    Raises Forbidden for a page of another origin, InvalidInput and RequestValidationError for what cannot be read.
    """
    admission = cast(Admission, connection.app.state.admission)
    csrf.require_own_origin(connection.headers, admission.origins, browser=False)
    query = _query(connection.query_params)
    seen = connection.headers.get(LAST_SEEN, "")
    if not seen:
        return query
    if not (seen.isascii() and seen.isdigit() and len(seen) < 19):
        raise InvalidInput("Last-Event-ID is no seq of an event.", remedy="Send the last `id` that came, or none.")
    return query.model_copy(update={"after": int(seen)})


async def admitted(connection: HTTPConnection, hub: Hub, ticket: str | None) -> Principal:
    """Who opens a stream: by header, by cookie, else by ticket. Raises Unauthenticated, Forbidden, RateLimited and
    StorageUnavailable.
    """
    if ticket is None or "authorization" in connection.headers:
        caller = await hub.off_loop(lambda: admit(connection, Scope.EVENTS_READ))
    else:
        caller = await hub.off_loop(lambda: _spend(connection, ticket))
    welcome(connection, caller)
    return caller


def welcome(connection: HTTPConnection, caller: Principal) -> None:
    """Count an opening as a request of its caller, and let the log name them. Raises RateLimited."""
    connection.state.principal = caller
    cast(Rates, connection.app.state.rates).take(caller)


def says_who(connection: HTTPConnection, query: StreamQuery) -> bool:
    """Whether the opening request tells who sends it."""
    if query.ticket is not None or "authorization" in connection.headers:
        return True
    admission = cast(Admission, connection.app.state.admission)
    return cookies.read(connection.cookies, secure=admission.is_secure(connection)) is not None


def _spend(connection: HTTPConnection, ticket: str) -> Principal:
    runtime = cast(Runtime, connection.app.state.runtime)
    with runtime.database.read() as session:  # whoever makes tickets up does not get to lock the database for it
        known = one_time.find(session, PURPOSE, ticket)
    found: list[Principal] = []
    if known is not None and known.used_at is None:
        with runtime.database.write() as session:
            spent = one_time.redeem(session, PURPOSE, ticket)
            found = [] if spent is None else list(standing(session, [read(spent.subject)]).values())
    if not found:
        host = connection.client.host if connection.client else ""
        cast(Rates, connection.app.state.rates).failed(host)
        raise Unauthenticated(
            "The ticket is spent, has expired, or its key was revoked.",
            remedy="Ask for another one with POST /v1/events/ticket; each opens one stream.",
        )
    found[0].require(Scope.EVENTS_READ)
    return found[0]


def _query(given: QueryParams) -> StreamQuery:
    fields = {name: given.getlist(name) if name in _LISTS else given[name] for name in given}
    try:
        return StreamQuery.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in error.errors()]) from error
