"""A server on a real socket, and readers of its live events in both forms."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect

from ticketflow import events
from ticketflow.api.server import Server, listen
from ticketflow.domain import Workspace
from ticketflow.runtime import Runtime

SECONDS = 10


@dataclass(frozen=True)
class Served:
    """A running server."""

    server: Server
    port: int

    @contextmanager
    def websocket(self, key: str | None = None, **options: Any) -> Iterator[ClientConnection]:
        """A WebSocket; a text of `query` goes into its URL, other options to the client."""
        query, headers = options.pop("query", ""), options.pop("headers", {})
        sent = {**headers, **({"Authorization": f"Bearer {key}"} if key else {})}
        url = f"ws://127.0.0.1:{self.port}/v1/events?{query}"
        options = {"open_timeout": SECONDS, "close_timeout": SECONDS, "compression": None, "proxy": None, **options}
        with connect(url, additional_headers=sent, **options) as connection:
            yield connection

    @contextmanager
    def sse(self, key: str | None = None, *, headers: dict[str, str] | None = None, **query: Any) -> Iterator["Sse"]:
        """The response to a request for the stream."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        sent = {"Accept": "text/event-stream", **({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        connection.request("GET", f"/v1/events?{urlencode(query, doseq=True)}", headers=sent)
        response = connection.getresponse()
        try:
            yield Sse(response)
        finally:
            response.close()
            connection.close()


@dataclass(frozen=True)
class Asks:
    """Whoever asks the server with a key of `workspace`."""

    client: httpx2.Client
    workspace: Workspace
    key: str

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.key}"})

    def post(self, path: str) -> httpx2.Response:
        return self.client.post(path, headers={"Authorization": f"Bearer {self.key}"})


class Sse:
    """A stream as a browser's EventSource sees it: fields of each message, what has none but a comment left out."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response
        self.status = response.status

    def message(self) -> dict[str, str] | None:
        """The next message with all its fields; None at the end."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            if line == "\n":
                return fields
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        return None

    def event(self) -> dict[str, Any]:
        """The next event."""
        while (message := self.message()) is not None:
            if "data" in message and "event" not in message:
                return json.loads(message["data"])
        raise EOFError

    def problem(self) -> dict[str, Any]:
        """The body of a refusal."""
        return json.loads(self.response.read())


@contextmanager
def serving(app: FastAPI) -> Iterator[Served]:
    """Serve an application until the block ends."""
    listener = listen("127.0.0.1", 0)
    started = threading.Event()
    server = Server(app, listener, started.set)
    thread = threading.Thread(target=server.serve_until_stopped, name="served")
    thread.start()
    assert started.wait(SECONDS)
    try:
        yield Served(server, int(listener.getsockname()[1]))
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        listener.close()
        assert not thread.is_alive()


def happen(runtime: Runtime, workspace_id: str, *types: str, ticket_id: str = "", **data: Any) -> None:
    """Commit events of these types, in one transaction."""
    with runtime.database.write() as session:
        for kind in types:
            events.append(session, workspace_id, kind, ticket_id, **data)


def message(connection: ClientConnection) -> dict[str, Any]:
    """The next message of a WebSocket."""
    return json.loads(connection.recv(SECONDS))


def seqs(connection: ClientConnection, count: int) -> list[int]:
    """The seqs of the next events of a WebSocket; heartbeats are left out."""
    found: list[int] = []
    while len(found) < count:
        if (told := message(connection))["type"] == "event":
            found.append(told["event"]["seq"])
    return found


def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens in another thread, at most SECONDS."""
    patience = threading.Event()
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        patience.wait(0.005)
