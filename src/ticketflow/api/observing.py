"""Around every request: its id, its line in the log, its figures and its span. Nothing of what was sent or answered.

The outermost middleware, so that what it tells holds for refusals and errors too.
"""

import time
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketflow import origin
from ticketflow.origin import Origin
from ticketflow.telemetry.observing import Telemetry
from ticketflow.telemetry.tracing import Tracing

HEADER = b"x-request-id"
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked again and again by machines: logged at DEBUG alone, unless they fail."""
STREAM = "text/event-stream"

log = structlog.get_logger("ticketflow.requests")


class Observing:
    """ASGI middleware over an application whose state holds `telemetry`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        seen = _Seen(scope, origin.request_id(_header(scope["headers"], HEADER)))

        async def send_noted(message: Message) -> None:
            seen.note(message)
            await send(message)

        telemetry: Telemetry | None = getattr(scope["app"].state, "telemetry", None)
        with seen.traced(telemetry):
            try:
                await self._app(scope, receive, send_noted)
            finally:
                seen.tell(telemetry)


class _Seen:
    """What is known of one request so far."""

    def __init__(self, scope: Scope, request_id: str) -> None:
        self._scope = scope
        self._request_id = request_id
        self._method = str(scope.get("method", "WEBSOCKET"))
        self._began = time.perf_counter()
        self._status = 500  # where nothing is sent, as when the other side is gone
        self._streams = False
        self._seconds: float | None = None

    def note(self, message: Message) -> None:
        """Look at what goes out; the response is given the request's id."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            headers = list(message.get("headers", ()))
            self._streams = (_header(headers, b"content-type") or "").startswith(STREAM)
            message["headers"] = [*headers, (HEADER, self._request_id.encode())]
            if self._streams:
                self._seconds = time.perf_counter() - self._began
        elif kind == "http.response.body" and not self._streams and not message.get("more_body", False):
            self._seconds = time.perf_counter() - self._began
        elif kind == "websocket.accept":
            self._status, self._seconds = 101, time.perf_counter() - self._began
        elif kind == "websocket.close" and self._seconds is None:
            self._status, self._seconds = 403, time.perf_counter() - self._began

    def traced(self, telemetry: Telemetry | None) -> AbstractContextManager[None]:
        """The request as the origin of all work inside the block, in a span where traces are on."""
        tracing = telemetry.tracing if telemetry is not None else None
        here = Origin(self._request_id)
        return origin.under(here) if tracing is None else self._in_span(tracing, here)

    @contextmanager
    def _in_span(self, tracing: Tracing, here: Origin) -> Generator[None]:
        traceparent = _header(self._scope["headers"], b"traceparent") or ""
        known: dict[str, str | int] = {"http.request.method": self._method, "ticketflow.request.id": self._request_id}
        with (
            tracing.span(self._method, "server", traceparent, known) as own,
            origin.under(here._replace(traceparent=own)),
        ):
            yield
            tracing.rename(own, f"{self._method} {self._route}".strip())
            tracing.note(own, "http.route", self._route)
            tracing.note(own, "http.response.status_code", self._status, failed=self._status >= 500)

    def tell(self, telemetry: Telemetry | None) -> None:
        """Count the request and log it."""
        whole = time.perf_counter() - self._began
        if telemetry is not None:
            telemetry.metrics.request(self._route, self._method, self._status, self._seconds or whole)
        fields: dict[str, Any] = {
            "method": self._method if self._method.isalpha() else "?",
            "route": self._route or None,
            "status": self._status,
            "duration_ms": round(whole * 1_000, 1),
            "caller": self._caller,
        }
        write = log.warning if self._status >= 500 else log.debug if self._route in QUIET else log.info
        write("request", **fields)

    @property
    def _route(self) -> str:
        return str(getattr(self._scope.get("route"), "path", ""))

    @property
    def _caller(self) -> str | None:
        principal = self._scope.get("state", {}).get("principal")
        return None if principal is None else str(principal.actor)


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    """The first header of that name, in small letters as ASGI has them: a mapping of all would take longer."""
    for name, value in headers:
        if name == wanted:
            return value.decode("latin-1")
    return None
