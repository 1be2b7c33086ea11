"""GET /readyz tells the truth: each part that fails is named, and whether the process can serve without it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ticketflow import runtime as wiring
from ticketflow.api import readiness as module
from ticketflow.api.app import create_app
from ticketflow.api.readiness import Readiness
from ticketflow.api.room import LEAST_BYTES, LOW_BYTES, Room
from ticketflow.config import Config, EncoderProvider
from ticketflow.db import migrations
from ticketflow.embeddings import Vectors
from ticketflow.errors import Misconfigured
from ticketflow.runtime import Runtime
from ticketflow.testing import FrozenClock, HashEncoder, ModelServer
from ticketflow.testing.embeddings_endpoint import VectorMode

PARTS = ("database", "migrations", "encoder", "workers", "queue", "disk")


def looked(client: TestClient) -> tuple[int, dict[str, Any]]:
    """The status and the parts by name."""
    response = client.get("/readyz")
    parts = response.json()["parts"]
    assert tuple(part["name"] for part in parts) == PARTS
    for part in parts:
        assert part["detail"].endswith(".")
        assert part["milliseconds"] >= 0
    return response.status_code, {part["name"]: part for part in parts}


def missing(client: TestClient) -> list[str]:
    """The parts that are not ready; the answer must say so as a problem, and name each of them."""
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["code"] == "not_ready"
    _, parts = looked(client)
    found = [name for name, part in parts.items() if not part["ready"]]
    assert all(f"{name}: {parts[name]['detail']}" in response.json()["detail"] for name in found)
    return found


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does, at most ten seconds."""
    patience, end = threading.Event(), time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        patience.wait(0.005)


def warmed(runtime: Runtime, **options: Any) -> TestClient:
    """A client of an application whose encoder was loaded; its threads are not started."""
    app = create_app(runtime)
    app.state.readiness = Readiness(runtime, **options)
    app.state.readiness.warm()
    return TestClient(app)


@pytest.fixture
def home(tmp_path: Path, migrated: Path) -> Path:
    shutil.copy(migrated, tmp_path / "ticketflow.db")
    return tmp_path


@pytest.fixture
def working(home: Path, clock: FrozenClock) -> Iterator[Runtime]:
    """An installation with worker threads of its own."""
    built = wiring.build(Config(home=home, workers=1, queue_age_limit=60), clock=clock, encoder=HashEncoder())
    yield built
    built.close()


def test_the_process_is_alive_and_ready(runtime: Runtime) -> None:
    client = warmed(runtime)
    assert client.get("/healthz").json()["status"] == "alive"
    status, parts = looked(client)
    assert status == 200
    assert client.get("/readyz").json()["status"] == "ready"
    assert not [part for part in parts.values() if part["degraded"]]


def test_it_names_a_database_that_was_never_migrated(tmp_path: Path) -> None:
    built = wiring.build(Config(home=tmp_path, workers=0), encoder=HashEncoder())
    client = warmed(built)
    assert "migrations" in missing(client)
    assert "db upgrade" in client.get("/readyz").json()["detail"]
    assert client.get("/healthz").status_code == 200
    migrations.upgrade(built.database)
    assert client.get("/readyz").status_code == 200
    built.close()


def test_it_names_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "ticketflow.db").mkdir()
    client = warmed(wiring.build(Config(home=tmp_path, workers=0), encoder=HashEncoder()))
    assert missing(client) == ["database", "migrations", "queue"]


class BrokenEncoder(HashEncoder):
    """An encoder whose files are damaged."""

    def encode(self, texts: Any, role: Any = None) -> Vectors:
        raise Misconfigured("The files in /secret/place are damaged.")


def test_it_names_an_encoder_that_cannot_be_loaded(home: Path) -> None:
    client = warmed(wiring.build(Config(home=home, workers=0), encoder=BrokenEncoder()))
    assert missing(client) == ["encoder"]
    assert "/secret/place" not in client.get("/readyz").text


def test_before_the_encoder_is_loaded_the_server_is_not_ready(app: Any) -> None:
    assert missing(TestClient(app)) == ["encoder"]


