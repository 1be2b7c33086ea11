"""One server on a real socket for each file of tests, and a new workspace for each test."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from live_harness import Asks, Served, serving

from ticketflow import runtime as wiring
from ticketflow.api import keys
from ticketflow.api.app import create_app
from ticketflow.api.scopes import Scope
from ticketflow.config import Config
from ticketflow.runtime import Runtime
from ticketflow.store import workspaces
from ticketflow.testing import FrozenClock, HashEncoder

SECRET = "a secret of the tests, long enough"

_numbers = count()


@pytest.fixture(scope="module")
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory, migrated: Path, clock: FrozenClock) -> Iterator[Runtime]:
    home = tmp_path_factory.mktemp("live")
    shutil.copy(migrated, home / "ticketflow.db")
    built = wiring.build(Config(home=home, secret_key=SECRET, workers=0), clock=clock, encoder=HashEncoder())
    yield built
    built.close()


@pytest.fixture(scope="module")
def app(runtime: Runtime) -> FastAPI:
    return create_app(runtime)


@pytest.fixture(scope="module")
def served(app: FastAPI) -> Iterator[Served]:
    with serving(app) as served:
        yield served


@pytest.fixture
def caller(served: Served, runtime: Runtime) -> Iterator[Callable[..., Asks]]:
    """Make a caller of the server: by default with every scope, of a workspace that only this test knows as acme."""
    number = next(_numbers)
    with httpx2.Client(base_url=f"http://127.0.0.1:{served.port}", trust_env=False) as client:

        def make(slug: str = "acme", scopes: list[str] | None = None) -> Asks:
            with runtime.database.write() as session:
                workspace = workspaces.ensure(session, f"{slug}-{number}")
                names = [scope.value for scope in Scope] if scopes is None else scopes
                _, key = keys.create(session, workspace.id, runtime.secret, "a test", names, actor="test")
            return Asks(client, workspace, key)

        yield make
