"""Slow readers, many readers, and the end of the server: what live events take from the rest, and when they let go."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from fastapi import FastAPI
from live_harness import SECONDS, Served, happen, message, seqs, serving, until
from websockets.exceptions import ConnectionClosed

from ticketflow import events
from ticketflow.api.app import create_app
from ticketflow.api.live.hub import Hub
from ticketflow.api.turns import PLACES
from ticketflow.runtime import Runtime


def small_buffers(port: int) -> socket.socket:
    """A connection whose side of the network holds little: its reader is soon waited for."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.connect(("127.0.0.1", port))
    return made


def test_a_reader_that_does_not_read_is_dropped_and_goes_on_where_it_was(
    served: Served, app: FastAPI, acme: Any, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketflow.api.live.hub.GRACE_SECONDS", 0.1)
    monkeypatch.setattr("ticketflow.api.live.hub.LOOK_SECONDS", 0.05)
    hub: Hub = app.state.live
    with served.websocket(acme.key, max_queue=None) as reads, ExitStack() as streams:
        message(reads)
        # The client's own thread takes what comes until its queue is full; then nothing is read any more.
        options = {"sock": small_buffers(served.port), "max_queue": (2, 1), "ping_interval": None}
        slow = streams.enter_context(served.websocket(acme.key, **options))
        until(lambda: len(hub.streams) == 2)
        for _ in range(30):
            happen(runtime, acme.workspace.id, *["ticket.created"] * 50, subject="x" * 8_000)
        assert seqs(reads, 1_500) == list(range(1, 1_501)), "the others are not held up"
        until(lambda: len(hub.streams) == 1)
        seen: list[int] = []
        with suppress(ConnectionClosed):
            while True:
                told = json.loads(slow.recv(SECONDS))
                seen += [told["event"]["seq"]] if told["type"] == "event" else []
        assert slow.close_code == 4408
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) < 1_500
        with served.websocket(acme.key, query=f"after={seen[-1]}") as again:
            message(again)
            assert seqs(again, 1_500 - len(seen)) == list(range(len(seen) + 1, 1_501))


def test_a_reader_of_server_sent_events_that_does_not_read_is_dropped_too(
    served: Served, app: FastAPI, acme: Any, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketflow.api.live.hub.GRACE_SECONDS", 0.1)
    monkeypatch.setattr("ticketflow.api.live.hub.LOOK_SECONDS", 0.05)
    hub: Hub = app.state.live
    until(lambda: not hub.streams)
    with small_buffers(served.port) as slow:
        slow.settimeout(SECONDS)
        asked = ["GET /v1/events?after=0 HTTP/1.1", "Host: localhost", "Connection: close", "Accept: text/event-stream"]
        slow.sendall("\r\n".join([*asked, f"Authorization: Bearer {acme.key}", "", ""]).encode())
        until(lambda: len(hub.streams) == 1)
        for _ in range(30):
            happen(runtime, acme.workspace.id, *["ticket.created"] * 50, subject="x" * 8_000)
        until(lambda: not hub.streams)
        told = b"".join(iter(lambda: slow.recv(65_536), b""))
    assert b'event: end\ndata: {"code": 4408' in told
    assert b"id: 1\n" in told
    assert b"id: 1500\n" not in told


def test_more_streams_than_there_are_threads_and_turns_leave_requests_alone(
    served: Served, acme: Any, runtime: Runtime
) -> None:
    with ExitStack() as opened:
        streams = [opened.enter_context(served.sse(acme.key)) for _ in range(PLACES + 50)]
        assert acme.get("/v1/notices").status_code == 200
        threads = threading.active_count()
        happen(runtime, acme.workspace.id, "ticket.created")
        assert [stream.event()["seq"] for stream in streams] == [1] * len(streams)
        assert threading.active_count() <= threads + 1


def test_many_streams_cost_the_database_what_one_does(
    served: Served, acme: Any, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[int] = []
    original = events.after

    def counted(*arguments: Any, **options: Any) -> Any:
        pages.append(arguments[2])
        return original(*arguments, **options)

    with ExitStack() as opened:
        streams = [opened.enter_context(served.websocket(acme.key)) for _ in range(30)]
        for stream in streams:
            message(stream)
        monkeypatch.setattr("ticketflow.events.after", counted)
        for number in range(1, 6):
            happen(runtime, acme.workspace.id, "ticket.created")
            for stream in streams:
                assert seqs(stream, 1) == [number]
    assert pages == [0, 1, 2, 3, 4]


def test_a_server_that_stops_ends_every_stream_at_once_and_says_when_to_come_again(runtime: Runtime, acme: Any) -> None:
    with serving(create_app(runtime)) as served, served.websocket(acme.key) as reader, served.sse(acme.key) as sse:
        message(reader)
        sse.message()
        began = time.monotonic()
        served.server.should_exit = True
        with pytest.raises(ConnectionClosed) as ended:
            reader.recv(SECONDS)
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1012
        told = sse.message()
        assert told is not None
        assert int(told["retry"]) >= 2000
        assert sse.message() is None
    assert time.monotonic() - began < 5, "nothing waited for streams that would never end"


def test_a_stream_whose_client_has_gone_gives_its_place_back(
    served: Served, app: FastAPI, acme: Any, make_gone: Callable[[Served, str], None]
) -> None:
    hub: Hub = app.state.live
    make_gone(served, acme.key)
    until(lambda: not hub.streams)


@pytest.fixture(params=["websocket", "sse"])
def make_gone(request: pytest.FixtureRequest) -> Callable[[Served, str], None]:
    """Open a stream and break its connection off."""

    def go(served: Served, key: str) -> None:
        if request.param == "sse":
            with served.sse(key) as sse:
                sse.message()
        else:
            with served.websocket(key) as connection:
                message(connection)
                connection.socket.shutdown(socket.SHUT_RDWR)

    return go
