"""Who may open a stream and how they show it; what is refused, and with which code."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from live_harness import SECONDS, Served, happen, message, serving
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ticketflow import runtime as wiring
from ticketflow.api import keys
from ticketflow.api.app import create_app
from ticketflow.api.live import Caps, Hub
from ticketflow.runtime import Runtime
from ticketflow.testing import FrozenClock


def refusal(served: Served, *arguments: Any, **options: Any) -> tuple[int, str]:
    """Status and code with which a WebSocket is refused before it opens."""
    with pytest.raises(InvalidStatus) as refused, served.websocket(*arguments, **options):
        pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, json.loads(response.body or b"")["code"]


def closed(connection: Any) -> int:
    """The code with which the server closes a WebSocket that is open."""
    with suppress(ConnectionClosed):
        while True:
            connection.recv(SECONDS)
    assert connection.close_code is not None
    return int(connection.close_code)


def ticket(someone: Any) -> str:
    answer = someone.post("/v1/events/ticket")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket"])


def test_a_key_that_is_wrong_or_lacks_the_scope_opens_nothing(served: Served, caller: Callable[..., Any]) -> None:
    assert refusal(served, "tf_live_nonsense") == (401, "unauthenticated")
    assert refusal(served, caller(scopes=["tickets:read"]).key) == (403, "forbidden")
    with served.sse("tf_live_nonsense") as sse:
        assert (sse.status, sse.problem()["code"]) == (401, "unauthenticated")
    with served.sse() as sse:
        assert (sse.status, sse.problem()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("form", ["websocket", "sse"])
def test_a_ticket_opens_one_stream_of_its_caller(
    served: Served, caller: Callable[..., Any], runtime: Runtime, form: str
) -> None:
    narrow = caller(scopes=["events:read", "runs:read"])
    happen(runtime, narrow.workspace.id, "ticket.created", "run.failed")
    made = ticket(narrow)
    if form == "websocket":
        with served.websocket(query=f"ticket={made}&after=0") as socket:
            message(socket)
            assert message(socket)["event"]["seq"] == 2, "with the scopes of the key"
        assert refusal(served, query=f"ticket={made}") == (401, "unauthenticated")
    else:
        with served.sse(ticket=made, after=0) as sse:
            assert sse.event()["seq"] == 2
        with served.sse(ticket=made) as sse:
            assert (sse.status, sse.problem()["code"]) == (401, "unauthenticated")


def test_a_ticket_is_good_for_a_minute_and_no_longer_than_its_key(
    served: Served, caller: Callable[..., Any], acme: Any, runtime: Runtime, clock: FrozenClock
) -> None:
    late, in_time = ticket(acme), ticket(acme)
    clock.advance(59)
    with served.websocket(query=f"ticket={in_time}") as socket:
        assert message(socket)["type"] == "ready"
    clock.advance(1)
    assert refusal(served, query=f"ticket={late}") == (401, "unauthenticated")
    doomed = caller()
    made = ticket(doomed)
    with runtime.database.write() as session:
        keys.revoke(session, doomed.workspace.id, keys.split(doomed.key)[0], actor="test")
    assert refusal(served, query=f"ticket={made}") == (401, "unauthenticated")
    assert refusal(served, query="ticket=made-up") == (401, "unauthenticated")


def test_a_stream_opened_by_a_ticket_ends_with_the_key(
    served: Served, caller: Callable[..., Any], runtime: Runtime
) -> None:
    doomed = caller()
    with served.websocket(query=f"ticket={ticket(doomed)}") as socket:
        message(socket)
        with runtime.database.write() as session:
            keys.revoke(session, doomed.workspace.id, keys.split(doomed.key)[0], actor="test")
        assert closed(socket) == 4401


def test_the_first_message_may_say_who_asks(served: Served, acme: Any, caller: Callable[..., Any]) -> None:
    with served.websocket(query="after=0") as socket:
        socket.send(json.dumps({"type": "auth", "key": acme.key}))
        assert message(socket) == {"type": "ready", "seq": 0}
    for said, code in (
        ({"type": "auth", "key": "tf_live_nonsense"}, 4401),
        ({"type": "auth", "key": caller(scopes=["tickets:read"]).key}, 4403),
        ({"type": "subscribe"}, 4401),
    ):
        with served.websocket() as socket:
            socket.send(json.dumps(said))
            assert closed(socket) == code


def test_whoever_says_nothing_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketflow.api.live.websocket.AUTH_SECONDS", 0.05)
    with served.websocket() as socket:
        assert closed(socket) == 4401


def test_pages_of_other_origins_open_nothing_but_for_those_that_are_named(
    runtime: Runtime, caller: Callable[..., Any], acme: Any
) -> None:
    config = runtime.config.model_copy(update={"allowed_origins": ("https://desk.example.com",)})
    named = wiring.Runtime(config, runtime.clock, runtime.database, runtime.given_encoder)
    with serving(create_app(named)) as served:
        for origin in (f"http://127.0.0.1:{served.port}", "https://desk.example.com"):
            with served.websocket(acme.key, headers={"Origin": origin}) as socket:
                assert message(socket)["type"] == "ready"
            with served.sse(acme.key, headers={"Origin": origin}) as sse:
                assert sse.status == 200
        for origin in ("https://evil.example", "https://desk.example.com.evil.example", "null", "http://127.0.0.1:1"):
            assert refusal(served, acme.key, headers={"Origin": origin}) == (403, "forbidden")
            with served.sse(acme.key, headers={"Origin": origin}) as sse:
                assert (sse.status, sse.problem()["code"]) == (403, "forbidden")


def test_what_the_client_says_is_bounded(served: Served, acme: Any) -> None:
    many = [json.dumps({"type": "subscribe"})] * 21
    for said, code in ((["x" * 20_000], 1009), (["{}"], 4400), ([b"\xff\x00"], 4400), (many, 4429)):
        with served.websocket(acme.key) as socket:
            message(socket)
            for one in said:
                socket.send(one)
            assert closed(socket) == code


def test_streams_are_counted_by_key_by_workspace_and_in_all(
    runtime: Runtime, caller: Callable[..., Any], acme: Any
) -> None:
    app = create_app(runtime)
    second, third, other = caller(), caller(), caller("globex")
    with serving(app) as served:
        app.state.live = Hub(runtime.database, Caps(process=4, workspace=3, key=2, waiting=1))
        with served.websocket(acme.key), served.sse(acme.key) as sse:
            assert sse.status == 200
            assert refusal(served, acme.key) == (429, "too_many_streams")
            with served.sse(acme.key) as refused:
                assert (refused.status, refused.problem()["code"]) == (429, "too_many_streams")
            with served.websocket(second.key) as socket:
                message(socket)
                assert refusal(served, third.key) == (429, "too_many_streams")
                with served.websocket(other.key) as last:
                    message(last)
                    assert refusal(served, other.key) == (429, "too_many_streams")
                with served.websocket(other.key) as again:
                    assert message(again)["type"] == "ready", "a place that is left is free"
        with served.websocket():
            assert refusal(served) == (429, "too_many_streams"), "one that has not said who it is"
        app.state.live.close()
        assert refusal(served, acme.key) == (503, "not_ready")
        app.state.live.stop()
