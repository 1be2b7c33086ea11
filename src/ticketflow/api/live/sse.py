"""The stream as server-sent events: what a browser's EventSource reads, and any HTTP client line by line.

Each event has its seq as `id`, so that a client that comes again sends it as Last-Event-ID. What has no `data` moves
the id on and is shown to nobody.
"""

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ticketflow.api.live import opening
from ticketflow.api.live.entries import Entry
from ticketflow.api.live.hub import Hub
from ticketflow.api.live.stream import STOPPING, End, Stream
from ticketflow.api.principal import Principal

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 2_000
CLOSE_SECONDS = 5.0
_GONE = End(0, "The client is gone.")


def asked_for(request: Request) -> bool:
    """Whether a request of the event log wants the stream: it names the media type, and JSON is not named before it."""
    kinds = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return next((kind for kind in kinds if kind in (MEDIA_TYPE, "application/json")), None) == MEDIA_TYPE


async def open_stream(request: Request) -> Response:
    """The response to a request that wants the stream. Raises what `opening` does, before anything is sent."""
    hub = cast(Hub, request.app.state.live)
    query = opening.asked(request)
    caller = await opening.admitted(request, hub, query.ticket)
    return EventStream(hub, caller, query)


class EventStream(Response):
    """A response that goes on until its reader or the server ends it. Raises TooManyStreams before it begins."""

    media_type = MEDIA_TYPE

    def __init__(self, hub: Hub, principal: Principal, query: opening.StreamQuery) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._principal = principal
        self._query = query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        listening: asyncio.Task[None] | None = None

        async def opened(stream: Stream, seq: int) -> None:
            nonlocal listening
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await sink.block(f"retry: {_retry()}\nid: {seq}\n\n")
            listening = asyncio.create_task(_listen(receive, stream))

        sink = _Blocks(send)
        with self._hub.place(self._principal):
            try:
                end = await self._hub.run(self._principal, self._query.wanted, self._query.after, sink, opened)
            finally:
                if listening is not None:
                    listening.cancel()
            if end is not _GONE:
                with suppress(TimeoutError):  # a client that takes nothing does not take the end either
                    await asyncio.wait_for(sink.end(end), CLOSE_SECONDS)


class _Blocks:
    """Writes a stream as server-sent events."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def events(self, entries: Sequence[Entry]) -> None:
        await self._write(entries[0].block if len(entries) == 1 else b"".join(entry.block for entry in entries))

    async def reset(self, seq: int) -> None:
        await self.block(f'id: {seq}\nevent: reset\ndata: {{"seq":{seq}}}\n\n')

    async def heartbeat(self, seq: int) -> None:
        await self.block(f": heartbeat\nid: {seq}\n\n")

    async def end(self, why: End) -> None:
        told = json.dumps({"code": why.code, "reason": why.reason})
        await self.block(f"retry: {_retry()}\n\n" if why is STOPPING else f"event: end\ndata: {told}\n\n")
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def block(self, text: str) -> None:
        await self._write(text.encode())

    async def _write(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})


async def _listen(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end(_GONE, at_once=True)


def _retry() -> int:
    """Milliseconds after which a client comes again; not the same for all, who would all come at once."""
    return RETRY_MS + random.randrange(RETRY_MS)
