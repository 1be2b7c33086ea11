"""Calls that go wrong on the way: what is sent again, after how long, under which idempotency key, and what is not."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from types import NoneType
from typing import Any

import httpx2
import pytest
from client_harness import KEY, READ, RESET, SILENT, Misbehaving, Told, refused

from ticketflow_client import AsyncTicketFlow, Retries, TicketFlow, Upload, errors
from ticketflow_client.calls import Call
from ticketflow_client.configuration import Configuration
from ticketflow_client.exchange import Attempt, Pause, exchange, seconds_to_wait

AT_ONCE = Retries(first=0)
USUAL = Retries()
WELCOME = Told(
    body={"name": "TicketFlow", "version": "9", "about": "", "docs": "", "openapi": "", "ready": "", "more": 1}
)
BUSY = refused(503, "storage_unavailable", retryable=True)
BROKEN = refused(500, "internal", retryable=False, error_id="e-1")
LIMITED = refused(429, "rate_limited", headers={"Retry-After": "0"})
PROXY = Told(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})


@pytest.fixture
def client(misbehaving: Misbehaving) -> Any:
    with TicketFlow(misbehaving.url, KEY, retries=AT_ONCE) as client:
        yield client


def keys_of(server: Misbehaving) -> list[str | None]:
    return [came.headers.get("idempotency-key") for came in server.came]


@pytest.mark.parametrize("failure", [BUSY, BROKEN, LIMITED, PROXY, RESET], ids=["503", "500", "429", "502", "reset"])
def test_a_post_is_sent_again_under_the_same_key(client: TicketFlow, misbehaving: Misbehaving, failure: Told) -> None:
    misbehaving.script = [failure, failure, READ]
    assert client.notices.mark_read("one").read is True
    first, *others = keys_of(misbehaving)
    assert first is not None
    assert len(first) >= 32
    assert others == [first, first]
    client.notices.mark_read("one")
    assert keys_of(misbehaving)[-1] != first, "another call, another key"


def test_a_key_of_the_callers_own_is_sent_and_reading_sends_none(client: TicketFlow, misbehaving: Misbehaving) -> None:
    misbehaving.script = [READ, WELCOME]
    client.notices.mark_read("one", idempotency_key="mine")
    assert client.health.welcome().model_extra == {"more": 1}
    assert keys_of(misbehaving) == ["mine", None]


def test_the_async_client_keeps_its_key_too(misbehaving: Misbehaving) -> None:
    misbehaving.script = [RESET, BUSY, READ]

    async def tried() -> None:
        async with AsyncTicketFlow(misbehaving.url, KEY, retries=AT_ONCE) as client:
            assert (await client.notices.mark_read("one")).read is True

    asyncio.run(tried())
    assert len(misbehaving.came) == 3
    assert len(set(keys_of(misbehaving))) == 1


def test_tries_are_bounded_and_the_last_failure_is_told(client: TicketFlow, misbehaving: Misbehaving) -> None:
    misbehaving.script = [BUSY]
    with pytest.raises(errors.ServerError) as busy:
        client.health.welcome()
    assert (busy.value.status, busy.value.code, len(misbehaving.came)) == (503, "storage_unavailable", 4)
    misbehaving.script = [RESET]
    with pytest.raises(errors.NotReached):
        client.health.welcome()
    assert len(misbehaving.came) == 8


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (refused(422, "invalid_input", retryable=False), errors.InvalidInput),
        (refused(409, "conflict", retryable=False), errors.Conflict),
        (refused(412, "stale", retryable=False), errors.StaleVersion),
        (refused(503, "migration_needed", retryable=False), errors.ServerError),
        (Told(301, b"", {"Location": "http://elsewhere.example/"}), errors.ApiError),
        (Told(200, b"<html>It works!</html>"), errors.Unreadable),
        (Told(200, {"id": "one", "read": "secret-word"}), errors.Unreadable),
    ],
)
def test_what_cannot_pass_is_asked_once(
    client: TicketFlow, misbehaving: Misbehaving, failure: Told, expected: type[errors.TicketFlowError]
) -> None:
    misbehaving.script = [failure]
    with pytest.raises(expected) as told:
        client.notices.mark_read("one")
    assert len(misbehaving.came) == 1
    assert "secret-word" not in str(told.value)


def test_a_conflict_that_passes_is_asked_again(client: TicketFlow, misbehaving: Misbehaving) -> None:
    misbehaving.script = [refused(409, "key_taken", retryable=True), READ]
    assert client.notices.mark_read("one").read is True


@pytest.mark.parametrize(("failure", "times"), [(RESET, 1), (PROXY, 1), (BUSY, 4), (LIMITED, 4)])
def test_a_change_is_repeated_only_where_nothing_was_done(
    client: TicketFlow, misbehaving: Misbehaving, failure: Told, times: int
) -> None:
    misbehaving.script = [failure]
    with pytest.raises(errors.TicketFlowError):
        client.settings.change(max_wrong=0.1)
    assert len(misbehaving.came) == times
    assert keys_of(misbehaving) == [None] * times


def test_a_server_that_says_nothing_is_given_up(misbehaving: Misbehaving) -> None:
    misbehaving.script = [SILENT]
    with (
        TicketFlow(misbehaving.url, KEY, timeout=0.3, retries=Retries(count=1, first=0)) as client,
        pytest.raises(errors.TimedOut, match=r"127\.0\.0\.1 did not answer within 0\.3 seconds"),
    ):
        client.health.welcome()
    assert len(misbehaving.came) == 2


def test_nobody_there_is_told_as_such(misbehaving: Misbehaving) -> None:
    url = misbehaving.url
    misbehaving.__exit__(None, None, None)
    with TicketFlow(url, KEY, retries=AT_ONCE) as client, pytest.raises(errors.NotReached, match="ConnectError"):
        client.settings.change(max_wrong=0.1)


Outcome = httpx2.Response | httpx2.RequestError


def waits_of(*outcomes: Outcome, retries: Retries = USUAL, method: str = "GET") -> list[float]:
    """The pauses that a call asks for, whatever then comes of it."""
    call = Call(method, "/v1/x", bytes)
    steps = exchange(call, Configuration("http://127.0.0.1", KEY, retries=retries))
    waits, step, left = list[float](), next(steps), list(outcomes)
    try:
        while left:
            if isinstance(step, Attempt):
                step = steps.send(left.pop(0))
            else:
                waits.append(step.seconds)
                step = steps.send(None)
        if isinstance(step, Pause):
            waits.append(step.seconds)
    except (StopIteration, errors.TicketFlowError):
        pass
    return waits


def answer(status: int, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=named, request=httpx2.Request("GET", "http://127.0.0.1/v1/x"))


def test_waits_double_up_to_a_bound_and_chance_shortens_them() -> None:
    retries = Retries(count=6, first=1, most=8)
    seen = [waits_of(*[answer(503)] * 6, retries=retries) for _ in range(40)]
    for number, longest in enumerate([1, 2, 4, 8, 8, 8]):
        waited = [waits[number] for waits in seen]
        assert longest / 2 <= min(waited) < max(waited) <= longest


def test_a_wait_that_the_server_asks_for_is_kept_unless_it_is_too_long() -> None:
    assert waits_of(answer(429, retry_after="7"), answer(200)) == [7.0]
    assert waits_of(answer(503, retry_after="60"), answer(200)) == [60.0]
    assert waits_of(answer(429, retry_after="61")) == []
    assert waits_of(answer(429, retry_after="soon"))[0] <= 0.5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        ("-3", None),
        ("", None),
        ("soon", None),
        ("Fri, 27 Nov 2026 10:00:05 GMT", 5.0),
        ("Fri, 27 Nov 2026 09:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_time(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, datetime(2026, 11, 27, 10, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("make", [httpx2.LocalProtocolError, httpx2.UnsupportedProtocol])
def test_a_request_that_cannot_be_sent_is_not_tried_again(make: Callable[[str], httpx2.RequestError]) -> None:
    assert waits_of(make("no")) == []
    assert len(waits_of(httpx2.ConnectError("no"), method="PATCH")) == 1
    assert waits_of(httpx2.ReadError("no"), method="PATCH") == []


def test_files_forms_headers_and_queries_arrive_as_they_were_meant(misbehaving: Misbehaving) -> None:
    misbehaving.script = [Told(body=b"a,b\n"), Told(status=204)]
    file = Upload(b"\x00\xff", "parcel.png", "image/png")
    with TicketFlow(misbehaving.url, KEY) as client:
        query = {"status": ["new", "closed"], "unread": True, "since": datetime(2026, 3, 2, tzinfo=UTC), "cursor": None}
        sent = Call("PUT", "/v1/x", bytes, query=query, headers={"If-Match": '"7"', "X-No": None}, body=file)
        assert client.send(sent) == b"a,b\n"
        assert client.send(Call("POST", "/v1/x", NoneType, form={"file": file, "note": "so", "no": None})) is None
    raw, form = misbehaving.came
    assert raw.path == "/v1/x?status=new&status=closed&unread=true&since=2026-03-02T00%3A00%3A00%2B00%3A00"
    assert (raw.body, raw.headers["content-type"], raw.headers["if-match"]) == (b"\x00\xff", "image/png", '"7"')
    assert "x-no" not in raw.headers
    assert form.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="parcel.png"\r\nContent-Type: image/png\r\n\r\n\x00\xff\r\n' in form.body
    assert b'name="note"\r\n\r\nso\r\n' in form.body
    assert b'name="no"' not in form.body
