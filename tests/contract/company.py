"""The server that `make contract` asks: a company that has learned, with objects of every resource, on a SQLite file.

Whatever the API can do is within reach of its key: it has every scope, and `ids` holds real ones for every path.
"""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the databases, the company and the seeds are those of the tests
sys.path.insert(0, str(Path(__file__).parents[1] / "api"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))

from agent_harness import Company, made, teach
from seeding import seeded
from starlette.testclient import TestClient

from ticketflow.api import keys, rates
from ticketflow.api.app import create_app
from ticketflow.api.scopes import Scope
from ticketflow.api.server import Server, address, listen
from ticketflow.clock import SystemClock
from ticketflow.runtime import Runtime

WORKERS = 1
NO_LIMIT = "1000000/second"
UNHURRIED = {"rate_per_key": NO_LIMIT, "rate_per_workspace": NO_LIMIT}
"""As often as it likes, one address asks with keys that are good and with keys that are made up."""
rates.FAILURES = NO_LIMIT
ROUNDS = 3  # of seeding: there is more than one id to choose from, and a second page of everything


@dataclass(frozen=True)
class Served:
    """Where the API answers, the key that opens it, known ids by the names of path parameters, and how many operations
    there are.
    """

    url: str
    key: str
    ids: dict[str, list[str]]
    operations: int


class Asking:
    """Calls the API in this process, to seed it."""

    def __init__(self, client: TestClient, key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> Any:
        return self._client.get(path, headers=self._headers)

    def post(self, path: str, body: Any) -> Any:
        return self._client.post(path, json=body, headers=self._headers)

    def patch(self, path: str, body: Any) -> Any:
        return self._client.patch(path, json=body, headers=self._headers)


@contextmanager
def serving(folder: Path) -> Generator[Served]:
    """The company on a port of this machine, with a worker beside it, until the block ends."""
    company = Company(folder, made(teach), clock=SystemClock())
    company.set(audit_share=1.0)  # before anything holds the settings in memory: every ticket waits for a grade
    key = whole_key(company.runtime, company.id)
    still = replace(company.runtime, config=company.runtime.config.model_copy(update=UNHURRIED | {"workers": 0}))
    with TestClient(create_app(still)) as client:
        rounds = seeded(Asking(client, key), still, company.workspace, "zebrafinch", rounds=ROUNDS)
    at_work = replace(
        company.runtime, config=company.runtime.config.model_copy(update=UNHURRIED | {"workers": WORKERS})
    )
    listener = listen("127.0.0.1", 0)
    started = threading.Event()
    app = create_app(at_work)
    server = Server(app, listener, started.set)
    thread = threading.Thread(target=server.serve_until_stopped, name="server")
    thread.start()
    try:
        assert started.wait(30), "the server did not start"
        ids = {name: [one[name] for one in rounds] for name in rounds[0]}
        yield Served(address(listener), key, ids, sum(map(len, app.openapi()["paths"].values())))
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        company.close()


def whole_key(runtime: Runtime, workspace_id: str) -> str:
    """A key that may do everything."""
    with runtime.database.write() as session:
        _, key = keys.create(session, workspace_id, runtime.secret, "contract", list(Scope), actor="contract")
    return key
