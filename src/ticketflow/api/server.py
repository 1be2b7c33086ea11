"""The HTTP server around the application: the port is taken first, then requests are served until a signal ends it.

Not the application: that is `app.create_app`.
"""

import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from ticketflow.api.limits import MAX_MESSAGE_BYTES
from ticketflow.errors import Misconfigured, NotReady

BACKLOG = 2048
DRAIN_SECONDS = 20.0
PING_SECONDS = 20.0
"""A WebSocket is asked so often whether it lives, and has as long to answer."""
UNTAKEN_SECONDS = 30
"""A connection whose other side takes no data for so long is cut."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Serves `app` on a listener that is open already, and calls `on_started` when it does."""

    def __init__(self, app: FastAPI, listener: socket.socket, on_started: Callable[[], None] | None = None) -> None:
        settings = uvicorn.Config(
            app,
            log_config=None,  # the entry point configures logging
            log_level="warning",
            access_log=False,
            server_header=False,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            ws_per_message_deflate=False,  # a compressor for each connection costs more memory than all the rest of it
            timeout_graceful_shutdown=round(DRAIN_SECONDS),
        )
        super().__init__(settings)
        logging.getLogger("uvicorn.error").addFilter(_no_refusals)
        self._app = app
        self._listener = listener
        self._on_started = on_started

    def serve_until_stopped(self) -> None:
        """Serve until SIGINT, SIGTERM or `should_exit`, then end the requests under way; a second SIGINT ends at once.

        In another thread than the main one, signals are left to the main one.
        """
        self.run(sockets=[self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        if self.started and self._on_started is not None:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn, which waits for responses under way: live ones would never end by themselves."""
        self._app.state.live.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """See uvicorn, which would raise the signal again afterwards: an orderly stop would look like a crash."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _no_refusals(record: logging.LogRecord) -> bool:
    """Leaves out what uvicorn says of each WebSocket that was refused with a response, as if that were a mistake."""
    return record.msg != "ASGI callable returned without completing handshake."


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises NotReady for a taken port, Misconfigured for a wrong host."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise _no_address(host) from error
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is. With it on, the body of a
    # response waits for the acknowledgement of its head: 40 ms on every connection that is used twice.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # connections inherit it; where there is none, keep-alive has to do
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_SECONDS * 1_000)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from error
    return listener


def address(listener: socket.socket) -> str:
    """Where the socket listens, as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refused(host: str, port: int, error: OSError) -> NotReady | Misconfigured:
    if error.errno == errno.EADDRINUSE:
        return NotReady(
            f"Port {port} of {host} is taken by another process.",
            remedy="End that one, or choose another port with --port; 0 picks a free one.",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return _no_address(host)
    why = (error.strerror or str(error)).lower()
    return Misconfigured(f"Port {port} of {host} cannot be opened: {why}.", remedy="Choose another one with --port.")


def _no_address(host: str) -> Misconfigured:
    return Misconfigured(
        f"{host!r} is no address of this machine.", remedy="Choose one with --host, such as 127.0.0.1 or 0.0.0.0."
    )
