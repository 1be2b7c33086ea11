"""Live events of a real server, of which other processes write the log and end the keys."""

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from e2e_harness import Command
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

SECONDS = 30


def made_key(installed: Command, name: str) -> tuple[str, str]:
    """A key's id and text."""
    made = json.loads(
        installed("key", "create", name, "--scope", "events:read", "--scope", "settings:read", "--json").out
    )
    return str(made["id"]), str(made["key"])


@contextmanager
def websocket(port: int, key: str) -> Iterator[ClientConnection]:
    """A stream from the first event on."""
    headers = {"Authorization": f"Bearer {key}"}
    with connect(f"ws://127.0.0.1:{port}/v1/events?after=0", additional_headers=headers, proxy=None) as opened:
        assert json.loads(opened.recv(SECONDS)) == {"type": "ready", "seq": 0}
        yield opened


def event(stream: ClientConnection) -> Any:
    """The next event."""
    while (told := json.loads(stream.recv(SECONDS)))["type"] != "event":
        assert told["type"] == "heartbeat"
    return told["event"]


def sse(port: int, key: str) -> http.client.HTTPResponse:
    """A stream of server-sent events from the first one on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    connection.request("GET", "/v1/events?after=0", headers=headers)
    return connection.getresponse()


def test_what_other_processes_commit_arrives_and_what_they_revoke_ends(
    installed: Command, start: Callable[..., subprocess.Popen[str]]
) -> None:
    _, key = made_key(installed, "reader")
    doomed_id, doomed_key = made_key(installed, "doomed")
    server = start("serve", "--port", "0", "--workers", "0")
    assert server.stdout is not None
    port = int(server.stdout.readline().split()[2].rstrip(",").rpartition(":")[2])

    with websocket(port, key) as reader, websocket(port, doomed_key) as doomed:
        installed("automation", "stop")
        installed("automation", "resume")
        for stream in (reader, doomed):
            assert [(told["seq"], told["type"]) for told in (event(stream), event(stream))] == [
                (1, "settings.changed"),
                (2, "settings.changed"),
            ]
        response = sse(port, key)
        lines: list[str] = []
        while not lines or not lines[-1].startswith("id: 2"):
            lines.append(response.readline().decode().strip())

        installed("key", "revoke", doomed_id)
        revoked = time.monotonic()
        with pytest.raises(ConnectionClosed):
            doomed.recv(SECONDS)
        assert doomed.close_code == 4401
        assert time.monotonic() - revoked < 1.0

        server.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed):
            reader.recv(SECONDS)
        assert reader.close_code == 1012
        assert b"retry: " in response.read()
        assert server.wait(SECONDS) == 0
