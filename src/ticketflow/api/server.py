"""The HTTP server around the application: the port is taken first, then requests are served until a signal ends it.

Not the application: that is `app.create_app`.
"""

import errno
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from ticketflow.errors import Misconfigured, NotReady

BACKLOG = 2048
DRAIN_SECONDS = 20.0
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
            timeout_graceful_shutdown=round(DRAIN_SECONDS),
        )
        super().__init__(settings)
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
