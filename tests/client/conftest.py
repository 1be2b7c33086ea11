"""A real server over a real socket: the agent's company behind uvicorn, with a thread that works off runs."""

import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from client_harness import Misbehaving

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))  # the agent's harness is shared with the tests there
sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))  # the client's generator

from agent_harness import Company, made, teach
from served_harness import Served

from ticketflow.api.app import create_app
from ticketflow.api.scopes import Scope
from ticketflow.api.server import Server, address, listen
from ticketflow_client import TicketFlow
from ticketflow_client.configuration import KEY_VARIABLE, URL_VARIABLE

SECONDS = 30


@pytest.fixture(scope="module", autouse=True)
def silence() -> Iterator[None]:
    """What the examples print is all that is printed: the server is in this process, and would log beside them."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for a file of tests. The company's clock stands still; every decision is drawn for grading."""
    company = Company(tmp_path_factory.mktemp("served"), made(teach))
    company.set(audit_share=1.0)
    runtime = replace(company.runtime, config=company.runtime.config.model_copy(update={"workers": 1}))
    started = threading.Event()
    listener = listen("127.0.0.1", 0)
    server = Server(create_app(runtime), listener, started.set)
    thread = threading.Thread(target=server.serve_until_stopped, name="served")
    thread.start()
    assert started.wait(SECONDS)
    whole = Served(company, address(listener), "")
    yield Served(company, whole.url, whole.key_with(*Scope))
    server.should_exit = True
    thread.join(SECONDS)
    listener.close()
    company.close()


@pytest.fixture
def client(served: Served) -> Iterator[TicketFlow]:
    with TicketFlow(served.url, served.key) as client:
        yield client


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests reaches a client."""
    for name in (URL_VARIABLE, KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def misbehaving() -> Iterator[Misbehaving]:
    """A server that answers as a test tells it to."""
    with Misbehaving() as server:
        yield server
