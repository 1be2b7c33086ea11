"""Figures: what becomes a label, what is read when it is asked for, and that a scrape never fails."""

import urllib.error
import urllib.request

import pytest

from ticketflow.domain import ModelCall
from ticketflow.errors import NotReady, StorageUnavailable
from ticketflow.telemetry import exposition
from ticketflow.telemetry.backlog import LOOK_SECONDS
from ticketflow.telemetry.metrics import Metrics, verdict
from ticketflow.workflow.queue import Backlog


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("sqlite")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def call(verdict: str) -> ModelCall:
    return ModelCall(
        provider="main",
        model="m",
        prompt="reading-1",
        prompt_hash="0",
        input_tokens=1_000,
        output_tokens=50,
        cost=0.25,
        milliseconds=400,
        verdict=verdict,
    )


def test_each_installation_counts_by_itself(metrics: Metrics) -> None:
    metrics.decided("resolve", "learned")
    assert value(metrics, "ticketflow_decisions_total", action="resolve", path="learned") == 1
    assert value(Metrics("sqlite"), "ticketflow_decisions_total", action="resolve", path="learned") is None


@pytest.mark.parametrize(
    ("told", "label"),
    [
        ("ok", "ok"),
        ("rate limited", "rate_limited"),
        ("no connection", "no_connection"),
        ("status 503", "status_5xx"),
        ("malformed: 'Nadia Brandt' is no category", "malformed"),
        ("unreadable answer (KeyError)", "unreadable"),
        ("not asked: it failed every time lately", "not_asked"),
        ("status of Nadia Brandt", "other"),
        ("Nadia Brandt", "other"),
    ],
)
def test_no_words_of_a_verdict_become_a_label(told: str, label: str) -> None:
    assert verdict(told) == label


def test_calls_of_language_models_are_counted_with_tokens_and_cost(metrics: Metrics) -> None:
    for told in ("ok", "ok", "malformed: it says Nadia"):
        metrics.model_call(call(told))
    assert value(metrics, "ticketflow_model_calls_total", provider="main", verdict="ok") == 2
    assert value(metrics, "ticketflow_model_calls_total", provider="main", verdict="malformed") == 1
    assert value(metrics, "ticketflow_model_tokens_total", provider="main", direction="in") == 3_000
    assert value(metrics, "ticketflow_model_cost_total", provider="main") == 0.75
    assert value(metrics, "ticketflow_model_call_duration_seconds_sum", provider="main") == pytest.approx(1.2)
    assert b"Nadia" not in metrics.text()


def test_methods_and_routes_that_nobody_wrote_are_one_series(metrics: Metrics) -> None:
    for number in range(50):
        metrics.request("", f"BREW{number}", 404, 0.001)
    name = "ticketflow_http_request_duration_seconds_count"
    assert value(metrics, name, route="other", method="other", status="4xx") == 50
    assert metrics.text().count(b"ticketflow_http_request_duration_seconds_count{") == 1


def test_the_queue_is_read_when_it_is_asked_for_and_not_each_time(metrics: Metrics) -> None:
    looks: list[float] = []
    now = [100.0]

    def look() -> list[Backlog]:
        looks.append(now[0])
        return [Backlog("ticket", 3, 12_500_000)]

    metrics.watch_queue(look, lambda: now[0])
    assert looks == []
    for _ in range(3):
        assert value(metrics, "ticketflow_queue_due", workflow="ticket") == 3
        assert value(metrics, "ticketflow_queue_oldest_due_seconds", workflow="ticket") == 12.5
    assert looks == [100.0]
    now[0] += LOOK_SECONDS
    metrics.text()
    assert looks == [100.0, 105.0]


def test_a_scrape_says_that_the_database_is_away_and_gives_the_rest(metrics: Metrics) -> None:
    def look() -> list[Backlog]:
        raise StorageUnavailable("The disk is full.")

    metrics.watch_queue(look, lambda: 0.0)
    metrics.ended("ticket", "succeeded")
    assert value(metrics, "ticketflow_database_up") == 0
    assert value(metrics, "ticketflow_queue_due", workflow="ticket") is None
    assert b'ticketflow_runs_total{outcome="succeeded",workflow="ticket"} 1.0' in metrics.text()


def test_metrics_are_served_where_there_is_no_api(metrics: Metrics) -> None:
    metrics.delivered("failed")
    port = exposition.serve(metrics, "127.0.0.1", 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b'ticketflow_webhook_attempts_total{outcome="failed"} 1.0' in answer.read()
    with pytest.raises(NotReady, match=f"port {port}"):
        exposition.serve(metrics, "127.0.0.1", port)
