"""The cap on a request's body, enforced while it arrives: what is over it is never held in memory."""

import re
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketflow.agent.attaching import MAX_BYTES
from ticketflow.api import problems

MAX_BODY_BYTES = 1 << 20
LARGER: Mapping[str, int] = {r"/v1/tickets/[^/]+/attachments": MAX_BYTES}
"""Paths, as patterns, whose bodies may be larger."""
MAX_MESSAGE_BYTES = 16 << 10
"""A message that a client sends over a WebSocket; the server closes with 1009 on a longer one."""


class BodyLimit:
    """ASGI middleware that answers 413 to a body of more than `limit` bytes, declared or not; `larger` gives limits of
    their own to paths that match a pattern.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES, larger: Mapping[str, int] = LARGER) -> None:
        self._app = app
        self._limit = limit
        self._larger = [(re.compile(path), size) for path, size in larger.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        if _declared(scope) > limit:
            refusal = problems.response("too_large", _detail(limit), headers={"Connection": "close"})
            await refusal(scope, receive, send)
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    # An HTTPException is what the framework lets through while it reads a body.
                    raise HTTPException(413, _detail(limit), headers={"Connection": "close"})
            return message

        await self._app(scope, receive_counted, send)

    def _limit_of(self, path: str) -> int:
        return next((size for pattern, size in self._larger if pattern.fullmatch(path)), self._limit)


def _detail(limit: int) -> str:
    return f"The body is larger than {limit:,} bytes."


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
