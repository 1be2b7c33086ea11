"""A server that answers as it is told: refusals, damaged bodies, connections that are reset or say nothing."""

import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

KEY = "tf_live_0123456789_a-key-that-no-message-may-show_c0ffee"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Told:
    """How to answer a request. RESET and SILENT are not answers."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


RESET = Told(status=-1)
SILENT = Told(status=-2)


READ = Told(body={"id": "one", "read": True})
"""What `notices.mark_read` gives, the shortest of the API's POSTs."""


def refused(status: int, code: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> Told:
    """A problem, as the API sends it."""
    problem = {"type": f"/docs#problem-{code}", "title": "A kind", "status": status, "code": code, **members}
    return Told(status, problem, {"Content-Type": PROBLEM, **(headers or {})})


@dataclass(frozen=True)
class Came:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Misbehaving:
    """Answers with `script`, one after the other, and with the last of it from then on. `came` is what was asked."""

    def __init__(self) -> None:
        self.script: list[Told] = []
        self.came: list[Came] = []
        self.stopped = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def next(self, came: Came) -> Told:
        self.came.append(came)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def __enter__(self) -> "Misbehaving":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, place: tuple[str, int], owner: Misbehaving) -> None:
        self.owner = owner
        super().__init__(place, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that gave up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = self.server.owner.next(Came(self.command, self.path, headers, body))
        if told is SILENT:
            self.server.owner.stopped.wait(10)
        if told in (RESET, SILENT):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        data = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
        self.send_response(told.status)
        for name, value in {"Content-Type": "application/json", **told.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  the base class's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Say nothing."""
