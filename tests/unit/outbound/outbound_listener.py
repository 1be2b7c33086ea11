"""A real server that counts the connections it gets; what a guarded client must not reach, or must reach as it says."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ticketflow.outbound.addresses import Address

CERTIFICATE = Path(__file__).with_name("hooks.example.pem")
SECONDS = 10.0
PROBE = b"PROBE"  # what the listener's own connections say, which do not count

Reply = Callable[[str], "bytes | Iterator[bytes]"]
"""The bytes that answer a request, given its head and its body as one text."""


def ok(body: bytes = b"here", *headers: str, status: str = "200 OK") -> bytes:
    """An answer as a whole."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """An answer that leads elsewhere."""
    return ok(b"", f"Location: {location}", status=status)


def trusting() -> ssl.SSLContext:
    """What trusts the listener's certificate, which is that of hooks.example, and no other."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


class Listener:
    """Listens on 127.0.0.1 and, where there is one, on ::1, on the same free port.

    accepted  connections so far, whatever they said; `settled` waits until the count can be trusted
    requests  head and body of each
    names     server names that TLS asked for
    """

    def __init__(self, reply: Reply = lambda _: ok(), *, tls: bool = False) -> None:
        self.reply = reply
        self.accepted = 0
        self.requests: list[str] = []
        self.names: list[str] = []
        self.closing = threading.Event()
        self._counting = threading.Lock()
        self._tls = self._secured() if tls else None
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._sockets[0].getsockname()[1]
        with contextlib.suppress(OSError):
            self._sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        self._threads = [threading.Thread(target=self._serve, args=(one,), daemon=True) for one in self._sockets]

    def __enter__(self) -> "Listener":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        for listening in self._sockets:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for thread in self._threads:
            thread.join(SECONDS)

    def dial(self, _address: Address, _port: int, seconds: float) -> socket.socket:
        """A connection to here, whatever the address: so that one to a place that is far away would be counted."""
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def settled(self) -> int:
        """How many connections there were. Connections are accepted in order, so ours is counted after all others."""
        for listening in self._sockets:
            with socket.create_connection(listening.getsockname()[:2], SECONDS) as ours:
                ours.sendall(PROBE)
                assert ours.recv(1) == b"."
        return self.accepted

    def _secured(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        return context

    def _serve(self, listening: socket.socket) -> None:
        while not self.closing.is_set():
            try:
                connection = listening.accept()[0]
            except OSError:
                return
            connection.settimeout(SECONDS)
            with connection, contextlib.suppress(OSError):
                self._answer(connection)

    def _answer(self, plain: socket.socket) -> None:
        if plain.recv(len(PROBE), socket.MSG_PEEK) == PROBE:
            plain.sendall(b".")
            return
        with self._counting:
            self.accepted += 1
        connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        with connection:
            request = _read(connection)
            if not request:
                return
            self.requests.append(request)
            told = self.reply(request)
            for piece in [told] if isinstance(told, bytes) else told:
                connection.sendall(piece)


def _read(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            return ""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65_536)
    return f"{head.decode()}\n\n{body.decode()}"
