"""The figures of one process, each installation with a registry of its own.

Labels are names from the code or the configuration alone, so that there are never more series than those; nothing that
a customer or a caller wrote gets into one.
"""

import platform
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from ticketflow import __version__
from ticketflow.domain import ModelCall
from ticketflow.telemetry.backlog import BacklogCollector, Look

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
STEP_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 300)
CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
OTHER = "other"
VERDICTS = ("ok", "repaired", "timeout", "no connection", "rate limited", "out of time")
"""Verdicts on a language model's call that are labels as they are; the others are put together by `verdict`."""


class Metrics:
    """Counts. Every method is safe to call from any thread and costs some microseconds."""

    def __init__(self, database: str) -> None:
        """`database` is the dialect's name."""
        self.registry = CollectorRegistry()
        self._requests()
        self._runs()
        self._calls()
        build = Gauge("ticketflow_build_info", "This process; always 1.", _BUILD, registry=self.registry)
        build.labels(__version__, platform.python_version(), database).set(1)
        ProcessCollector(registry=self.registry)

    def watch_queue(self, look: Look, seconds: Callable[[], float]) -> None:
        """Read the queue's depth and age at each scrape; `seconds` is a clock that never goes back."""
        self.registry.register(BacklogCollector(look, seconds))

    def watch_streams(self, count: Callable[[], int]) -> None:
        """Tell at each scrape how many live connections there are."""
        self._streams.set_function(count)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is the template, such as /v1/tickets/{ticket_id}, or empty for no route."""
        key = route or OTHER, method if method in METHODS else OTHER, status // 100
        series = self._request_series.get(key)  # the library's own look-up takes longer than counting
        if series is None:
            series = self._request_seconds.labels(*key[:2], f"{key[2]}xx")
            self._request_series[key] = series
        series.observe(seconds)

    def refused(self, limit: str) -> None:
        """A request came over the limit of that name."""
        self._rate_limited.labels(limit).inc()

    def ended(self, workflow: str, outcome: str) -> None:
        """A claim of a run ended."""
        self._run_ends.labels(workflow, outcome).inc()

    def step(self, workflow: str, step: str, seconds: float) -> None:
        """A step was committed."""
        self._step_seconds.labels(workflow, step).observe(seconds)

    def decided(self, action: str, path: str) -> None:
        """A ticket was decided, with a language model heard or not."""
        self._decisions.labels(action, path).inc()

    def delivered(self, outcome: str) -> None:
        """An attempt at a webhook's delivery ended."""
        self._webhook_attempts.labels(outcome).inc()

    def model_call(self, call: ModelCall) -> None:
        """A language model was asked, or passed over."""
        self._model_calls.labels(call.provider, verdict(call.verdict)).inc()
        self._model_seconds.labels(call.provider).observe(call.milliseconds / 1_000)
        self._model_tokens.labels(call.provider, "in").inc(call.input_tokens)
        self._model_tokens.labels(call.provider, "out").inc(call.output_tokens)
        self._model_cost.labels(call.provider).inc(call.cost)

    def encoder_call(self, encoder: str, texts: int, seconds: float, succeeded: bool) -> None:
        """An encoder was asked for the vectors of so many texts."""
        self._encoder_calls.labels(encoder, "ok" if succeeded else "failed").inc()
        self._encoder_texts.labels(encoder).inc(texts)
        self._encoder_seconds.labels(encoder).observe(seconds)

    def _requests(self) -> None:
        self._request_seconds = self._histogram(
            "http_request_duration_seconds",
            "Requests by route, method and class of status, until the last byte; streams until the first.",
            ("route", "method", "status"),
            REQUEST_BUCKETS,
        )
        self._request_series: dict[tuple[str, str, int], Histogram] = {}
        self._rate_limited = self._counter("rate_limited_requests", "Requests over a limit.", ("limit",))
        self._streams = Gauge("ticketflow_live_connections", "Live connections now.", registry=self.registry)

    def _runs(self) -> None:
        self._run_ends = self._counter("runs", "Claims of runs by how they ended.", ("workflow", "outcome"))
        self._step_seconds = self._histogram(
            "step_duration_seconds", "Steps that were committed.", ("workflow", "step"), STEP_BUCKETS
        )
        self._decisions = self._counter("decisions", "Tickets that were decided.", ("action", "path"))
        self._webhook_attempts = self._counter("webhook_attempts", "Attempts at webhooks' deliveries.", ("outcome",))

    def _calls(self) -> None:
        names = ("provider",)
        self._model_calls = self._counter("model_calls", "Calls of language models.", ("provider", "verdict"))
        self._model_tokens = self._counter("model_tokens", "Their tokens.", ("provider", "direction"))
        self._model_cost = self._counter("model_cost", "What they cost, in the currency of the prices.", names)
        self._model_seconds = self._histogram("model_call_duration_seconds", "How long.", names, CALL_BUCKETS)
        self._encoder_calls = self._counter("encoder_calls", "Calls of the encoder.", ("encoder", "outcome"))
        self._encoder_texts = self._counter("encoder_texts", "Texts in them.", ("encoder",))
        self._encoder_seconds = self._histogram(
            "encoder_call_duration_seconds", "How long they took.", ("encoder",), CALL_BUCKETS
        )

    def _counter(self, name: str, about: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"ticketflow_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"ticketflow_{name}", about, labels, buckets=buckets, registry=self.registry)


_BUILD = ("version", "python", "database")


def verdict(told: str) -> str:
    """A language model's verdict as a label: what follows in words, such as what was malformed, is left out."""
    if told in VERDICTS:
        return told.replace(" ", "_")
    kind, _, rest = told.replace(":", " ").partition(" ")
    if kind == "status" and rest[:1] in "12345":
        return f"status_{rest[:1]}xx"
    return {"malformed": "malformed", "unreadable": "unreadable", "not": "not_asked"}.get(kind, OTHER)
