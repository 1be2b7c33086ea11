"""One line for each request, its id in every line that belongs to it, and no word of a customer in any of them."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient

from ticketflow import runtime as wiring
from ticketflow.agent import pipeline
from ticketflow.api.app import create_app
from ticketflow.cli import logs
from ticketflow.domain import Value
from ticketflow.integrations import endpoints
from ticketflow.runtime import Runtime
from ticketflow.store.webhook_endpoints import NewEndpoint
from ticketflow.testing import HashEncoder
from ticketflow.workflow import history

CANARY = "zanzibar"


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log so far at DEBUG as JSON, as the command line writes it."""
    root, before = logging.getLogger(), logging.getLogger().level
    logs.configure("DEBUG", "json")
    told: list[str] = []

    def lines() -> list[dict[str, Any]]:
        told.extend(capsys.readouterr().err.splitlines())
        return [json.loads(line) for line in told]

    yield lines
    structlog.reset_defaults()
    for handler in [one for one in root.handlers if type(one).__module__ == logs.__name__]:
        root.removeHandler(handler)
    root.setLevel(before)
    logging.captureWarnings(False)


def requests(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == "request"]


def test_a_request_is_one_line(acme: Any, logged: Any) -> None:
    answer = acme.get("/v1/tickets?limit=5&cursor=")
    (line,) = requests(logged())
    assert answer.headers["x-request-id"] == line["request_id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/tickets", answer.status_code)
    assert line["caller"].startswith("key:")
    assert line["duration_ms"] > 0
    assert line["level"] == "info"


def test_a_well_formed_id_is_kept_and_any_other_replaced(client: TestClient, logged: Any) -> None:
    assert client.get("/", headers={"X-Request-Id": "gateway:4711-a"}).headers["x-request-id"] == "gateway:4711-a"
    made = client.get("/", headers={"X-Request-Id": f"{CANARY} <script>"}).headers["x-request-id"]
    assert [line["request_id"] for line in requests(logged())] == ["gateway:4711-a", made]
    assert CANARY not in made


def test_every_kind_of_refusal_carries_the_id(client: TestClient, acme: Any) -> None:
    answers = [
        client.get("/v1/tickets"),
        acme.get("/v1/none"),
        acme("POST", "/v1/tickets", content=b"{", headers={"Content-Type": "application/json"}),
        acme("POST", "/v1/tickets", content=b"x" * 30_000, headers={"Content-Type": "application/json"}),
    ]
    assert [one.status_code for one in answers] == [401, 404, 400, 413]
    assert len({one.headers["x-request-id"] for one in answers}) == 4


def test_looks_of_machines_are_told_at_debug_alone(client: TestClient, logged: Any) -> None:
    client.get("/healthz")
    assert [line["level"] for line in requests(logged())] == ["debug"]


def test_a_run_keeps_the_id_of_the_request_that_queued_it(
    acme: Any, runtime: Runtime, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_a_step(monkeypatch)
    opened = acme("POST", "/v1/tickets", json={"body": "x"}, headers={"X-Request-Id": "from-the-shop-1"}).json()
    with runtime.database.read() as session:
        run = history.get(session, acme.workspace.id, opened["run_id"])
    assert run.origin.request_id == "from-the-shop-1"
    assert "origin" not in run.payload
    assert runtime.runner.run_one(["ticket"])
    told = [line for line in logged() if line["event"] in ("step_failed", "run_retried_later")]
    assert len(told) == 2
    assert {(line["request_id"], line["run"]) for line in told} == {("from-the-shop-1", opened["run_id"])}
    with runtime.database.read() as session:
        assert history.altered(session, acme.workspace.id, opened["run_id"]) == []


def _break_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_deps: Any, state: Any) -> Value:
        raise ValueError(f"cannot read {state.run.payload}")

    steps = tuple(replace(step, compute=broken) if step.name == "analyze" else step for step in pipeline.STEPS)
    monkeypatch.setattr(pipeline, "TICKET_WORKFLOW", replace(pipeline.TICKET_WORKFLOW, steps=steps))


class _Echo(BaseHTTPRequestHandler):
    """Refuses every delivery, with what was delivered."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(500, CANARY)
        self.end_headers()
        self.wfile.write(body + CANARY.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def refusing() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


def test_no_word_of_a_customer_is_logged_whatever_goes_wrong(
    runtime: Runtime, caller: Any, refusing: int, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = caller()
    _break_a_step(monkeypatch)
    allowed = runtime.config.model_copy(update={"outbound_allow": (f"127.0.0.1:{refusing}",)})
    built = wiring.build(allowed, clock=runtime.clock, encoder=HashEncoder())
    with built.database.write() as session:
        hook = NewEndpoint(url=f"http://127.0.0.1:{refusing}/{CANARY}", description=CANARY)
        endpoints.create(session, acme.workspace.id, hook, built.signing_secrets, "test")
    app = create_app(built)
    with TestClient(app, headers={"Authorization": f"Bearer {acme.key}"}) as client:
        statuses = _everything(app, client, monkeypatch)
        while built.runner.follow() or built.runner.run_one():
            pass
    built.close()
    assert {202, 400, 401, 404, 409, 422, 500} <= set(statuses)
    lines = logged()
    events = {line["event"] for line in lines}
    assert {"request", "request_failed", "step_failed", "run_retried_later"} <= events
    assert len(requests(lines)) == len(statuses)
    with built.database.read() as session:
        runs = history.of_workspace(session, acme.workspace.id)
    assert any(CANARY in (run.error or "") for run in runs)  # it is kept where the ticket's words are
    assert {run.workflow for run in runs} >= {"ticket", "deliver-webhook"}
    secret = acme.key.split("_")[3]
    assert [line for line in lines if CANARY in json.dumps(line) or secret in json.dumps(line)] == []


def _everything(app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Send canaries in every place of a request; the statuses of the answers."""
    ticket: dict[str, Any] = dict.fromkeys(("subject", "body", "requester_name", "external_id"), CANARY)
    ticket |= {"requester_email": f"{CANARY}@example.org", "tags": [CANARY]}
    headers = {"X-Request-Id": f"{CANARY} !", "User-Agent": CANARY, "Idempotency-Key": f"{CANARY}-0001"}
    answers = [
        client.post("/v1/tickets", json=ticket, headers=headers),
        client.post("/v1/tickets", json={**ticket, "subject": "x"}, headers=headers),
        client.post("/v1/tickets", json=ticket),
        client.post("/v1/tickets", json={CANARY: CANARY, "priority": CANARY}),
        client.post("/v1/tickets", content=f'{{"body": "{CANARY}', headers={"Content-Type": "application/json"}),
        client.get(f"/v1/tickets/{CANARY}", params={"q": CANARY}),
        client.get("/v1/tickets", params={"cursor": CANARY}),
        client.get(f"/v1/{CANARY}"),
        client.post("/v1/search", json={"query": CANARY}),
        client.get("/v1/settings", headers={"Authorization": f"Bearer {CANARY}"}),
    ]
    from ticketflow.api.routes import tickets as module

    def broken(*_: object, **__: object) -> None:
        raise KeyError(f"{CANARY} in a row")

    with monkeypatch.context() as patched:
        patched.setattr(module.tickets, "get", broken)
        answers.append(client.get("/v1/tickets/any"))
    return [one.status_code for one in answers]
