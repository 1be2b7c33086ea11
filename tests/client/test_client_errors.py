"""Configuration, what a refusal tells, and the key, which stands in no text whatever goes wrong."""

import io
import pickle
import traceback
from typing import Any

import httpx2
import pytest
from client_harness import KEY, READ, RESET, Misbehaving, Told, refused

from ticketflow_client import AsyncTicketFlow, Retries, TicketFlow, errors, schemas
from ticketflow_client.configuration import KEY_VARIABLE, URL_VARIABLE
from ticketflow_client.following import Position

MOMENT = "2026-03-02T09:15:00.000Z"
ONCE = Retries(count=0)


def test_the_environment_stands_in_for_arguments(monkeypatch: pytest.MonkeyPatch, misbehaving: Misbehaving) -> None:
    monkeypatch.setenv(URL_VARIABLE, f"{misbehaving.url}/support/ ")
    monkeypatch.setenv(KEY_VARIABLE, f"{KEY}\n")
    misbehaving.script = [READ]
    with TicketFlow() as client:
        client.notices.mark_read("a b/c")
    (came,) = misbehaving.came
    assert (came.method, came.path) == ("POST", "/support/v1/notices/a%20b%2Fc/read")
    assert came.headers["authorization"] == f"Bearer {KEY}"
    assert came.headers["user-agent"].startswith("ticketflow-client/")


@pytest.mark.parametrize(
    ("url", "key", "told"),
    [
        (None, KEY, URL_VARIABLE),
        ("http://x", None, KEY_VARIABLE),
        ("x.example", KEY, "https://"),
        ("ftp://x.example", KEY, "https://"),
        ("https://ana:pw@x.example", KEY, "password"),
        ("https://x.example/?a=1", KEY, "query"),
        ("https://x.example", "tf_live_1\n2", "characters"),
        ("https://x.example", "tf_live_é", "characters"),
        ("https://x.example", "Bearer tf_live_1", "characters"),
    ],
)
def test_a_client_that_could_not_work_is_not_made(url: str | None, key: str | None, told: str) -> None:
    for make in (TicketFlow, AsyncTicketFlow):
        with pytest.raises(errors.Misconfigured) as wrong:
            make(url, key)
        assert told in str(wrong.value)
        assert key is None or key not in str(wrong.value)


def test_the_key_is_in_no_repr_and_in_no_traceback(misbehaving: Misbehaving) -> None:
    client = TicketFlow(misbehaving.url, KEY, retries=ONCE)
    assert repr(client) == f"TicketFlow(url='{misbehaving.url}')"
    for answer in (RESET, refused(500, "internal"), Told(200, b"no json"), Told(502, b"\xff\xfe")):
        misbehaving.script = [answer]
        with pytest.raises(errors.TicketFlowError) as failed:
            client.health.welcome()
        out = io.StringIO()
        traceback.TracebackException.from_exception(failed.value, capture_locals=True).print(file=out)
        assert "health" in out.getvalue(), "the traceback shows local variables"
        seen = [line for line in out.getvalue().splitlines() if KEY in line]
        assert seen == []
    client.close()


def test_a_refusal_tells_all_that_the_server_said(misbehaving: Misbehaving) -> None:
    misbehaving.script = [
        refused(
            429,
            "rate_limited",
            headers={"Retry-After": "90", "X-Request-Id": "r-1"},
            detail="Too many requests.",
            remedy="Slow down.",
            retryable=True,
            errors=[{"pointer": "/body", "where": "body", "detail": "too long"}, "nonsense"],
        )
    ]
    with TicketFlow(misbehaving.url, KEY) as client, pytest.raises(errors.RateLimited) as refusal:
        client.health.welcome()
    error = refusal.value
    assert str(error) == "Too many requests. Slow down. (429 rate_limited, request r-1)"
    assert (error.request_id, error.retry_after, error.retryable) == ("r-1", 90.0, True)
    assert error.errors == (errors.FieldError("/body", "body", "too long"),)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.errors) == (errors.RateLimited, str(error), error.errors)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"code": 7, "errors": "x"}', b"\xff"])
def test_a_refusal_by_something_in_between_is_told_as_well_as_it_can_be(misbehaving: Misbehaving, body: bytes) -> None:
    misbehaving.script = [Told(403, body)]
    with TicketFlow(misbehaving.url, KEY) as client, pytest.raises(errors.Forbidden) as refusal:
        client.health.welcome()
    assert str(refusal.value) == "The server answered 403 without saying why. (403 unknown)"


def test_a_newer_servers_words_and_fields_are_read_and_a_missing_field_is_named(misbehaving: Misbehaving) -> None:
    ticket: dict[str, Any] = dict.fromkeys(schemas.TicketOut.model_fields) | {
        "id": "1",
        "channel": "api",
        "subject": "",
        "status": "hibernating",
        "priority": "cosmic",
        "tags": [],
        "version": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "mood": {"now": "fine"},
    }
    page = {"items": [ticket], "next_cursor": None}
    misbehaving.script = [Told(body=page), Told(body={"items": [{**ticket, "id": 5}], "next_cursor": None})]
    with TicketFlow(misbehaving.url, KEY) as client:
        (read,) = client.tickets.list().items
        assert (read.status, read.priority) == ("hibernating", "cosmic")
        assert read.model_extra == {"mood": {"now": "fine"}}
        with pytest.raises(errors.Unreadable, match=r"GET /v1/tickets .* at items\.0\.id"):
            client.tickets.list()


def test_a_version_tag_comes_with_what_it_tags() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=READ.body, headers={"ETag": '"7"'}, request=request)

    with TicketFlow("https://x.example", KEY, transport=httpx2.MockTransport(answer)) as client:
        assert client.notices.mark_read("1").etag == '"7"'


class At:
    """A monotonic clock."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def busy(status: int, **members: Any) -> errors.ApiError:
    return errors.api_error(errors.Problem(status, **members))


def test_whoever_follows_events_waits_for_a_server_that_was_there_before() -> None:
    clock = At()
    position = Position(5, poll_seconds=1.0, outage_seconds=60, monotonic=clock)
    with pytest.raises(errors.NotReached):
        position.failed(errors.NotReached("wrong address"))
    assert position.took(schemas.EventPage(items=[], next_after=7, last_seq=7)) == 1.0
    assert position.after == 7
    assert [position.failed(errors.NotReached("gone")) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert position.failed(busy(503, retry_after=45.0)) == 45.0
    with pytest.raises(errors.Unauthenticated):
        position.failed(busy(401))
    clock.seconds += 61
    with pytest.raises(errors.NotReached):
        position.failed(errors.NotReached("gone for long"))
    position.took(schemas.EventPage(items=[], next_after=7, last_seq=7))
    assert position.failed(busy(500, retryable=False)) == 0.5, "it was back in between"
