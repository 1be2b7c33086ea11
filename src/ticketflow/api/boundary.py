"""The last line: an error that nobody expected becomes a 500 with an id, and the log's entry under that id.

It is not passed on to the server, whose own log would repeat it with whatever the error quotes.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketflow.api import problems


class ErrorBoundary:
    """ASGI middleware outside of everything that handles the errors we know."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            response = problems.internal(error)
            if started:  # half an answer is out: only a broken connection tells the client that it is not whole
                raise
            await response(scope, receive, send)
