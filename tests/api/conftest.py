"""An installation on a real SQLite file, and callers with keys of any scope."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from api_harness import SECRET, Caller
from fastapi import FastAPI
from starlette.testclient import TestClient

from ticketflow import runtime as wiring
from ticketflow.api import keys
from ticketflow.api.app import create_app
from ticketflow.api.scopes import Scope
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.runtime import Runtime
from ticketflow.store import workspaces
from ticketflow.testing import FrozenClock, HashEncoder


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at this version's revision, copied by every test."""
    home = tmp_path_factory.mktemp("migrated")
    built = wiring.build(Config(home=home, secret_key=SECRET), encoder=HashEncoder())
    migrations.upgrade(built.database)
    built.close()
    return home / "ticketflow.db"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def runtime(tmp_path: Path, migrated: Path, clock: FrozenClock) -> Iterator[Runtime]:
    shutil.copy(migrated, tmp_path / "ticketflow.db")
    config = Config(home=tmp_path, secret_key=SECRET, workers=0)
    built = wiring.build(config, clock=clock, encoder=HashEncoder())
    yield built
    built.close()


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    return create_app(runtime, max_body_bytes=20_000)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def caller(client: TestClient, runtime: Runtime) -> Callable[..., Caller]:
    """Make a caller: by default of the workspace `acme`, with every scope."""

    def make(slug: str = "acme", scopes: list[str] | None = None) -> Caller:
        with runtime.database.write() as session:
            workspace = workspaces.ensure(session, slug)
            _, key = keys.create(
                session,
                workspace.id,
                runtime.secret,
                "a test",
                [scope.value for scope in Scope] if scopes is None else scopes,
                actor="test",
            )
        return Caller(client, workspace, key)

    return make


@pytest.fixture
def acme(caller: Callable[..., Caller]) -> Caller:
    """A caller who may do everything in the workspace `acme`."""
    return caller()
