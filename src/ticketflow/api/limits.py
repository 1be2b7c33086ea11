"""The cap on a request's body, enforced while it arrives: what is over it is never held in memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketflow.api import problems

MAX_BODY_BYTES = 1 << 20


class BodyLimit:
    """ASGI middleware that answers 413 to a body of more than `limit` bytes, declared or not."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared(scope) > self._limit:
            refusal = problems.response("too_large", self._detail(), headers={"Connection": "close"})
            await refusal(scope, receive, send)
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._limit:
                    # An HTTPException is what the framework lets through while it reads a body.
                    raise HTTPException(413, self._detail(), headers={"Connection": "close"})
            return message

        await self._app(scope, receive_counted, send)

    def _detail(self) -> str:
        return f"The body is larger than {self._limit:,} bytes."


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
