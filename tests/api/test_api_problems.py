"""Every error has one shape, says what is wrong and where, and leaks nothing."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from ticketflow.api.headers import SAFE
from ticketflow.api.problems import TITLES, Problem
from ticketflow.errors import StorageUnavailable, TicketFlowError


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem in a response, checked for its shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    Problem.model_validate(body)
    assert (body["status"], body["code"], body["title"]) == (status, code, TITLES[code][1])
    assert body["type"] == f"/docs#problem-{code}"
    for name, value in SAFE.items():
        assert response.headers[name] == value
    return body


def test_every_error_that_we_raise_has_its_title_and_status() -> None:
    pending: list[type[TicketFlowError]] = TicketFlowError.__subclasses__()
    assert pending
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        assert TITLES[kind.code][0] == kind.status, kind


def test_an_unknown_route_and_a_wrong_method(client: Any, acme: Any) -> None:
    assert "GET /v1/nothing" in problem(client.get("/v1/nothing"), 404, "unknown_route")["detail"]
    wrong = acme("DELETE", "/v1/tickets")
    problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, POST"
    assert acme("POST", "/v1/audits/summary").headers["allow"] == "GET"


def test_a_slash_too_many_is_not_redirected(acme: Any) -> None:
    problem(acme.get("/v1/tickets/", headers={"Host": "elsewhere.example"}), 404, "unknown_route")


def test_an_unknown_object(acme: Any) -> None:
    assert "no ticket nothing" in problem(acme.get("/v1/tickets/nothing"), 404, "not_found")["detail"]


OF_ANOTHER_TYPE = [
    ("POST", "/v1/search", {"text": "parcel"}, "limit", ["5", True, 5.5]),
    ("PATCH", "/v1/settings", {}, "automation", [0, "no", None]),
    ("PATCH", "/v1/settings", {}, "max_wrong", ["0.1", False]),
    ("PATCH", "/v1/settings", {}, "max_replies_per_day", ["5", True, 5.5]),
    ("PATCH", "/v1/settings", {}, "max_model_cost_per_day", ["5", True]),
]


def test_json_has_types(acme: Any) -> None:
    for method, path, body, field, values in OF_ANOTHER_TYPE:
        for value in values:
            refused = acme(method, path, json={**body, field: value})
            told = problem(refused, 422, "invalid_input")
            assert told["errors"][0]["pointer"] == f"/{field}", value
    assert acme.post("/v1/search", {"text": "parcel", "limit": 5.0}).status_code == 200


NOT_JSON = [b"{", b"", b"\xff\xfe", b'{"body": "x"', b"[" * 15_000, b'{"body": ' + b"9" * 10_000 + b"}"]


def test_a_body_that_is_not_json(acme: Any) -> None:
    for content in NOT_JSON:
        refused = acme("POST", "/v1/tickets", content=content, headers={"Content-Type": "application/json"})
        assert refused.status_code in (400, 422), content[:20]
        problem(refused, refused.status_code, refused.json()["code"])


def test_malformed_json_says_where(acme: Any) -> None:
    refused = acme("POST", "/v1/tickets", content=b'{"body": }', headers={"Content-Type": "application/json"})
    assert "character 9" in problem(refused, 400, "malformed_json")["detail"]


def test_a_body_of_another_type(acme: Any) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        refused = acme("POST", "/v1/tickets", content=b'{"body": "x"}', headers={"Content-Type": kind})
        problem(refused, 415, "unsupported_media_type")


def test_json_by_another_name_is_read(acme: Any) -> None:
    sent = acme("POST", "/v1/tickets", content=b'{"body": "x"}', headers={"Content-Type": "application/vnd.a+json"})
    assert sent.status_code == 202


WRONG_FIELDS: list[tuple[Any, str]] = [
    ({}, "/body"),
    ({"body": "   "}, "/body"),
    ({"body": "x\0y"}, "/body"),
    ({"body": "x" * 19_000, "subject": 5}, "/subject"),
    ({"body": "x", "colour": "red"}, "/colour"),
    ({"body": "x", "priority": "huge"}, "/priority"),
    ({"body": "x", "tags": ["a", ""]}, "/tags/1"),
    ({"body": "x", "requester_email": "nobody"}, "/requester_email"),
    ({"body": "x", "channel": "Ä"}, "/channel"),
    ({"body": "x", "headers": {"a/b~c": 1}}, "/headers/a~1b~0c"),
    ({"body": None}, "/body"),
    ([], ""),
]


def test_a_field_that_does_not_fit_is_pointed_at(acme: Any) -> None:
    for body, pointer in WRONG_FIELDS:
        found = problem(acme.post("/v1/tickets", body), 422, "invalid_input")
        assert [field["pointer"] for field in found["errors"]] == [pointer], body
        assert found["errors"][0]["where"] == "body"
        assert pointer in found["detail"]


def test_half_a_surrogate_pair_is_refused(acme: Any) -> None:
    content = rb'{"body": "\ud800"}'
    refused = acme("POST", "/v1/tickets", content=content, headers={"Content-Type": "application/json"})
    problem(refused, 422, "invalid_input")


def test_what_was_sent_is_not_echoed(acme: Any) -> None:
    refused = acme.post("/v1/tickets", {"body": 5, "subject": ["hunter2"]})
    assert "hunter2" not in refused.text


def test_a_query_that_does_not_fit_is_pointed_at(acme: Any) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "status=gone", "stauts=new", "cursor=made-up", "cursor=%00"):
        found = problem(acme.get(f"/v1/tickets?{query}"), 422, "invalid_input")
        assert found["errors"][0]["where"] == "query", query
        assert found["errors"][0]["pointer"].split("/")[0] == query.split("=")[0]


def test_a_body_over_the_limit_is_refused_by_its_declared_length(acme: Any) -> None:
    refused = acme.post("/v1/tickets", {"body": "x" * 20_001})
    assert "20,000 bytes" in problem(refused, 413, "too_large")["detail"]


def test_a_body_over_the_limit_is_refused_while_it_arrives(acme: Any) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'{"body": "'
        while sent < 10_000_000:
            sent += 1_000
            yield b"x" * 1_000

    refused = acme("POST", "/v1/tickets", content=endless(), headers={"Content-Type": "application/json"})
    problem(refused, 413, "too_large")


def test_the_limit_itself_is_accepted(acme: Any) -> None:
    frame = len(json.dumps({"body": ""}, separators=(",", ":")))
    assert acme.post("/v1/tickets", {"body": "x" * (20_000 - frame)}).status_code == 202


def test_an_unexpected_error_tells_the_log_and_not_the_caller(
    acme: Any, runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ticketflow.api.routes import tickets as module

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr(module.tickets, "get", broken)
    with capture_logs() as logged:
        found = problem(acme.get("/v1/tickets/any"), 500, "internal")
    assert "hunter2" not in json.dumps(found)
    assert [entry["error_id"] for entry in logged if entry["event"] == "request_failed"] == [found["error_id"]]


def test_a_database_that_is_away_asks_to_come_back(acme: Any, runtime: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ticketflow.api.routes import tickets as module

    def away(*_: object, **__: object) -> None:
        raise StorageUnavailable("The database did not answer.", remedy="Try again in a moment.")

    monkeypatch.setattr(module.tickets, "get", away)
    refused = acme.get("/v1/tickets/any")
    found = problem(refused, 503, "storage_unavailable")
    assert found["retryable"] is True
    assert found["remedy"] == "Try again in a moment."
    assert int(refused.headers["retry-after"]) > 0


def test_no_key_and_no_text_gets_into_the_log(acme: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logged:
        acme.post("/v1/tickets", {"body": "my card is 4111111111111111"})
        acme.get("/v1/tickets/nothing")
    written = json.dumps(logged, default=str) + caplog.text
    assert acme.key not in written
    assert "4111111111111111" not in written


def test_no_other_site_may_read_along(acme: Any) -> None:
    seen = acme.get("/v1/tickets", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in seen.headers if name.startswith("access-control-")]
