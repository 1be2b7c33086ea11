"""Traces by OpenTelemetry, where its SDK is installed (`ticketflow[otel]`) and OTEL_* variables ask for them.

The SDK is imported then and only then. Spans hold ids and names from the code, and of an error its kind.
"""

import os
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from ticketflow import __version__
from ticketflow.errors import Misconfigured

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Span, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

ASKS = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Any of these switches traces on; without them nothing is sent anywhere, whatever the standard's default is."""
EXPORTERS = ("otlp", "console", "none")
PROTOCOL = "http/protobuf"

log = structlog.get_logger(__name__)


class Tracing:
    """Makes spans and hands them to the provider's processors."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("ticketflow", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._kinds = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "internal": SpanKind.INTERNAL}
        self._lock = threading.Lock()
        self._open: dict[str, Span] = {}

    @contextmanager
    def span(self, name: str, kind: str, parent: str, attributes: Mapping[str, str | int]) -> Generator[str]:
        """A span around the block, below the W3C traceparent `parent` where that is one; yields its own.

        `kind` is server, consumer or internal. What the block raises passes through; of it the kind is noted.
        """
        from opentelemetry import trace
        from opentelemetry.context import Context

        # An empty context, not the thread's: libraries that trace by themselves are no part of this.
        above = self._propagator.extract({"traceparent": parent}, Context())
        span = self._tracer.start_span(name, above, self._kinds[kind], dict(attributes))
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, trace.set_span_in_context(span, Context()))
        traceparent = carrier["traceparent"]
        with self._lock:
            self._open[traceparent] = span  # type: ignore[assignment]
        try:
            yield traceparent
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)  # without a description: an error's text may quote a customer
            raise
        finally:
            with self._lock:
                self._open.pop(traceparent, None)
            span.end()

    def note(self, traceparent: str, name: str, value: str | int, *, failed: bool = False) -> None:
        """Add an attribute to an open span of this process; nothing where there is none."""
        from opentelemetry.trace import StatusCode

        span = self._open.get(traceparent)
        if span is None:
            return
        span.set_attribute(name, value)
        if failed:
            span.set_status(StatusCode.ERROR)

    def rename(self, traceparent: str, name: str) -> None:
        """Give an open span another name: a request's route is known at its end only."""
        span = self._open.get(traceparent)
        if span is not None:
            span.update_name(name)

    def close(self) -> None:
        """Send what waits to be sent, and end the thread that sends."""
        self._provider.shutdown()


def from_environment() -> Tracing | None:
    """Traces as the OTEL_* variables want them; None where they want none.

    Raises Misconfigured for an exporter or protocol that there is not. Where the SDK is missing the log says so.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if not any(os.environ.get(name) for name in ASKS):
        return None
    wanted = os.environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    if wanted == "none":
        return None
    if wanted not in EXPORTERS:
        raise Misconfigured(
            f"OTEL_TRACES_EXPORTER names {wanted!r}, which there is not.", remedy=f"Use {', '.join(EXPORTERS)}."
        )
    try:
        return _made(wanted)
    except ModuleNotFoundError:
        log.warning("traces_not_sent", reason="OpenTelemetry is not installed: pip install 'ticketflow[otel]'")
        return None


def _made(wanted: str) -> Tracing:
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = "service.name" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "") or os.environ.get("OTEL_SERVICE_NAME")
    own: dict[str, str] = {SERVICE_VERSION: __version__} | ({} if named else {SERVICE_NAME: "ticketflow"})
    provider = TracerProvider(resource=Resource.create(own))  # which reads the other variables itself
    provider.add_span_processor(BatchSpanProcessor(_exporter(wanted)))
    return Tracing(provider)


def _exporter(wanted: str) -> "SpanExporter":
    if wanted == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    general = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "") or general or PROTOCOL
    if protocol != PROTOCOL:
        raise Misconfigured(
            f"Traces are not sent by the protocol {protocol!r}.",
            remedy=f"Set OTEL_EXPORTER_OTLP_PROTOCOL to {PROTOCOL}, which collectors take on port 4318.",
        )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