def test_a_remote_encoder_is_asked_again_and_its_silence_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    from ticketflow.embeddings.remote import OpenAIEncoder

    server = ModelServer().start()
    provider = EncoderProvider(name="far", kind="openai", model="m", base_url=server.url, dimension=16, seconds=0.2)
    encoder = OpenAIEncoder(provider)
    built = wiring.build(Config(home=home, workers=0), clock=clock, encoder=encoder)
    client = warmed(built)
    assert looked(client)[1]["encoder"]["detail"] == "openai:m@16 answers."
    server.mode = VectorMode.NOT_TAKEN
    assert not looked(client)[1]["encoder"]["degraded"]  # it was asked a moment ago
    monkeypatch.setattr(module, "ASK_AGAIN_SECONDS", 0.0)
    until(lambda: looked(client)[1]["encoder"]["degraded"])
    status, parts = looked(client)
    assert (status, parts["encoder"]["ready"]) == (200, True)  # tickets go to people meanwhile
    assert client.get("/readyz").json()["status"] == "degraded"
    server.stop()
    encoder.close()
    built.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_told(working: Runtime) -> None:
    client = warmed(working)
    assert looked(client)[1]["workers"]["ready"]
    runner = working.runner
    stop = SystemExit()

    def die() -> None:
        raise stop

    runner._begin(die, "dies")  # pyright: ignore[reportPrivateUsage]
    until(lambda: runner.threads_dead() == 1)
    assert missing(client) == ["workers"]
    runner.stop(1)
    assert looked(client)[1]["workers"]["ready"]  # stopped on purpose


def queued(runtime: Runtime) -> None:
    from ticketflow.agent import pipeline
    from ticketflow.store.tickets import NewTicket

    workspace = runtime.workspace("acme")
    with runtime.database.write() as session:
        pipeline.start(session, workspace.id, NewTicket(subject="", body="where is it"))


def test_a_ticket_that_waits_too_long_for_a_worker_is_told(working: Runtime, clock: FrozenClock) -> None:
    client = warmed(working)
    queued(working)
    clock.advance(60)
    assert looked(client)[0] == 200
    clock.advance(1)
    assert missing(client) == ["queue"]
    assert "61 s" in client.get("/readyz").text
    assert working.runner.run_one(["ticket"])
    assert looked(client)[0] == 200


def test_what_waits_in_the_background_is_no_reason(working: Runtime, clock: FrozenClock) -> None:
    from ticketflow.workflow import queue

    workspace = working.workspace("acme")
    with working.database.write() as session:
        queue.enqueue(session, workspace.id, "refit", trigger_id="refit:1", payload={})
    clock.advance(10_000)
    assert looked(warmed(working))[0] == 200


def test_where_the_workers_are_elsewhere_their_delay_is_no_reason_to_stop_accepting(
    runtime: Runtime, clock: FrozenClock
) -> None:
    client = warmed(runtime)
    queued(runtime)
    clock.advance(301)
    status, parts = looked(client)
    assert (status, parts["queue"]["degraded"]) == (200, True)


def test_no_limit_takes_the_look_at_the_age_away(home: Path, clock: FrozenClock) -> None:
    built = wiring.build(Config(home=home, workers=1, queue_age_limit=0), clock=clock, encoder=HashEncoder())
    client = warmed(built)
    queued(built)
    clock.advance(100_000)
    assert looked(client)[0] == 200
    built.close()


@pytest.mark.parametrize(
    ("free", "needed", "status", "degraded"),
    [
        (LOW_BYTES, True, 200, False),
        (LOW_BYTES - 1, True, 200, True),
        (LEAST_BYTES, True, 200, True),
        (LEAST_BYTES - 1, True, 503, False),
        (LEAST_BYTES - 1, False, 200, True),
        (None, False, 200, False),
    ],
)
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    runtime: Runtime, free: int | None, needed: bool, status: int, degraded: bool
) -> None:
    client = warmed(runtime, room=lambda _runtime: Room(free, needed))
    answered, parts = looked(client)
    assert (answered, parts["disk"]["degraded"]) == (status, degraded)
