"""GET /metrics: who may read it, what it counts of requests and runs, and whose words it never holds."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ticketflow import runtime as wiring
from ticketflow.api.app import create_app
from ticketflow.api.scopes import Scope
from ticketflow.runtime import Runtime
from ticketflow.testing import FrozenClock, HashEncoder

SAMPLE = re.compile(r"(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")


def samples(text: str) -> dict[str, float]:
    """Every sample by its name with its labels."""
    found = [SAMPLE.fullmatch(line) for line in text.splitlines() if not line.startswith("#")]
    assert None not in found
    return {f"{one['name']}{{{one['labels'] or ''}}}": float(one["value"]) for one in found if one}


@pytest.fixture
def scraped(acme: Any) -> Callable[[], dict[str, float]]:
    def scrape() -> dict[str, float]:
        answer = acme.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        return samples(answer.text)

    return scrape


def test_a_key_needs_the_scope(client: TestClient, caller: Callable[..., Any]) -> None:
    assert client.get("/metrics").status_code == 401
    assert (
        caller(scopes=[scope.value for scope in Scope if scope is not Scope.METRICS_READ]).get("/metrics").status_code
        == 403
    )
    assert caller(scopes=["metrics:read"]).get("/metrics").status_code == 200


def test_an_operator_may_open_it(runtime: Runtime) -> None:
    opened = wiring.build(runtime.config.model_copy(update={"metrics_open": True}), encoder=HashEncoder())
    with TestClient(create_app(opened)) as client:
        assert "ticketflow_build_info" in client.get("/metrics").text
        assert client.get("/v1/tickets").status_code == 401
    opened.close()


def test_requests_are_counted_by_route_and_class_of_status(acme: Any, scraped: Any) -> None:
    opened = [acme.post("/v1/tickets", {"body": f"ticket {number}"}).json()["ticket"]["id"] for number in range(3)]
    for ticket_id in opened:
        acme.get(f"/v1/tickets/{ticket_id}?with=nothing")
    acme.get("/v1/tickets/nobody")
    acme.get("/v1/no/such/route")
    acme.post("/v1/tickets", {"body": 5})
    found = scraped()

    def count(method: str, route: str, status: str) -> float:
        labels = f'method="{method}",route="{route}",status="{status}"'
        return found[f"ticketflow_http_request_duration_seconds_count{{{labels}}}"]

    assert count("POST", "/v1/tickets", "2xx") == 3
    assert count("POST", "/v1/tickets", "4xx") == 1
    assert count("GET", "/v1/tickets/{ticket_id}", "2xx") == 3
    assert count("GET", "/v1/tickets/{ticket_id}", "4xx") == 1
    assert count("GET", "other", "4xx") == 1
    assert not [name for name in found if opened[0] in name]


def test_runs_steps_and_decisions_are_counted(acme: Any, runtime: Runtime, scraped: Any) -> None:
    for number in range(2):
        acme.post("/v1/tickets", {"body": f"ticket {number}"})
    while runtime.runner.run_one(["ticket"]):
        pass
    found = scraped()
    assert found['ticketflow_runs_total{outcome="succeeded",workflow="ticket"}'] == 2
    for step in ("ingest", "search", "analyze", "consult", "decide", "draft", "execute"):
        assert found[f'ticketflow_step_duration_seconds_count{{step="{step}",workflow="ticket"}}'] == 2
    assert found['ticketflow_decisions_total{action="escalate",path="learned"}'] == 2
    assert found['ticketflow_encoder_calls_total{encoder="hash-64",outcome="ok"}'] >= 2


def test_the_queue_has_a_depth_and_an_age(acme: Any, runtime: Runtime, clock: FrozenClock, scraped: Any) -> None:
    for number in range(3):
        acme.post("/v1/tickets", {"body": f"ticket {number}"})
        clock.advance(10)
    found = scraped()
    assert found['ticketflow_queue_due{workflow="ticket"}'] == 3
    assert found['ticketflow_queue_oldest_due_seconds{workflow="ticket"}'] == 30
    assert found['ticketflow_queue_due{workflow="refit"}'] == 0
    assert found["ticketflow_database_up{}"] == 1


def test_what_comes_over_a_limit_is_counted(runtime: Runtime, caller: Any) -> None:
    built = wiring.build(runtime.config.model_copy(update={"rate_per_key": "2/hour"}), encoder=HashEncoder())
    key = caller().key
    with TestClient(create_app(built), headers={"Authorization": f"Bearer {key}"}) as client:
        assert [client.get("/v1/settings").status_code for _ in range(4)] == [200, 200, 429, 429]
        assert samples(built.metrics.text().decode())['ticketflow_rate_limited_requests_total{limit="key"}'] == 2
    built.close()


@pytest.fixture
def words(acme: Any, runtime: Runtime) -> list[str]:
    """What a workspace is known by, after it was worked in."""
    acme.post("/v1/tickets", {"subject": "zanzibar", "body": "zanzibar", "requester_email": "zanzibar@example.org"})
    acme.get("/v1/tickets?cursor=zanzibar")
    acme.get("/v1/zanzibar", headers={"X-Request-Id": "zanzibar-12345"})
    acme("ZANZIBAR", "/v1/tickets")
    while runtime.runner.run_one():
        pass
    return ["zanzibar", "ZANZIBAR", acme.workspace.id, acme.workspace.slug, acme.key.split("_")[2]]


def test_no_figure_names_a_workspace_a_customer_or_a_key(acme: Any, words: list[str]) -> None:
    told = acme.get("/metrics").text
    assert [word for word in words if word in told] == []


def test_live_connections_are_those_of_now(app: FastAPI, acme: Any, scraped: Any) -> None:
    assert scraped()["ticketflow_live_connections{}"] == 0
    app.state.live.streams.add(object())
    assert scraped()["ticketflow_live_connections{}"] == 1
    app.state.live.streams.clear()
