"""A provider that is a real HTTP server, with the ways in which one disappoints, and the client that calls it."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

from ticketflow.errors import NotSent

MODES = ("ok", "late", "tardy", "500_before", "500_after", "slow")
"""ok, then the first call for each message: accepted but answered too late; accepted too late, after the caller went
away; 500 and not accepted; accepted and 500; accepted and answered slowly, though in time."""


class Provider:
    """Listens on 127.0.0.1. `accepted` counts, by key, the messages that a customer sees; `calls` counts the calls.

    `mode` applies to the first `spell` calls for each key, the rest is healthy; `patience` is the caller's timeout in
    seconds. `on_accept(key)` returns what is wrong with accepting it now, which is added to `complaints`.
    """

    def __init__(
        self,
        mode: str = "ok",
        *,
        patience: float,
        spell: int = 1,
        on_accept: Callable[[str], str | None] = lambda _key: None,
    ) -> None:
        self.accepted: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.complaints: list[str] = []
        self._mode, self._spell, self._patience = mode, spell, patience
        self._on_accept = on_accept
        self._busy = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def come_to_rest(self, seconds: float = 5.0) -> None:
        """Wait until every call that came in is dealt with."""
        deadline = time.monotonic() + seconds
        while self._busy and time.monotonic() < deadline:
            time.sleep(0.005)

    def receive(self, key: str, *, honours: bool) -> int:
        """Deal with one call; the status of the answer."""
        with self._lock:
            self._busy += 1
        try:
            return self._deal(key, honours=honours)
        finally:
            with self._lock:
                self._busy -= 1

    def _deal(self, key: str, *, honours: bool) -> int:
        with self._lock:
            self.calls[key] += 1
            mode = self._mode if self.calls[key] <= self._spell else "ok"
        if mode == "500_before":
            return 500
        if mode in ("tardy", "slow"):
            time.sleep(self._patience * (5 if mode == "tardy" else 0.5))
        complaint = self._on_accept(key)
        with self._lock:
            if complaint and not self.accepted[key]:
                self.complaints.append(complaint)
            self.accepted[key] += 0 if honours and self.accepted[key] else 1
        if mode == "late":
            time.sleep(self._patience * 1.5)
        return 500 if mode == "500_after" else 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                sent = self.rfile.read(length)
                if len(sent) < length:
                    return  # the caller was killed in the middle of its request
                body = json.loads(sent)
                known = self.headers.get("Idempotency-Key")
                self._answer(provider.receive(known or body["about"], honours=known is not None))

            def do_GET(self) -> None:
                self._answer(200 if provider.accepted[self.path.rsplit("/", 1)[1]] else 404)

            def _answer(self, status: int) -> None:
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # the caller has gone

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler


class HttpOutlet:
    """See outlets.Outlet: kind B sends our key in a header; kind C only names it, as a mail's Message-ID would."""

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self.repeatable_seconds = 3600.0 if name.endswith("b") else 0.0
        self._port = port

    def send(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str:
        headers = {"Content-Type": "application/json"}
        if self.repeatable_seconds:
            headers["Idempotency-Key"] = key
        connection = HTTPConnection("127.0.0.1", self._port, timeout=timeout_seconds)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NotSent("The provider cannot be reached.") from error
            connection.request("POST", "/messages", json.dumps({"about": key, **draft}), headers)
            return self._done(connection.getresponse().status, key)
        finally:
            connection.close()

    def confirm(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str | None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=timeout_seconds)
        try:
            connection.request("GET", f"/messages/{quote(key)}")
            status = connection.getresponse().status
            return None if status == 404 else self._done(status, key)
        finally:
            connection.close()

    def _done(self, status: int, key: str) -> str:
        if status != 200:
            raise OSError(f"the provider answered {status}")
        return f"message-{key[:8]}"
