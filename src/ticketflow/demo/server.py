"""The demo's API server, in a thread beside the table, and a key to look around with."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from ticketflow.api import keys
from ticketflow.api.app import create_app
from ticketflow.api.scopes import Scope
from ticketflow.clock import DAY
from ticketflow.errors import Misconfigured
from ticketflow.runtime import Runtime

START_SECONDS = 20.0


@contextmanager
def started(runtime: Runtime) -> Generator[str]:
    """A running server; its address. Raises Misconfigured when the port is taken."""
    settings = uvicorn.Config(
        create_app(runtime), host=runtime.config.host, port=runtime.config.port, log_level="warning", access_log=False
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, name="api", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    if not server.started:
        raise Misconfigured(
            f"The API could not start at {runtime.config.host}:{runtime.config.port}.",
            remedy="Is the port taken? Choose another one with --port.",
        )
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{runtime.config.host}:{port}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def visitor_key(runtime: Runtime) -> str:
    """A key that may read everything for a day."""
    reading = [scope.value for scope in Scope if scope.value.endswith(":read")]
    workspace = runtime.workspace()
    with runtime.database.write() as session:
        _, text = keys.create(
            session,
            workspace.id,
            runtime.secret,
            "demo visitor",
            reading,
            actor="demo",
            expires_at=session.now + DAY,
        )
    return text
