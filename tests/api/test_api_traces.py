"""Traces: from the caller over the request into the run that it queued, and out to whom it calls. Ids, no texts."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.testclient import TestClient

from ticketflow import runtime as wiring
from ticketflow.api.app import create_app
from ticketflow.errors import Misconfigured
from ticketflow.integrations import endpoints
from ticketflow.runtime import Runtime
from ticketflow.store.webhook_endpoints import NewEndpoint
from ticketflow.telemetry import tracing
from ticketflow.telemetry.observing import Telemetry
from ticketflow.telemetry.tracing import Tracing
from ticketflow.testing import HashEncoder

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def exporter(runtime: Runtime) -> InMemorySpanExporter:
    """What the installation's spans end in; taken up before its runner is made."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    vars(runtime)["telemetry"] = Telemetry(runtime.metrics, Tracing(provider))
    return kept


@pytest.fixture
def traced(exporter: InMemorySpanExporter, acme: Any) -> Any:
    """A caller of an installation whose spans are kept."""
    exporter.clear()
    return acme


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def ids(span: ReadableSpan) -> tuple[str, str, str]:
    """The trace, the span and the span above it, in hexadecimal."""
    assert span.context is not None
    above = span.parent.span_id if span.parent else 0
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}", f"{above:016x}"


def test_a_trace_goes_on_from_the_caller_into_the_run_and_its_steps(
    exporter: InMemorySpanExporter, traced: Any, runtime: Runtime
) -> None:
    sent = {"subject": "zanzibar", "body": "zanzibar"}
    opened = traced("POST", "/v1/tickets?zanzibar=1", json=sent, headers={"traceparent": PARENT}).json()
    assert runtime.runner.run_one(["ticket"])
    spans = by_name(exporter)
    request, run, step = spans["POST /v1/tickets"], spans["run ticket"], spans["step ingest"]
    assert ids(request)[::2] == (TRACE, PARENT.split("-")[2])
    assert ids(run)[::2] == (TRACE, ids(request)[1])
    assert ids(step)[::2] == (TRACE, ids(run)[1])
    assert {"step search", "step analyze", "step decide", "step execute"} <= spans.keys()
    assert (request.kind, run.kind) == (SpanKind.SERVER, SpanKind.CONSUMER)
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/tickets",
        "http.response.status_code": 202,
        "ticketflow.request.id": request.attributes["ticketflow.request.id"],
    }
    assert run.attributes is not None
    assert run.attributes["ticketflow.run.id"] == opened["run_id"]
    assert run.attributes["ticketflow.request.id"] == request.attributes["ticketflow.request.id"]
    assert run.attributes["ticketflow.outcome"] == "succeeded"
    assert "zanzibar" not in json.dumps([json.loads(span.to_json()) for span in exporter.get_finished_spans()])


@pytest.mark.parametrize("given", ["zanzibar", "00-0-0-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", ""])
def test_a_traceparent_that_is_none_begins_a_trace(exporter: InMemorySpanExporter, traced: Any, given: str) -> None:
    traced.get("/v1/settings", headers={"traceparent": given})
    (span,) = exporter.get_finished_spans()
    assert span.parent is None


def test_an_error_is_its_kind(
    exporter: InMemorySpanExporter, traced: Any, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ticketflow.agent import ingest

    def broken(*_: object) -> None:
        raise ValueError("zanzibar")

    monkeypatch.setattr(ingest, "clean", broken)
    traced.post("/v1/tickets", {"body": "x"})
    assert runtime.runner.run_one(["ticket"])
    spans = by_name(exporter)
    step = spans["step ingest"]
    assert step.attributes is not None
    assert step.attributes["error.type"] == "ValueError"
    assert (step.status.status_code, step.status.description) == (StatusCode.ERROR, None)
    assert spans["run ticket"].attributes["ticketflow.outcome"] == "retried"  # type: ignore[index]
    assert "zanzibar" not in json.dumps([json.loads(span.to_json()) for span in exporter.get_finished_spans()])


class _Receiver(BaseHTTPRequestHandler):
    """Keeps what was posted, by path."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, dict(self.headers.items()), body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def receiver() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.received = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_call_to_another_machine_carries_the_trace(
    exporter: InMemorySpanExporter, traced: Any, runtime: Runtime, receiver: Any
) -> None:
    from ticketflow.outbound import AllowList, Client

    place = f"127.0.0.1:{receiver.server_address[1]}"
    vars(runtime)["outbound"] = Client(AllowList.of([place]))
    hook = NewEndpoint(url=f"http://{place}/hooks", types=["ticket.created"])
    with runtime.database.write() as session:
        endpoints.create(session, traced.workspace.id, hook, runtime.signing_secrets, "test")
    traced.post("/v1/tickets", {"body": "x"})
    runtime.runner.follow()
    assert runtime.runner.run_one(["deliver-webhook"])
    ((_, headers, _),) = receiver.received
    trace, span, _ = ids(by_name(exporter)["step send"])
    assert headers["traceparent"].startswith(f"00-{trace}-{span}-")


def test_spans_reach_a_collector_over_http(runtime: Runtime, receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{receiver.server_address[1]}")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    built = wiring.build(runtime.config, clock=runtime.clock, encoder=HashEncoder())
    with TestClient(create_app(built)) as client:
        client.get("/healthz", headers={"traceparent": PARENT})
    built.close()
    ((path, _, body),) = receiver.received
    assert path == "/v1/traces"
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    about = {one.key: one.value.string_value for one in sent.resource.attributes}
    assert (about["service.name"], about["deployment.environment.name"]) == ("ticketflow", "test")
    (span,) = sent.scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("GET /healthz", TRACE)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"},
    ],
)
def test_without_being_asked_there_are_no_traces(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert tracing.from_environment() is None


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_TRACES_EXPORTER": "jaeger"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
    ],
)
def test_what_cannot_be_had_is_refused_at_start(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured, match=r"Traces are not sent|which there is not"):
        tracing.from_environment()


def test_without_being_asked_nothing_of_the_sdk_is_imported() -> None:
    """In a process of its own: this one has it loaded."""
    code = (
        "import sys; from ticketflow.telemetry import tracing;"
        "assert tracing.from_environment() is None;"
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_where_the_sdk_is_missing_the_log_says_so_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from structlog.testing import capture_logs

    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with capture_logs() as logged:
        assert tracing.from_environment() is None
    assert "ticketflow[otel]" in logged[0]["reason"]
