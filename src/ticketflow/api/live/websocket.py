"""The stream over a WebSocket: JSON messages with a `type`, one event in each.

Server: `ready`, `event`, `reset`, `heartbeat`, `subscribed`. Client: `auth` first where the opening request could not
say who asks, `subscribe` to change the filter. Close codes are HTTP's statuses after 4000, and those of the protocol.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, cast

from fastapi import WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.websockets import WebSocketState

from ticketflow.api import problems
from ticketflow.api.admission import Admission
from ticketflow.api.limits import MAX_MESSAGE_BYTES
from ticketflow.api.live import opening
from ticketflow.api.live.entries import Entry
from ticketflow.api.live.hub import Hub
from ticketflow.api.live.stream import End, Stream
from ticketflow.api.principal import Principal
from ticketflow.api.rates import Rates
from ticketflow.api.schemas.base import In
from ticketflow.api.schemas.events import Topic, Type
from ticketflow.api.scopes import Scope
from ticketflow.api.topics import MOST, Filter
from ticketflow.errors import NotReady, TicketFlowError, Unauthenticated

AUTH_SECONDS = 5.0
CLOSE_SECONDS = 5.0
MESSAGES = 20
"""A client sends so many messages in MESSAGES_SECONDS at most."""
MESSAGES_SECONDS = 10.0

_GONE = End(0, "The client is gone.")
_UNREADABLE = End(4400, "A message of the client is none that is known.")
_TOO_LARGE = End(1009, "A message of the client is too large.")
_FLOOD = End(4429, "The client sends too many messages.")
_RETRY_LATER = 1013
_LONGEST_KEY = 200
_REASON_LENGTH = 120  # bytes of a close frame, less its code


class AuthIn(In):
    """The first message of a client that could not send its key with the request."""

    type: Literal["auth"]
    key: str = Field(max_length=_LONGEST_KEY)


class SubscribeIn(In):
    """Another filter from now on."""

    type: Literal["subscribe"]
    topics: list[Topic] = Field([], max_length=MOST)
    types: list[Type] = Field([], max_length=MOST)


async def serve(websocket: WebSocket) -> None:
    """Serve one WebSocket from its opening request to its end."""
    hub = cast(Hub, websocket.app.state.live)
    try:
        query = opening.asked(websocket)
        caller = await _caller(websocket, hub, query)
        with hub.place(caller):
            if websocket.application_state is WebSocketState.CONNECTING:
                await websocket.accept()
            await _stream(websocket, hub, caller, query)
    except (TicketFlowError, RequestValidationError) as error:
        await _refuse(websocket, error)
    except WebSocketDisconnect:
        pass


async def _caller(websocket: WebSocket, hub: Hub, query: opening.StreamQuery) -> Principal:
    if opening.says_who(websocket, query):
        return await opening.admitted(websocket, hub, query.ticket)
    with hub.waiting():
        await websocket.accept()
        try:
            text = await asyncio.wait_for(_text(websocket), AUTH_SECONDS)
            said = AuthIn.model_validate_json(text)
        except (TimeoutError, ValidationError) as error:
            raise Unauthenticated(
                f"The first message within {AUTH_SECONDS:g} s is to say who asks.",
                remedy='Send {"type":"auth","key":"tf_live_…"}.',
            ) from error
        return await hub.off_loop(lambda: _introduced(websocket, said.key))


def _introduced(websocket: WebSocket, key: str) -> Principal:
    state = websocket.app.state
    try:
        caller = cast(Admission, state.admission).keys.admit(f"Bearer {key}")
    except Unauthenticated:
        cast(Rates, state.rates).failed(websocket.client.host if websocket.client else "")
        raise
    caller.require(Scope.EVENTS_READ)
    opening.welcome(websocket, caller)
    return caller


async def _stream(websocket: WebSocket, hub: Hub, caller: Principal, query: opening.StreamQuery) -> None:
    listening: asyncio.Task[None] | None = None

    async def opened(stream: Stream, seq: int) -> None:
        nonlocal listening
        await _send(websocket, _message("ready", seq=seq))
        listening = asyncio.create_task(_listen(websocket, stream))

    try:
        end = await hub.run(caller, query.wanted, query.after, _Messages(websocket), opened)
    finally:
        if listening is not None:
            listening.cancel()
    if end is not _GONE:
        await _close(websocket, end)


class _Messages:
    """Writes a stream as messages."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def events(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await _send(self._websocket, entry.frame)

    async def reset(self, seq: int) -> None:
        await _send(self._websocket, _message("reset", seq=seq))

    async def heartbeat(self, seq: int) -> None:
        await _send(self._websocket, _message("heartbeat", seq=seq))


async def _listen(websocket: WebSocket, stream: Stream) -> None:
    """Read what the client says until it is gone or says what it must not."""
    loop = asyncio.get_running_loop()
    since, count = loop.time(), 0
    try:
        while stream.ended is None:
            text = await _text(websocket)
            now = loop.time()
            since, count = (now, 1) if now - since > MESSAGES_SECONDS else (since, count + 1)
            if count > MESSAGES:
                return stream.end(_FLOOD)
            if len(text) > MAX_MESSAGE_BYTES:
                return stream.end(_TOO_LARGE)
            wanted = _subscribed(text)
            if wanted is None:
                return stream.end(_UNREADABLE)
            stream.wanted = wanted
            told = {"topics": sorted(wanted.topics), "types": sorted(wanted.types)}
            await _send(websocket, _message("subscribed", seq=stream.position, **told))
    except WebSocketDisconnect:
        stream.end(_GONE, at_once=True)


async def _send(websocket: WebSocket, text: str) -> None:
    """Send a message. Raises WebSocketDisconnect."""
    try:
        await websocket.send_text(text)
    except RuntimeError as error:  # the server has closed it meanwhile, because no ping was answered
        raise WebSocketDisconnect(1006) from error


async def _text(websocket: WebSocket) -> str:
    """The next message. Raises WebSocketDisconnect."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code") or 1005)
    return message.get("text") or ""


def _subscribed(text: str) -> Filter | None:
    try:
        said = SubscribeIn.model_validate_json(text)
    except ValidationError:
        return None
    return Filter(frozenset(said.topics), frozenset(said.types))


async def _refuse(websocket: WebSocket, error: TicketFlowError | RequestValidationError) -> None:
    known = isinstance(error, TicketFlowError)
    if websocket.application_state is WebSocketState.CONNECTING:
        problem = problems.of_error(error, where="query") if known else problems.of_validation(error)
        await websocket.send_denial_response(problem)
    else:
        code = _RETRY_LATER if isinstance(error, NotReady) else 4000 + (error.status if known else 422)
        await _close(websocket, End(code, error.message if known else "The request is not acceptable."))


async def _close(websocket: WebSocket, end: End) -> None:
    reason = end.reason.encode()[:_REASON_LENGTH].decode(errors="ignore")
    # A client that takes nothing does not take the close frame either; one that the server has closed has had it.
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        await asyncio.wait_for(websocket.close(end.code, reason), CLOSE_SECONDS)


def _message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields}, separators=(",", ":"))
