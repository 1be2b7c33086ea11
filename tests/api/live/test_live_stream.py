"""Live events over a real socket: order, resuming, filters, permission, both forms alike."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from live_harness import SECONDS, Served, happen, message, seqs
from websockets.exceptions import ConnectionClosed

from ticketflow.api import keys
from ticketflow.api.live import stream
from ticketflow.runtime import Runtime


@pytest.fixture
def make(caller: Callable[..., Any], runtime: Runtime) -> Callable[..., None]:
    """Commit events in the workspace acme."""
    workspace_id = caller().workspace.id
    return lambda *types, **options: happen(runtime, workspace_id, *types, **options)


def test_both_forms_tell_what_was_missed_and_then_what_comes_each_once_in_order(
    served: Served, acme: Any, make: Callable[..., None]
) -> None:
    make("ticket.created", "decision.made", "ticket.resolved", ticket_id="t1")
    with served.websocket(acme.key, query="after=1") as socket, served.sse(acme.key, after=1) as sse:
        assert message(socket) == {"type": "ready", "seq": 1}
        opening = sse.message()
        assert opening is not None
        assert opening["id"] == "1"
        assert int(opening["retry"]) >= 2000
        assert seqs(socket, 2) == [sse.event()["seq"], sse.event()["seq"]] == [2, 3]
        for number in range(4, 40):
            make("ticket.created", ticket_id=str(number))
        assert seqs(socket, 36) == [sse.event()["seq"] for _ in range(36)] == list(range(4, 40))
        listed = acme.get("/v1/events?after=39").json()["items"]
        make("settings.changed", names=["automation"])
        told = message(socket)["event"]
        assert told == sse.event() == acme.get("/v1/events?after=39").json()["items"][0]
        assert listed == []


def test_a_stream_without_a_place_begins_with_what_comes_now(
    served: Served, acme: Any, make: Callable[..., None]
) -> None:
    make("ticket.created", "ticket.created")
    with served.websocket(acme.key) as socket:
        assert message(socket) == {"type": "ready", "seq": 2}
        make("ticket.created")
        assert seqs(socket, 1) == [3]


def test_last_event_id_counts_before_the_url_as_a_browser_that_comes_again_sends_both(
    served: Served, acme: Any, make: Callable[..., None]
) -> None:
    make("ticket.created", "ticket.created", "ticket.created")
    with served.sse(acme.key, after=0, headers={"Last-Event-ID": "2"}) as sse:
        assert sse.event()["seq"] == 3
    with served.sse(acme.key, headers={"Last-Event-ID": "two"}) as sse:
        assert (sse.status, sse.problem()["code"]) == (422, "invalid_input")


def test_topics_and_types_are_chosen_and_chosen_anew(served: Served, acme: Any, make: Callable[..., None]) -> None:
    with served.websocket(acme.key, query="topic=tickets/t2&topic=runs&after=0") as socket:
        assert message(socket)["type"] == "ready"
        make("ticket.created", ticket_id="t1")
        make("ticket.created", ticket_id="t2")
        make("run.failed")
        assert seqs(socket, 2) == [2, 3]
        socket.send(json.dumps({"type": "subscribe", "types": ["answer.approved"]}))
        told = {"type": "subscribed", "seq": 3, "topics": [], "types": ["answer.approved"]}
        assert message(socket) == told
        make("ticket.created", "answer.created", "answer.approved")
        assert seqs(socket, 1) == [6]
    with served.sse(acme.key, after=0, type=["run.failed", "answer.created"]) as sse:
        assert [sse.event()["seq"], sse.event()["seq"]] == [3, 5]
    listed = acme.get("/v1/events?topic=tickets/t2&topic=runs").json()
    assert [one["seq"] for one in listed["items"]] == [2, 3]
    assert listed["next_after"] == 6, "what was left out was looked at"


@pytest.mark.parametrize("query", ["topic=customers", "topic=tickets/", "type=created", "after=-1", "limit=5", "x=1"])
def test_a_url_that_makes_no_sense_is_refused_in_both_forms(served: Served, acme: Any, query: str) -> None:
    with pytest.raises(Exception, match="HTTP 422"), served.websocket(acme.key, query=query):
        pass
    name, _, value = query.partition("=")
    with served.sse(acme.key, **{name: value}) as sse:
        assert (sse.status, sse.problem()["code"]) == (422, "invalid_input")


def test_an_event_is_shown_to_those_alone_who_may_read_what_it_is_about(
    served: Served, caller: Callable[..., Any], runtime: Runtime, make: Callable[..., None]
) -> None:
    narrow = caller(scopes=["events:read", "runs:read"])
    make("ticket.created", "run.failed", "settings.changed", "audit.graded", "something.unheard", "run.failed")
    with served.websocket(narrow.key, query="after=0") as socket:
        message(socket)
        assert seqs(socket, 2) == [2, 6]
    with served.sse(narrow.key, after=0) as sse:
        assert [sse.event()["seq"], sse.event()["seq"]] == [2, 6]
    listed = narrow.get("/v1/events").json()
    assert ([one["seq"] for one in listed["items"]], listed["next_after"]) == ([2, 6], 6)


def test_a_stream_sees_its_own_workspace_alone(
    served: Served, caller: Callable[..., Any], runtime: Runtime, make: Callable[..., None]
) -> None:
    other = caller("globex")
    with served.websocket(other.key, query="after=0") as socket, served.sse(other.key, after=0) as sse:
        message(socket)
        make("ticket.created", subject="acme's")
        happen(runtime, other.workspace.id, "ticket.created", subject="globex's")
        assert message(socket)["event"]["data"] == sse.event()["data"] == {"subject": "globex's"}


def test_a_reader_who_missed_too_much_is_told_to_read_anew(
    served: Served, acme: Any, make: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketflow.api.live.hub.RESET_BEHIND", 5)
    make(*["ticket.created"] * 7)
    for after in (1, 8):  # behind, and ahead of a log that is younger than the reader's
        with served.websocket(acme.key, query=f"after={after}") as socket, served.sse(acme.key, after=after) as sse:
            assert [message(socket), message(socket)] == [{"type": "ready", "seq": 7}, {"type": "reset", "seq": 7}]
            assert sse.message()["id"] == "7"  # type: ignore[index]
            assert sse.message() == {"id": "7", "event": "reset", "data": '{"seq":7}'}
    with served.websocket(acme.key, query="after=2") as socket:
        assert message(socket) == {"type": "ready", "seq": 2}
        assert seqs(socket, 5) == [3, 4, 5, 6, 7]


def test_whoever_is_behind_what_is_in_memory_is_served_from_the_database(
    served: Served, acme: Any, make: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketflow.api.live.tails.KEPT", 3)
    make(*["ticket.created"] * 40)
    with served.websocket(acme.key) as first:
        message(first)
        with served.websocket(acme.key, query="after=0") as socket:
            message(socket)
            make(*["ticket.created"] * 20)
            assert seqs(socket, 60) == list(range(1, 61))
        assert seqs(first, 20) == list(range(41, 61))


def test_the_streams_of_a_revoked_key_end_and_others_go_on(
    served: Served, acme: Any, caller: Callable[..., Any], runtime: Runtime, make: Callable[..., None]
) -> None:
    doomed = caller()
    with served.websocket(acme.key) as other, served.websocket(doomed.key) as socket, served.sse(doomed.key) as sse:
        assert [message(other)["type"], message(socket)["type"]] == ["ready", "ready"]
        sse.message()
        with runtime.database.write() as session:
            keys.revoke(session, doomed.workspace.id, keys.split(doomed.key)[0], actor="test")
        with pytest.raises(ConnectionClosed) as ended:
            socket.recv(SECONDS)
        assert ended.value.rcvd is not None
        assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (4401, stream.REVOKED.reason)
        last = sse.message()
        assert last is not None
        assert (last["event"], json.loads(last["data"])["code"]) == ("end", 4401)
        assert sse.message() is None
        make("ticket.created")
        assert seqs(other, 1) == [1]


def test_a_heartbeat_tells_how_far_a_filtered_stream_has_come(
    served: Served, acme: Any, make: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketflow.api.live.hub.HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr("ticketflow.api.live.hub.LOOK_SECONDS", 0.05)
    with served.websocket(acme.key, query="topic=runs") as socket, served.sse(acme.key, topic="runs") as sse:
        message(socket)
        sse.message()
        make("ticket.created", "ticket.created")
        while (told := message(socket)) != {"type": "heartbeat", "seq": 2}:
            assert told["type"] == "heartbeat"
        while (beat := sse.message()) != {"": "heartbeat", "id": "2"}:
            assert beat is not None
            assert "data" not in beat
